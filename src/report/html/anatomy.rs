//! The anatomy of profiles: services, their providers, and every property as it was decoded.

use std::collections::HashMap;
use std::io::Write;
use std::path::Path;

use askama::Template;
use csv::Position;

use super::escape::clipped;
use super::overview::Overview;
use super::tables::{Row, Table, each_row, each_row_until, until};
use super::{MOST_ANATOMIES, ReportError, counted, grouped, readable, render};

/// Properties of one profile that are spelled out.
const MOST_PROPERTIES: usize = 300;
/// Services and providers of one profile that are spelled out.
const MOST_SERVICES: usize = 60;
/// Characters of a decoded value.
const LONGEST: usize = 300;

#[derive(Template)]
#[template(path = "anatomy_head.html")]
struct AnatomyHead {
    bound: Option<String>,
    is_empty: bool,
}

#[derive(Template)]
#[template(path = "anatomy.html")]
struct Anatomy {
    name: String,
    account: String,
    state: &'static str,
    facts: Vec<(&'static str, String)>,
    services: Vec<Service>,
    more_services: usize,
    sections: Vec<Section>,
    more_properties: u64,
}

#[derive(Template)]
#[template(path = "anatomy_foot.html")]
struct AnatomyFoot {}

/// A service, provider or other section that a service names.
struct Service {
    kind: String,
    name: String,
    says: Vec<(&'static str, String)>,
    is_there: String,
}

/// A key of a profile with its values.
struct Section {
    name: String,
    kind: String,
    written: String,
    place: String,
    properties: Vec<Property>,
}

struct Property {
    name: String,
    value_name: String,
    value_type: String,
    says: String,
    is_secret: bool,
    problem: String,
    offset: String,
}

/// What tells a profile from all others: hive, root and name, and the state.
type Key = (u64, String);

fn key(row: Row<'_>) -> Key {
    (row.profile(), row.get("profile_state").to_owned())
}

/// Writes the section.
pub(super) fn write(folder: &Path, overview: &Overview, out: &mut impl Write) -> Result<(), ReportError> {
    let (rows, total) = super::lifecycle::chosen(folder, overview, MOST_ANATOMIES)?;
    let mut profiles: Vec<(Key, Anatomy)> = Vec::new();
    let mut order = 0;
    each_row(folder, "profiles.csv", |row| {
        if rows.binary_search(&order).is_ok() {
            profiles.push((key(row), Anatomy::of(row)));
        }
        order += 1;
        Ok(())
    })?;
    let places: HashMap<Key, usize> =
        profiles.iter().enumerate().map(|(at, (key, _))| (key.clone(), at)).collect();
    each_row(folder, "services.csv", |row| {
        if let Some((_, profile)) = places.get(&key(row)).and_then(|at| profiles.get_mut(*at)) {
            profile.add_service(row);
        }
        Ok(())
    })?;
    let begins = begins(folder, &places)?;
    let shown = profiles.len() as u64;
    render(
        &AnatomyHead {
            bound: (shown < total).then(|| format!("{} of {}", grouped(shown), grouped(total))),
            is_empty: profiles.is_empty(),
        },
        out,
    )?;
    let mut properties = Table::open(folder, "properties.csv")?;
    for (key, mut profile) in profiles {
        if let (Some(table), Some(position)) = (&mut properties, begins.get(&key)) {
            profile.read_properties(table, position, &key)?;
        }
        render(&profile, out)?;
    }
    render(&AnatomyFoot {}, out)
}

/// Where the rows of each profile begin.
fn begins(folder: &Path, wanted: &HashMap<Key, usize>) -> Result<HashMap<Key, Position>, ReportError> {
    let mut begins = HashMap::new();
    if wanted.is_empty() {
        return Ok(begins);
    }
    each_row_until(folder, "properties.csv", |row| {
        let key = key(row);
        if wanted.contains_key(&key) && !begins.contains_key(&key) {
            begins.extend(row.position().map(|position| (key, position)));
        }
        Ok(until(begins.len() == wanted.len()))
    })?;
    Ok(begins)
}

impl Anatomy {
    fn of(row: Row<'_>) -> Self {
        let state = match row.get("profile_state") {
            "deleted-pending" => "marked for deletion",
            "recovered" => "recovered",
            _ => "live",
        };
        let times = match (row.get("first_seen"), row.get("last_seen")) {
            ("", _) => String::new(),
            (first, last) => {
                format!("{} to {} UTC ({})", readable(first), readable(last), row.get("time_meaning"))
            }
        };
        let counts = format!(
            "{}, {}, {}; {} named and missing; {} that nothing refers to",
            counted(row.number("sections"), "section"),
            counted(row.number("services"), "service"),
            counted(row.number("providers"), "provider"),
            if row.get("missing").is_empty() { "unknown how many" } else { row.get("missing") },
            row.get("unreferenced"),
        );
        let facts = [
            ("Made by", row.get("profile_family").to_owned()),
            ("Default profile", row.get("is_default").to_owned()),
            ("Place", row.get("root").to_owned()),
            ("Key", clipped(row.get("key_path"), 400)),
            ("Times", times),
            ("Time in its name", readable(row.get("name_created"))),
            ("Contents", counts),
            ("Hive", format!("{}, {}", clipped(row.get("hive_path"), 400), row.get("hive_state"))),
            (
                "Record",
                format!("byte {} of {} ({})", row.get("file_offset"), row.get("file"), row.get("origin")),
            ),
        ];
        Self {
            name: clipped(row.get("profile"), 200),
            account: clipped(&row.account(), 120),
            state,
            facts: facts.into_iter().filter(|(_, text)| !text.is_empty()).collect(),
            services: Vec::new(),
            more_services: 0,
            sections: Vec::new(),
            more_properties: 0,
        }
    }

    fn add_service(&mut self, row: Row<'_>) {
        if self.services.len() == MOST_SERVICES {
            self.more_services += 1;
            return;
        }
        let name = match (row.get("display_name"), row.get("service_name"), row.get("section_uid")) {
            ("", "", uid) => uid.to_owned(),
            ("", service, _) => service.to_owned(),
            (label, "", _) => clipped(label, 120),
            (label, service, _) => format!("{} ({})", clipped(label, 120), clipped(service, 60)),
        };
        let columns = [
            ("DLL", "dll"),
            ("Entry", "entry"),
            ("Server", "server"),
            ("Mailbox", "mailbox"),
            ("File", "store_path"),
            ("Flags", "flags"),
            ("Named by", "linked_by"),
            ("Section", "section_uid"),
        ];
        let says = columns
            .into_iter()
            .map(|(name, column)| (name, clipped(row.get(column), LONGEST)))
            .filter(|(_, text)| !text.is_empty());
        self.services.push(Service {
            kind: row.get("kind").to_owned(),
            name,
            says: says.collect(),
            is_there: row.get("is_there").to_owned(),
        });
    }

    /// Reads the rows from `position` on that are this profile's.
    fn read_properties(
        &mut self,
        table: &mut Table,
        position: &Position,
        key: &Key,
    ) -> Result<(), ReportError> {
        table.seek(position)?;
        let (mut count, mut is_full) = (0, false);
        while let Some(row) = table.next()?.filter(|row| self::key(*row) == *key) {
            is_full |= count == MOST_PROPERTIES || self.sections.len() == MOST_PROPERTIES;
            if row.get("kind") == "key" {
                if !is_full {
                    self.sections.push(Section::of(row));
                }
                continue;
            }
            match self.sections.last_mut().filter(|_| !is_full) {
                Some(section) => {
                    count += 1;
                    section.properties.push(Property::of(row));
                }
                None => self.more_properties += 1,
            }
        }
        self.sections.retain(|section| !section.properties.is_empty());
        Ok(())
    }

    fn properties(&self) -> usize {
        self.sections.iter().map(|section| section.properties.len()).sum()
    }
}

impl Service {
    fn is_nested(&self) -> bool {
        self.kind == "provider" || self.kind == "extra"
    }
}

impl Section {
    fn of(row: Row<'_>) -> Self {
        let name = row.get("key_path").rsplit('\\').next().unwrap_or_default();
        let kind = match (row.get("section_kind"), row.get("service_name")) {
            ("", "") => String::new(),
            (kind, "") => kind.to_owned(),
            (kind, service) => format!("{kind} of {}", clipped(service, 60)),
        };
        Self {
            name: clipped(name, 200),
            kind,
            written: readable(row.get("last_written")),
            place: format!("byte {} ({})", row.get("file_offset"), row.get("origin")),
            properties: Vec::new(),
        }
    }
}

impl Property {
    fn of(row: Row<'_>) -> Self {
        let is_secret = !row.get("secret").is_empty();
        Self {
            name: row.get("prop_name").to_owned(),
            value_name: clipped(row.get("value_name"), 120),
            value_type: match row.get("prop_type") {
                "" => row.get("value_type").to_owned(),
                of_property => of_property.to_owned(),
            },
            says: clipped(if is_secret { row.get("secret") } else { row.get("decoded") }, LONGEST),
            is_secret,
            problem: clipped(row.get("problem"), LONGEST),
            offset: row.get("file_offset").to_owned(),
        }
    }
}
