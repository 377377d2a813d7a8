//! Services and providers are linked in both directions, and what leads nowhere is told.

use hive_synth::mapi::{NewProfile, PROFILES, ProfileWriter, Uid};
use hive_synth::{HiveBuilder, SynthHive, Version, filetime};
use mapihive::mapi::{ProfileState, services, unreferenced};

use crate::support::{examine, with_view};

const LISTED: Uid = Uid::PST;
const UNLISTED: Uid = Uid::PUBLIC_STORE;
const PROVIDER: Uid = Uid::PRIVATE_STORE;
const MISSING: Uid = Uid::DELEGATE_STORE;

/// A service that lists one provider that is there and one that is not; a second service that nothing lists, with a
/// provider that only names it.
fn hive() -> SynthHive {
    let mut hive = HiveBuilder::new(Version::V1_5);
    let profile = NewProfile::new(PROFILES, "Linked", filetime(2001, 1, 1, 0, 0, 0, 0));
    let mut profile = ProfileWriter::new(&mut hive, &profile);
    profile.section(Uid::ROOT).uids(0x3D0E, &[LISTED]);
    profile
        .section(LISTED)
        .unicode(0x3D09, "MSPST MS")
        .unicode(0x3D0B, "PSTServiceEntry")
        .uids(0x3D00, &[PROVIDER, MISSING]);
    profile.section(PROVIDER).uids(0x3D0C, &[LISTED]);
    profile.section(UNLISTED).unicode(0x3D09, "CONTAB").unicode(0x3D0B, "CONTABServiceEntry");
    profile.section(Uid::OPAQUE).uids(0x3D0C, &[UNLISTED]);
    hive.build()
}

#[test]
fn services_and_providers_are_linked_in_both_directions() {
    with_view(&hive(), "NTUSER.DAT", |view, problems| {
        assert!(problems.is_empty());
        let (_, profile) = view.mapi.profiles(ProfileState::Live).next().unwrap();
        let services = services(profile);
        assert_eq!(services.iter().map(|service| service.is_listed).collect::<Vec<_>>(), [true, false]);
        let [listed, unlisted] = services.as_slice() else { panic!("two services") };
        let of_listed: Vec<_> = listed
            .providers
            .iter()
            .map(|provider| (provider.section.is_some(), provider.list.is_some(), provider.names_service))
            .collect();
        assert_eq!(of_listed, [(true, true, true), (false, true, false)], "the second one leads nowhere");
        assert_eq!(listed.section.unwrap().service_name.as_deref(), Some("MSPST MS"));
        let of_unlisted: Vec<_> = unlisted
            .providers
            .iter()
            .map(|provider| (provider.list.is_some(), provider.names_service))
            .collect();
        assert_eq!(of_unlisted, [(false, true)], "it only names the service itself");
        let alone: Vec<_> = unreferenced(profile).iter().map(|section| section.uid.to_string()).collect();
        assert!(!alone.contains(&PROVIDER.hex()), "{alone:?}");
    });
}

#[test]
fn a_list_that_leads_nowhere_says_so_where_it_is_shown() {
    let read = examine(&hive().bytes, "NTUSER.DAT");
    let told: Vec<_> = read
        .properties
        .iter()
        .filter(|row| row["problem"].contains("not there"))
        .map(|row| (row["value_name"].clone(), row["problem"].clone()))
        .collect();
    assert_eq!(told, [("01023d00".into(), format!("names sections that are not there: {}", MISSING.hex()))]);
}
