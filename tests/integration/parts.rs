//! Parts: however hosts are divided, the case is the same, and what is no sound part is refused.

use std::path::Path;

use crate::case_folder::{assert_same_case, assert_sums, done_in, everything, run_in, with_samples};

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap().flatten() {
        std::fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
    }
}

#[test]
fn any_division_of_hosts_gives_the_tables_of_a_single_run() {
    let folder = with_samples();
    let at = folder.path();
    done_in(at, "scan -q --threads 1 --case single ev");
    for shards in [1, 2, 4, 40] {
        let mut parts: Vec<String> = (1..=shards)
            .map(|shard| {
                let part = format!("part-{shard}-of-{shards}");
                let threads = 1 + shard % 3;
                done_in(
                    at,
                    &format!("scan -q --threads {threads} --shard {shard}/{shards} --part {part} ev"),
                );
                part
            })
            .collect();
        parts.reverse();
        parts.rotate_left(shards / 3);
        done_in(at, &format!("merge -q --case merged-{shards} {}", parts.join(" ")));
        let merged = at.join(format!("merged-{shards}"));
        assert_same_case(&at.join("single"), &merged, &format!("{shards} shards"));
        assert_sums(&merged);
    }
}

#[test]
fn more_parts_than_files_may_be_open_are_joined() {
    let folder = with_samples();
    let at = folder.path();
    done_in(at, "scan -q --case single ev");
    let parts: Vec<String> = (1..=40).map(|shard| format!("part-{shard}")).collect();
    for (shard, part) in (1..).zip(&parts) {
        done_in(at, &format!("scan -q --shard {shard}/40 --part {part} ev"));
    }
    let run = std::process::Command::new("bash")
        .args(["-c", "ulimit -n 36; exec \"$0\" \"$@\""])
        .arg(env!("CARGO_BIN_EXE_mapihive"))
        .args(["merge", "-q", "--case", "merged"])
        .args(&parts)
        .current_dir(at)
        .output()
        .expect("bash");
    assert_eq!(run.status.code(), Some(3), "{}", String::from_utf8_lossy(&run.stderr));
    assert_same_case(&at.join("single"), &at.join("merged"), "few open files");
}

#[test]
fn parts_that_do_not_make_one_case_are_refused_and_nothing_is_made() {
    let folder = with_samples();
    let at = folder.path();
    done_in(at, "scan -q --shard 1/2 --part one ev");
    done_in(at, "scan -q --shard 2/2 --part two ev");
    done_in(at, "scan -q --part all ev");
    done_in(at, "scan -q --no-logs --part other ev");
    copy(&at.join("one"), &at.join("again"));
    copy(&at.join("one"), &at.join("unfinished"));
    std::fs::remove_file(at.join("unfinished/part.json")).unwrap();
    std::fs::create_dir(at.join("empty")).unwrap();
    done_in(at, "scan -q --case case ev");
    for (parts, says) in [
        ("one", "missing: 2"),
        ("one one two", "given twice"),
        ("one two ./two/", "given twice"),
        ("one two again", "each host belongs to one part"),
        ("all one two", "each host belongs to one part"),
        ("all other", "logs"),
        ("unfinished two", "did not end"),
        ("one two empty", "no part"),
        ("case", "no part"),
        ("nowhere", "nowhere"),
    ] {
        let run = run_in(at, &format!("merge -q --case merged {parts}"));
        assert_eq!(run.code, Some(2), "{parts}: {}", run.stderr);
        assert!(run.stderr.contains(says), "{parts}: {}", run.stderr);
        assert!(!at.join("merged").exists(), "{parts}");
    }
    for case in ["all", "all/case"] {
        let before = everything(&at.join("all"));
        assert_eq!(run_in(at, &format!("merge -q --clobber --case {case} all")).code, Some(2));
        assert_eq!(before, everything(&at.join("all")));
    }
}

#[test]
fn a_part_that_was_changed_or_is_hostile_is_refused_with_its_name() {
    let folder = with_samples();
    let at = folder.path();
    done_in(at, "scan -q --part part ev");
    let index = std::fs::read_to_string(at.join("part/index.jsonl")).unwrap();
    let record = std::fs::read_to_string(at.join("part/part.json")).unwrap();
    let findings = std::fs::read(at.join("part/findings.csv")).unwrap();
    let mut flipped = findings.clone();
    let middle = flipped.len() / 2;
    flipped[middle] ^= 1;
    let mut lines: Vec<&str> = index.lines().collect();
    lines.swap(0, 1);
    let huge = |name: &str| {
        let value = &index[index.find(&format!("\"{name}\":")).unwrap()..];
        let value = &value[..value.find([',', '}']).unwrap()];
        index.replacen(value, &format!("\"{name}\":18446744073709551615"), 1)
    };
    let host = index.replacen("AUDIT06", "../../06", 1);
    let deep = "[".repeat(1 << 20);
    let lengths = index.replacen("\"lengths\":[", "\"lengths\":[18446744073709551615,", 1);
    let changes: Vec<(&str, Vec<u8>)> = vec![
        ("findings.csv", findings[..middle].to_vec()),
        ("findings.csv", flipped),
        ("findings.csv", Vec::new()),
        ("findings.csv", [&findings[..], b"one more row\n"].concat()),
        ("findings.csv", [&b"F"[..], &findings[1..]].concat()),
        ("index.jsonl", lines.join("\n").into_bytes()),
        ("index.jsonl", (lines.join("\n") + "\n").into_bytes()),
        ("index.jsonl", index.as_bytes()[..index.len() - 1].to_vec()),
        ("index.jsonl", (index.clone() + "{}\n").into_bytes()),
        ("index.jsonl", huge("units").into_bytes()),
        ("index.jsonl", huge("unread").into_bytes()),
        ("index.jsonl", huge("dirty").into_bytes()),
        ("index.jsonl", host.into_bytes()),
        ("index.jsonl", lengths.into_bytes()),
        ("index.jsonl", deep.clone().into_bytes()),
        ("index.jsonl", vec![0; 1 << 20]),
        ("settings.json", deep.clone().into_bytes()),
        ("settings.json", b"{{{".to_vec()),
        ("settings.json", b"[1, 2]".to_vec()),
        ("settings.json", Vec::new()),
        ("part.json", deep.into_bytes()),
        ("part.json", b"null".to_vec()),
        ("part.json", record.replace("\"groups\": ", "\"groups\": 1844674407370955161").into_bytes()),
    ];
    for (number, (file, bytes)) in changes.into_iter().enumerate() {
        copy(&at.join("part"), &at.join("changed"));
        assert_ne!(std::fs::read(at.join("part").join(file)).unwrap(), bytes, "{number} changes nothing");
        std::fs::write(at.join("changed").join(file), bytes).unwrap();
        let before = everything(&at.join("changed"));
        let run = run_in(at, "merge -q --clobber --case merged changed");
        assert!([Some(2), Some(5)].contains(&run.code), "{number} {file}: {:?} {}", run.code, run.stderr);
        assert!(run.stderr.contains("changed"), "{number}: {}", run.stderr);
        assert_eq!(before, everything(&at.join("changed")), "{number}");
        assert!(!at.join("merged/SHA256SUMS").exists(), "{number}");
    }
    // A pipe would be waited for.
    std::fs::remove_file(at.join("changed/part.json")).unwrap();
    let made = std::process::Command::new("mkfifo").arg(at.join("changed/part.json")).status();
    assert!(made.expect("mkfifo").success());
    assert_eq!(run_in(at, "merge -q --clobber --case merged changed").code, Some(2));
}
