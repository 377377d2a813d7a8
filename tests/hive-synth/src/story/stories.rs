//! What the articles tell of profiles in use, as it would happen to a hive. Each story is a list of moments at which
//! somebody copies the files.
//!
//! Every story is told for each [`LogFormat`], at a time when Windows wrote it; which versions of Exchange and Outlook
//! ran by then is not taken as seriously.
//!
//! A profile that is made where another was deleted takes its cells, one for one where nothing else changes. What then
//! is left of the old one may name a parent whose cell is now a key of the new one.

use super::{CopiedHive, LivingHive, LogFormat};
use crate::builder::{HiveBuilder, Version};
use crate::mapi::{
    DELETED_PROFILES, Mailbox, NewProfile, OUTLOOK_16, OUTLOOK_16_DELETED_PROFILES, OUTLOOK_16_PROFILES,
    PROFILES, Uid, add_delegate_stores, calcon_profile, edk_name, exchange_profile, imc_profile,
    property_name,
};
use crate::security::SecurityDescriptor;
use crate::{MILLISECOND, REG_BINARY, REG_SZ, SECOND, filetime, utf16_nul};

/// One moment of a story.
#[derive(Clone, Debug)]
pub struct Step {
    /// What is the matter, unique in its story.
    pub name: &'static str,
    /// All that happened so far, in the order in which it did.
    pub happened: Vec<Event>,
    /// The files as they lie on the disk.
    pub copy: CopiedHive,
    /// What applying the logs to the copy must give, as a clean primary.
    pub state: Vec<u8>,
}

/// Something that really happened, whatever the hive shows of it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Event {
    /// When.
    pub time: u64,
    /// What.
    pub happened: Happened,
    /// The path of the profile's key, or the name of the service, session or machine.
    pub subject: String,
    /// Whether its traces reached the disk whole. What a crash has torn is in no later state.
    pub durable: bool,
}

/// What can happen.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Happened {
    /// A profile was made; the time is that of its first section.
    ProfileCreated,
    /// A property of a profile was set.
    ProfileChanged,
    /// A profile was moved below `Deleted Profiles`; the subject is where it is now.
    ProfileMovedToDeleted,
    /// A profile was deleted with all its sections.
    ProfileDeleted,
    /// `DefaultProfile` was set; the subject is the profile that it names.
    DefaultProfileSet,
    /// A service started.
    ServiceStarted,
    /// A service stopped and cleaned up.
    ServiceStopped,
    /// A service ended without cleaning up.
    ServiceKilled,
    /// A program logged on to a profile.
    SessionStarted,
    /// A program logged off.
    SessionEnded,
    /// The machine stopped in the middle of a write.
    MachineCrashed,
}

/// One of the stories below.
pub type Tale = fn(LogFormat) -> Vec<Step>;

/// All stories by name.
pub const ALL: [(&str, Tale); 5] = [
    ("internet_mail_service", internet_mail_service),
    ("calendar_connector", calendar_connector),
    ("deleted_while_in_use", deleted_while_in_use),
    ("removed_by_second_session", removed_by_second_session),
    ("recreated_under_the_same_name", recreated_under_the_same_name),
];

const SERVER: &str = "EXCH55C";
const SITE: &str = "EAST";
const MINUTE: u64 = 60 * SECOND;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

// ---- services ------------------------------------------------------------------------------------------------------

/// The service of the Internet Mail Service, which makes a profile at start and deletes it at stop (Q201121).
pub const INTERNET_MAIL_SERVICE: &str = "MSExchangeIMC";
/// The service of the Calendar Connector.
pub const CALENDAR_CONNECTOR: &str = "MSExchangeCalCon";

/// The Internet Mail Service starts and stops for some days; now it is killed, now the machine crashes.
///
/// The steps: `installed`, `first run`, `first run killed`, `second run at work`, `second run stopped`,
/// `second run reconciled`, `third run at work`, `fourth run after a clean stop`, in the new format
/// `entries in both logs`, `crash while writing the primary`, `recovered`, `fifth run at work`,
/// `crash while writing the log`, `recovered again`, `sixth run stopped`.
pub fn internet_mail_service(format: LogFormat) -> Vec<Step> {
    let mut story = Story::new(format, "imssvc", "S-1-5-21-1111111111-1222222222-1333333333-1013");
    let day = |number: u64| story_start(format) + number * DAY;
    story.hive.create_key(PROFILES, day(0));
    story.open_documents(day(0));
    story.settle(day(0) + SECOND);
    story.copy("installed");

    let run = |pid: u32, started: u64| ServiceRun { service: INTERNET_MAIL_SERVICE, pid, started };
    let first = run(412, day(1) + 8 * HOUR + 250 * MILLISECOND);
    story.start(first);
    story.flush(first.started + 5 * SECOND);
    story.copy("first run");
    story.change(&first.path(), 0x661B, 2651, first.started + MINUTE);
    story.kill(first, day(1) + 17 * HOUR);
    story.settle(day(1) + 17 * HOUR + 5 * SECOND);
    story.copy("first run killed");

    let second = run(388, day(2) + 8 * HOUR + 1_730 * MILLISECOND);
    story.start(second);
    story.flush(second.started + 5 * SECOND);
    for (hours, version) in [(1, 2651), (5, 2652)] {
        let changed = second.started + hours * HOUR;
        story.change(&second.path(), 0x661B, version, changed);
        story.flush(changed + 5 * SECOND);
    }
    story.copy("second run at work");
    story.stop(second, day(2) + 18 * HOUR);
    story.flush(day(2) + 18 * HOUR + 5 * SECOND);
    story.copy("second run stopped");
    story.settle(day(2) + 19 * HOUR);
    story.copy("second run reconciled");

    let third = run(1_264, day(3) + 8 * HOUR + 90 * MILLISECOND);
    story.start(third);
    story.flush(third.started + 5 * SECOND);
    story.forget_documents(third.started + HOUR);
    story.settle(third.started + HOUR + 5 * SECOND);
    story.copy("third run at work");
    story.stop(third, day(3) + 18 * HOUR);
    story.flush(day(3) + 18 * HOUR + 5 * SECOND);
    let fourth = run(2_040, day(3) + 18 * HOUR + 2 * MINUTE);
    story.start(fourth);
    story.copy_unreconciled("fourth run after a clean stop", fourth.started + 5 * SECOND, 2);
    story.change(&fourth.path(), 0x661B, 2653, fourth.started + HOUR);
    if !format.is_old() {
        story.hive.switch_log();
        story.flush(fourth.started + HOUR + 5 * SECOND);
        story.copy("entries in both logs");
    }

    let crash = fourth.started + HOUR + 6 * SECOND;
    story.hive.crash_while_writing_primary(crash, 1);
    story.happened(crash, Happened::MachineCrashed, SERVER);
    story.kill(fourth, crash);
    story.copy("crash while writing the primary");
    story.hive.recover();
    story.copy("recovered");

    let fifth = run(396, day(4) + 8 * HOUR + 560 * MILLISECOND);
    story.start(fifth);
    story.settle(fifth.started + 5 * SECOND);
    story.copy("fifth run at work");
    let stopped = day(4) + 18 * HOUR;
    story.change(&fifth.path(), 0x661B, 2654, stopped - HOUR);
    story.flush(stopped - HOUR + 5 * SECOND);
    story.stop(fifth, stopped);
    story.hive.crash_while_writing_log(stopped + 5 * SECOND, 3_000);
    story.lose_since(stopped);
    story.happened(stopped + 5 * SECOND, Happened::MachineCrashed, SERVER);
    story.copy("crash while writing the log");
    story.hive.recover();
    story.copy("recovered again");

    let sixth = run(404, day(5) + 8 * HOUR + 20 * MILLISECOND);
    story.start(sixth);
    story.flush(sixth.started + 5 * SECOND);
    story.stop(sixth, day(5) + 18 * HOUR);
    story.settle(day(5) + 18 * HOUR + 5 * SECOND);
    story.copy("sixth run stopped");
    story.steps
}

/// The Calendar Connector is killed night after night and leaves a profile each time; then an
/// administrator deletes some (Q214637).
///
/// The steps: `first run`, `two leftovers`, `five leftovers`, `administrator at work`, `administrator done`,
/// `next start`, `next start reconciled`.
pub fn calendar_connector(format: LogFormat) -> Vec<Step> {
    let mut story = Story::new(format, "exsvc", "S-1-5-21-1111111111-1222222222-1333333333-1009");
    let start = story_start(format);
    story.hive.create_key(PROFILES, start);
    story.settle(start + SECOND);

    let run = |pid: u32, started: u64| ServiceRun { service: CALENDAR_CONNECTOR, pid, started };
    let mut runs = Vec::new();
    for (number, pid) in (1..).zip([283, 217, 244, 310, 265]) {
        let run = run(pid, start + number * DAY + 2 * HOUR + number * 130 * MILLISECOND);
        story.start(run);
        story.flush(run.started + 5 * SECOND);
        if number == 1 {
            story.copy("first run");
        }
        story.kill(run, run.started + 3 * HOUR);
        if number == 2 {
            story.reconcile();
            story.copy("two leftovers");
        }
        runs.push(run);
    }
    story.copy("five leftovers");

    let cleaned = start + 6 * DAY + 10 * HOUR;
    story.delete(&runs[1].path(), cleaned);
    story.delete(&runs[3].path(), cleaned + 4 * SECOND);
    story.copy_unreconciled("administrator at work", cleaned + 9 * SECOND, 1);
    story.delete(&runs[0].path(), cleaned + MINUTE);
    story.settle(cleaned + MINUTE + 5 * SECOND);
    story.copy("administrator done");

    let next = run(299, start + 7 * DAY + 2 * HOUR);
    story.start(next);
    story.flush(next.started + 5 * SECOND);
    story.copy("next start");
    story.change(&next.path(), 0x661B, 2654, next.started + HOUR);
    story.settle(next.started + HOUR + 5 * SECOND);
    story.copy("next start reconciled");
    story.steps
}

// ---- users ---------------------------------------------------------------------------------------------------------

/// A user deletes the profile that is in use: it moves to `Deleted Profiles` until the session ends, and is deleted
/// there (KB303221).
///
/// The steps: `in use`, `deleted while in use`, `deletion reconciled`, `session ended`, `session end reconciled`.
pub fn deleted_while_in_use(format: LogFormat) -> Vec<Step> {
    let mut story = Story::new(format, "amarsh", "S-1-5-21-1111111111-1222222222-1333333333-1121");
    let roots = Roots::of(format);
    let start = story_start(format) + 9 * HOUR;
    let mailbox = Mailbox::new("MAIL7", "WEST", "amarsh", "A. Marsh").encrypted();
    let profile = story.user_profile(&roots, "Outlook", start, "first");
    story.create(&profile, |hive| exchange_profile(hive, &profile, &mailbox));
    story.set_default(&roots, &profile.name, start + 2 * SECOND);
    story.settle(start + 5 * SECOND);
    story.happened(start + MINUTE, Happened::SessionStarted, &profile.path());
    story.change(&profile.path(), 0x661B, 2653, start + MINUTE);
    story.flush(start + MINUTE + 5 * SECOND);
    story.copy("in use");

    let deleted = start + 3 * HOUR;
    let now = format!(r"{}\{}", roots.deleted, profile.name);
    story.hive.move_tree(&profile.path(), &now, deleted);
    story.happened(deleted, Happened::ProfileMovedToDeleted, &now);
    story.flush(deleted + 5 * SECOND);
    story.copy("deleted while in use");
    story.change(&now, 0x6601, 4, deleted + HOUR);
    story.settle(deleted + HOUR + 5 * SECOND);
    story.copy("deletion reconciled");

    let ended = start + 8 * HOUR;
    story.happened(ended, Happened::SessionEnded, &now);
    story.delete(&now, ended);
    story.copy_unreconciled("session ended", ended + 5 * SECOND, 1);
    story.reconcile();
    story.copy("session end reconciled");
    story.steps
}

/// A second Terminal Services session of the same account starts MAPI, which takes the profile of the first for
/// unused and removes it, while the first session goes on and `DefaultProfile` still names it (KB818861).
///
/// The steps: `first session at work`, `removed by the second session`, `second session at work`, `both ended`.
pub fn removed_by_second_session(format: LogFormat) -> Vec<Step> {
    let mut story = Story::new(format, "svc-mailbox", "S-1-5-21-1111111111-1222222222-1333333333-1164");
    let roots = Roots::of(format);
    let start = story_start(format) + 2 * DAY;
    let mailbox = Mailbox::new("MAIL7", "WEST", "sweeper", "Mailbox Sweeper");
    let live = story.user_profile(&roots, "Mailbox Sweeper", start, "first session");
    story.create(&live, |hive| exchange_profile(hive, &live, &mailbox));
    story.set_default(&roots, &live.name, start + SECOND);
    story.happened(start + SECOND, Happened::SessionStarted, "session 0");
    story.settle(start + 5 * SECOND);
    story.copy("first session at work");

    let removed = start + 5 * HOUR + 40 * MILLISECOND;
    story.happened(removed, Happened::SessionStarted, "session 2");
    story.delete(&live.path(), removed);
    story.copy_unreconciled("removed by the second session", removed + 5 * SECOND, 2);

    let second = story.user_profile(&roots, "Console Check", removed + 30 * SECOND, "second session");
    let other = Mailbox::new("MAIL7", "WEST", "console", "Console");
    story.create(&second, |hive| exchange_profile(hive, &second, &other));
    story.flush(removed + 35 * SECOND);
    story.copy("second session at work");

    let ended = removed + 2 * HOUR;
    story.delete(&second.path(), ended);
    story.happened(ended, Happened::SessionEnded, "session 2");
    story.happened(ended + MINUTE, Happened::SessionEnded, "session 0");
    story.settle(ended + 2 * MINUTE);
    story.copy("both ended");
    story.steps
}

/// A profile is deleted and made again under the same name with another server and without the stores of others, so
/// that what can be recovered differs from what is there.
///
/// The steps: `first profile`, `deleted`, `made again`, `made again, reconciled`.
pub fn recreated_under_the_same_name(format: LogFormat) -> Vec<Step> {
    let mut story = Story::new(format, "dholt", "S-1-5-21-1111111111-1222222222-1333333333-1188");
    let roots = Roots::of(format);
    let start = story_start(format) + 10 * HOUR;
    let old = Mailbox::new(OLD_SERVER, "WEST", "dholt", "D. Holt").encrypted();
    let first = story.user_profile(&roots, "Outlook", start, "first");
    story.create(&first, |hive| exchange_profile(hive, &first, &old));
    let others =
        ["board", "reception", "archive"].map(|alias| Mailbox::new(OLD_SERVER, "WEST", alias, alias));
    let later = first.clone().later(start + HOUR);
    story.alter(&later, |hive| {
        exchange_profile(hive, &first, &old);
        add_delegate_stores(hive, &later, &others);
    });
    story.set_default(&roots, &first.name, start + HOUR + SECOND);
    story.settle(start + HOUR + 5 * SECOND);
    story.copy("first profile");

    let deleted = start + 20 * DAY;
    story.delete(&first.path(), deleted);
    story.flush(deleted + 5 * SECOND);
    story.copy("deleted");

    let made_again = deleted + 5 * MINUTE;
    let new = Mailbox::new(NEW_SERVER, "WEST", "dholt", "D. Holt").encrypted();
    let second = story.user_profile(&roots, "Outlook", made_again, "second");
    story.create(&second, |hive| exchange_profile(hive, &second, &new));
    story.copy_unreconciled("made again", made_again + 5 * SECOND, 2);
    story.reconcile();
    story.copy("made again, reconciled");
    story.steps
}

/// The server of the first profile of [`recreated_under_the_same_name`].
pub const OLD_SERVER: &str = "MAIL3";
/// The server of the second.
pub const NEW_SERVER: &str = "MAIL9";

// ---- telling -------------------------------------------------------------------------------------------------------

/// One run of a service that makes its profile at start.
#[derive(Clone, Copy)]
struct ServiceRun {
    service: &'static str,
    pid: u32,
    started: u64,
}

impl ServiceRun {
    fn name(self) -> String {
        edk_name(self.service, self.pid, self.started)
    }

    fn path(self) -> String {
        format!(r"{PROFILES}\{}", self.name())
    }
}

/// Where a user's Outlook keeps its profiles (reference, section 1.1).
struct Roots {
    profiles: &'static str,
    deleted: &'static str,
    /// The key with the value `DefaultProfile`.
    default: &'static str,
}

impl Roots {
    fn of(format: LogFormat) -> Self {
        if format.is_old() {
            Self { profiles: PROFILES, deleted: DELETED_PROFILES, default: PROFILES }
        } else {
            Self { profiles: OUTLOOK_16_PROFILES, deleted: OUTLOOK_16_DELETED_PROFILES, default: OUTLOOK_16 }
        }
    }
}

const RECENT_DOCUMENTS: &str = r"Software\Microsoft\Windows\CurrentVersion\Explorer\RecentDocs";
const DOCUMENTS: usize = 30;

/// When the story of a format begins.
fn story_start(format: LogFormat) -> u64 {
    match format {
        LogFormat::Xp => filetime(2004, 3, 1, 0, 0, 0, 0),
        LogFormat::Vista => filetime(2009, 5, 4, 0, 0, 0, 0),
        LogFormat::Windows81 => filetime(2018, 9, 3, 0, 0, 0, 0),
    }
}

struct Story {
    hive: LivingHive,
    events: Vec<Event>,
    steps: Vec<Step>,
}

impl Story {
    fn new(format: LogFormat, account: &str, sid: &str) -> Self {
        let hive = LivingHive::new(&account_hive(format, account, sid), format);
        Self { hive, events: Vec::new(), steps: Vec::new() }
    }

    fn happened(&mut self, time: u64, happened: Happened, subject: &str) {
        self.events.push(Event { time, happened, subject: subject.to_owned(), durable: true });
    }

    /// What happened from a time on was in a write that a crash has torn.
    fn lose_since(&mut self, time: u64) {
        for event in self.events.iter_mut().filter(|event| event.time >= time) {
            event.durable = false;
        }
    }

    fn copy(&mut self, name: &'static str) {
        self.steps.push(Step {
            name,
            happened: self.events.clone(),
            copy: self.hive.copy(),
            state: self.hive.durable(),
        });
    }

    fn flush(&mut self, time: u64) {
        self.hive.flush(time);
    }

    /// Flushes, and waits until the primary is clean.
    fn settle(&mut self, time: u64) {
        if self.hive.is_changed() {
            self.hive.flush(time);
        }
        self.reconcile();
    }

    fn reconcile(&mut self) {
        if !self.hive.format().is_old() {
            self.hive.reconcile();
        }
    }

    /// Flushes, and copies while the primary is dirty: in the old format when so many pages of it are written, and
    /// what is then missing comes right after; in the new format it stays dirty.
    fn copy_unreconciled(&mut self, name: &'static str, time: u64, pages: usize) {
        if self.hive.format().is_old() {
            self.hive.crash_while_writing_primary(time, pages);
            self.copy(name);
            self.hive.recover();
        } else {
            self.hive.flush(time);
            self.copy(name);
        }
    }

    // ---- profiles ---------------------------------------------------------------------------------------------------

    fn user_profile(&self, roots: &Roots, name: &str, time: u64, seed: &str) -> NewProfile {
        let profile = NewProfile::new(roots.profiles, name, time).seed(seed);
        if self.hive.format().is_old() { profile } else { profile.wide() }
    }

    fn create(&mut self, profile: &NewProfile, write: impl FnOnce(&mut HiveBuilder)) {
        self.write(profile, write);
        self.happened(profile.first_written, Happened::ProfileCreated, &profile.path());
    }

    fn alter(&mut self, profile: &NewProfile, write: impl FnOnce(&mut HiveBuilder)) {
        self.write(profile, write);
        self.happened(profile.first_written, Happened::ProfileChanged, &profile.path());
    }

    fn write(&mut self, profile: &NewProfile, write: impl FnOnce(&mut HiveBuilder)) {
        let mut description = HiveBuilder::new(Version::V1_5);
        write(&mut description);
        self.hive.create_as_described(&description, &profile.path());
    }

    /// Sets a number in the Exchange section of a profile.
    fn change(&mut self, path: &str, id: u16, number: u32, time: u64) {
        let section = format!(r"{path}\{}", Uid::EXCHANGE.hex());
        let name = property_name(0x0003, id);
        self.hive.set_value(&section, &name, REG_BINARY, &number.to_le_bytes(), time);
        self.happened(time, Happened::ProfileChanged, path);
    }

    fn delete(&mut self, path: &str, time: u64) {
        self.hive.delete_tree(path, time);
        self.happened(time, Happened::ProfileDeleted, path);
    }

    fn set_default(&mut self, roots: &Roots, name: &str, time: u64) {
        self.hive.set_value(roots.default, "DefaultProfile", REG_SZ, &utf16_nul(name), time);
        self.happened(time, Happened::DefaultProfileSet, &format!(r"{}\{name}", roots.profiles));
    }

    // ---- other programs ---------------------------------------------------------------------------------------------

    /// Somebody works at the screen for a while.
    fn open_documents(&mut self, time: u64) {
        for number in 0..DOCUMENTS {
            let data: Vec<u8> = (0..=250).cycle().skip(number).take(84 + 28 * number).collect();
            if number == 0 {
                self.hive.create_key(RECENT_DOCUMENTS, time);
            }
            self.hive.set_value(RECENT_DOCUMENTS, &number.to_string(), REG_BINARY, &data, time);
        }
    }

    /// Every other document is dropped. What they took is free in places too small for a profile as a whole: the next
    /// one fills them, and not the place of the last one, as it would in a hive where nothing else ever changes.
    fn forget_documents(&mut self, time: u64) {
        for number in (0..DOCUMENTS).step_by(2) {
            self.hive.delete_value(RECENT_DOCUMENTS, &number.to_string(), time);
        }
    }

    // ---- services ---------------------------------------------------------------------------------------------------

    fn start(&mut self, run: ServiceRun) {
        self.happened(run.started, Happened::ServiceStarted, run.service);
        let profile = NewProfile::new(PROFILES, &run.name(), run.started + 60 * MILLISECOND);
        self.create(&profile, |hive| match run.service {
            INTERNET_MAIL_SERVICE => imc_profile(hive, &profile, SERVER, SITE),
            _ => calcon_profile(hive, &profile, SERVER, SITE),
        });
    }

    fn stop(&mut self, run: ServiceRun, time: u64) {
        self.happened(time, Happened::ServiceStopped, run.service);
        self.delete(&run.path(), time + 30 * MILLISECOND);
    }

    fn kill(&mut self, run: ServiceRun, time: u64) {
        self.happened(time, Happened::ServiceKilled, run.service);
    }
}

/// The hive of an account that has used no MAPI program yet.
fn account_hive(format: LogFormat, account: &str, sid: &str) -> HiveBuilder {
    let created = story_start(format) - 30 * DAY;
    let (version, folder) = match format {
        LogFormat::Xp => (Version::V1_3, r"\??\C:\Documents and Settings"),
        LogFormat::Vista => (Version::V1_3, r"\??\C:\Users"),
        LogFormat::Windows81 => (Version::V1_5, r"\??\C:\Users"),
    };
    let mut hive = HiveBuilder::new(version);
    hive.file_name(&format!(r"{folder}\{account}\NTUSER.DAT"))
        .sequences(120, 120)
        .last_written(if format.is_old() { created } else { 0 })
        .default_written(created)
        .root_security(&SecurityDescriptor::user_hive(sid));
    hive.key("Environment")
        .expand_sz("TEMP", r"%USERPROFILE%\Local Settings\Temp")
        .expand_sz("TMP", r"%USERPROFILE%\Local Settings\Temp");
    hive.key(r"Control Panel\Desktop").sz("WallPaper", "").sz("MenuShowDelay", "400");
    hive.key(r"Control Panel\International").sz("Locale", "00000409").sz("sCountry", "United States");
    hive.key(r"Keyboard Layout\Preload").sz("1", "00000409");
    hive.key(r"Software\Microsoft\Windows\CurrentVersion\Explorer\User Shell Folders")
        .expand_sz("AppData", r"%USERPROFILE%\Application Data")
        .expand_sz("Personal", r"%USERPROFILE%\My Documents");
    hive.key(r"Software\Microsoft\Windows NT\CurrentVersion\Windows");
    hive.key(OUTLOOK_16);
    hive
}
