//! Memory does not grow with what a fleet holds beyond what the documentation names: counted by the allocator, byte for byte.
//! One test after the other, for there is one allocator.

use std::fmt::Write as _;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use mapihive::finding::FleetKind;
use mapihive::fleet::{Fleet, StoredFact};
use mapihive::report::html::{self, Audit, Ending, MOST_FINDINGS};
use mapihive::scan::{GivenHives, Hosts, Unit, discover, units};
use mapihive::wintypes::Filetime;
use peak_alloc::PeakAlloc;

#[global_allocator]
static ALLOCATOR: PeakAlloc = PeakAlloc;

static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

/// The most bytes that are held at once while something is done, beyond those that were held before.
fn peak(work: impl FnOnce()) -> usize {
    let before = ALLOCATOR.current_usage();
    ALLOCATOR.reset_peak_usage();
    work();
    ALLOCATOR.peak_usage().saturating_sub(before)
}

/// By how many bytes the peak grows with each thing more, from `few` to `many`.
fn growth([few, many]: [u64; 2], mut peak_of: impl FnMut(u64) -> usize) -> f64 {
    let _one = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let [small, large] = [few, many].map(|count| u32::try_from(peak_of(count)).expect("a small peak"));
    println!("{small} bytes for {few}, {large} for {many}");
    (f64::from(large) - f64::from(small)) / f64::from(u32::try_from(many - few).expect("a small number"))
}

#[test]
fn the_report_needs_no_memory_for_each_finding() {
    let beyond_what_is_shown = [2, 5].map(|times| times * MOST_FINDINGS as u64);
    let growth = growth(beyond_what_is_shown, |count| {
        let folder = tempfile::tempdir().expect("a temporary folder");
        write_tables(folder.path(), count);
        let audit = Audit {
            version: String::new(),
            arguments: Vec::new(),
            started: Filetime(0),
            ended: Filetime(0),
            inputs: Vec::new(),
            threads: 1,
            ending: Ending::Complete,
            settings: Vec::new(),
        };
        peak(|| html::write(folder.path(), &audit, &mut std::io::sink()).expect("a report"))
    });
    assert!(growth < 1.0, "{growth} bytes a finding");
}

/// Tables of a case with findings of some profiles, each with its evidence and a property.
fn write_tables(folder: &Path, count: u64) {
    const PROFILES: u64 = 100;

    let mut findings = "finding_id,severity,rule_id,profile,root,hive_path,host\n".to_owned();
    let mut evidence = "finding_id,n,record,key_path,file,file_offset\n".to_owned();
    let mut profiles = "profile,profile_state,root,hive_path\n".to_owned();
    let mut properties = "kind,profile,profile_state,root,hive_path,value_name\n".to_owned();
    for number in 0..count {
        let (id, profile) = (format!("{number:024x}"), number % PROFILES);
        let severity = ["high", "medium", "low", "info"][usize::try_from(number % 4).unwrap_or_default()];
        // Writing to a `String` cannot fail.
        let _ = writeln!(findings, "{id},{severity},L01,p{profile},r,h{profile},H");
        let _ = writeln!(evidence, "{id},1,nk,a key,h{profile},{number}");
        let _ = writeln!(profiles, "p{profile},live,r,h{profile}");
        let _ = writeln!(properties, "property,p{profile},live,r,h{profile},001e6602");
    }
    for (name, text) in [
        ("findings.csv", findings),
        ("evidence.csv", evidence),
        ("profiles.csv", profiles),
        ("properties.csv", properties),
    ] {
        std::fs::write(folder.join(name), text).expect("a writable temporary folder");
    }
}

#[test]
fn facts_of_all_hives_are_judged_with_a_hash_for_each_account() {
    let growth = growth([20_000, 60_000], |count| {
        peak(|| {
            let mut fleet = Fleet::default();
            (0..count).for_each(|number| fleet.add_stored(fact(number)).expect("a temporary file"));
            let mut findings = 0;
            let closed = fleet.close(|_| {
                findings += 1;
                Ok::<(), std::io::Error>(())
            });
            closed.expect("sorted facts");
            assert_eq!(findings, 1);
        })
    });
    // A map of hashes has up to two places for each of them, and three while it grows.
    assert!(growth < 100.0, "{growth} bytes an account");
}

/// Every account names the same mailbox.
fn fact(number: u64) -> StoredFact {
    StoredFact {
        kind: FleetKind::Mailbox,
        folded: "/O=ORG/CN=SHARED".into(),
        host: format!("HOST{:06}", number / 4),
        sid: format!("S-1-5-21-1-2-3-{number}"),
        account: format!("user{number}"),
        series: String::new(),
        hive_path: format!("HOST{:06}/C/Users/user{number}/NTUSER.DAT", number / 4),
        root: "Windows NT".into(),
        profile: "Outlook".into(),
        value: "/o=Org/cn=Shared".into(),
        is_live: true,
        key_path: r"Software\Microsoft\Windows NT\CurrentVersion\Windows Messaging Subsystem".into(),
        value_name: Some("001e6607".into()),
        record: "vk".into(),
        log: None,
        log_sequence: None,
        file_offset: number,
        size: 8,
        last_written: Some(number),
        origin: "primary".into(),
        copies: 1,
    }
}

#[test]
fn a_hive_that_waits_to_be_read_takes_little_more_than_its_path() {
    /// Hives of one host.
    const OF_HOST: u64 = 4;

    let growth = growth([2_400, 7_200], |count| {
        let folder = tempfile::tempdir().expect("a temporary folder");
        for number in 0..count {
            let host = folder.path().join(format!("HOST{:05}/C/Documents and Settings", number / OF_HOST));
            let profile = host.join(format!("somebody{number:05}"));
            std::fs::create_dir_all(&profile).expect("a folder");
            for name in ["NTUSER.DAT", "ntuser.dat.LOG"] {
                std::fs::write(profile.join(name), "").expect("a file");
            }
        }
        peak(|| {
            let found = units(discover(&[folder.path().to_owned()]));
            let candidates = found.iter().filter_map(|unit| match unit {
                Unit::Read(candidate) => Some(candidate),
                Unit::PassedOver(_) => None,
            });
            let hosts = Hosts::of(candidates, &GivenHives::default(), true);
            assert_eq!(found.len() as u64, count);
            drop(hosts);
        })
    });
    // At 100,000 hives that is less than 64 MB with all the rest.
    assert!(growth < 600.0, "{growth} bytes a hive");
}
