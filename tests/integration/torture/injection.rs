//! Whatever a hive, its place or a list says, no output obeys it: no page, no spreadsheet, no terminal, no file system.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use hive_synth::mapi::{DELETED_PROFILES, Mailbox, NewProfile, PROFILES, exchange_profile};
use hive_synth::{HiveBuilder, SecurityDescriptor, Version, filetime, log, machine, utf16_nul};
use walkdir::WalkDir;

use crate::packing::zip;
use crate::program::{Run, plant, program};

/// What a careless page, spreadsheet, terminal, shell or file system would obey. Each may be a name of a key.
const HOSTILE: [&str; 12] = [
    "<script>alert(1)</script>",
    "\"><img src=x onerror=alert(2)>",
    "' onmouseover='alert(3)",
    "</title></style><svg/onload=alert(4)>",
    "=cmd|'/C calc'!A0",
    "@SUM(1)\t\r\n+1,\"2\"",
    "\u{1b}]0;owned\u{7}\u{1b}[2J\u{9b}31m",
    "$(touch owned)`touch owned`;touch owned",
    "../../../owned",
    "invoice\u{202e}fdp.exe\u{2066}\u{200b}\u{feff}",
    "nul\0name|pipe\u{85}\u{2028}line",
    "{{7*7}}{% x %}%s%n\u{ff1d}1",
];

/// Something hostile, another one for each place.
fn hostile(place: usize) -> &'static str {
    HOSTILE[place % HOSTILE.len()]
}

/// A hive in which every text is hostile, beginning with another one for each `shift`.
fn hive(shift: usize, version: Version, wide: bool) -> HiveBuilder {
    let text = |place: usize| hostile(place + shift);
    let mut builder = HiveBuilder::new(version);
    builder.wide_names(wide).root_name(text(0)).file_name(text(1));
    builder.root_security(&SecurityDescriptor::user_hive("S-1-5-21-1-2-3-1001"));
    for number in 0..HOSTILE.len() {
        let time = filetime(2001, 1, 1, 0, number as u64, 0, 0);
        let mailbox = Mailbox {
            server: text(number + 1).into(),
            domain: text(number + 2).into(),
            site_dn: text(number + 3).into(),
            dn: text(number + 4).into(),
            display_name: text(number + 5).into(),
            ..Mailbox::new("", "", "", "")
        };
        for root in [PROFILES, DELETED_PROFILES] {
            let profile = NewProfile::new(root, &text(number).replace('\\', "/"), time);
            exchange_profile(&mut builder, &profile, &mailbox);
            // Every text of every section, values of names that nobody knows, classes, lists.
            let section =
                format!(r"{}\{}", profile.path(), hive_synth::mapi::Uid::derived(text(number)).hex());
            let mut section = builder.key(&section);
            section.class(text(number + 6));
            for tag in [
                "001e3001", "001f3d09", "001f6700", "001f3d0a", "001f6607", "001e6602", "101e0000",
                "11023d01",
            ] {
                section.value(tag, 3, &utf16_nul(text(number + 7)));
            }
            section.sz(text(number + 8), text(number + 9)).multi_sz(text(number + 10), &HOSTILE);
            section.value(&format!("{} 2", text(number)), 1, text(number).as_bytes());
        }
    }
    builder.key(PROFILES).sz("DefaultProfile", text(2));
    builder
}

/// Hives of machines, users, logs, archives and lists that are all hostile. Tells the host's folder.
fn evidence(at: &Path) -> String {
    let host = format!("ev/=H<b onclick=alert(9)>{}'\u{1b}]0;x\u{7}", "\u{202e}");
    let mut system = machine::system(Version::V1_5, 1);
    machine::host(&mut system, 1, hostile(0), hostile(4), filetime(2001, 1, 2, 0, 0, 0, 0));
    let mut software = machine::software(Version::V1_5, hostile(1), hostile(2));
    let mut sam = machine::sam(Version::V1_5, "S-1-5-21-1-2-3");
    for number in 0..HOSTILE.len() {
        let rid = 1_000 + u32::try_from(number).unwrap();
        machine::service(&mut system, 1, hostile(number), hostile(number + 1), 2)
            .sz("DisplayName", hostile(number + 2))
            .expand_sz("ImagePath", hostile(number + 3));
        machine::profile(&mut software, &format!("S-1-5-21-1-2-3-{rid}"), hostile(number + 4));
        machine::local_account(&mut sam, hostile(number), rid);
    }
    let config = format!("{host}/C/Windows/System32/config");
    let users = format!("{host}/C/Users");
    let mut removed = hive(3, Version::V1_5, true).build();
    removed.delete_key(&format!(r"{PROFILES}\{}", hostile(3)));
    let mut damaged = hive(5, Version::V1_3, false).build();
    damaged.claim_subkeys(PROFILES, 99);
    damaged.claim_data_size(PROFILES, "DefaultProfile", 0x7fff_0000);
    let mut dirty = hive(7, Version::V1_5, true);
    dirty.sequences(9, 8);
    let dirty = dirty.build();
    let log = log::log_base_block(&hive(8, Version::V1_5, true).build().bytes, log::NEW_LOG, (9, 9));
    let packed = zip(&[
        ("C/Users/<i>\u{202e}\u{1b}[1m=x/NTUSER.DAT", &hive(9, Version::V1_5, true).build().bytes),
        ("C/Users/\u{1b}]0;y\u{7}/NTUSER.DAT", b"regf"),
    ]);
    let no_hive = b"\x1b]0;z\x07<script>";
    plant(
        at,
        &[
            (&format!("{config}/SYSTEM"), &system.build().bytes),
            (&format!("{config}/SOFTWARE"), &software.build().bytes),
            (&format!("{config}/SAM"), &sam.build().bytes),
            (&format!("{users}/=u\u{1b}[5m/NTUSER.DAT"), &hive(0, Version::V1_5, true).build().bytes),
            (&format!("{users}/<u>/NTUSER.DAT"), &removed.bytes),
            (&format!("{users}/\"u'/NTUSER.DAT"), &damaged.bytes),
            (&format!("{users}/|u\n/NTUSER.DAT"), &dirty.bytes),
            (&format!("{users}/|u\n/ntuser.dat.LOG1"), &log),
            (&format!("{users}/\u{2066}u/NTUSER.DAT"), no_hive),
            ("ev/<p>\u{202e}\u{7}.zip", &packed),
        ],
    );
    host
}

/// Characters that nobody sees or that put others elsewhere.
fn misleads(character: char) -> bool {
    matches!(character, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

/// What was said: lines of letters, with the codes of colours where these were asked for.
fn assert_said_plainly(said: &str, what: &str) {
    let mut rest = said.to_owned();
    for code in ["0", "1", "2", "31", "33", "36", "1;31", "90"] {
        rest = rest.replace(&format!("\u{1b}[{code}m"), "");
    }
    let bad =
        rest.chars().find(|character| character.is_control() && *character != '\n' || misleads(*character));
    assert_eq!(bad, None, "{what}: {rest:?}");
}

/// A table: no control character but the ends of its lines and, where they are guarded, no formula.
fn assert_table(text: &str, is_guarded: bool, what: &str) {
    let bad = text.chars().find(|character| character.is_control() && !"\r\n".contains(*character));
    assert_eq!(bad, None, "{what}");
    assert_eq!(text.matches('\n').count(), text.matches("\r\n").count(), "{what}");
    let mut reader = csv::ReaderBuilder::new().flexible(false).from_reader(text.as_bytes());
    for record in reader.records() {
        for cell in &record.expect("as many cells as the header") {
            let is_formula =
                cell.starts_with(['=', '+', '-', '@', '\u{ff1d}', '\u{ff0b}', '\u{ff0d}', '\u{ff20}']);
            assert!(!is_guarded || !is_formula, "{what}: {cell}");
        }
    }
}

fn run(at: &Path, arguments: &[&str]) -> Run {
    let run: Run = program().current_dir(at).args(arguments).output().unwrap().into();
    assert!([Some(0), Some(3)].contains(&run.code), "{arguments:?}: {:?} {}", run.code, run.stderr);
    run
}

#[test]
fn nothing_from_a_hive_or_its_place_is_obeyed_by_any_output() {
    let folder = tempfile::tempdir().unwrap();
    let at = &folder.path().join("work");
    fs::create_dir(at).unwrap();
    let host = evidence(at);
    // A list of files says what it likes too.
    let line = serde_json::json!({
        "path": format!("{host}/C/Users/<u>/NTUSER.DAT"),
        "host": HOSTILE.concat(),
        "original_path": format!("{}/C/Users/{}/NTUSER.DAT", hostile(6), hostile(9)),
        "evidence_id": HOSTILE.concat(),
    });
    fs::write(at.join("list"), format!("{line}\n")).unwrap();

    let hive = format!("{host}/C/Users/=u\u{1b}[5m/NTUSER.DAT");
    let other = format!("{host}/C/Users/|u\n/NTUSER.DAT");
    let commands: [(&[&str], bool); 11] = [
        (&["scan", "ev", "--color", "always"], true),
        (&["scan", "ev", "--color", "always", "-v", "--deep", "--host", hostile(6)], true),
        (&["scan", "--files-from", "list", "-v", "--color", "always"], true),
        (&["profiles", "ev"], true),
        (&["timeline", "ev"], true),
        (&["compare", &hive, &other], true),
        (&["plan", "ev"], false),
        (&["dump", &hive, &other], false),
        (&["scan", "ev", "--case", "case", "--split-by", "account", "-v", "--color", "always"], true),
        (&["scan", "--files-from", "list", "--case", "listed", "--split-by", "account"], true),
        (&["verify", "case"], true),
    ];
    for (arguments, is_guarded) in commands {
        let run = run(at, arguments);
        assert_said_plainly(&run.stderr, &arguments.join(" "));
        let text = String::from_utf8(run.stdout).expect("UTF-8");
        if arguments[0] == "plan" {
            let bad = text.chars().find(|character| character.is_control() && *character != '\n');
            assert_eq!(bad, None, "{arguments:?}");
        } else {
            assert_table(&text, is_guarded, &arguments.join(" "));
        }
    }
    for case in ["case", "listed"] {
        assert_case(&at.join(case));
    }
    // Nothing was made anywhere else, whatever names say.
    let mut beside: Vec<String> =
        fs::read_dir(at).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    beside.sort();
    assert_eq!(beside, ["case", "ev", "list", "listed"]);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}

/// Every file of a case, by what its name says it is.
fn assert_case(case: &Path) {
    let mut kinds = BTreeMap::<String, usize>::new();
    for entry in WalkDir::new(case).min_depth(1).into_iter().map(Result::unwrap) {
        let name = entry.file_name().to_str().expect("a name of plain letters");
        let is_plain = |character: char| character.is_ascii_alphanumeric() || "._-".contains(character);
        assert!(name.chars().all(is_plain) && !name.starts_with(['-', '.']), "{name}");
        if entry.file_type().is_dir() {
            continue;
        }
        let text = String::from_utf8(fs::read(entry.path()).unwrap()).expect("UTF-8");
        let kind = Path::new(name).extension().unwrap_or_default().to_str().unwrap();
        *kinds.entry(kind.to_owned()).or_default() += 1;
        match kind {
            "csv" => assert_table(&text, true, name),
            "html" => assert_page(&text),
            "txt" => {
                // A body file: eleven fields in each line, whatever the name is.
                for line in text.lines() {
                    assert_eq!(line.split('|').count(), 11, "{line}");
                }
                assert!(!text.chars().any(|character| character.is_control() && character != '\n'), "{name}");
            }
            "jsonl" | "json" => {
                for line in if kind == "json" { vec![text.as_str()] } else { text.lines().collect() } {
                    serde_json::from_str::<serde_json::Value>(line)
                        .unwrap_or_else(|error| panic!("{name}: {error}"));
                }
                assert!(!text.chars().any(|character| character.is_control() && character != '\n'), "{name}");
            }
            _ => assert_eq!(name, "SHA256SUMS"),
        }
    }
    assert!(
        kinds["csv"] > 12 && kinds["html"] == 1 && kinds["json"] == 1 && kinds["jsonl"] == 1,
        "{kinds:?}"
    );
}

/// A page: none of what was planted is markup, and nothing is hidden or put elsewhere.
fn assert_page(page: &str) {
    let body = page.split_once("</style>").expect("a style").1;
    let (body, script) = body.rsplit_once("<script>").expect("a script of our own at the end");
    assert_eq!(script.matches("</script>").count(), 1);
    assert_eq!(page.matches("<style").count(), 1);
    for markup in [
        "<script",
        "<img",
        "<svg/onload",
        "<b onclick",
        "<i>\\u",
        "<u>/",
        "<p>\\u",
        "</title></",
        "' onmouseover=",
    ] {
        assert!(!body.contains(markup), "{markup}");
    }
    let bad = page
        .chars()
        .find(|character| character.is_control() && !"\n\t".contains(*character) || misleads(*character));
    assert_eq!(bad, None);
    // Attributes are quoted, and no text ends one.
    for tag in body.split('<').skip(1).map(|rest| rest.split('>').next().unwrap_or_default()) {
        assert_eq!(tag.matches('"').count() % 2, 0, "{tag}");
        let names: String = tag.split('"').step_by(2).collect();
        assert!(!names.contains(" on"), "an attribute that is a script: {tag}");
    }
    assert!(body.contains("&#60;script&#62;alert(1)&#60;/script&#62;"), "it is shown as it is");
}
