//! `properties.csv` (the command `profiles`): every key and value that belongs to MAPI, decoded.

use crate::account::Attribution;
use crate::hive::Provenance;
use crate::mapi::secret::{self, Secret, secret};
use crate::mapi::tags::{self, SectionKind};
use crate::mapi::uid::ACCOUNT_MANAGER_SECTION;
use crate::mapi::{
    Mapi, MapiKey, MapiPath, MapiValue, PlaceKind, Profile, ProfileState, ProviderSection, Recovered,
    RecoveredKey, RecoveredProfile, SOME_PLACE, account_text, dangling, registry_text,
};
use crate::scan::{OpenHive, Understood};
use crate::wintypes::hex;

use super::table::{Cell, Formulas, TableWriter, table};

table! {
    /// A row of `properties.csv`.
    PropertyRow {
        kind: "key, property (a value of a profile section or of another key) or account-value (of the account manager)",
        host: "the host that the path of the hive shows",
        account: "name of the account, as well as it is known",
        account_sid: "security identifier of the account",
        root: "which place of profiles: Windows NT, Windows 9x or Office with its version",
        profile: "name of the profile",
        profile_state: "live, deleted-pending (under Deleted Profiles) or recovered",
        section_uid: "the section of the profile",
        section_kind: "what the section is for",
        service_name: "the message service the section belongs to",
        key_path: "the key, from the root of the hive",
        value_name: "the value",
        prop_id: "identifier of the property: 6602",
        prop_type: "type of the property by its name, or 0xNNNN",
        prop_name: "published name of the property, where it is known in such a section",
        value_type: "registry type by its name, or 0xNNNNNNNN",
        data_size: "bytes of data",
        decoded: "what the data mean, secrets withheld",
        raw_hex: "the first 64 bytes of the data in hexadecimal, secrets withheld",
        secret: "for a secret: present, its length and its scheme",
        last_written: "when the key last changed",
        origin: "where the bytes are: primary, log, log-remnant, free, slack, unreferenced or tail",
        file_offset: "where in the file the cell lies, in bytes from its start",
        hive_path: "the hive",
        problem: "what is wrong with the value, or how far a recovered one can be trusted and why",
        file: "the file in which the bytes lie",
        log_sequence: "sequence number of the log entry, if the bytes are from a log",
        trust: "of a recovered key or value: high, medium or low",
    }
}

impl PropertyRow<'_> {
    /// The cells that [`Context::common`] fills, their texts borrowed.
    fn lent(&self) -> PropertyRow<'_> {
        PropertyRow {
            kind: self.kind.lent(),
            host: self.host.lent(),
            account: self.account.lent(),
            account_sid: self.account_sid.lent(),
            root: self.root.lent(),
            profile: self.profile.lent(),
            profile_state: self.profile_state.lent(),
            section_uid: self.section_uid.lent(),
            section_kind: self.section_kind.lent(),
            service_name: self.service_name.lent(),
            key_path: self.key_path.lent(),
            last_written: self.last_written.lent(),
            hive_path: self.hive_path.lent(),
            trust: self.trust.lent(),
            ..PropertyRow::default()
        }
    }
}

/// What all rows of one key have in common.
#[derive(Clone, Copy)]
struct Context<'a> {
    hive: &'a str,
    host: Option<&'a str>,
    account: &'a Attribution,
    root: Option<&'a str>,
    profile: Option<&'a Profile<'a>>,
    /// What is told of a recovered key.
    recovered: Option<&'a RecoveredKey<'a>>,
    /// Of values that belonged to one of several keys, to which.
    owners: Option<&'a str>,
    section: Option<&'a ProviderSection<'a>>,
    place: secret::Place<'a>,
    of_account: bool,
}

/// All rows of a hive, without a header.
pub fn property_table(hive: &OpenHive<'_>, understood: &Understood<'_>, formulas: Formulas) -> Vec<u8> {
    let Understood { account, mapi, recovered, .. } = understood;
    let mut table = TableWriter::headless(Vec::new(), formulas);
    // Memory is always writable, and a row of cells can always be serialized.
    let _ = property_rows(hive, account, mapi, recovered, |row| table.write(row));
    table.finish().unwrap_or_default()
}

/// Hands every row of a hive to `write`, in the order in which keys and values lie in it.
pub fn property_rows<E>(
    hive: &OpenHive<'_>,
    account: &Attribution,
    mapi: &Mapi<'_>,
    recovered: &Recovered<'_>,
    mut write: impl FnMut(PropertyRow<'_>) -> Result<(), E>,
) -> Result<(), E> {
    let context = Context {
        hive: hive.hive_path,
        host: hive.host,
        account,
        root: None,
        profile: None,
        recovered: None,
        owners: None,
        section: None,
        place: secret::Place::Elsewhere,
        of_account: false,
    };
    for root in &mapi.roots {
        let name = root.to_string();
        let context = Context { root: Some(&name), ..context };
        context.rows(&root.key, &mut write)?;
        for key in &root.other_keys {
            context.rows(key, &mut write)?;
        }
        for state in [ProfileState::Live, ProfileState::DeletedPending] {
            let Some(list) = root.list(state).as_ref().here() else { continue };
            context.rows(&list.key, &mut write)?;
            for profile in &list.profiles {
                Context { profile: Some(profile), ..context }.profile(profile, &mut write)?;
            }
        }
    }
    for place in &mapi.places {
        let (secrets, of_account) = match place.kind {
            PlaceKind::ProtectedStorage => (secret::Place::ProtectedStorage, false),
            PlaceKind::OmiAccounts | PlaceKind::InternetAccounts => (secret::Place::Account, true),
            PlaceKind::Exchange | PlaceKind::Setup => (secret::Place::Elsewhere, false),
        };
        for key in &place.keys {
            Context { place: secrets, of_account, ..context }.rows(key, &mut write)?;
        }
    }
    recovered_rows(context, recovered, &mut write)
}

/// The rows of what is live no more: profile by profile with all recovered states of their keys, then what lies outside of
/// any profile, then sections that lost their place, then values that belonged to one of several keys.
fn recovered_rows<E>(
    context: Context<'_>,
    recovered: &Recovered<'_>,
    write: &mut impl FnMut(PropertyRow<'_>) -> Result<(), E>,
) -> Result<(), E> {
    for profile in &recovered.profiles {
        let root = profile.place.root.to_string();
        let context = Context { root: Some(&root), profile: Some(&profile.profile), ..context };
        for state in recovered.states(profile) {
            let uid = state.place.as_ref().and_then(|place| place.section);
            let section = profile.profile.sections.iter().find(|section| Some(section.uid) == uid);
            let place = section.map_or(SOME_PLACE, ProviderSection::secret_place);
            let of_account = section.is_some_and(|section| section.kind == SectionKind::AccountManager);
            Context { section, place, of_account, recovered: Some(state), ..context }
                .rows(&state.key, write)?;
        }
    }
    for state in &recovered.keys {
        let outside = state.place.as_ref().is_none_or(|place| place.profile.is_none());
        if outside {
            let root = state.place.as_ref().map(|place| place.root.to_string());
            let context =
                Context { root: root.as_deref(), place: SOME_PLACE, recovered: Some(state), ..context };
            context.rows(&state.key, write)?;
        }
    }
    recovered.lists.iter().try_for_each(|list| list_rows(context, recovered, list, write))
}

/// The rows of values whose key is one of several. There is no row for a key that nobody knows.
fn list_rows<E>(
    context: Context<'_>,
    recovered: &Recovered<'_>,
    list: &RecoveredKey<'_>,
    write: &mut impl FnMut(PropertyRow<'_>) -> Result<(), E>,
) -> Result<(), E> {
    let root = list.place.as_ref().map(|place| place.root.to_string());
    let path = list.place.as_ref().and_then(MapiPath::profile_path);
    let of_path = |profile: &&RecoveredProfile<'_>| profile.place.profile_path() == path;
    let profile = path.as_ref().and_then(|_| recovered.profiles.iter().find(of_path));
    let profile = profile.map(|profile| &profile.profile);
    let uid = list.place.as_ref().and_then(|place| place.section);
    let section =
        profile.and_then(|profile| profile.sections.iter().find(|section| Some(section.uid) == uid));
    let context = Context {
        root: root.as_deref(),
        profile,
        section,
        recovered: Some(list),
        owners: Some(&list.doubts),
        place: SOME_PLACE,
        of_account: uid == Some(ACCOUNT_MANAGER_SECTION),
        ..context
    };
    let common = PropertyRow { last_written: Cell::Empty, ..context.common(&list.key) };
    list.key.values.iter().try_for_each(|value| write(context.value(value, common.lent())))
}

impl<'a> Context<'a> {
    fn profile<E>(
        self,
        profile: &'a Profile<'a>,
        write: &mut impl FnMut(PropertyRow<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        self.rows(&profile.key, write)?;
        for section in &profile.sections {
            let of_account = section.kind == SectionKind::AccountManager;
            let place = section.secret_place();
            let context = Self { section: Some(section), place, of_account, ..self };
            context.rows(&section.key, write)?;
            for key in &section.below {
                context.rows(key, write)?;
            }
        }
        profile.other_keys.iter().try_for_each(|key| self.rows(key, write))
    }

    /// The row of a key and those of its values.
    fn rows<E>(
        &self,
        key: &MapiKey<'_>,
        write: &mut impl FnMut(PropertyRow<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        let common = self.common(key);
        let incomplete = match (key.values_complete, key.subkeys_complete) {
            (true, true) => None,
            (false, true) => Some("not all values could be listed"),
            (true, false) => Some("not all subkeys could be listed"),
            (false, false) => Some("not all values and subkeys could be listed"),
        };
        write(PropertyRow {
            kind: "key".into(),
            file_offset: key.provenance.at.into(),
            origin: key.provenance.origin.as_str().into(),
            file: self.file(&key.provenance),
            log_sequence: key.provenance.sequence.into(),
            problem: joined([incomplete.map(str::to_owned), self.recovery()]),
            ..common.lent()
        })?;
        key.values.iter().try_for_each(|value| write(self.value(value, common.lent())))
    }

    /// What a key and its values have in common.
    fn common(&self, key: &MapiKey<'_>) -> PropertyRow<'a> {
        let section = self.section;
        PropertyRow {
            host: self.host.into(),
            account: self.account.name.as_deref().into(),
            account_sid: self.account.sid.as_ref().map(ToString::to_string).into(),
            root: self.root.into(),
            profile: self.profile.map(Profile::name).into(),
            profile_state: self.state().map(ProfileState::as_str).into(),
            section_uid: section.map(|section| section.uid.to_string()).into(),
            section_kind: section.map(|section| section.kind.as_str()).into(),
            service_name: section.and_then(|section| section.service_name.as_deref()).into(),
            key_path: key.path().into(),
            last_written: key.last_written.into(),
            hive_path: self.hive.into(),
            trust: self.recovered.map(|recovered| recovered.trust.as_str()).into(),
            ..PropertyRow::default()
        }
    }

    /// The row of a value; `common` is what it has in common with its key.
    fn value<'r>(&self, value: &MapiValue<'_>, common: PropertyRow<'r>) -> PropertyRow<'r>
    where
        'a: 'r,
    {
        let name = value.name();
        let kind = self.section.map_or(SectionKind::Other, |section| section.kind);
        let withheld = secret(self.place, &name, value.value_type(), value.bytes());
        let decoded = value.decoded();
        let malformed =
            decoded.as_ref().and_then(|decoded| decoded.malformed.as_ref()).map(ToString::to_string);
        let doubt = decoded.as_ref().and_then(|decoded| decoded.ansi_doubt);
        let unread = match &value.data {
            Ok(data) if data.complete => None,
            Ok(data) => Some(format!("{} of {} bytes could be read", data.bytes.len(), value.data_size())),
            Err(error) => Some(error.to_string()),
        };
        let text = match (&withheld, &decoded, value.prop) {
            (Some(_), _, _) => None,
            (None, Some(decoded), Some(prop)) => {
                Some(tags::decoded_text(kind, prop.tag, &decoded.value, value.ansi()))
            }
            _ if self.of_account => {
                Some(account_text(&name, value.value_type(), value.bytes(), value.ansi()))
            }
            _ => Some(registry_text(value.value_type(), value.bytes())),
        };
        let entry = value.prop.and_then(|prop| tags::lookup(kind, prop.tag));
        let place = value.provenance();
        PropertyRow {
            kind: if self.of_account && value.prop.is_none() { "account-value" } else { "property" }.into(),
            value_name: name.into_owned().into(),
            prop_id: value.prop.map(|prop| prop.id().to_string()).into(),
            prop_type: value.prop.map(|prop| prop.prop_type().to_string()).into(),
            prop_name: entry.and_then(|entry| entry.name).into(),
            value_type: value.value_type().to_string().into(),
            data_size: value.data_size().into(),
            decoded: text.into(),
            raw_hex: if withheld.is_some() { Cell::Empty } else { first_bytes(value.bytes()).into() },
            secret: withheld.as_ref().map(|secret| told(secret, value)).into(),
            origin: place.origin.as_str().into(),
            file: self.file(&place),
            file_offset: place.at.into(),
            log_sequence: place.sequence.into(),
            problem: joined([
                self.owners.map(str::to_owned),
                unread.or(malformed).or_else(|| self.leads_nowhere(value)),
                doubt.map(|doubt| doubt.to_string()),
            ]),
            ..common
        }
    }
}

impl<'a> Context<'a> {
    /// The state of the profile, or of a recovered key outside of any.
    fn state(&self) -> Option<ProfileState> {
        let recovered = self.recovered.map(|_| ProfileState::Recovered);
        recovered.or(self.profile.map(|profile| profile.state))
    }

    /// What is told of a recovered key beside its trust.
    fn recovery(&self) -> Option<String> {
        let recovered = self.recovered?;
        let live = recovered.is_live.then(|| "another state of this key is live".to_owned());
        let doubts = (!recovered.doubts.is_empty()).then(|| recovered.doubts.clone());
        let told: Vec<String> = live.into_iter().chain(doubts).collect();
        (!told.is_empty()).then(|| told.join("; "))
    }

    /// The file in which bytes lie.
    fn file(&self, place: &Provenance) -> Cell<'a> {
        match &place.log {
            Some(log) => crate::scan::beside(self.hive, log).into(),
            None => self.hive.into(),
        }
    }

    /// Which sections a value names that the profile does not have.
    fn leads_nowhere(&self, value: &MapiValue<'_>) -> Option<String> {
        let missing = dangling(self.profile?, value);
        let uids: Vec<String> = missing.iter().map(ToString::to_string).collect();
        (!uids.is_empty()).then(|| format!("names sections that are not there: {}", uids.join(" ")))
    }
}

/// All that there is to say, with semicolons between.
fn joined<'a>(texts: impl IntoIterator<Item = Option<String>>) -> Cell<'a> {
    let texts: Vec<String> = texts.into_iter().flatten().collect();
    if texts.is_empty() { Cell::Empty } else { texts.join("; ").into() }
}

/// What is told of a secret. Where its bytes could not be read, neither their number nor their scheme is known from them.
fn told(secret: &Secret, value: &MapiValue<'_>) -> String {
    if value.is_complete() {
        secret.to_string()
    } else {
        format!("present, {} bytes, not all of which could be read", value.data_size())
    }
}

/// The first 64 bytes in hexadecimal.
fn first_bytes(bytes: &[u8]) -> String {
    hex(bytes.get(..64).unwrap_or(bytes))
}
