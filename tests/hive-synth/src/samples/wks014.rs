use super::machine_hives::{SystemHive, software};
use super::user_hive::{Shell, UserHive};
use super::{Host, Kind, SECRET_MARKER, Sample, Status, info, machine_hive, silent};
use crate::builder::Version;
use crate::filetime;
use crate::mapi::{
    AccountText, NewProfile, OUTLOOK_16, OUTLOOK_16_PROFILES, Pop3Account, dpapi_blob, outlook_profile,
};

pub(super) const HOST: Host = Host {
    name: "WKS014",
    about: "Windows 10 workstation with 64-bit Outlook 2016",
    samples: &[
        Sample {
            path: "C/Users/mlind/NTUSER.DAT",
            kind: Kind::Hive,
            about: "Hive of an ordinary user, format 1.5, clean; one value in a `db` record",
            status: Status::Whole,
            fires: &[
                info(
                    "S01",
                    &[r"Outlook\9375CFF0413111d3B88A00104B2A6676\00000002"],
                    "value `POP3 Password` with the outer form of a DPAPI blob; the text `PLANTED-SECRET-MARKER` in it may appear in no output",
                ),
                info("H04", &["Outlook"], "all sections were written within two milliseconds"),
            ],
            nearly: &[
                silent("C14", r"Outlook\Profiles", "no other root"),
                silent("C17", "Outlook", "a service `MSUPST MS`, but by SYSTEM the account runs no service"),
            ],
            not_judged: &[],
            bytes: user,
        },
        machine_hive(
            "C/Windows/System32/config/SYSTEM",
            "Hive of the machine, format 1.5, clean: no service runs as a person, so that `mlind` is an ordinary user",
            system,
        ),
        machine_hive(
            "C/Windows/System32/config/SOFTWARE",
            "Hive of the machine, format 1.5, clean: whose profile folder is whose",
            software_hive,
        ),
    ],
};

const SID: &str = "S-1-5-21-2111111111-2222222222-2333333333-1001";
const INSTALLED: u64 = filetime(2020, 9, 30, 6, 0, 0, 0);

fn system() -> Vec<u8> {
    SystemHive {
        version: Version::V1_5,
        name: "WKS014",
        installed: INSTALLED,
        shutdown: filetime(2021, 2, 8, 17, 0, 0, 0),
        services: &[
            ("Dhcp", r"NT Authority\LocalService", 2),
            ("Dnscache", r"NT AUTHORITY\NetworkService", 2),
            ("Spooler", "LocalSystem", 2),
        ],
    }
    .builder()
    .build()
    .bytes
}

fn software_hive() -> Vec<u8> {
    let product = ("Windows 10 Pro", "6.3");
    software(Version::V1_5, product, INSTALLED, &[(SID, r"C:\Users\mlind")]).build().bytes
}

fn user() -> Vec<u8> {
    let first_written = filetime(2021, 2, 9, 7, 31, 12, 403);
    let mut hive = UserHive {
        version: Version::V1_5,
        file_name: r"\??\C:\Users\mlind\ntuser.dat",
        sid: Some(SID),
        created: filetime(2020, 10, 1, 6, 0, 0, 0),
        // Windows 10 does not keep this time.
        last_written: 0,
        shell: Some(Shell {
            folder: r"C:\Users\mlind",
            logon_user_name: None,
            app_data: r"AppData\Roaming",
            cache: r"AppData\Local\Microsoft\Windows\INetCache",
        }),
        protected_storage: false,
    }
    .builder();

    let mut password = vec![2];
    password.extend(dpapi_blob(SECRET_MARKER));
    let account = Pop3Account {
        display_name: "M. Lind".to_owned(),
        email: "mlind@example.test".to_owned(),
        server: "mail.example.test".to_owned(),
        pst_path: r"C:\Users\mlind\Documents\Outlook Files\mlind@example.test.pst".to_owned(),
        password: Some(password),
        text: AccountText::Sz,
    };
    let profile = NewProfile::new(OUTLOOK_16_PROFILES, "Outlook", first_written).wide().written_together();
    outlook_profile(&mut hive, &profile, &account);
    hive.key(OUTLOOK_16).sz("DefaultProfile", "Outlook").written(first_written);

    let icons: Vec<u8> = (0..=250).cycle().take(17_000).collect();
    hive.key(r"Software\Microsoft\Windows\CurrentVersion\Explorer\TrayNotify").binary("IconStreams", &icons);
    hive.build().bytes
}
