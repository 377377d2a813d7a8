use super::user_hive::user_of_2003;
use super::{Host, Kind, Sample, Status, info, medium, silent};
use crate::filetime;
use crate::mapi::{AddIn, NewProfile, PROFILES, add_in_profile};

pub(super) const HOST: Host = Host {
    name: "WKS061",
    about: "Windows XP workstation with message services of other makers",
    samples: &[
        Sample {
            path: "C/Documents and Settings/hfaber/NTUSER.DAT",
            kind: Kind::Hive,
            about: "Hive of a user with a fax service, format 1.3, clean",
            status: Status::Whole,
            fires: &[info(
                "S05",
                &[FAX],
                "`faxlink.dll`, named without a path, is not in the list of known libraries",
            )],
            nearly: &[silent("S05", MOBILE, "`omsxp.dll` and `MSPST.DLL` are in the list, in whatever case")],
            not_judged: &[],
            bytes: || user("hfaber", 1461, &[FAX_LINK, MOBILE_SERVICE]),
        },
        Sample {
            path: "C/Documents and Settings/vlane/NTUSER.DAT",
            kind: Kind::Hive,
            about: "Hive of a user with a library where everything may write, format 1.3, clean",
            status: Status::Whole,
            fires: &[medium("S05", &[HELPER], "an unknown library in a folder `Temp` of the user's profile")],
            nearly: &[],
            not_judged: &[],
            bytes: || user("vlane", 1462, &[MAIL_HELPER]),
        },
    ],
};

const FAX: &str = "Fax Link";
const MOBILE: &str = "Mobile";
const HELPER: &str = "Mail Helper";

const FAX_LINK: (&str, &[AddIn<'_>]) =
    (FAX, &[AddIn { service: "FAXLINK", display_name: "Fax Link", dll: "faxlink.dll" }]);
const MOBILE_SERVICE: (&str, &[AddIn<'_>]) = (
    MOBILE,
    &[
        AddIn { service: "OMS", display_name: "Outlook Mobile Service", dll: "omsxp.dll" },
        AddIn { service: "MSPST AB", display_name: "Personal Address Book", dll: "MSPST.DLL" },
    ],
);
const MAIL_HELPER: (&str, &[AddIn<'_>]) = (
    HELPER,
    &[AddIn {
        service: "MAILHELP",
        display_name: "Mail Helper",
        dll: r"C:\Documents and Settings\vlane\Local Settings\Temp\mailhelp.dll",
    }],
);

fn user(name: &str, rid: u32, profiles: &[(&str, &[AddIn<'_>])]) -> Vec<u8> {
    let mut hive = user_of_2003(
        &format!(r"C:\Documents and Settings\{name}"),
        &format!("S-1-5-21-1111111111-1222222222-1333333333-{rid}"),
        filetime(2004, 7, 1, 8, 0, 0, 0),
        filetime(2004, 7, 20, 17, 0, 0, 0),
    );
    let mut made = filetime(2004, 7, 20, 9, 0, 0, 0);
    for (profile, add_ins) in profiles {
        add_in_profile(&mut hive, &NewProfile::new(PROFILES, profile, made), add_ins);
        made += 60 * crate::SECOND;
    }
    hive.key(PROFILES).sz("DefaultProfile", profiles[0].0);
    hive.build().bytes
}
