use super::{Fires, Host, Kind, Sample, Status, info, low, silent};
use crate::story::stories::internet_mail_service;
use crate::story::{CopiedHive, LogFormat};

pub(super) const HOST: Host = Host {
    name: "RUN55C",
    about: "Windows Server 2016 in a laboratory that keeps the Internet Mail Service of Exchange Server 5.5 running, as `imssvc`; the files were copied while it ran, without a snapshot",
    samples: &[
        Sample {
            path: "C/Users/imssvc/NTUSER.DAT",
            kind: Kind::Hive,
            about: "Hive of the service account, format 1.5, dirty: sequence numbers 130 and 129. Before its logs are applied it holds the first run, which was killed, and the third; after that the first and the fourth, and the third lies deleted in free cells",
            status: Status::Whole,
            fires: FIRES,
            nearly: &[
                silent("L12", FOURTH, "of a family of its own"),
                silent(
                    "L13",
                    "Profiles",
                    "a profile was deleted, but two minutes later another was made, which gave the key its time",
                ),
            ],
            not_judged: &[],
            bytes: || files().primary,
        },
        Sample {
            path: "C/Users/imssvc/ntuser.dat.LOG1",
            kind: Kind::Log,
            about: "New-format log with the first two entries to apply, 129 (the third run stops) and 130 (the fourth starts). Behind them lie remnants of older entries, among them the second run, whose name the hive no longer holds",
            status: Status::Whole,
            fires: &[],
            nearly: &[],
            not_judged: &[],
            bytes: || files().log("LOG1").to_vec(),
        },
        Sample {
            path: "C/Users/imssvc/ntuser.dat.LOG2",
            kind: Kind::Log,
            about: "New-format log with the last entry to apply, 131 (the fourth run is at work). Behind it lie what it has left of entry 127 and the whole of 128, both of which are in the hive already",
            status: Status::Whole,
            fires: &[],
            nearly: &[],
            not_judged: &[],
            bytes: || files().log("LOG2").to_vec(),
        },
    ],
};

const FIRST: &str = "MSExchangeIMC 0000019c01d44425475f65a0";
const SECOND: &str = "MSExchangeIMC 0000018401d444ee72aafa20";
const THIRD: &str = "MSExchangeIMC 000004f001d445b79c1a7ba0";
const FOURTH: &str = "MSExchangeIMC 000007f801d4460bb53f5c00";

const FIRES: &[Fires] = &[
    low("L05", &[FIRST, FOURTH], "two names start with `MSExchangeIMC `"),
    info(
        "L20",
        &[THIRD],
        "the third run is in the hive file, and deleted in free cells once the logs are applied; what is left of the second is not trusted enough",
    ),
    info("L22", &[THIRD], "the third run stands under Profiles in the hive file and not after replay"),
    info("C02", &["Profiles"], "profiles, but no `DefaultProfile`"),
    low(
        "S03",
        &[FIRST, FOURTH],
        "connect flags 6604 are 1, as the Exchange Development Kit sets them; the account kind is unknown without a SYSTEM hive",
    ),
    info(
        "H01",
        &["base block"],
        "the sequence numbers differ, and the logs beside the hive bring it up to date",
    ),
    info(
        "H03",
        &[SECOND, THIRD],
        "the third run with its sections, the second by its name in what overwritten log entries have left",
    ),
];

fn files() -> CopiedHive {
    let mut steps = internet_mail_service(LogFormat::Windows81).into_iter();
    steps.find(|step| step.name == "entries in both logs").expect("a step of this story").copy
}
