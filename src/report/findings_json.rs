//! `findings.jsonl`: findings in the names of the Elastic Common Schema, one object a line.
//!
//! What the schema has a name for stands under that name (`registry.*`, `user.*`, `host.*`, `rule.*`, `event.*`, `file.*`;
//! ECS 8.17 field reference); every column of `findings.csv` or `fleet_findings.csv` stands under `mapihive.*` too, as it
//! is in the table but for the apostrophes that guard spreadsheets. What is absent is left out.

use serde::Serialize;
use serde_json::{Map, Value, json};

use super::findings::FindingRow;
use super::fleet_findings::FleetFindingRow;
use super::table::Cell;

/// Version of the Elastic Common Schema whose names are used.
pub const ECS_VERSION: &str = "8.17.0";

/// Order of severities as numbers, for `event.severity`: 1 (info) to 4 (high).
const SEVERITIES: [&str; 4] = ["info", "low", "medium", "high"];

/// The line of a finding about one hive, with its line feed.
pub fn finding_line(row: &FindingRow<'_>) -> String {
    line(
        &json!({
            "@timestamp": first_of(&[&row.last_written, &row.last_seen, &row.first_seen]),
            "message": sentence(&row.title, &row.detail),
            "event": event("mapihive.findings", &row.finding_id, &row.severity, &row.detail, [&row.first_seen, &row.last_seen]),
            "rule": rule(&row.rule_id, &row.title, &row.implies, &row.references),
            "host": { "name": row.host },
            "user": { "id": row.account_sid, "name": row.account },
            "registry": {
                "key": row.key_path,
                "value": row.value_name,
                "data": { "strings": list(&row.value) },
            },
            "file": { "path": row.hive_path, "hash": { "sha256": row.hive_sha256 } },
        }),
        row,
    )
}

/// The line of a finding about several hives, with its line feed.
pub fn fleet_finding_line(row: &FleetFindingRow<'_>) -> String {
    line(
        &json!({
            "@timestamp": first_of(&[&row.last_seen, &row.first_seen]),
            "message": sentence(&row.title, &row.detail),
            "event": event("mapihive.fleet_findings", &row.finding_id, &row.severity, &row.detail, [&row.first_seen, &row.last_seen]),
            "rule": rule(&row.rule_id, &row.title, &row.implies, &row.references),
        }),
        row,
    )
}

fn event(
    dataset: &str,
    id: &Cell<'_>,
    severity: &Cell<'_>,
    detail: &Cell<'_>,
    [first, last]: [&Cell<'_>; 2],
) -> Value {
    let grade = match severity {
        Cell::Text(word) => SEVERITIES.iter().position(|known| known == word).map(|place| place + 1),
        _ => None,
    };
    json!({
        "kind": "alert",
        "category": ["registry"],
        "type": ["info"],
        "module": "mapihive",
        "dataset": dataset,
        "id": id,
        "severity": grade,
        "reason": detail,
        "start": first,
        "end": last,
    })
}

fn rule(id: &Cell<'_>, title: &Cell<'_>, implies: &Cell<'_>, references: &Cell<'_>) -> Value {
    json!({ "id": id, "name": title, "description": implies, "reference": references, "ruleset": "mapihive" })
}

fn sentence(title: &Cell<'_>, detail: &Cell<'_>) -> Option<String> {
    match (title, detail) {
        (Cell::Text(title), Cell::Text(detail)) => Some(format!("{title}: {detail}")),
        _ => None,
    }
}

/// A list of one, or nothing.
fn list<'c, 'a>(cell: &'c Cell<'a>) -> Option<[&'c Cell<'a>; 1]> {
    (*cell != Cell::Empty).then_some([cell])
}

fn first_of<'c, 'a>(cells: &[&'c Cell<'a>]) -> Option<&'c Cell<'a>> {
    cells.iter().copied().find(|cell| **cell != Cell::Empty)
}

fn line(common: &Value, row: &impl Serialize) -> String {
    let mut object = common.clone();
    if let Value::Object(fields) = &mut object {
        fields.insert("ecs".into(), json!({ "version": ECS_VERSION }));
        fields.insert("mapihive".into(), json!(row));
    }
    strip(&mut object);
    let mut line = object.to_string();
    line.push('\n');
    line
}

/// Takes absent fields away, and objects that have none.
fn strip(value: &mut Value) {
    let Value::Object(fields) = value else { return };
    fields.values_mut().for_each(strip);
    fields.retain(|_, value| {
        !value.is_null() && value.as_object().is_none_or(|object: &Map<_, _>| !object.is_empty())
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_absent_is_left_out_and_nothing_is_guarded() {
        let row = FindingRow {
            finding_id: "0a".into(),
            severity: "medium".into(),
            title: "t".into(),
            detail: "=1+1".into(),
            file_offset: 4096_u64.into(),
            ..FindingRow::default()
        };
        let read: Value = serde_json::from_str(&finding_line(&row)).unwrap();
        assert_eq!(read["event"]["severity"], 3);
        assert_eq!(read["event"]["reason"], "=1+1");
        assert_eq!(read["mapihive"]["file_offset"], 4096);
        assert!(read.get("user").is_none() && read["mapihive"].get("value").is_none());
    }
}
