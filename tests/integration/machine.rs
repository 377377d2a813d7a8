//! What machine hives say is read with the same care as user hives: with its place, bounded, and absent only where a whole
//! list shows it.

use std::io::Write as _;

use hive_synth::log::{log_entry, new_log};
use hive_synth::machine::{self, ACCOUNT_DOMAIN, PROFILE_LIST};
use hive_synth::{
    BASE_BLOCK_SIZE, HiveBuilder, NOWHERE, REG_BINARY, REG_DWORD, REG_SZ, SynthHive, Version, filetime, utf16,
};
use mapihive::account::machine::{
    AccountName, ChosenBy, ControlSet, Fact, KnownAccount, MAX_SERVICES, MachineKind, Meaning, SamFacts,
    Service, SoftwareFacts, SystemFacts,
};
use mapihive::hive::{Care, Found, HiveSource, Image, Links, LogFile, Offset, Origin, Problems, Tree, Way};
use mapihive::wintypes::{Filetime, Sid};

use crate::support::with_tree;

const SHUTDOWN: u64 = 0x01be_92e1_9c6a_e2a0;
const MACHINE: &str = "S-1-5-21-1085031214-1563985344-725345543";
const DOMAIN_USER: &str = "S-1-5-21-1-2-3-1105";

fn system_of(hive: &SynthHive) -> (SystemFacts, Problems) {
    with_tree(&hive.bytes, Care::Once, |_, tree, problems| {
        let facts = SystemFacts::read(tree, problems);
        (facts, problems.clone())
    })
}

fn software_of(hive: &SynthHive) -> (SoftwareFacts, Problems) {
    with_tree(&hive.bytes, Care::Once, |_, tree, problems| {
        let facts = SoftwareFacts::read(tree, problems);
        (facts, problems.clone())
    })
}

fn sam_of(hive: &SynthHive) -> (SamFacts, Problems) {
    with_tree(&hive.bytes, Care::Once, |_, tree, problems| {
        let facts = SamFacts::read(tree, problems);
        (facts, problems.clone())
    })
}

/// A host with Exchange 5.5 and two control sets, of which the second is current.
fn exchange() -> HiveBuilder {
    let mut hive = machine::system(Version::V1_3, 2);
    machine::host(&mut hive, 1, "OLDNAME", "437", SHUTDOWN - 1);
    machine::service(&mut hive, 1, "MSExchangeSA", r"DOM\before", 2);
    machine::service(&mut hive, 1, "Removed", "LocalSystem", 2);
    machine::host(&mut hive, 2, "EXCH01", "1252", SHUTDOWN);
    machine::service(&mut hive, 2, "MSExchangeSA", r"DOM\exsvc", 2)
        .written(filetime(1999, 4, 28, 2, 0, 0, 0));
    machine::service(&mut hive, 2, "MSExchangeIMC", r"DOM\exsvc", 3)
        .key("Parameters")
        .sz("HomeDSA", "/o=Org/ou=Site/cn=Servers/cn=EXCH01")
        .sz("SiteDN", "/o=Org/ou=Site")
        .binary("ObjectGUID", &[0xab; 16])
        .sz("Password", "never read");
    machine::service(&mut hive, 2, "Alerter", "LocalSystem", 4);
    machine::driver(&mut hive, 2, "Beep");
    machine::driver(&mut hive, 2, "Rdr").sz("ObjectName", r"\FileSystem\Rdr");
    machine::terminal_server(&mut hive, 2)
        .dword("TSEnabled", 1)
        .dword("fDenyTSConnections", 0)
        .dword("TSAppCompat", 0);
    hive
}

fn value<T: Clone>(fact: &Found<Fact<T>>) -> T {
    fact.as_ref().here().expect("a fact").value.clone()
}

fn at(cell: u32) -> Offset {
    Offset((BASE_BLOCK_SIZE + cell as usize) as u64)
}

fn names(facts: &SystemFacts) -> Vec<&str> {
    facts.services.items.iter().map(Service::name).collect()
}

fn control_set(facts: &SystemFacts) -> &ControlSet {
    facts.control_set.as_ref().here().expect("a control set")
}

/// Whether a problem at this byte says this.
fn names_problem(problems: &Problems, at: Offset, what: &str) -> bool {
    problems.kept().iter().any(|problem| problem.at == Some(at) && problem.error.to_string().contains(what))
}

// ---- SYSTEM ---------------------------------------------------------------------------------------------------------

#[test]
fn a_system_hive_is_read_in_the_control_set_that_select_names() {
    for version in [Version::V1_3, Version::V1_5] {
        let mut hive = exchange();
        hive.list_kind(version.list_kind());
        let (facts, problems) = system_of(&hive.build());
        let set = control_set(&facts);
        assert_eq!((set.key.value, &*set.key.key_path, set.is_guessed()), (2, "ControlSet002", false));
        assert!(matches!(&set.chosen_by, ChosenBy::Current(fact) if fact.value == 2));
        assert_eq!(value(&facts.computer_name), "EXCH01");
        assert_eq!(value(&facts.ansi_code_page), 1252);
        assert_eq!(value(&facts.shutdown_time), Filetime(SHUTDOWN));
        let terminal = &facts.terminal_server;
        assert_eq!((value(&terminal.enabled), value(&terminal.denies_connections)), (1, 0));
        assert_eq!(value(&terminal.application_server), 0);
        assert!(terminal.relaxed_security.is_absent());
        assert_eq!(problems.kept(), []);
    }
}

#[test]
fn services_are_told_with_their_accounts_and_drivers_are_not() {
    let (facts, _) = system_of(&exchange().build());
    assert_eq!(names(&facts), ["Alerter", "MSExchangeIMC", "MSExchangeSA"]);
    assert!(facts.services.complete);
    let imc = facts.service("msexchangeimc").here().expect("the service");
    assert_eq!(value(&imc.object_name), r"DOM\exsvc");
    assert_eq!((value(&imc.start), value(&imc.service_type)), (3, 0x10));
    assert_eq!(value(&imc.image_path), r"C:\exchsrvr\bin\MSExchangeIMC.exe");
    assert_eq!(value(&imc.display_name), "Display name of MSExchangeIMC");
    let parameters: Vec<_> = imc.parameters.items.iter().map(|fact| fact.text.as_str()).collect();
    let guid = "ab".repeat(16);
    assert_eq!(parameters, ["/o=Org/ou=Site/cn=Servers/cn=EXCH01", "/o=Org/ou=Site", guid.as_str()]);
    assert!(facts.service("Removed").is_absent(), "it is in the other control set");
    assert!(facts.service("Beep").is_absent() && facts.service("Rdr").is_absent());
}

#[test]
fn a_service_that_lacks_its_type_or_account_is_still_one() {
    let mut hive = exchange();
    let services = r"ControlSet002\Services";
    hive.key(&format!(r"{services}\NoType")).sz("ObjectName", "LocalSystem");
    hive.key(&format!(r"{services}\NoAccount")).dword("Type", 0x120);
    hive.key(&format!(r"{services}\Nothing")).dword("Start", 4);
    let (facts, problems) = system_of(&hive.build());
    assert_eq!(names(&facts), ["Alerter", "MSExchangeIMC", "MSExchangeSA", "NoAccount", "NoType"]);
    assert!(facts.service("NoAccount").here().unwrap().object_name.is_absent());
    assert!(facts.service("NoType").here().unwrap().service_type.is_absent());
    assert!(problems.is_empty());
}

#[test]
fn each_fact_leads_to_its_record_and_outlives_the_hive() {
    fn is_shareable<T: Send + Sync + 'static>(_: &T) {}

    let hive = exchange().build();
    let (facts, _) = system_of(&hive);
    is_shareable(&facts);
    let path = r"ControlSet002\Services\MSExchangeSA";
    let service = facts.service("MSExchangeSA").here().unwrap();
    assert_eq!((&*service.key.key_path, service.key.place.at), (path, at(hive.layout.key(path).nk)));
    assert_eq!((service.key.value_name.as_deref(), service.key.data.as_ref()), (None, None));

    let fact = service.object_name.as_ref().here().unwrap();
    let place = hive.layout.value(path, "ObjectName");
    assert_eq!((fact.place.at, fact.place.origin), (at(place.vk), Origin::Primary));
    assert_eq!(fact.size, hive.cell(place.vk).len() as u64 + 4);
    let (data, size) = fact.data.as_ref().unwrap();
    assert_eq!((data.at, *size), (Offset(at(place.data.unwrap()).0 + 4), 20));
    assert_eq!((&*fact.key_path, fact.value_name.as_deref()), (path, Some("ObjectName")));
    assert_eq!(fact.last_written, Filetime(filetime(1999, 4, 28, 2, 0, 0, 0)));
    assert_eq!(fact.text, r"DOM\exsvc");
}

#[test]
fn a_control_set_that_select_does_not_name_is_told_to_be_guessed() {
    // `Select` is missing; there is one control set.
    let mut hive = HiveBuilder::new(Version::V1_3);
    machine::host(&mut hive, 1, "EXCH01", "1252", SHUTDOWN);
    machine::service(&mut hive, 1, "MSExchangeSA", r"DOM\exsvc", 2);
    let (facts, _) = system_of(&hive.build());
    assert!(matches!(control_set(&facts).chosen_by, ChosenBy::OnlyOne) && control_set(&facts).is_guessed());
    assert_eq!(value(&facts.computer_name), "EXCH01");
    assert!(facts.service("MSExchangeSA").here().is_some());
    assert!(facts.service("MSExchangeIMC").is_unknown(), "the current control set may have it");
    assert!(facts.terminal_server.enabled.is_unknown() && !facts.services.complete);
    assert!(!facts.services.items[0].parameters.complete);

    // `Select` names one that is not there.
    let mut hive = exchange();
    hive.key("Select").dword("Current", 3).dword("Default", 1);
    let (facts, _) = system_of(&hive.build());
    assert!(matches!(control_set(&facts).chosen_by, ChosenBy::Default(_)));
    assert_eq!(value(&facts.computer_name), "OLDNAME");

    // `Select` says nothing that can be understood.
    let mut hive = exchange();
    hive.key("Select").value("Current", REG_DWORD, &[2, 0]).remove_value("Default");
    let hive = hive.build();
    let (facts, problems) = system_of(&hive);
    assert!(matches!(control_set(&facts).chosen_by, ChosenBy::First));
    assert_eq!(control_set(&facts).key.value, 1);
    assert!(names_problem(&problems, at(hive.layout.value("Select", "Current").vk), "expected 4"));
}

#[test]
fn a_hive_without_control_sets_says_so() {
    let mut hive = HiveBuilder::new(Version::V1_5);
    hive.key("ControlSet").dword("x", 1);
    hive.key("ControlSet01");
    hive.key("ControlSet0001");
    hive.key("ControlSet+01");
    let (facts, problems) = system_of(&hive.build());
    assert!(facts.control_set.is_absent() && facts.services.complete && problems.is_empty());
    assert!(facts.service("MSExchangeSA").is_absent() && facts.shutdown_time.is_absent());
}

#[test]
fn absence_is_not_claimed_where_a_list_is_damaged() {
    // The list of services has an entry that leads nowhere.
    let mut hive = exchange().build();
    hive.point_subkey(r"ControlSet002\Services", 0, 0x7fff_fff8);
    let (facts, problems) = system_of(&hive);
    assert_eq!(names(&facts), ["MSExchangeIMC", "MSExchangeSA"]);
    assert!(!facts.services.complete && facts.service("Alerter").is_unknown());
    assert!(!problems.is_empty());

    // The list of a service's values.
    let mut hive = exchange().build();
    let sa = r"ControlSet002\Services\MSExchangeSA";
    hive.point_value_list(sa, NOWHERE);
    let (facts, problems) = system_of(&hive);
    let service = facts.service("MSExchangeSA").here().expect("a service must not be lost");
    assert!(service.object_name.is_unknown() && service.start.is_unknown());
    assert!(names_problem(&problems, at(hive.layout.key(sa).nk), "refers to no cell"));

    // The list of control sets.
    let mut hive = exchange().build();
    hive.point_subkey_list("", NOWHERE);
    let (facts, problems) = system_of(&hive);
    assert!(facts.control_set.is_unknown() && facts.computer_name.is_unknown() && !facts.services.complete);
    assert!(!problems.is_empty());

    // The list above the computer's name.
    let mut hive = exchange().build();
    hive.point_subkey_list(r"ControlSet002\Control", NOWHERE);
    let (facts, _) = system_of(&hive);
    assert!(facts.computer_name.is_unknown() && facts.terminal_server.relaxed_security.is_unknown());
    assert_eq!(names(&facts).len(), 3);
}

#[test]
fn odd_text_is_read_as_programs_read_it_and_what_is_odd_is_reported() {
    let mut hive = exchange();
    let text = |units: &[u16]| units.iter().flat_map(|unit| unit.to_le_bytes()).collect::<Vec<u8>>();
    let services = r"ControlSet002\Services";
    let mut set = |name: &str, kind: u32, data: &[u8]| {
        hive.key(&format!(r"{services}\{name}")).value("ObjectName", kind, data);
    };
    set("1NoNul", REG_SZ, &text(&utf16(r"DOM\exsvc")));
    set("2AfterNul", REG_SZ, &text(&utf16("DOM\\exsvc\0\0rest")));
    let mut odd = text(&utf16(r"DOM\exsvc"));
    odd.push(0x41);
    set("3Odd", REG_SZ, &odd);
    set("4Lone", REG_SZ, &text(&[0x44, 0x5c, 0xd800, 0x61]));
    set("5Empty", REG_SZ, &[]);
    set("6Binary", REG_BINARY, &text(&utf16(r"DOM\exsvc")));
    set("7Long", REG_SZ, &vec![0x41; 20_000]);
    let hive = hive.build();
    let (facts, problems) = system_of(&hive);

    let object_name = |name: &str| facts.service(name).here().expect("a service").object_name.clone();
    for name in ["1NoNul", "2AfterNul", "3Odd"] {
        assert_eq!(value(&object_name(name)), r"DOM\exsvc", "{name}");
    }
    assert_eq!(value(&object_name("4Lone")), r"D\\\u{d800}a");
    assert_eq!(facts.service("4Lone").here().unwrap().account(), None);
    assert_eq!(value(&object_name("5Empty")), "");
    assert!(object_name("6Binary").is_unknown() && object_name("7Long").is_unknown());

    let vk = |name: &str| at(hive.layout.value(&format!(r"{services}\{name}"), "ObjectName").vk);
    assert!(names_problem(&problems, vk("3Odd"), "REG_SZ of 19 bytes"));
    assert!(names_problem(&problems, vk("6Binary"), "found REG_BINARY"));
    assert!(names_problem(&problems, vk("7Long"), "REG_SZ of 20000 bytes"));
    assert_eq!(problems.total(), 3);
}

#[test]
fn numbers_and_times_of_another_type_or_size_are_unknown_and_reported() {
    let mut hive = exchange();
    machine::terminal_server(&mut hive, 2).sz("TSEnabled", "1").value("TSAppCompat", 5, &[0, 0, 0, 1]);
    hive.key(r"ControlSet002\Control\Windows").binary("ShutdownTime", &[1; 7]);
    hive.key(r"ControlSet002\Control\Nls\CodePage").sz("ACP", "latin");
    let hive = hive.build();
    let (facts, problems) = system_of(&hive);
    assert!(facts.terminal_server.enabled.is_unknown() && facts.shutdown_time.is_unknown());
    assert!(facts.ansi_code_page.is_unknown());
    assert_eq!(value(&facts.terminal_server.application_server), 1, "the most significant byte is first");
    for (path, name, what) in [
        (r"ControlSet002\Control\Terminal Server", "TSEnabled", "expected REG_DWORD, found REG_SZ"),
        (r"ControlSet002\Control\Windows", "ShutdownTime", "REG_BINARY of 7 bytes, expected 8"),
        (r"ControlSet002\Control\Nls\CodePage", "ACP", "expected the number of a code page, found latin"),
    ] {
        assert!(names_problem(&problems, at(hive.layout.value(path, name).vk), what), "{problems:?}");
    }
    assert_eq!(problems.total(), 3);
}

#[test]
fn the_services_of_an_account_are_told_with_how_sure_that_is() {
    let (facts, _) = system_of(&exchange().build());
    let services_of = |account: KnownAccount<'_>| -> Vec<(String, Meaning)> {
        facts.services_of(&account).map(|(service, meaning)| (service.name().to_owned(), meaning)).collect()
    };
    let (user, system) = (Sid::parse(DOMAIN_USER).unwrap(), Sid::parse("S-1-5-18").unwrap());
    let by_folder = KnownAccount { sid: Some(&user), folder: Some("exsvc.DOM"), ..KnownAccount::default() };
    let expected = ["MSExchangeIMC", "MSExchangeSA"].map(|name| (name.to_owned(), Meaning::FolderName));
    assert_eq!(services_of(by_folder), expected);
    let by_sid = KnownAccount { sid: Some(&system), ..KnownAccount::default() };
    assert_eq!(services_of(by_sid), [("Alerter".to_owned(), Meaning::Same)]);
}

#[test]
fn names_in_utf_16_are_found_as_any_other() {
    let mut hive = exchange();
    hive.wide_names(true);
    let (facts, problems) = system_of(&hive.build());
    assert_eq!(value(&facts.computer_name), "EXCH01");
    assert_eq!(names(&facts).len(), 3);
    assert!(problems.is_empty());
}

#[test]
fn a_fact_that_a_log_has_leads_into_the_log() {
    let built = |shutdown| {
        let mut hive = machine::system(Version::V1_5, 1);
        machine::host(&mut hive, 1, "EXCH01", "1252", shutdown);
        hive.key(r"ControlSet001\Control\Padding").binary("x", &[7; 9_000]);
        hive.build()
    };
    let (mut before, after) = (built(SHUTDOWN), built(SHUTDOWN + 1));
    before.set_sequences(8, 7);
    let entries = new_log(&before.bytes, 7, &[log_entry(&before.bytes, &after.bytes, 7)]);
    let facts = with_log(&before.bytes, ("SYSTEM.LOG1", &entries), |tree, problems| {
        SystemFacts::read(tree, problems)
    });
    let shutdown = facts.shutdown_time.as_ref().here().expect("a time");
    assert_eq!(shutdown.value, Filetime(SHUTDOWN + 1));
    let (data, _) = shutdown.data.as_ref().expect("data");
    assert_eq!(
        (data.origin, data.log.as_deref(), data.sequence),
        (Origin::Log, Some("SYSTEM.LOG1"), Some(7))
    );
    let there = usize::try_from(data.at.0).unwrap();
    assert_eq!(entries[there..there + 8], (SHUTDOWN + 1).to_le_bytes());
}

/// Reads a hive to which a log is applied.
fn with_log<T>(
    hive: &[u8],
    (log_name, log): (&str, &[u8]),
    read: impl FnOnce(&Tree<'_>, &mut Problems) -> T,
) -> T {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let open = |name: &str, bytes: &[u8]| {
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).expect("a writable temporary folder");
        HiveSource::open(&path, Links::Follow).expect("a readable file")
    };
    let logs = vec![LogFile::read(log_name, &open(log_name, log), Way::Map)];
    let mut problems = Problems::default();
    let image = Image::open(&open("SYSTEM", hive), logs, Way::Map, &mut problems).expect("a hive");
    read(&Tree::new(&image, Care::Once), &mut problems)
}

// ---- hostile hives --------------------------------------------------------------------------------------------------

#[test]
fn lists_that_share_their_keys_are_read_once_and_not_believed_to_be_complete() {
    let mut hive = exchange();
    hive.key(r"ControlSet002\Services").repeat_subkeys(50);
    let (facts, problems) = system_of(&hive.build());
    assert_eq!(names(&facts), ["Alerter", "MSExchangeIMC", "MSExchangeSA"]);
    assert!(!facts.services.complete);
    assert!(problems.kept().iter().any(|problem| problem.error.to_string().contains("already reached")));
}

#[test]
fn a_second_service_of_one_name_is_hidden_by_the_first() {
    let mut hive = exchange();
    let mut services = hive.key(r"ControlSet002\Services");
    services.duplicate_key("MSExchangeSA").dword("Type", 0x10).sz("ObjectName", r"DOM\second");
    let (facts, problems) = system_of(&hive.build());
    assert_eq!(names(&facts), ["Alerter", "MSExchangeIMC", "MSExchangeSA"]);
    assert_eq!(value(&facts.service("MSExchangeSA").here().unwrap().object_name), r"DOM\exsvc");
    assert!(problems.kept().iter().any(|problem| problem.error.to_string().contains("second key")));
}

#[test]
fn no_list_is_held_beyond_its_bound() {
    let mut hive = machine::system(Version::V1_5, 1);
    for number in 0..MAX_SERVICES + 5 {
        hive.key(&format!(r"ControlSet001\Services\{number:x}")).dword("Type", 0x10);
    }
    let (facts, problems) = system_of(&hive.build());
    assert_eq!(facts.services.items.len(), MAX_SERVICES);
    assert!(!facts.services.complete && facts.service("none").is_unknown());
    assert_eq!(problems.total(), 1);
}

#[test]
fn values_that_share_their_data_are_not_all_held() {
    let mut hive = machine::system(Version::V1_5, 1);
    hive.key(r"ControlSet001\Services\0").dword("Type", 0x10).binary("Big", &[b'A'; 16_000]);
    for number in 1..2_000 {
        let path = format!(r"ControlSet001\Services\{number}");
        hive.key(&path).dword("Type", 0x10).sz("ImagePath", "abcdef");
    }
    let mut hive = hive.build();
    let big = hive.layout.value(r"ControlSet001\Services\0", "Big").data.unwrap();
    for number in 1..2_000 {
        let path = format!(r"ControlSet001\Services\{number}");
        hive.point_value_data(&path, "ImagePath", big);
        hive.claim_data_size(&path, "ImagePath", 16_000);
    }
    let (facts, problems) = system_of(&hive);
    let held: usize = facts
        .services
        .items
        .iter()
        .filter_map(|service| service.image_path.as_ref().here())
        .map(|fact| fact.text.len())
        .sum();
    assert!(held <= 4 * hive.bytes.len(), "{held}");
    assert!(!facts.services.complete && !problems.is_empty());
}

#[test]
fn bytes_changed_anywhere_never_stop_the_reading() {
    let (system, software, sam) = (exchange().build(), profiles().build(), accounts().build());
    for hive in [system, software, sam] {
        for start in (BASE_BLOCK_SIZE..hive.bytes.len()).step_by(7) {
            let mut broken = hive.bytes.clone();
            for (index, byte) in broken[start..].iter_mut().take(4).enumerate() {
                *byte ^= [0xff, 0x80, 0x01, 0x7f][(start / 7 + index) % 4];
            }
            with_tree_if_any(&broken);
        }
    }
}

/// Reads everything of a hive, if it is still one.
fn with_tree_if_any(bytes: &[u8]) {
    mapihive::hive::silence_contained_panics();
    let mut file = tempfile::NamedTempFile::new().expect("a temporary file");
    file.write_all(bytes).expect("a writable temporary folder");
    let mut problems = Problems::default();
    let source = HiveSource::open(file.path(), Links::Follow).expect("a readable file");
    let Ok(image) = Image::open(&source, Vec::new(), Way::Map, &mut problems) else { return };
    let tree = Tree::new(&image, Care::Once);
    let _ = MachineKind::of(&tree);
    SystemFacts::read(&tree, &mut problems);
    SoftwareFacts::read(&tree, &mut problems);
    SamFacts::read(&tree, &mut problems);
}

// ---- SOFTWARE -------------------------------------------------------------------------------------------------------

const LOADED: u64 = 0x01d9_8877_ffff_0001;

fn profiles() -> HiveBuilder {
    let mut hive = machine::software(Version::V1_5, "Windows Server 2003", "5.2");
    machine::profile(&mut hive, "S-1-5-18", r"%systemroot%\system32\config\systemprofile");
    machine::profile(&mut hive, DOMAIN_USER, r"%SystemDrive%\Documents and Settings\exsvc.DOM");
    let mut other = machine::profile(&mut hive, "S-1-5-21-1-2-3-1106", r"D:\Users\other");
    machine::split_time(&mut other, "LocalProfileLoadTime", LOADED);
    machine::split_time(&mut other, "LocalProfileUnloadTime", LOADED + 1);
    other.dword("ProfileLoadTimeHigh", 0);
    machine::profile(&mut hive, "S-1-5-21-1-2-3-1106.bak", r"C:\Users\other");
    machine::profile(&mut hive, "no identifier", r"C:\Users\odd");
    hive.key(r"Microsoft\Windows Messaging Subsystem").sz("ProfileDirectory", r"C:\exchsrvr\Webtemp");
    hive
}

#[test]
fn a_software_hive_tells_the_folder_of_each_account() {
    let (facts, problems) = software_of(&profiles().build());
    assert!(facts.profiles.complete && problems.is_empty());
    assert_eq!(facts.profiles.items.len(), 5);
    assert_eq!(
        (value(&facts.product_name), value(&facts.current_version)),
        ("Windows Server 2003".into(), "5.2".into())
    );
    assert_eq!(value(&facts.temporary_profiles), r"C:\exchsrvr\Webtemp");
    assert!(facts.temporary_profiles_wow64.is_absent() && facts.policy_denies_connections.is_absent());

    let at = |path: &str| -> Vec<String> {
        facts.profiles_at(path).map(|profile| profile.key.value.clone()).collect()
    };
    assert_eq!(at("EXCH01/C/Documents and Settings/EXSVC.dom/NTUSER.DAT"), [DOMAIN_USER]);
    assert_eq!(at("EXCH01/C/WINNT/system32/config/DEFAULT"), ["S-1-5-18"]);
    assert_eq!(at("EXCH01/D%3A/Users/other/NTUSER.DAT"), ["S-1-5-21-1-2-3-1106"]);
    assert_eq!(at("EXCH01/Users/other/NTUSER.DAT").len(), 2, "the path shows no drive");
    assert!(at("EXCH01/C/Documents and Settings/exsvc/NTUSER.DAT").is_empty());

    let sid = Sid::parse("S-1-5-21-1-2-3-1106").unwrap();
    let [live, backup] = facts.profiles_of(&sid).collect::<Vec<_>>()[..] else { panic!("two entries") };
    assert_eq!((live.is_backup, backup.is_backup), (false, true));
    assert_eq!(live.loaded.as_ref().here().unwrap().time, Filetime(LOADED));
    assert_eq!(live.unloaded.as_ref().here().unwrap().time, Filetime(LOADED + 1));
    assert!(live.loaded_before.is_absent(), "half a time is none");
    assert_eq!((value(&live.state), value(&live.flags)), (0x100, 0));
    let odd = facts.profiles.items.iter().find(|profile| profile.key.value == "no identifier").unwrap();
    assert_eq!((odd.sid.as_ref(), odd.is_backup), (None, false));
}

#[test]
fn an_account_without_a_folder_is_only_told_where_the_whole_list_shows_it() {
    let mut hive = profiles().build();
    hive.point_subkey(PROFILE_LIST, 1, 0x7fff_fff8);
    let (facts, problems) = software_of(&hive);
    assert_eq!((facts.profiles.items.len(), facts.profiles.complete), (4, false));
    assert!(!problems.is_empty());

    let mut hive = profiles().build();
    hive.point_subkey_list(r"Microsoft\Windows NT\CurrentVersion", NOWHERE);
    let (facts, _) = software_of(&hive);
    assert!(facts.profiles.items.is_empty() && !facts.profiles.complete);
    assert_eq!(value(&facts.product_name), "Windows Server 2003", "values are kept elsewhere");
}

// ---- SAM ------------------------------------------------------------------------------------------------------------

fn accounts() -> HiveBuilder {
    let mut hive = machine::sam(Version::V1_5, MACHINE);
    machine::local_account(&mut hive, "Administrator", 500);
    machine::local_account(&mut hive, "exsvc", 1004);
    machine::local_account(&mut hive, "Müller", 1005);
    hive
}

fn local(rid: u32) -> Sid {
    Sid::parse(&format!("{MACHINE}-{rid}")).unwrap()
}

#[test]
fn a_sam_tells_the_names_of_local_accounts_and_no_secret() {
    let hive = accounts().build();
    let (facts, problems) = sam_of(&hive);
    assert!(problems.is_empty() && facts.accounts.complete);
    assert_eq!(value(&facts.machine_sid).to_string(), MACHINE);
    assert_eq!(facts.account(&local(1004)).here().unwrap().name(), "exsvc");
    assert_eq!(facts.sid("MÜLLER").here(), Some(local(1005)));
    assert!(facts.account(&local(1006)).is_absent() && facts.sid("nobody").is_absent());
    assert!(facts.account(&Sid::parse(DOMAIN_USER).unwrap()).is_absent(), "it is of another machine");

    let rid = facts.account(&local(500)).here().unwrap().rid.as_ref().here().unwrap();
    let place = hive.layout.value(&format!(r"{ACCOUNT_DOMAIN}\Users\Names\Administrator"), "");
    assert_eq!((rid.value, rid.place.at, rid.data.as_ref()), (500, at(place.vk), None));

    let told = format!("{facts:?}");
    let secret = String::from_utf8_lossy(machine::SECRET);
    assert!(!told.contains(&*secret) && !told.contains("000003EC"), "nothing of an account's record");
}

#[test]
fn a_damaged_sam_claims_no_account_to_be_missing() {
    let names = format!(r"{ACCOUNT_DOMAIN}\Users\Names");
    let mut hive = accounts().build();
    hive.point_subkey(&names, 1, 0x7fff_fff8);
    let (facts, _) = sam_of(&hive);
    assert_eq!((facts.accounts.items.len(), facts.accounts.complete), (2, false));
    assert!(facts.sid("exsvc").is_unknown() && facts.account(&local(1004)).is_unknown());

    // The value whose type is the identifier.
    let mut hive = accounts().build();
    hive.point_value_list(&format!(r"{names}\exsvc"), NOWHERE);
    let (facts, _) = sam_of(&hive);
    assert!(facts.accounts.complete && facts.sid("exsvc").is_unknown());
    assert!(facts.account(&local(1004)).is_unknown() && facts.account(&local(500)).here().is_some());

    // The identifier of the machine.
    let mut builder = accounts();
    builder.key(ACCOUNT_DOMAIN).binary("V", &[7; 100]);
    let hive = builder.build();
    let (facts, problems) = sam_of(&hive);
    assert!(facts.machine_sid.is_unknown() && facts.account(&local(500)).is_unknown());
    assert!(names_problem(&problems, at(hive.layout.value(ACCOUNT_DOMAIN, "V").vk), "S-1-5-21"));
}

#[test]
fn a_local_account_is_proven_by_its_identifier() {
    let (sam, _) = sam_of(&accounts().build());
    let means = |object_name: &str, sid: &Sid| {
        let known = KnownAccount {
            sid: Some(sid),
            folder: Some("exsvc"),
            computer: Some("EXCH01"),
            sam: Some(&sam),
            ..KnownAccount::default()
        };
        AccountName::parse(object_name).unwrap().means(&known)
    };
    let domain_user = Sid::parse(DOMAIN_USER).unwrap();
    assert_eq!(means(r".\exsvc", &local(1004)), Meaning::Same);
    assert_eq!(means(r"exch01\EXSVC", &local(1004)), Meaning::Same);
    assert_eq!(means(r".\exsvc", &local(1005)), Meaning::Other);
    assert_eq!(means(r".\gone", &domain_user), Meaning::Other, "no local account has that identifier");
    assert_eq!(means(r"DOM\exsvc", &domain_user), Meaning::FolderName);
    assert_eq!(means(r"DOM\exsvc", &local(1004)), Meaning::SameName, "a namesake in the domain is possible");
}

// ---- which hive -----------------------------------------------------------------------------------------------------

#[test]
fn a_machine_hive_is_known_by_its_keys_whatever_its_file_is_called() {
    let kind = |hive: &SynthHive| with_tree(&hive.bytes, Care::Once, |_, tree, _| MachineKind::of(tree));
    let mut security = HiveBuilder::new(Version::V1_3);
    security.key(r"Policy\PolAcDmS");
    let user = |file_name: &str| {
        let mut hive = HiveBuilder::new(Version::V1_3);
        hive.file_name(file_name).key(r"Software\Microsoft\Windows NT\CurrentVersion");
        hive.key("Environment");
        hive.build()
    };
    let mut other = HiveBuilder::new(Version::V1_5);
    other.key(r"Root\File");
    let mut programs = HiveBuilder::new(Version::V1_5);
    programs.key(r"Microsoft\Windows NT\CurrentVersion\Windows Messaging Subsystem");
    let mut bare = HiveBuilder::new(Version::V1_5);
    bare.key(r"Software\Microsoft\Office");
    let mut system = exchange();
    system.key("Keyboard Layout");
    system.key(r"Software\Microsoft");
    for (hive, expected) in [
        (system.build(), MachineKind::System),
        (bare.build(), MachineKind::User),
        (profiles().build(), MachineKind::Software),
        (accounts().build(), MachineKind::Sam),
        (security.build(), MachineKind::Security),
        (user(r"\??\C:\WINNT\Profiles\default\ntuser.dat"), MachineKind::User),
        (user(r"\SystemRoot\System32\Config\DEFAULT"), MachineKind::Default),
    ] {
        assert_eq!(kind(&hive), Found::Here(expected));
    }
    assert_eq!(kind(&other.build()), Found::Absent);
    assert_eq!(kind(&programs.build()), Found::Absent, "a user's programs, saved as a hive of their own");
    let mut system = system.build();
    system.point_subkey("", 0, 0x7fff_fff8);
    system.point_subkey("", 1, 0x7fff_fff8);
    system.point_subkey("", 3, 0x7fff_fff8);
    assert_eq!(kind(&system), Found::Unknown, "what is left of it looks like a user's");
    let mut damaged = other.build();
    damaged.point_subkey_list("", NOWHERE);
    assert_eq!(kind(&damaged), Found::Unknown);
}
