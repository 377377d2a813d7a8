//! The hive SYSTEM: control sets, services, Terminal Services, the last shutdown.

use crate::hive::{Error, Found, Listed, Problems, Tree, ValueType};
use crate::wintypes::{Filetime, same_name};

use super::MAX_SERVICES;
use super::account_name::{AccountName, KnownAccount, Meaning};
use super::fact::{Fact, Opened, Reader, text_of};

/// What SYSTEM says, of the control set that was current.
///
/// Where that control set had to be guessed, nothing counts as absent, and no list as complete: another one may have it.
#[derive(Debug)]
pub struct SystemFacts {
    /// The control set that all of the rest was read from.
    pub control_set: Found<ControlSet>,
    /// `Control\ComputerName\ComputerName`: the name that the host has from its next start on.
    pub computer_name: Found<Fact<String>>,
    /// `Control\Nls\CodePage`, `ACP`: the code page of eight-bit text.
    pub ansi_code_page: Found<Fact<u32>>,
    /// `Control\Windows`, `ShutdownTime`.
    pub shutdown_time: Found<Fact<Filetime>>,
    /// `Control\Terminal Server`.
    pub terminal_server: TerminalServer,
    /// `Services`, drivers left out.
    pub services: Listed<Service>,
}

/// A control set, and why it is taken for the current one.
#[derive(Clone, Debug)]
pub struct ControlSet {
    /// Its key; the value is its number.
    pub key: Fact<u32>,
    /// Why this one.
    pub chosen_by: ChosenBy,
}

/// Why a control set is taken for the current one.
#[derive(Clone, Debug)]
pub enum ChosenBy {
    /// `Select`, `Current` names it (Q102984).
    Current(Fact<u32>),
    /// A guess: `Current` names none that could be read, `Default` names this one.
    Default(Fact<u32>),
    /// A guess: the only one there is.
    OnlyOne,
    /// A guess: the first of those that could be read.
    First,
}

impl ControlSet {
    /// Whether `Select` does not name it as the current one.
    pub fn is_guessed(&self) -> bool {
        !matches!(self.chosen_by, ChosenBy::Current(_))
    }
}

/// Values of `Control\Terminal Server`, as numbers.
///
/// Which of them count changed with Windows (*Microsoft Windows Server 2003 Terminal Services*, B. Tritsch, chapter 6).
#[derive(Debug)]
pub struct TerminalServer {
    /// `TSEnabled`: 1 where Terminal Services are switched on.
    pub enabled: Found<Fact<u32>>,
    /// `fDenyTSConnections`: 0 where connections are taken. A policy outweighs it:
    /// [`super::SoftwareFacts::policy_denies_connections`].
    pub denies_connections: Found<Fact<u32>>,
    /// `TSAppCompat`: 1 for an application server, 0 for remote administration only.
    pub application_server: Found<Fact<u32>>,
    /// `TSUserEnabled`: 1 where users of sessions have the relaxed rights of Windows NT 4.0.
    pub relaxed_security: Found<Fact<u32>>,
}

/// A service.
#[derive(Debug)]
pub struct Service {
    /// Its key; the value is its name.
    pub key: Fact<String>,
    /// `ObjectName`: the account that runs it.
    pub object_name: Found<Fact<String>>,
    /// `Start`: 2 automatic, 3 by demand, 4 disabled.
    pub start: Found<Fact<u32>>,
    /// `Type`: 0x10 a process of its own, 0x20 one shared with others.
    pub service_type: Found<Fact<u32>>,
    /// `ImagePath`.
    pub image_path: Found<Fact<String>>,
    /// `DisplayName`.
    pub display_name: Found<Fact<String>>,
    /// Those values of `Parameters` from which an Exchange gateway builds its profile: `HomeDSA`, `SiteDN`, `ObjectGUID`,
    /// `CommonName` (Exchange Development Kit, `exchprof.c`).
    pub parameters: Listed<Fact<String>>,
}

impl Service {
    /// Its name.
    pub fn name(&self) -> &str {
        &self.key.value
    }

    /// The account that runs it, as far as `ObjectName` tells.
    pub fn account(&self) -> Option<AccountName> {
        AccountName::parse(&self.object_name.as_ref().here()?.value)
    }
}

impl SystemFacts {
    /// Reads what it can; what it cannot read, it reports.
    pub fn read(tree: &Tree<'_>, problems: &mut Problems) -> Self {
        let mut reader = Reader::new(tree, problems);
        let chosen = reader.root().and_then(|root| current_control_set(&mut reader, &root));
        let Found::Here((control_set, key)) = chosen else { return Self::nothing(chosen.is_absent()) };
        let mut facts = Self {
            computer_name: reader.text_below(&key, r"Control\ComputerName\ComputerName", "ComputerName"),
            ansi_code_page: reader.fact_below(&key, r"Control\Nls\CodePage", "ACP", code_page),
            shutdown_time: reader.time_below(&key, r"Control\Windows", "ShutdownTime"),
            terminal_server: TerminalServer::read(&mut reader, &key),
            services: services(&mut reader, &key),
            control_set: Found::Here(control_set),
        };
        if facts.control_set.as_ref().here().is_some_and(ControlSet::is_guessed) {
            facts.claim_no_absence();
        }
        facts
    }

    /// The service with this name, in any letter case.
    pub fn service(&self, name: &str) -> Found<&Service> {
        match self.services.items.iter().find(|service| same_name(service.name(), name)) {
            Some(service) => Found::Here(service),
            None if self.services.complete => Found::Absent,
            None => Found::Unknown,
        }
    }

    /// The services that name an account, with how sure that is; hints included.
    pub fn services_of<'s>(
        &'s self,
        account: &KnownAccount<'_>,
    ) -> impl Iterator<Item = (&'s Service, Meaning)> {
        self.services.items.iter().filter_map(move |service| {
            let meaning = service.account()?.means(account);
            meaning.confidence().is_some().then_some((service, meaning))
        })
    }

    /// A hive without a control set that can be read; `absent` if it shows that there is none.
    fn nothing(absent: bool) -> Self {
        Self {
            control_set: not_seen(absent),
            computer_name: not_seen(absent),
            ansi_code_page: not_seen(absent),
            shutdown_time: not_seen(absent),
            terminal_server: TerminalServer {
                enabled: not_seen(absent),
                denies_connections: not_seen(absent),
                application_server: not_seen(absent),
                relaxed_security: not_seen(absent),
            },
            services: Listed { items: Vec::new(), complete: absent },
        }
    }

    fn claim_no_absence(&mut self) {
        forget_absence(&mut self.computer_name);
        forget_absence(&mut self.ansi_code_page);
        forget_absence(&mut self.shutdown_time);
        let TerminalServer { enabled, denies_connections, application_server, relaxed_security } =
            &mut self.terminal_server;
        let values = [enabled, denies_connections, application_server, relaxed_security];
        values.into_iter().for_each(forget_absence);
        self.services.complete = false;
        for service in &mut self.services.items {
            forget_absence(&mut service.object_name);
            forget_absence(&mut service.start);
            forget_absence(&mut service.service_type);
            forget_absence(&mut service.image_path);
            forget_absence(&mut service.display_name);
            service.parameters.complete = false;
        }
    }
}

impl TerminalServer {
    fn read<'t, 'b>(reader: &mut Reader<'t, 'b, '_>, control_set: &Opened<'t, 'b>) -> Self {
        let key = reader.below(control_set, r"Control\Terminal Server");
        let values = key.as_ref().and_then(|key| Found::Here(reader.values(key)));
        let mut number = |name| values.as_ref().and_then(|values| reader.number(values, name));
        Self {
            enabled: number("TSEnabled"),
            denies_connections: number("fDenyTSConnections"),
            application_server: number("TSAppCompat"),
            relaxed_security: number("TSUserEnabled"),
        }
    }
}

/// The control set that was current when the hive was last in use, or the best guess.
fn current_control_set<'t, 'b>(
    reader: &mut Reader<'t, 'b, '_>,
    root: &Opened<'t, 'b>,
) -> Found<(ControlSet, Opened<'t, 'b>)> {
    let mut named_by = |name| reader.number_below(root, "Select", name).here();
    let (current, default) = (named_by("Current"), named_by("Default"));

    let sets = reader.each_below(root, MAX_CONTROL_SETS, |_, key| Some((number_of_set(key)?, key.clone())));
    let named = |by: Option<Fact<u32>>| {
        let by = by?;
        let (number, key) = sets.items.iter().find(|(number, _)| *number == by.value)?;
        Some((*number, key.clone(), by))
    };
    let (number, key, chosen_by) = if let Some((number, key, by)) = named(current) {
        (number, key, ChosenBy::Current(by))
    } else if let Some((number, key, by)) = named(default) {
        (number, key, ChosenBy::Default(by))
    } else {
        let only = sets.items.len() == 1 && sets.complete;
        let first = sets.items.iter().min_by_key(|(number, _)| *number).cloned();
        let Some((number, key)) = first else { return not_seen(sets.complete) };
        (number, key, if only { ChosenBy::OnlyOne } else { ChosenBy::First })
    };
    Found::Here((ControlSet { key: Fact::of_key(&key, number), chosen_by }, key))
}

/// Control sets kept of one hive. Windows has had four at most.
const MAX_CONTROL_SETS: usize = 1_000;

/// The number of `ControlSetNNN`, at least three digits.
fn number_of_set(key: &Opened<'_, '_>) -> Option<u32> {
    const PREFIX: &str = "ControlSet";
    let name = key.key.name();
    let (prefix, digits) = name.split_at_checked(PREFIX.len())?;
    let is_number = digits.len() >= 3 && digits.bytes().all(|digit| digit.is_ascii_digit());
    let number = digits.parse().ok()?;
    (is_number && prefix.eq_ignore_ascii_case(PREFIX) && format!("{number:03}") == digits).then_some(number)
}

fn services<'t, 'b>(reader: &mut Reader<'t, 'b, '_>, control_set: &Opened<'t, 'b>) -> Listed<Service> {
    match reader.below(control_set, "Services") {
        Found::Here(key) => reader.each_below(&key, MAX_SERVICES, service),
        other => Listed { items: Vec::new(), complete: other.is_absent() },
    }
}

/// A service; nothing for a driver.
fn service<'t, 'b>(reader: &mut Reader<'t, 'b, '_>, key: &Opened<'t, 'b>) -> Option<Service> {
    let values = reader.values(key);
    let service_type = reader.number(&values, "Type");
    let object_name = reader.text(&values, "ObjectName");
    if !is_service(&service_type, &object_name) {
        return None;
    }
    Some(Service {
        key: Fact::of_key(key, key.key.name()),
        start: reader.number(&values, "Start"),
        image_path: reader.text(&values, "ImagePath"),
        display_name: reader.text(&values, "DisplayName"),
        parameters: gateway_parameters(reader, key),
        object_name,
        service_type,
    })
}

/// Drivers have no account: where they have an `ObjectName`, it is the path of an object (`\FileSystem\Rdr`). What cannot
/// be told apart counts as a service, for a service must not be lost.
fn is_service(service_type: &Found<Fact<u32>>, object_name: &Found<Fact<String>>) -> bool {
    /// `SERVICE_WIN32` of winnt.h.
    const PROCESS: u32 = 0x30;

    let has_account = match object_name {
        Found::Here(name) => Some(!name.value.starts_with('\\')),
        Found::Absent => Some(false),
        Found::Unknown => None,
    };
    match service_type {
        Found::Here(number) => number.value & PROCESS != 0 || has_account == Some(true),
        Found::Absent => has_account != Some(false),
        Found::Unknown => has_account != Some(false) || object_name.is_absent(),
    }
}

fn gateway_parameters<'t, 'b>(
    reader: &mut Reader<'t, 'b, '_>,
    service: &Opened<'t, 'b>,
) -> Listed<Fact<String>> {
    let key = match reader.below(service, "Parameters") {
        Found::Here(key) => key,
        other => return Listed { items: Vec::new(), complete: other.is_absent() },
    };
    let values = reader.values(&key);
    let mut found = Listed { items: Vec::new(), complete: true };
    for name in ["HomeDSA", "SiteDN", "ObjectGUID", "CommonName"] {
        let fact = reader.text_or_bytes(&values, name);
        found.complete &= !fact.is_unknown();
        found.items.extend(fact.here());
    }
    found
}

/// A code page as text in decimal digits.
fn code_page(value_type: ValueType, bytes: &[u8]) -> Result<u32, Error> {
    let text = text_of(value_type, bytes)?;
    text.parse().map_err(|_| Error::Signature { expected: "the number of a code page", found: text })
}

fn not_seen<T>(absent: bool) -> Found<T> {
    if absent { Found::Absent } else { Found::Unknown }
}

fn forget_absence<T>(fact: &mut Found<T>) {
    if fact.is_absent() {
        *fact = Found::Unknown;
    }
}
