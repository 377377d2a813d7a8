//! Interrupted runs: what they leave is marked, and gone on with to the very bytes of an undisturbed run.

use std::collections::BTreeSet;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use mapihive::case::{
    Audit, CaseFolder, Closing, Ending, Existing, Filter, Manifest, PartReader, PartWriter, Plan, Stream,
    Work, close, run, wanted,
};
use mapihive::hive::Care;
use mapihive::report::Formulas;
use mapihive::scan::{GivenHives, Hosts, Reading, Stop, Unit, discover, units};
use mapihive::wintypes::Filetime;

use crate::case_folder::{assert_same_case, assert_sums, done_in, everything, run_in, tables, with_samples};
use crate::program::{program, rows_of_file};
use crate::support::reading;

/// What a run leaves that was killed when `groups` groups were on the disk: the streams and as many lines of the index.
fn killed_after(at: &Path, case: &str, groups: usize) {
    std::fs::create_dir(at.join(case)).unwrap();
    let work = at.join(case).join("work-1");
    done_in(at, &format!("scan -q --part {} ev", work.display()));
    std::fs::remove_file(work.join("part.json")).unwrap();
    let index = std::fs::read_to_string(work.join("index.jsonl")).unwrap();
    let kept: Vec<&str> = index.lines().take(groups).collect();
    assert_eq!(kept.len(), groups);
    let torn = index.lines().nth(groups).map_or("", |line| &line[..line.len() / 2]);
    std::fs::write(work.join("index.jsonl"), kept.join("\n") + "\n" + torn).unwrap();
}

/// How many files a resumed run took over.
fn taken_over(stderr: &str) -> u64 {
    let line = stderr.lines().find(|line| line.contains("were read by the interrupted run"));
    line.map_or(0, |line| line.split_whitespace().nth(1).unwrap().parse().unwrap())
}

#[test]
fn hosts_that_an_interrupted_run_finished_are_not_read_again() {
    let folder = with_samples();
    let at = folder.path();
    done_in(at, "scan -q --case whole ev");
    killed_after(at, "case", 6);
    // The proof: their bytes are no hives any more, and only the time of their change says nothing of it.
    let index = std::fs::read_to_string(at.join("case/work-1/index.jsonl")).unwrap();
    let hives = rows_of_file(&at.join("whole/hives.csv"));
    let finished: Vec<_> = hives
        .iter()
        .filter(|row| {
            index.lines().take(6).any(|line| line.contains(&format!("\"host\":\"{}\"", row["host"])))
        })
        .collect();
    assert!(finished.len() >= 6);
    for row in &finished {
        let path = at.join(&row["hive_path"]);
        let metadata = std::fs::metadata(&path).unwrap();
        std::fs::write(&path, vec![0; usize::try_from(metadata.len()).unwrap()]).unwrap();
        File::options().write(true).open(&path).unwrap().set_modified(metadata.modified().unwrap()).unwrap();
    }
    let run = done_in(at, "scan --resume --case case ev");
    assert_eq!(taken_over(&run.stderr), finished.len() as u64, "{}", run.stderr);
    assert_same_case(&at.join("whole"), &at.join("case"), "gone on with");
    assert_sums(&at.join("case"));
    let again = run_in(at, "scan -q --resume --case case ev");
    assert_eq!(again.code, Some(2), "{}", again.stderr);
    assert_same_case(&at.join("whole"), &at.join("case"), "complete already");
}

#[test]
fn a_case_that_was_half_closed_is_opened_again() {
    let folder = with_samples();
    let at = folder.path();
    done_in(at, "scan -q --case whole ev");
    let moved: Vec<&str> =
        Stream::ALL.into_iter().filter(|stream| stream.is_table()).map(Stream::file).collect();
    for count in [0, 1, 7, moved.len()] {
        let case = at.join(format!("case-{count}"));
        std::fs::create_dir(&case).unwrap();
        done_in(at, &format!("scan -q --part {}/work-1 ev", case.display()));
        for (number, table) in moved.iter().enumerate() {
            let path = case.join("work-1").join(table);
            // Closing adds rows to some.
            let mut bytes = std::fs::read(&path).unwrap();
            bytes.extend(b"rows of closing\n");
            std::fs::write(&path, bytes).unwrap();
            if number < count {
                std::fs::rename(&path, case.join(table)).unwrap();
            }
        }
        // What a run was about to close has another name until it is whole; the list of hashes comes before the manifest.
        let all = ["fleet_findings.csv", "rules.csv", "report.html", "SHA256SUMS"];
        for name in &all[..count.min(all.len())] {
            std::fs::write(case.join(name), "whole").unwrap();
        }
        for name in all.into_iter().chain(["manifest.json"]) {
            std::fs::write(case.join(format!("{name}.new")), "half").unwrap();
        }
        std::fs::create_dir(case.join("findings-by-account.new")).unwrap();
        std::fs::write(case.join("findings-by-account.new/half.csv"), "half").unwrap();
        let run = done_in(at, &format!("scan --resume --case {} ev", case.display()));
        assert!(taken_over(&run.stderr) > 30, "{}", run.stderr);
        assert_same_case(&at.join("whole"), &case, &format!("{count} moved"));
    }
    // Everything was written, but the run's own folder not yet removed.
    let case = at.join("case-0");
    std::fs::create_dir(case.join("work-1")).unwrap();
    std::fs::write(case.join("work-1/settings.json"), "{}").unwrap();
    assert_eq!(run_in(at, "scan -q --resume --case case-0 ev").code, Some(2));
    assert_same_case(&at.join("whole"), &case, "swept");
}

#[test]
fn a_run_that_is_killed_at_any_moment_leaves_nothing_that_looks_complete() {
    let folder = with_samples();
    let at = folder.path();
    let begun = Instant::now();
    done_in(at, "scan -q --case whole ev");
    let took = begun.elapsed();
    let mut killed = 0;
    for step in 1..=16_u32 {
        let case = at.join("case");
        let mut child = program()
            .current_dir(at)
            .args(["scan", "-q", "--case", "case", "ev"])
            .spawn()
            .expect("the program runs");
        std::thread::sleep(took * step / 14);
        child.kill().unwrap();
        let ended = child.wait().unwrap();
        let is_there = |name: &str| case.join(name).exists();
        for name in
            ["fleet_findings.csv", "rules.csv", "report.html"].into_iter().filter(|name| is_there(name))
        {
            let same = |case: &str| std::fs::read(at.join(case).join(name)).unwrap();
            let is_whole = match name {
                "report.html" => same("case").ends_with(b"</html>\n"),
                _ => same("case") == same("whole"),
            };
            assert!(is_whole, "{name} killed at {step}");
        }
        assert!(is_there("SHA256SUMS") || !is_there("manifest.json"), "killed at {step}");
        if ended.code().is_none() && !is_there("manifest.json") {
            killed += 1;
            done_in(at, "scan -q --resume --case case ev");
        }
        if case.exists() {
            if case.join("work-1").exists() {
                let _ = run_in(at, "scan -q --resume --case case ev");
            }
            assert_same_case(&at.join("whole"), &case, &format!("killed at {step}"));
            std::fs::remove_dir_all(&case).unwrap();
        }
    }
    assert!(killed > 3, "no run was killed");
}

/// What is done to the evidence, with its name.
type Change<'c> = (&'c str, &'c dyn Fn());

#[test]
fn what_changed_since_the_interruption_is_read_again() {
    let folder = with_samples();
    let at = folder.path();
    let hive = at.join("ev/CASE09").join(first_hive(&at.join("ev/CASE09")));
    let bytes = std::fs::read(&hive).unwrap();
    let others: u64 = 42;
    let changes: [Change<'_>; 7] = [
        ("mtime", &|| {
            let file = File::options().write(true).open(&hive).unwrap();
            file.set_modified(std::time::SystemTime::UNIX_EPOCH + Duration::from_secs(1)).unwrap();
        }),
        ("size", &|| std::fs::write(&hive, [&bytes[..], &[0; 512]].concat()).unwrap()),
        ("replaced", &|| {
            let modified = std::fs::metadata(&hive).unwrap().modified().unwrap();
            std::fs::write(at.join("copy"), &bytes).unwrap();
            File::options().write(true).open(at.join("copy")).unwrap().set_modified(modified).unwrap();
            std::fs::rename(at.join("copy"), &hive).unwrap();
        }),
        ("log", &|| std::fs::write(hive.with_extension("DAT.LOG1"), [0; 512]).unwrap()),
        ("companion", &|| std::fs::write(hive.with_file_name("outlook.pst"), "x").unwrap()),
        ("vanished", &|| std::fs::remove_dir_all(at.join("ev/CASE09")).unwrap()),
        ("new", &|| {
            std::fs::create_dir_all(at.join("ev/ZNEW/C/Users/a")).unwrap();
            std::fs::write(at.join("ev/ZNEW/C/Users/a/NTUSER.DAT"), &bytes).unwrap();
        }),
    ];
    for (what, change) in changes {
        killed_after(at, what, 10);
        let unchanged = taken_over(&done_in(at, &format!("scan --resume --case {what} ev")).stderr);
        std::fs::remove_dir_all(at.join(what)).unwrap();
        killed_after(at, what, 10);
        change();
        let run = done_in(at, &format!("scan --resume --case {what} ev"));
        done_in(at, &format!("scan -q --case whole-{what} ev"));
        assert_same_case(&at.join(format!("whole-{what}")), &at.join(what), what);
        let taken = taken_over(&run.stderr);
        assert!(taken < others && (taken < unchanged || what == "new"), "{what}: {taken} of {unchanged}");
    }
}

/// The path of a user's hive below a folder.
fn first_hive(folder: &Path) -> PathBuf {
    let files = walkdir::WalkDir::new(folder).sort_by_file_name().into_iter().map(Result::unwrap);
    let mut hives = files.filter(|entry| entry.file_name().eq_ignore_ascii_case("NTUSER.DAT"));
    hives.next().expect("a hive").path().strip_prefix(folder).unwrap().to_owned()
}

#[test]
fn other_options_read_everything_again() {
    let folder = with_samples();
    let at = folder.path();
    std::fs::copy(crate::program::manifest_dir().join("sample-hives/servers.txt"), at.join("servers"))
        .unwrap();
    let families = "[[family]]\nid = \"Site\"\nproduct = \"A site's own\"\npatterns = [\"SiteOwn\"]\ndynamic = false\n\
                    sources = [\"site\"]\nexamples = [\"SiteOwn\"]\nnearly = [\"SiteOwn2\"]\n";
    std::fs::write(at.join("families.toml"), families).unwrap();
    done_in(at, "scan -q -o baseline.csv ev/CASE09");
    for (number, (options, is_kept)) in [
        ("--no-logs", false),
        ("--live-only", false),
        ("--host X", false),
        ("--csv-raw", false),
        ("--families families.toml", false),
        ("--baseline baseline.csv", false),
        ("--strict", false),
        ("--servers servers", true),
        ("--threads 1", true),
        ("--split-by account", true),
    ]
    .into_iter()
    .enumerate()
    {
        let case = format!("case-{number}");
        killed_after(at, &case, 8);
        let run = done_in(at, &format!("scan --resume {options} --case {case} ev"));
        assert_eq!(taken_over(&run.stderr) > 0, is_kept, "{options}: {}", run.stderr);
        done_in(at, &format!("scan -q {options} --case whole-{number} ev"));
        let [resumed, whole] = [case, format!("whole-{number}")].map(|case| at.join(case));
        assert_eq!(tables(&resumed), tables(&whole), "{options}");
    }
    // Another version of the program.
    killed_after(at, "version", 8);
    let settings = at.join("version/work-1/settings.json");
    let text = std::fs::read_to_string(&settings).unwrap();
    let version = env!("CARGO_PKG_VERSION");
    std::fs::write(&settings, text.replace(&format!("\"{version}\""), "\"0.0.1\"")).unwrap();
    assert_eq!(taken_over(&done_in(at, "scan --resume --case version ev").stderr), 0);
}

#[test]
fn a_stopped_run_closes_a_marked_case_that_is_completed_later() {
    let samples = vec![PathBuf::from("sample-hives")];
    let out = tempfile::tempdir().unwrap();
    let at = |name: &str| out.path().join(name);
    let scan = |line: &str| done_in(crate::program::manifest_dir(), line);
    scan(&format!("scan -q --case {} sample-hives", at("whole").display()));
    scan(&format!("scan -q --part {} sample-hives", at("part").display()));
    let settings = PartReader::open(&at("part")).unwrap().settings().clone();
    for stop_after in [0, 1, 17, 30] {
        let case_path = at(&format!("case-{stop_after}"));
        let found = discover(&samples);
        let (companions, other_files) = (found.companions.clone(), found.other_files);
        let units = units(found);
        let candidates = units.iter().filter_map(|unit| match unit {
            Unit::Read(candidate) => Some(candidate),
            Unit::PassedOver(_) => None,
        });
        let hosts = Hosts::of(candidates, &GivenHives::default(), true);
        let wanted: BTreeSet<Stream> = wanted();
        let stop = Stop::default();
        if stop_after == 0 {
            stop.request();
        }
        let done = std::sync::atomic::AtomicU64::new(0);
        let progress = |more| {
            if done.fetch_add(more, std::sync::atomic::Ordering::Relaxed) + more >= stop_after {
                stop.request();
            }
        };
        let plan = Plan {
            units: &units,
            work: Work {
                reading: Reading { hash: true, ..reading(Care::Once) },
                hosts: &hosts,
                wanted: &wanted,
                formulas: Formulas::Neutralize,
                baseline: None,
                filter: &Filter::default(),
            },
            companions: &companions,
            threads: 1,
            stop: &stop,
            earlier: &[],
            is_unread: &|report| report.coverage.is_failure(),
            progress: &progress,
            tell: &|_| {},
        };
        let case = CaseFolder::take(&case_path, Existing::Refuse, &samples).unwrap();
        let mut part = PartWriter::begin(case.work(), &settings).unwrap();
        let ran = run(&plan, &mut part).unwrap();
        part.save().unwrap();
        assert_eq!(ran.left.len(), units.len() - usize::try_from(stop_after).unwrap());
        let closing = Closing {
            ending: Ending::Interrupted,
            audit: Audit {
                program: "mapihive".to_owned(),
                version: "0".to_owned(),
                program_sha256: None,
                arguments: Vec::new(),
                working_folder: String::new(),
                started: String::new(),
                ended: String::new(),
                threads: 1,
                parts: Vec::new(),
            },
            times: [Filetime(0); 2],
            inputs: Vec::new(),
            settings: settings.clone(),
            summary: ran.summary.clone(),
            other_files,
            left: &ran.left,
            formulas: Formulas::Neutralize,
            servers: None,
            filter: Filter::default(),
            by_account: false,
        };
        close(&case, closing).unwrap();
        drop((case, part));

        let manifest = Manifest::read(&case_path).unwrap();
        assert_eq!(manifest.status, Ending::Interrupted);
        assert_sums(&case_path);
        let hives = rows_of_file(&case_path.join("hives.csv"));
        assert_eq!(hives.len(), units.len());
        for (status, count) in &manifest.files {
            let rows = hives.iter().filter(|row| row["status"] == *status).count();
            assert_eq!(rows as u64, *count, "{status}");
        }
        let left = hives.iter().filter(|row| row["reason"].contains("interrupted"));
        let readable = |unit: &&Unit| matches!(unit, Unit::Read(_));
        assert_eq!(left.count(), ran.left.iter().filter(readable).count());
        scan(&format!("scan -q --resume --case {} sample-hives", case_path.display()));
        assert_same_case(&at("whole"), &case_path, &format!("stopped after {stop_after}"));
    }
}

#[test]
fn a_second_run_is_refused_and_harms_nothing() {
    let folder = with_samples();
    let at = folder.path();
    killed_after(at, "case", 5);
    let busy = [at.join("case/.lock"), at.join("case/work-1/.lock")].map(|path| {
        let lock = File::options().create(true).truncate(false).write(true).open(path).unwrap();
        lock.try_lock().unwrap();
        lock
    });
    let before = everything(&at.join("case"));
    for line in [
        "scan -q --case case ev",
        "scan -q --resume --case case ev",
        "scan -q --clobber --case case ev",
        "scan -q --clobber --part case/work-1 ev",
    ] {
        let run = run_in(at, line);
        assert_eq!(run.code, Some(2), "{line}: {}", run.stderr);
        assert_eq!(before, everything(&at.join("case")), "{line}");
    }
    drop(busy);
    done_in(at, "scan -q --resume --case case ev");
}

#[test]
fn what_an_interrupted_run_left_and_somebody_changed_is_not_believed() {
    let folder = with_samples();
    let at = folder.path();
    for (name, file, bytes) in [
        ("settings", "settings.json", "{{{"),
        ("deep", "settings.json", &*"[".repeat(1 << 16)),
        ("record", "part.json", "{\"groups\": -1}"),
    ] {
        killed_after(at, name, 5);
        std::fs::write(at.join(name).join("work-1").join(file), bytes).unwrap();
        let before = everything(&at.join(name).join("work-1"));
        let run = run_in(at, &format!("scan -q --resume --case {name} ev"));
        assert_eq!(run.code, Some(2), "{name}: {}", run.stderr);
        assert!(run.stderr.contains(&format!("{name}/work-1/{file}")), "{}", run.stderr);
        assert_eq!(before, everything(&at.join(name).join("work-1")), "{name}");
    }
    killed_after(at, "rows", 5);
    let table = at.join("rows/work-1/findings.csv");
    let mut bytes = std::fs::read(&table).unwrap();
    bytes[2000] ^= 1;
    std::fs::write(&table, bytes).unwrap();
    let run = run_in(at, "scan -q --resume --case rows ev");
    assert_eq!(run.code, Some(2), "{}", run.stderr);
    assert!(run.stderr.contains("were changed after they were written"), "{}", run.stderr);
    // A table that lost its end costs the groups that are not whole any more.
    done_in(at, "scan -q --case whole ev");
    killed_after(at, "cut", 10);
    let table = File::options().write(true).open(at.join("cut/work-1/evidence.csv")).unwrap();
    let whole_len = table.metadata().unwrap().len();
    table.set_len(whole_len / 2).unwrap();
    done_in(at, "scan --resume --case cut ev");
    assert_same_case(&at.join("whole"), &at.join("cut"), "cut");
}
