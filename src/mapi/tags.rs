//! The known properties: one table, one row per property and place.
//!
//! An identifier alone does not say what a property means: Exchange, LDAP, Microsoft Mail and the Outlook address book
//! use the same numbers from 0x6600 on for different things. [`lookup`] therefore asks for the kind of section too.

use std::sync::LazyLock;

use super::entry_id::{EntryId, EntryIdBody};
use super::prop::{HexPreview, PropId, PropTag, PropType, PropValue};
use super::uid::MapiUid;
use crate::wintypes::{AnsiCodePage, Filetime};

/// What a key below a profile holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SectionKind {
    /// `9207…`: MAPI's own section with the service table.
    Root,
    /// Exchange settings of the profile: `13dbb0c8…`, or from Outlook 2010 on the section that
    /// [`PR_EMSMDB_SECTION_UID`] names.
    GlobalProfile,
    /// A message service.
    Service,
    /// A provider of a message service.
    Provider,
    /// `0a0d02…`: the client's own section.
    Capone,
    /// `8503…`: the instance of the profile.
    ProfileInstance,
    /// `9375…` and its account subkeys.
    AccountManager,
    /// `dca740c8…`: the Exchange address book provider.
    ExchangeAddressBook,
    /// `5acf76a3…`: dial-up networking.
    DialUp,
    /// A section of the service `EMABLT`.
    Ldap,
    /// A section of the service `MSFS`, Microsoft Mail.
    MsMail,
    /// A section of the service `CONTAB`, the Outlook address book.
    OutlookAddressBook,
    /// `3517490d…`: the profile's name at creation.
    ProfileName,
    /// Not known, or not one of these.
    #[default]
    Other,
}

impl SectionKind {
    /// Every kind with its stable text form, which the column `section_kind` shows.
    pub const ALL: [(Self, &'static str); 14] = [
        (Self::Root, "root"),
        (Self::GlobalProfile, "global-profile"),
        (Self::Service, "service"),
        (Self::Provider, "provider"),
        (Self::Capone, "capone"),
        (Self::ProfileInstance, "profile-instance"),
        (Self::AccountManager, "account-manager"),
        (Self::ExchangeAddressBook, "exchange-address-book"),
        (Self::DialUp, "dial-up"),
        (Self::Ldap, "ldap"),
        (Self::MsMail, "ms-mail"),
        (Self::OutlookAddressBook, "outlook-address-book"),
        (Self::ProfileName, "profile-name"),
        (Self::Other, "other"),
    ];

    /// The stable text form.
    pub fn as_str(self) -> &'static str {
        Self::ALL.iter().find(|(kind, _)| *kind == self).map_or("other", |(_, text)| text)
    }

    /// The kind with a given text form.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.iter().find(|(_, name)| *name == text).map(|(kind, _)| *kind)
    }

    /// The kind of all sections of a service that uses property identifiers in its own way, by `PR_SERVICE_NAME`.
    pub fn for_service(service_name: &str) -> Option<Self> {
        const OWN_NUMBERS: [(&str, SectionKind); 3] = [
            ("EMABLT", SectionKind::Ldap),
            ("MSFS", SectionKind::MsMail),
            ("CONTAB", SectionKind::OutlookAddressBook),
        ];
        let service = OWN_NUMBERS.iter().find(|(name, _)| service_name.trim().eq_ignore_ascii_case(name));
        service.map(|(_, kind)| *kind)
    }

    /// Whether the provider-private identifiers from 0x6600 on mean something else here than in Exchange's sections.
    fn has_own_numbers(self) -> bool {
        matches!(
            self,
            Self::Ldap
                | Self::MsMail
                | Self::OutlookAddressBook
                | Self::DialUp
                | Self::ProfileName
                | Self::Capone
        )
    }
}

/// How the value of a property is to be read beyond its type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Coding {
    /// As the type says.
    Plain,
    /// A set of bits with their names; an entry of several bits counts when all of them are set.
    Flags(&'static [(u32, &'static str)]),
    /// One of several numbers with their names.
    Values(&'static [(u32, &'static str)]),
    /// A number that reads better in hexadecimal.
    Hex,
    /// A FILETIME in a `PT_I8`.
    Filetime,
    /// Four 16-bit numbers: major, minor, build, revision. The order is inferred from the one measured value.
    Version,
    /// A list of section UIDs.
    Uids,
    /// An entry identifier, or a list of them.
    EntryId,
}

/// A row of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TagEntry {
    /// The identifier.
    pub id: PropId,
    /// The published symbol; `None` where none is known.
    pub name: Option<&'static str>,
    /// The types it is stored as. The two types of text stand for each other.
    pub types: &'static [PropType],
    /// The kinds of section it means this in; empty for all.
    pub kinds: &'static [SectionKind],
    /// What it means.
    pub meaning: &'static str,
    /// Where that comes from; `measured` is on public sample hives.
    pub source: &'static str,
    /// How to read its value.
    pub coding: Coding,
}

/// What a property means in a place; `None` where that is not known.
///
/// A section of kind [`SectionKind::Other`] may be anything: there, and in Exchange's sections beside those a row names,
/// an identifier is told only when its number and type mean one thing everywhere.
pub fn lookup(kind: SectionKind, tag: PropTag) -> Option<&'static TagEntry> {
    let mut rows = of_id(tag.id()).iter().copied().filter(|row| row.has_type(tag.prop_type()));
    let here = |row: &&TagEntry| row.kinds.contains(&kind);
    let everywhere = |row: &&TagEntry| row.kinds.is_empty();
    if let Some(row) = rows.clone().find(here).or_else(|| rows.clone().find(everywhere)) {
        return Some(row);
    }
    // Below 0x0ff0 and from 0x6500 on, an identifier belongs to whoever owns the section.
    let is_general = match tag.id().0 {
        0x0ff0..0x6500 => true,
        0x6500.. => !kind.has_own_numbers(),
        _ => false,
    };
    let only = rows.next().filter(|_| is_general);
    only.filter(|_| rows.next().is_none())
}

/// The rows of an identifier, in the order of [`ALL`].
fn of_id(id: PropId) -> &'static [&'static TagEntry] {
    static BY_ID: LazyLock<Vec<&'static TagEntry>> = LazyLock::new(|| {
        let mut rows: Vec<&TagEntry> = ALL.iter().collect();
        rows.sort_by_key(|row| row.id);
        rows
    });
    let begin = BY_ID.partition_point(|row| row.id < id);
    let end = begin + BY_ID.get(begin..).map_or(0, |rows| rows.partition_point(|row| row.id == id));
    BY_ID.get(begin..end).unwrap_or_default()
}

/// The text of the `decoded` column: like [`PropValue`]'s own, but with names for flags and numbers where the table has
/// them.
///
/// - Flags: `0x984: connect UI, cache private, cache delegates`; bits without a name follow in hexadecimal. Where no bit
///   has a name, the number stands alone.
/// - Enumerated numbers: `1 (primary)`, or the number alone.
/// - UID lists and entry identifiers: a list of texts, see [`PropValue`] and [`EntryId`].
pub fn decoded_text(kind: SectionKind, tag: PropTag, value: &PropValue<'_>, ansi: AnsiCodePage) -> String {
    let coding = lookup(kind, tag).map_or(Coding::Plain, |row| row.coding);
    match (coding, value) {
        (Coding::Flags(names), PropValue::Long(number)) => flags_text(number.cast_unsigned(), names),
        (Coding::Values(names), PropValue::Long(number)) => {
            match names.iter().find(|(value, _)| *value == number.cast_unsigned()) {
                Some((_, name)) => format!("{number} ({name})"),
                None => number.to_string(),
            }
        }
        (Coding::Hex, PropValue::Long(number)) => format!("{:#x}", number.cast_unsigned()),
        (Coding::Hex, PropValue::MultiLong(numbers)) => {
            let numbers: Vec<_> =
                numbers.iter().map(|number| format!("{:#x}", number.cast_unsigned())).collect();
            format!("[{}]", numbers.join(","))
        }
        (Coding::Filetime, PropValue::I8(ticks)) => Filetime(ticks.cast_unsigned()).to_string(),
        (Coding::Version, PropValue::Binary(bytes)) => version_text(bytes),
        (Coding::Uids, PropValue::Binary(bytes)) => uids_text(bytes),
        (Coding::EntryId, PropValue::Binary(bytes)) => entry_id_text(bytes, ansi),
        (Coding::EntryId, PropValue::MultiBinary(elements)) => {
            PropValue::MultiText(elements.iter().map(|bytes| entry_id_text(bytes, ansi)).collect())
                .to_string()
        }
        _ => value.to_string(),
    }
}

/// Bits in hexadecimal, then their names; what is left without a name in hexadecimal.
fn flags_text(bits: u32, names: &[(u32, &str)]) -> String {
    let present = || names.iter().filter(|(mask, _)| bits & mask == *mask);
    let mut words: Vec<_> = present().map(|(_, name)| (*name).to_owned()).collect();
    if words.is_empty() {
        return format!("{bits:#x}");
    }
    let unnamed = present().fold(bits, |left, (mask, _)| left & !mask);
    if unnamed != 0 {
        words.push(format!("{unnamed:#x}"));
    }
    format!("{bits:#x}: {}", words.join(", "))
}

fn version_text(bytes: &[u8]) -> String {
    match bytes.as_chunks::<2>() {
        ([major, minor, build, revision], []) => {
            let [major, minor, build, revision] = [*major, *minor, *build, *revision].map(u16::from_le_bytes);
            format!("{major}.{minor}.{build}.{revision}")
        }
        _ => HexPreview(bytes).to_string(),
    }
}

fn uids_text(bytes: &[u8]) -> String {
    match MapiUid::from_list(bytes) {
        (uids, 0) => PropValue::MultiText(uids.iter().map(MapiUid::to_string).collect()).to_string(),
        _ => HexPreview(bytes).to_string(),
    }
}

fn entry_id_text(bytes: &[u8], ansi: AnsiCodePage) -> String {
    match EntryId::parse(bytes, ansi) {
        Ok(entry_id) if !matches!(entry_id.body, EntryIdBody::Other(_)) => entry_id.to_string(),
        _ => HexPreview(bytes).to_string(),
    }
}

impl TagEntry {
    fn has_type(&self, prop_type: PropType) -> bool {
        self.types.iter().any(|known| {
            *known == prop_type
                || known.is_text() && prop_type.is_text() && known.is_multi() == prop_type.is_multi()
        })
    }
}

const SERVICE_FLAGS: Coding = Coding::Flags(&[
    (0x1, "default store"),
    (0x2, "single copy"),
    (0x4, "create with store"),
    (0x8, "primary identity"),
    (0x20, "no primary identity"),
]);

const PROVIDER_FLAGS: Coding = Coding::Flags(&[
    (0x1, "default outbound"),
    (0x2, "default store"),
    (0x4, "primary identity"),
    (0x8, "simple store"),
    (0x10, "transport prefers last"),
    (0x20, "no primary identity"),
    (0x40, "no default store"),
    (0x80, "temp section"),
    (0x100, "own store"),
    (0x200, "hook inbound"),
    (0x400, "hook outbound"),
    (0x800, "need IPM tree"),
    (0x1000, "primary store"),
    (0x2000, "secondary store"),
]);

const RESOURCE_TYPES: Coding = Coding::Values(&[
    (0x21, "message store"),
    (0x22, "address book"),
    (0x23, "address book provider"),
    (0x24, "transport"),
    (0x25, "spooler"),
    (0x26, "profile provider"),
    (0x27, "subsystem"),
    (0x28, "hook provider"),
]);

const CONFIG_FLAGS: Coding = Coding::Flags(&[
    (0x1, "service"),
    (0x2, "startup UI"),
    (0x4, "connect UI"),
    (0x8, "prompt for credentials"),
    (0x10, "no auto detect"),
    (0x20, "OST cache only"),
    (0x40, "SMTP addresses"),
    (0x180, "cache private"),
    (0x400, "cache public"),
    (0x800, "cache delegates"),
    (0x10_0000, "changed"),
]);

const CONNECT_FLAGS: Coding = Coding::Flags(&[
    (0x1, "use admin privilege"),
    (0x2, "no RPC encryption"),
    (0x4, "separate connection"),
    (0x8, "no undercover connection"),
    (0x10, "anonymous access"),
    (0x20, "no notifications"),
    (0x40, "no address resolution"),
    (0x80, "restore database"),
]);

const TRANSPORT_FLAGS: Coding = Coding::Flags(&[(0x1, "download"), (0x2, "upload")]);

const UI_STATE: Coding = Coding::Flags(&[(0x4000, "encrypt network")]);

const OPEN_FLAGS: Coding = Coding::Flags(&[
    (0x1, "use admin privilege"),
    (0x2, "public"),
    (0x4, "home logon"),
    (0x8, "take ownership"),
    (0x10, "override home MDB"),
    (0x20, "transport"),
    (0x40, "remote transport"),
    (0x80, "internet anonymous"),
    (0x100, "alternate server"),
    (0x200, "ignore home MDB"),
    (0x400, "no mail"),
    (0x800, "override last modifier"),
    (0x1000, "callback logon"),
    (0x2000, "local"),
    (0x4000, "fail if no mailbox"),
    (0x8000, "cache exchange"),
    (0x1_0000, "client with named property fix"),
    (0x2_0000, "enable lazy logging"),
    (0x4_0000, "client with replica id mapping fix"),
    (0x8_0000, "no localization"),
    (0x10_0000, "restore database"),
    (0x20_0000, "cross-forest move"),
]);

const PROFILE_TYPES: Coding =
    Coding::Values(&[(1, "primary"), (2, "delegate"), (3, "public"), (4, "subscription")]);

const ROH_FLAGS: Coding = Coding::Flags(&[
    (0x1, "use RPC over HTTP"),
    (0x2, "SSL only"),
    (0x4, "mutual authentication"),
    (0x8, "HTTP first on fast networks"),
    (0x20, "HTTP first on slow networks"),
]);

const ROH_AUTH_SCHEMES: Coding = Coding::Values(&[(1, "basic"), (2, "NTLM")]);

const PST_ENCRYPTION: Coding = Coding::Flags(&[
    (0x8000_0000, "no encryption"),
    (0x4000_0000, "compressible encryption"),
    (0x2000_0000, "best encryption"),
]);

const PST_CONFIG_FLAGS: Coding = Coding::Flags(&[
    (0x1, "create without warning"),
    (0x2, "preserve display name"),
    (0x8, "policy delay, ignore OST"),
    (0x10, "create new default OST"),
    (0x8000_0000, "Unicode"),
]);

const TEXT: &[PropType] = &[PropType::PT_STRING8, PropType::PT_UNICODE];
const TEXTS: &[PropType] = &[PropType::PT_MV_STRING8, PropType::PT_MV_UNICODE];
const LONG: &[PropType] = &[PropType::PT_LONG];
const LONGS: &[PropType] = &[PropType::PT_MV_LONG];
const BOOLEAN: &[PropType] = &[PropType::PT_BOOLEAN];
const BINARY: &[PropType] = &[PropType::PT_BINARY];
const BINARIES: &[PropType] = &[PropType::PT_MV_BINARY];
const SYSTIME: &[PropType] = &[PropType::PT_SYSTIME];
const CLSID: &[PropType] = &[PropType::PT_CLSID];
const I8: &[PropType] = &[PropType::PT_I8];
/// What stands in the secure range is stored as binary by MAPI, but described as text in profile descriptor files.
const SECRET: &[PropType] = &[PropType::PT_BINARY, PropType::PT_STRING8, PropType::PT_UNICODE];

/// Writes a constant and a row for each property. The doc comment is the row's meaning.
///
/// `NAME` is the published symbol; `NAME as "symbol"` gives it another one, `NAME as none` none at all, and `_` as name
/// adds a row to a constant that exists already.
macro_rules! tags {
    ($(
        $(#[doc = $meaning:literal])+
        $name:tt $(as $symbol:tt)? = $id:literal, $types:ident, [$($kind:ident)*], $source:literal $(, $coding:expr)?;
    )*) => {
        $(tags!(@constant $($meaning)+, $name, $id);)*

        /// Every known property. Rows of one identifier stand together, special ones first.
        pub static ALL: &[TagEntry] = &[$(TagEntry {
            id: PropId($id),
            name: tags!(@symbol $name $($symbol)?),
            types: $types,
            kinds: &[$(SectionKind::$kind),*],
            meaning: concat!($($meaning),+).trim_ascii(),
            source: $source,
            coding: tags!(@coding $($coding)?),
        }),*];
    };
    (@constant $($meaning:literal)+, _, $id:literal) => {};
    (@constant $($meaning:literal)+, $name:ident, $id:literal) => {
        $(#[doc = $meaning])+
        pub const $name: PropId = PropId($id);
    };
    (@symbol $name:tt none) => { None };
    (@symbol $name:tt $symbol:literal) => { Some($symbol) };
    (@symbol $name:ident) => { Some(stringify!($name)) };
    (@coding) => { Coding::Plain };
    (@coding $coding:expr) => { $coding };
}

tags! {
    /// Not understood; a boolean of the root section.
    ROOT_UNKNOWN_000D as none = 0x000d, BOOLEAN, [Root], "measured";
    /// Time of a per-account activity (meaning inferred).
    ACCOUNT_ACTIVITY_TIME as none = 0x0032, SYSTIME, [], "measured";
    /// Recently used stores or folders.
    CAPONE_MRU_022A as none = 0x022a, BINARIES, [Capone], "measured";
    /// Recently used stores or folders.
    CAPONE_MRU_031E as none = 0x031e, TEXTS, [Capone], "measured";
    /// Default archive file.
    CAPONE_ARCHIVE_DEFAULT as none = 0x0324, TEXT, [Capone], "Q198479";
    /// Last archive file.
    CAPONE_ARCHIVE_LAST as none = 0x032c, TEXT, [Capone], "Q198479";
    /// Months of free/busy information to publish.
    CAPONE_FREE_BUSY_MONTHS as none = 0x0330, LONG, [Capone], "Q197712";
    /// Seconds between updates of free/busy information.
    CAPONE_FREE_BUSY_UPDATE as none = 0x0331, LONG, [Capone], "Q197712";
    /// List of stores.
    CAPONE_STORES as none = 0x039b, BINARIES, [Capone], "measured", Coding::EntryId;
    /// Path of a file the client keeps.
    CAPONE_PATH as none = 0x0433, TEXT, [Capone], "measured";

    /// Store mapping signature.
    PR_MAPPING_SIGNATURE = 0x0ff8, BINARY, [], "MAPITags.h; measured";
    /// Identity of the store.
    PR_RECORD_KEY = 0x0ff9, BINARY, [], "MAPITags.h; measured";
    /// Entry identifier of the store, with a copy of its path.
    PR_ENTRYID = 0x0fff, BINARY, [], "MAPITags.h; measured", Coding::EntryId;
    /// Label.
    PR_DISPLAY_NAME = 0x3001, TEXT, [], "MAPITags.h";
    /// Comment.
    PR_COMMENT = 0x3004, TEXT, [], "MAPITags.h; measured";
    /// Label of the provider.
    PR_PROVIDER_DISPLAY = 0x3006, TEXT, [], "MAPITags.h";
    /// Flags of a message service.
    PR_RESOURCE_FLAGS = 0x3009, LONG, [Service], "MAPITags.h; MAPIX.h", SERVICE_FLAGS;
    /// Flags of a provider.
    _ as "PR_RESOURCE_FLAGS" = 0x3009, LONG, [Provider], "MAPITags.h; MAPIDefS.h; MAPIHook.h", PROVIDER_FLAGS;
    /// Flags of a message service or of a provider, whose bits differ.
    _ as "PR_RESOURCE_FLAGS" = 0x3009, LONG, [], "MAPITags.h", Coding::Hex;
    /// DLL of the provider, which loads into every process that uses the profile.
    PR_PROVIDER_DLL_NAME = 0x300a, TEXT, [], "MAPITags.h";
    /// Instance of the profile, unique per profile ever created.
    PR_SEARCH_KEY = 0x300b, BINARY, [], "MAPITags.h; MAPIGuid.h";
    /// Kind of message store.
    PR_MDB_PROVIDER = 0x3414, BINARY, [], "MAPITags.h; mfcmapi", Coding::Uids;
    /// Kind of address book provider.
    PR_AB_PROVIDER_ID = 0x3615, BINARY, [], "mapi-profile-toolkit", Coding::Uids;
    /// Tells the profile generator not to resolve names; occurs in profile descriptor files.
    CONVERSION_PROHIBITED as "ConversionProhibited" = 0x3a03, BOOLEAN, [], "Q259957; Q149389";
    /// Sections of the message stores.
    PR_STORE_PROVIDERS = 0x3d00, BINARY, [], "MAPITags.h; measured", Coding::Uids;
    /// Sections of the address books.
    PR_AB_PROVIDERS = 0x3d01, BINARY, [], "MAPITags.h; measured", Coding::Uids;
    /// Sections of the transports.
    PR_TRANSPORT_PROVIDERS = 0x3d02, BINARY, [], "MAPITags.h; measured", Coding::Uids;
    /// Whether the profile is the default one; belongs to a table, not to a section.
    PR_DEFAULT_PROFILE = 0x3d04, BOOLEAN, [], "office-developer-client-docs";
    /// Order in which address books are searched.
    PR_AB_SEARCH_PATH = 0x3d05, BINARIES, [], "MAPITags.h; measured";
    /// Address book that is shown first.
    PR_AB_DEFAULT_DIR = 0x3d06, BINARY, [], "MAPITags.h", Coding::EntryId;
    /// Personal address book.
    PR_AB_DEFAULT_PAB = 0x3d07, BINARY, [], "MAPITags.h", Coding::EntryId;
    /// Sections of the spooler hooks.
    PR_FILTERING_HOOKS = 0x3d08, BINARY, [], "MAPITags.h", Coding::Uids;
    /// Type of message service.
    PR_SERVICE_NAME = 0x3d09, TEXT, [], "MAPITags.h; measured";
    /// DLL of the message service.
    PR_SERVICE_DLL_NAME = 0x3d0a, TEXT, [], "MAPITags.h; measured";
    /// Entry point of the message service.
    PR_SERVICE_ENTRY_NAME = 0x3d0b, TEXT, [], "MAPITags.h; measured";
    /// Section of the message service that a provider belongs to.
    PR_SERVICE_UID = 0x3d0c, BINARY, [], "MAPITags.h; measured", Coding::Uids;
    /// Further sections of the message service.
    PR_SERVICE_EXTRA_UIDS = 0x3d0d, BINARY, [], "office-developer-client-docs; measured", Coding::Uids;
    /// Sections of the profile's message services.
    PR_SERVICES = 0x3d0e, BINARY, [], "MAPITags.h; measured", Coding::Uids;
    /// Files the message service needs.
    PR_SERVICE_SUPPORT_FILES = 0x3d0f, TEXTS, [], "MAPITags.h; measured";
    /// Files to delete with the message service.
    PR_SERVICE_DELETE_FILES = 0x3d10, TEXTS, [], "MAPITags.h";
    /// Reserved to MAPI.
    PR_AB_SEARCH_PATH_UPDATE = 0x3d11, BINARY, [], "office-developer-client-docs", Coding::Uids;
    /// Name of the profile; computed.
    PR_PROFILE_NAME = 0x3d12, TEXT, [], "MAPITags.h";
    /// Component of the Windows Installer that brings the service.
    PR_SERVICE_INSTALL_ID = 0x3d13, TEXT, [], "office-developer-client-docs; measured";
    /// Exchange section of the account.
    PR_EMSMDB_SECTION_UID = 0x3d15, BINARY, [],
        "office-developer-client-docs; mfcmapi; measured", Coding::Uids;
    /// Hint for the logon: the user's principal name.
    USER_HINT as none = 0x3d16, TEXT, [], "measured";
    /// Whether the Exchange account is the one for older programs.
    PR_EMSMDB_LEGACY = 0x3d18, BOOLEAN, [], "office-developer-client-docs";
    /// Section of the Exchange address book provider.
    PR_EMSABP_USER_UID = 0x3d1a, BINARY, [], "office-developer-client-docs; measured", Coding::Uids;
    /// Whether the address book to show is chosen automatically.
    PR_AB_CHOOSE_DIRECTORY_AUTOMATICALLY = 0x3d1c, BOOLEAN, [], "mfcmapi; office-developer-client-docs";
    /// Entry identifier of the user's own directory entry, with the legacy DN.
    PR_IDENTITY_ENTRYID = 0x3e01, BINARY, [], "MAPITags.h; measured", Coding::EntryId;
    /// What a provider provides.
    PR_RESOURCE_TYPE = 0x3e03, LONG, [], "MAPITags.h; MAPIDefS.h; measured", RESOURCE_TYPES;

    /// Name of the profile when it was created (meaning inferred).
    CREATED_AS as none = 0x6000, TEXT, [ProfileName], "measured";
    /// Not understood; differs from profile to profile.
    UNKNOWN_6002 as none = 0x6002, CLSID, [], "measured";

    /// Kind of an alternate store; Archive is an online archive.
    PR_PROFILE_ALTERNATE_STORE_TYPE = 0x65d0, TEXT, [Provider], "EdkMdb.h; measured";
    /// A time stamp.
    TIME_65ED as none = 0x65ed, SYSTIME, [GlobalProfile], "RegRipper outlook2.pl";

    /// Version of the Exchange profile format, 0x501.
    PR_PROFILE_VERSION = 0x6600, LONG, [GlobalProfile], "EdkMdb.h; measured", Coding::Hex;
    /// LDAP server.
    PROP_AB_PROVIDER_SERVER_NAME = 0x6600, TEXT, [Ldap], "Q259957; mapi-profile-toolkit";
    /// Path to the post office.
    MSFS_SERVER_PATH as "ServerPath" = 0x6600, TEXT, [MsMail], "Q259957";
    /// How Exchange is used.
    PR_PROFILE_CONFIG_FLAGS = 0x6601, LONG, [GlobalProfile], "EdkMdb.h; mfcmapi; measured", CONFIG_FLAGS;
    /// LDAP port.
    PROP_AB_PROVIDER_SERVER_PORT = 0x6601, TEXT, [Ldap], "Q259957; mapi-profile-toolkit";
    /// Name of the mailbox.
    MSFS_MAILBOX as "Mailbox" = 0x6601, TEXT, [MsMail], "Q259957";
    /// UID of the Outlook address book.
    PR_CONTAB_UID = 0x6601, BINARY, [OutlookAddressBook], "office-developer-client-docs", Coding::Uids;
    /// Home server, updated when the mailbox moves.
    PR_PROFILE_HOME_SERVER = 0x6602, TEXT, [GlobalProfile], "EdkMdb.h; Q178620";
    /// LDAP user.
    PROP_AB_PROVIDER_USER_NAME = 0x6602, TEXT, [Ldap], "Q259957; mapi-profile-toolkit";
    /// How names are sorted.
    PR_CONTAB_SORT_FLAG = 0x6602, BOOLEAN, [OutlookAddressBook], "office-developer-client-docs";
    /// Legacy DN of the mailbox or gateway.
    PR_PROFILE_USER = 0x6603, TEXT, [GlobalProfile], "EdkMdb.h; measured";
    /// LDAP search base.
    PROP_AB_PROVIDER_SEARCH_BASE = 0x6603, TEXT, [Ldap], "Q259957; mapi-profile-toolkit";
    /// Kind of connection.
    MSFS_CONNECTION_TYPE as "ConnectionType" = 0x6603, LONG, [MsMail], "Q259957",
        Coding::Values(&[(0, "LAN"), (1, "dial-up"), (2, "not connected"), (3, "detect")]);
    /// How the connection to Exchange is made.
    PR_PROFILE_CONNECT_FLAGS = 0x6604, LONG, [GlobalProfile], "EdkMdb.h", CONNECT_FLAGS;
    /// LDAP search filter.
    PROP_AB_PROVIDER_SEARCH_FILTER = 0x6604, TEXT, [Ldap], "Q259957; mapi-profile-toolkit";
    /// Whether sessions are logged.
    MSFS_USE_SESSION_LOG as "UseSessionLog" = 0x6604, BOOLEAN, [MsMail], "Q259957";
    /// Which way mail is transferred.
    PR_PROFILE_TRANSPORT_FLAGS = 0x6605, LONG, [GlobalProfile], "EdkMdb.h", TRANSPORT_FLAGS;
    /// Address type.
    PROP_AB_PROVIDER_ADDRTYPE = 0x6605, TEXT, [Ldap], "Q259957; mapi-profile-toolkit";
    /// Path of the session log.
    MSFS_SESSION_LOG_PATH as "SessionLogPath" = 0x6605, TEXT, [MsMail], "Q259957";
    /// Network encryption.
    PR_PROFILE_UI_STATE = 0x6606, LONG, [GlobalProfile], "EdkMdb.h; mfcmapi", UI_STATE;
    /// LDAP attribute with the mail address.
    PROP_AB_PROVIDER_SOURCE = 0x6606, TEXT, [Ldap], "Q259957; mapi-profile-toolkit";
    /// Whether the password is remembered in the profile.
    MSFS_REMEMBER_PASSWORD as "RememberPassword" = 0x6606, BOOLEAN, [MsMail], "Q259957";
    /// Mailbox name as typed, not resolved.
    PR_PROFILE_UNRESOLVED_NAME = 0x6607, TEXT, [GlobalProfile], "EdkMdb.h";
    /// Time limit of a search in seconds.
    PROP_AB_PROVIDER_SEARCH_TIMEOUT = 0x6607, TEXT, [Ldap], "Q259957; mapi-profile-toolkit";
    /// Server as typed at creation, never updated later.
    PR_PROFILE_UNRESOLVED_SERVER = 0x6608, TEXT, [GlobalProfile], "EdkMdb.h; Q178620";
    /// Limit of hits of a search.
    PROP_AB_PROVIDER_MAX_ENTRIES = 0x6608, TEXT, [Ldap], "Q259957; mapi-profile-toolkit";
    /// Order of RPC transports.
    PR_PROFILE_BINDING_ORDER = 0x6609, TEXT, [GlobalProfile], "EdkMdb.h";
    /// How the store is opened.
    PR_PROFILE_OPEN_FLAGS = 0x6609, LONG, [Provider], "EdkMdb.h", OPEN_FLAGS;
    /// Time limit of a search over a slow link.
    PROP_AB_PROVIDER_SEARCH_TIMEOUT_LBW = 0x6609, TEXT, [Ldap], "Q259957; mapi-profile-toolkit";
    /// Which store of Exchange it is.
    PR_PROFILE_TYPE = 0x660a, LONG, [Provider], "EdkMdb.h; office-developer-client-docs", PROFILE_TYPES;
    /// Limit of hits over a slow link.
    PROP_AB_PROVIDER_MAX_ENTRIES_LBW = 0x660a, TEXT, [Ldap], "Q259957; mapi-profile-toolkit";
    /// DN of the mailbox that is opened.
    PR_PROFILE_MAILBOX = 0x660b, TEXT, [Provider], "EdkMdb.h; measured";
    /// Path of the log file.
    PROP_AB_PROVIDER_LOGFILE = 0x660b, TEXT, [Ldap], "Q259957; mapi-profile-toolkit";
    /// Server of the mailbox that is opened.
    PR_PROFILE_SERVER = 0x660c, TEXT, [Provider], "EdkMdb.h; measured";
    /// Whether errors are logged.
    PROP_AB_PROVIDER_ERRLOGGING = 0x660c, TEXT, [Ldap], "Q259957; mapi-profile-toolkit";
    /// Limit of restrictions.
    PR_PROFILE_MAX_RESTRICT = 0x660d, LONG, [GlobalProfile], "EdkMdb.h";
    /// Diagnostic tracing.
    PROP_AB_PROVIDER_DIAGTRACING = 0x660d, TEXT, [Ldap], "mapi-profile-toolkit";
    /// Folder of the offline address book.
    PR_PROFILE_AB_FILES_PATH = 0x660e, TEXT, [GlobalProfile], "EdkMdb.h; Q175107";
    /// Trace level.
    PROP_AB_PROVIDER_TRACELEVEL = 0x660e, TEXT, [Ldap], "mapi-profile-toolkit";
    /// Label of the favourite public folders.
    PR_PROFILE_FAVFLD_DISPLAY_NAME = 0x660f, TEXT, [Provider], "EdkMdb.h";
    /// Debug window.
    PROP_AB_PROVIDER_DEBUGWIN = 0x660f, TEXT, [Ldap], "mapi-profile-toolkit";
    /// Path of the offline store.
    PR_PROFILE_OFFLINE_STORE_PATH = 0x6610, TEXT, [GlobalProfile], "EdkMdb.h; measured";
    /// LDAP attribute with additional information.
    PROP_AB_PROVIDER_ADDITIONAL_INFO_SOURCE = 0x6610, TEXT, [Ldap], "mapi-profile-toolkit";
    /// Entry identifier of the contacts folder.
    PR_CONTAB_FOLDER_ENTRYID = 0x6610, BINARY, [OutlookAddressBook],
        "office-developer-client-docs", Coding::EntryId;
    /// State of the offline store, treated as sensitive.
    PR_PROFILE_OFFLINE_INFO = 0x6611, BINARY, [GlobalProfile], "EdkMdb.h; measured";
    /// LDAP attribute with the display name.
    PROP_AB_PROVIDER_DISPLAY_NAME_SOURCE = 0x6611, TEXT, [Ldap], "Q259957; mapi-profile-toolkit";
    /// What the store of the contacts folder can do.
    PR_CONTAB_STORE_SUPPORT_MASK = 0x6611, LONG, [OutlookAddressBook],
        "office-developer-client-docs", Coding::Hex;
    /// DN of the home server.
    PR_PROFILE_HOME_SERVER_DN = 0x6612, TEXT, [GlobalProfile], "EdkMdb.h; measured";
    /// Whether failed searches are shown.
    PROP_AB_PROVIDER_LDAP_UI = 0x6612, TEXT, [Ldap], "Q259957; mapi-profile-toolkit";
    /// Name of the store of the contacts folder.
    PR_CONTAB_STORE_NAME = 0x6612, TEXT, [OutlookAddressBook], "office-developer-client-docs";
    /// RPC bindings of the home server; only Check Name updates them.
    PR_PROFILE_HOME_SERVER_ADDRS = 0x6613, TEXTS, [GlobalProfile], "EdkMdb.h; Q183015; Q178620";
    /// Whether LDAP uses SSL.
    PROP_AB_PROVIDER_USE_SSL = 0x6613, BOOLEAN, [Ldap], "mapi-profile-toolkit";
    /// Name of the contacts folder.
    PR_CONTAB_FOLDER_NAME = 0x6613, TEXT, [OutlookAddressBook], "office-developer-client-docs";
    /// DN of the server.
    PR_PROFILE_SERVER_DN = 0x6614, TEXT, [Provider], "EdkMdb.h; measured";
    /// Whether contacts with several addresses are shown more than once.
    PR_CONTAB_MULTI_ADDR_FLAG = 0x6614, BOOLEAN, [OutlookAddressBook], "office-developer-client-docs";
    /// Comment on the favourite public folders.
    PR_PROFILE_FAVFLD_COMMENT = 0x6615, TEXT, [Provider], "EdkMdb.h";
    /// Whether LDAP uses secure password authentication.
    PROP_AB_PROVIDER_SERVER_SPA = 0x6615, BOOLEAN, [Ldap], "mapi-profile-toolkit";
    /// Label of all public folders.
    PR_PROFILE_ALLPUB_DISPLAY_NAME = 0x6616, TEXT, [Provider], "EdkMdb.h";
    /// Comment on all public folders.
    PR_PROFILE_ALLPUB_COMMENT = 0x6617, TEXT, [Provider], "EdkMdb.h";
    /// Encoded LDAP password.
    PROP_AB_PROVIDER_USER_PASSWORD_ENCODED = 0x6617, SECRET, [Ldap], "mapi-profile-toolkit";
    /// Whether Windows Sockets are avoided.
    PR_DISABLE_WINSOCK = 0x6618, LONG, [GlobalProfile], "EdkMdb.h";
    /// Authentication package.
    PR_PROFILE_AUTH_PACKAGE = 0x6619, LONG, [GlobalProfile], "EdkMdb.h; measured";
    /// Interval of reconnecting.
    PR_PROFILE_RECONNECT_INTERVAL = 0x661a, LONG, [GlobalProfile], "EdkMdb.h";
    /// Version of the server, written at the first successful connection.
    PR_PROFILE_SERVER_VERSION = 0x661b, LONG, [GlobalProfile], "EdkMdb.h; office-developer-client-docs";
    /// Name of the Internet account.
    IMAIL_ACCOUNT_NAME as "AccountName" = 0x661f, TEXT, [Service Provider], "Q259957";
    /// Name of the account.
    PR_PROFILE_ACCT_NAME = 0x6620, TEXT, [GlobalProfile], "mapi-profile-toolkit; measured";
    /// Entry identifiers of the contacts folders.
    PR_CONTAB_FOLDER_ENTRYIDS = 0x6620, BINARIES, [OutlookAddressBook],
        "mfcmapi; office-developer-client-docs";
    /// What the stores of the contacts folders can do; an error code where that is not known.
    PR_CONTAB_STORE_SUPPORT_MASKS = 0x6621, LONGS, [OutlookAddressBook],
        "mfcmapi; office-developer-client-docs", Coding::Hex;
    /// Proxy of RPC over HTTP.
    PR_ROH_PROXY_SERVER = 0x6622, TEXT, [GlobalProfile], "office-developer-client-docs; mapi-profile-toolkit";
    /// Whether the directory can be browsed.
    PROP_AB_PROVIDER_ENABLE_BROWSING = 0x6622, BOOLEAN, [Ldap], "mapi-profile-toolkit";
    /// Names of the stores of the contacts folders.
    PR_CONTAB_STORE_NAMES = 0x6622, TEXTS, [OutlookAddressBook], "office-developer-client-docs";
    /// How RPC over HTTP is used.
    PR_ROH_FLAGS = 0x6623, LONG, [GlobalProfile], "office-developer-client-docs; measured", ROH_FLAGS;
    /// Whether the default search base is used.
    PROP_AB_PROVIDER_SEARCH_BASE_DEFAULT = 0x6623, LONG, [Ldap], "mapi-profile-toolkit";
    /// Names of the contacts folders.
    PR_CONTAB_FOLDER_NAMES = 0x6623, TEXTS, [OutlookAddressBook], "office-developer-client-docs";
    /// Labels of the contacts folders.
    PR_CONTAB_DISPLAY_NAMES = 0x6624, TEXTS, [OutlookAddressBook], "office-developer-client-docs";
    /// Principal name of the proxy.
    PR_ROH_PROXY_PRINCIPAL_NAME = 0x6625, TEXT, [GlobalProfile], "office-developer-client-docs";
    /// Whether contacts with several addresses are shown more than once.
    PR_CONTAB_MULTI_ADDR_FLAGS = 0x6625, LONGS, [OutlookAddressBook], "office-developer-client-docs";
    /// Entry identifiers of the stores of the contacts folders.
    PR_CONTAB_STORE_ENTRYIDS = 0x6626, BINARIES, [OutlookAddressBook],
        "mfcmapi; office-developer-client-docs", Coding::EntryId;
    /// How to authenticate to the proxy.
    PR_ROH_PROXY_AUTH_SCHEME = 0x6627, LONG, [GlobalProfile],
        "office-developer-client-docs; measured", ROH_AUTH_SCHEMES;
    /// Names of the stores of the contacts folders, again in Unicode (meaning inferred).
    CONTAB_STORE_NAMES_6627 as none = 0x6627, TEXTS, [OutlookAddressBook], "measured";
    /// A time stamp.
    TIME_6628 as none = 0x6628, SYSTIME, [GlobalProfile], "RegRipper outlook2.pl";
    /// Names of the contacts folders, again in Unicode (meaning inferred).
    CONTAB_FOLDER_NAMES_6628 as none = 0x6628, TEXTS, [OutlookAddressBook], "measured";
    /// Flags of the cached Exchange mode, by the name of profile descriptor files.
    CACHED_EXCHANGE_CONFIG_FLAGS as none = 0x6629, LONG, [GlobalProfile],
        "profile descriptor files", Coding::Hex;
    /// Labels of the contacts folders, again in Unicode (meaning inferred).
    CONTAB_DISPLAY_NAMES_6629 as none = 0x6629, TEXTS, [OutlookAddressBook], "measured";
    /// Full name of the home server.
    PR_PROFILE_HOME_SERVER_FQDN = 0x662a, TEXT, [GlobalProfile ExchangeAddressBook],
        "office-developer-client-docs; mapi-profile-toolkit; measured";
    /// Full name of the server.
    PR_PROFILE_SERVER_FQDN = 0x662b, TEXT, [GlobalProfile Provider], "mapi-profile-toolkit; measured";
    /// A time stamp.
    TIME_6638 as none = 0x6638, SYSTIME, [GlobalProfile], "RegRipper outlook2.pl";
    /// Whether the address book provider may reconnect.
    PR_PROFILE_ABP_ALLOW_RECONNECT = 0x6639, LONG, [GlobalProfile], "EdkMdb.h";
    /// Time limit of the address book provider in seconds.
    PR_PROFILE_ABP_MTHREAD_TIMEOUT_SECS = 0x663a, LONG, [GlobalProfile], "EdkMdb.h";
    /// Version of the server, written at the first successful connection.
    PR_PROFILE_SERVER_FULL_VERSION = 0x663b, BINARY, [GlobalProfile],
        "EdkMdb.h; office-developer-client-docs; measured", Coding::Version;
    /// Name of the user.
    USER_DISPLAY_NAME as none = 0x663c, TEXT, [GlobalProfile], "measured";
    /// Mail address of the user.
    PR_PROFILE_USER_EMAIL as "PR_PROFILE_USER_EMAIL_W" = 0x663d, TEXT, [GlobalProfile],
        "mapi-profile-toolkit; measured";
    /// Mail address of the user with its type.
    PR_PROFILE_USER_SMTP_EMAIL_ADDRESS = 0x6641, TEXT, [GlobalProfile], "EdkMdb.h; measured";
    /// A time stamp.
    TIME_6642 as none = 0x6642, SYSTIME, [GlobalProfile], "RegRipper outlook2.pl";
    /// Last known good address of the autodiscover service.
    PR_PROFILE_LKG_AUTODISCOVER_URL = 0x664a, TEXT, [GlobalProfile], "mapi-profile-toolkit";
    /// Address of the mailbox from inside.
    PR_PROFILE_MAPIHTTP_MAILSTORE_INTERNAL_URL = 0x6652, TEXT, [GlobalProfile], "mapi-profile-toolkit";
    /// Address of the mailbox from outside.
    PR_PROFILE_MAPIHTTP_MAILSTORE_EXTERNAL_URL = 0x6653, TEXT, [GlobalProfile], "mapi-profile-toolkit";
    /// Address of the address book from inside.
    PR_PROFILE_MAPIHTTP_ADDRESSBOOK_INTERNAL_URL = 0x6654, TEXT, [GlobalProfile], "mapi-profile-toolkit";
    /// Address of the address book from outside.
    PR_PROFILE_MAPIHTTP_ADDRESSBOOK_EXTERNAL_URL = 0x6655, TEXT, [GlobalProfile], "mapi-profile-toolkit";
    /// Not understood; the one value that this section may have where Exchange is not used.
    GLOBAL_UNKNOWN_6661 as none = 0x6661, LONG, [GlobalProfile], "measured";
    /// Offline address book.
    PR_PROFILE_MOAB = 0x667b, TEXT, [GlobalProfile], "EdkMdb.h";
    /// GUID of the offline address book.
    PR_PROFILE_MOAB_GUID = 0x667c, TEXT, [GlobalProfile], "EdkMdb.h";
    /// Sequence number of the offline address book.
    PR_PROFILE_MOAB_SEQ = 0x667d, LONG, [GlobalProfile], "EdkMdb.h";
    /// Time stamp of the server addresses.
    PR_PROFILE_ADDR_TIMESTAMP = 0x6686, I8, [GlobalProfile], "EdkMdb.h; measured", Coding::Filetime;
    /// Server addresses.
    PR_PROFILE_ADDR_INFO = 0x6687, BINARY, [GlobalProfile], "EdkMdb.h; measured";
    /// Whether the display name was set.
    PR_PROFILE_DISPLAYNAME_SET = 0x6688, LONG, [GlobalProfile], "EdkMdb.h; measured";

    /// Path of the personal folders file.
    PR_PST_PATH = 0x6700, TEXT, [Provider], "MSPST.h; measured";
    /// Without meaning: a profile descriptor file needs a property here.
    CONTAB_DUMMY as "Ben" = 0x6700, TEXT, [OutlookAddressBook], "Q259957";
    /// Whether the password of the personal folders is remembered.
    PR_PST_REMEMBER_PW = 0x6701, BOOLEAN, [Provider], "MSPST.h";
    /// Encryption of the personal folders.
    PR_PST_ENCRYPTION = 0x6702, LONG, [Provider], "MSPST.h; measured", PST_ENCRYPTION;
    /// Encryption of the offline store.
    PR_OST_ENCRYPTION = 0x6702, LONG, [GlobalProfile], "EdkMdb.h", PST_ENCRYPTION;
    /// Password of the personal folders.
    PR_PST_PW_SZ_OLD = 0x6703, SECRET, [], "MSPST.h; Q259957";
    /// New password of the personal folders.
    PR_PST_PW_SZ_NEW = 0x6704, SECRET, [], "MSPST.h";
    /// Dial-up connection.
    DIAL_UP_CONNECTION as none = 0x6710, TEXT, [DialUp], "RegRipper outlook2.pl";
    /// Dial flag.
    DIAL_UP_FLAG as none = 0x6717, LONG, [DialUp], "RegRipper outlook2.pl";
    /// Copy of the profile's name.
    PROFILE_NAME_COPY as none = 0x6750, TEXT, [GlobalProfile], "measured";
    /// Form of the personal folders file.
    PR_PST_CONFIG_FLAGS = 0x6770, LONG, [Provider],
        "office-developer-client-docs; mfcmapi; measured", PST_CONFIG_FLAGS;
    /// Where the personal folders file was.
    PR_PST_PATH_HINT = 0x6771, TEXT, [Provider], "office-developer-client-docs";
    /// A time stamp.
    TIME_67E2 as none = 0x67e2, SYSTIME, [GlobalProfile], "RegRipper outlook2.pl";
    /// Password of the mailbox.
    MSFS_PASSWORD as "Password" = 0x67f0, SECRET, [MsMail], "Q259957";
    /// Domain of the dial-up connection.
    DIAL_UP_DOMAIN as none = 0x67f0, SECRET, [DialUp], "RegRipper outlook2.pl";
    /// Secure data of the mailbox.
    PR_PROFILE_SECURE_MAILBOX = 0x67f0, SECRET, [GlobalProfile], "EdkMdb.h; measured";
    /// Password of the dial-up connection.
    DIAL_UP_PASSWORD as none = 0x67f1, SECRET, [DialUp], "RegRipper outlook2.pl";
    /// User of the dial-up connection.
    DIAL_UP_USER as none = 0x67f2, SECRET, [DialUp], "RegRipper outlook2.pl";
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hive::ValueType;
    use crate::mapi::prop::test_bytes::hex;
    use crate::mapi::prop::{PropName, decode};

    fn name(kind: SectionKind, value_name: &str) -> Option<&'static str> {
        lookup(kind, PropName::parse(value_name).unwrap().tag).and_then(|row| row.name)
    }

    fn text(kind: SectionKind, value_name: &str, digits: &str) -> String {
        let tag = PropName::parse(value_name).unwrap().tag;
        let unknown = AnsiCodePage::UNKNOWN;
        let data = hex(digits);
        let decoded = decode(tag.prop_type(), ValueType::REG_BINARY, &data, unknown);
        decoded_text(kind, tag, &decoded.value, unknown)
    }

    #[test]
    fn one_number_means_different_things_in_different_sections() {
        use SectionKind::{GlobalProfile, Ldap, MsMail, Other, OutlookAddressBook, Provider, Root, Service};
        for (kind, value_name, expected) in [
            (GlobalProfile, "001e6602", Some("PR_PROFILE_HOME_SERVER")),
            (GlobalProfile, "001f6602", Some("PR_PROFILE_HOME_SERVER")),
            (Ldap, "001e6602", Some("PROP_AB_PROVIDER_USER_NAME")),
            (OutlookAddressBook, "000b6602", Some("PR_CONTAB_SORT_FLAG")),
            (Other, "001e6602", None),
            (GlobalProfile, "001e6609", Some("PR_PROFILE_BINDING_ORDER")),
            (Provider, "00036609", Some("PR_PROFILE_OPEN_FLAGS")),
            (Provider, "001e6617", Some("PR_PROFILE_ALLPUB_COMMENT")),
            (Ldap, "01026617", Some("PROP_AB_PROVIDER_USER_PASSWORD_ENCODED")),
            (GlobalProfile, "001e6610", Some("PR_PROFILE_OFFLINE_STORE_PATH")),
            (Ldap, "001e6610", Some("PROP_AB_PROVIDER_ADDITIONAL_INFO_SOURCE")),
            (MsMail, "001e6600", Some("ServerPath")),
            (MsMail, "001e67f0", Some("Password")),
            (GlobalProfile, "010267f0", Some("PR_PROFILE_SECURE_MAILBOX")),
            (GlobalProfile, "00036600", Some("PR_PROFILE_VERSION")),
            (MsMail, "00036609", None),
            (Ldap, "00036604", None),
            (GlobalProfile, "00036627", Some("PR_ROH_PROXY_AUTH_SCHEME")),
            (OutlookAddressBook, "101f6627", None),
            (Root, "01023d0e", Some("PR_SERVICES")),
            (Other, "01023d0e", Some("PR_SERVICES")),
            (Ldap, "01023d0c", Some("PR_SERVICE_UID")),
            (Other, "001e6700", None),
            (Provider, "001f6700", Some("PR_PST_PATH")),
            (OutlookAddressBook, "001e6700", Some("Ben")),
            (Service, "00033009", Some("PR_RESOURCE_FLAGS")),
            (Other, "00033009", Some("PR_RESOURCE_FLAGS")),
            (GlobalProfile, "01026602", None),
            (Root, "001e7777", None),
        ] {
            assert_eq!(name(kind, value_name), expected, "{kind:?} {value_name}");
        }
    }

    #[test]
    fn flags_are_told_by_name() {
        use SectionKind::{Capone, GlobalProfile, Other, OutlookAddressBook, Provider, Root, Service};
        for (kind, value_name, digits, expected) in [
            // V14 to V16, V23, V24.
            (GlobalProfile, "00036601", "84090000", "0x984: connect UI, cache private, cache delegates"),
            (GlobalProfile, "00036601", "80000000", "0x80"),
            (GlobalProfile, "00036601", "88000080", "0x80000088: prompt for credentials, 0x80000080"),
            (GlobalProfile, "00036604", "11000000", "0x11: use admin privilege, anonymous access"),
            (GlobalProfile, "00036605", "03000000", "0x3: download, upload"),
            (GlobalProfile, "00036606", "00400000", "0x4000: encrypt network"),
            (
                GlobalProfile,
                "00036623",
                "2f000000",
                "0x2f: use RPC over HTTP, SSL only, mutual authentication, HTTP first on fast networks, HTTP first on \
                 slow networks",
            ),
            (GlobalProfile, "0102663b", "0f0001006a00a00f", "15.1.106.4000"),
            (GlobalProfile, "0102663b", "0f00", "0f00"),
            (GlobalProfile, "00036600", "01050000", "0x501"),
            (GlobalProfile, "00146686", "6b867fb423f0dc01", "2026-05-30T11:01:45.7050219Z"),
            (Provider, "00036609", "0c000000", "0xc: home logon, take ownership"),
            (Provider, "00036609", "00000000", "0x0"),
            (Provider, "00033009", "06100000", "0x1006: default store, primary identity, primary store"),
            (Provider, "00033009", "80080000", "0x880: temp section, need IPM tree"),
            (Service, "00033009", "22000000", "0x22: single copy, no primary identity"),
            (Other, "00033009", "22000000", "0x22"),
            (Provider, "0003660a", "01000000", "1 (primary)"),
            (Provider, "0003660a", "0a000000", "10"),
            (Provider, "00033e03", "21000000", "33 (message store)"),
            (Provider, "00036702", "00000010", "0x10000000"),
            (Provider, "00036770", "00000080", "0x80000000: Unicode"),
            (
                Provider,
                "01023414",
                "5494a1c0297f101ba58708002b2a2517",
                "[\"5494a1c0297f101ba58708002b2a2517\"]",
            ),
            // V10, V28.
            (OutlookAddressBook, "10036621", "0f010480", "[0x8004010f]"),
            (Capone, "00030330", "0c000000", "12"),
            // A list that is not one, and a value that is not of its type.
            (Root, "01023d0e", "595f", "595f"),
            (GlobalProfile, "00036601", "8409", "8409"),
        ] {
            assert_eq!(text(kind, value_name, digits), expected, "{kind:?} {value_name}");
        }
        let two = "595f789f3cd59d449099570b8ac916e69cf6c4df9bcfa8469b1ed5ed95305f1d";
        assert_eq!(
            text(Root, "01023d0e", two),
            "[\"595f789f3cd59d449099570b8ac916e6\",\"9cf6c4df9bcfa8469b1ed5ed95305f1d\"]"
        );
    }

    #[test]
    fn entry_identifiers_are_told_by_what_they_open() {
        let wrapped = "0000000038a1bb1005e5101aa1bb08002b2a56c200006d737073742e646c6c00000000004e495441f9bfb80100aa0037d9\
                       6e0000000044003a005c0061000000";
        assert_eq!(text(SectionKind::Provider, "01020fff", wrapped), "mspst.dll: personal folders D:\\a");
        // V26: nothing is known of the provider.
        let other = "00000000b184b4ead0abcb41a8d00dea0c29b04401000000000100002f00";
        assert_eq!(text(SectionKind::Root, "01023d06", other), other);
    }

    #[test]
    fn section_kinds_keep_their_text() {
        for (kind, text) in SectionKind::ALL {
            assert_eq!((kind.as_str(), SectionKind::parse(text)), (text, Some(kind)));
        }
        assert_eq!(SectionKind::for_service("emablt"), Some(SectionKind::Ldap));
        assert_eq!(SectionKind::for_service("MSEMS"), None);
    }

    #[test]
    fn no_two_rows_claim_the_same_place() {
        for (index, row) in ALL.iter().enumerate() {
            assert!(!row.meaning.is_empty() && !row.source.is_empty() && !row.types.is_empty(), "{row:?}");
            for other in ALL.iter().skip(index + 1).filter(|other| other.id == row.id) {
                let same_type = row.types.iter().any(|prop_type| other.has_type(*prop_type));
                let same_place =
                    row.kinds == other.kinds || row.kinds.iter().any(|kind| other.kinds.contains(kind));
                assert!(!(same_type && same_place), "{row:?} {other:?}");
            }
        }
        assert!(ALL.is_sorted_by_key(|row| row.id));
    }
}
