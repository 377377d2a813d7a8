//! Evidence is never written: examining leaves every byte, time and mode as it was, and nothing lies beside it.

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::process::Stdio;

use walkdir::WalkDir;

use crate::program::{Run, manifest_dir, mapihive, mapihive_in, program};

/// All that can be told of a file or folder.
#[derive(Debug, PartialEq, Eq)]
struct Trace {
    path: PathBuf,
    mode: u32,
    owner: (u32, u32),
    inode: u64,
    links: u64,
    length: u64,
    modified: (i64, i64),
    changed: (i64, i64),
    bytes: Option<Vec<u8>>,
}

/// Everything below a folder.
fn traces(folder: &Path) -> Vec<Trace> {
    let entries =
        WalkDir::new(folder).sort_by_file_name().into_iter().map(|entry| entry.expect("a readable folder"));
    let trace = |entry: walkdir::DirEntry| {
        let data = entry.path().symlink_metadata().expect("metadata");
        Trace {
            path: entry.path().to_owned(),
            mode: data.mode(),
            owner: (data.uid(), data.gid()),
            inode: data.ino(),
            links: data.nlink(),
            length: data.len(),
            modified: (data.mtime(), data.mtime_nsec()),
            changed: (data.ctime(), data.ctime_nsec()),
            bytes: data.is_file().then(|| fs::read(entry.path()).expect("a readable file")),
        }
    };
    entries.map(trace).collect()
}

/// A copy of the sample hives with a large, a damaged and a read-only hive beside them.
fn evidence() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    copy(&manifest_dir().join("sample-hives"), folder.path());
    let mut builder = hive_synth::HiveBuilder::new(hive_synth::Version::V1_5);
    for number in 0..30 {
        builder.key(&format!(r"Software\key{number}")).binary("long", &[number; 9_000]);
    }
    let mut hive = builder.build();
    fs::create_dir(folder.path().join("more")).unwrap();
    fs::write(folder.path().join("more/mapped.dat"), &hive.bytes).unwrap();
    hive.destroy_header();
    fs::write(folder.path().join("more/patched.dat"), &hive.bytes).unwrap();
    fs::write(folder.path().join("more/NTUSER.DAT.LOG1"), b"").unwrap();
    let read_only = folder.path().join("more/NTUSER.DAT");
    fs::write(&read_only, &hive.bytes[..20_000]).unwrap();
    fs::set_permissions(&read_only, Permissions::from_mode(0o444)).unwrap();
    folder
}

fn copy(from: &Path, to: &Path) {
    for entry in WalkDir::new(from).min_depth(1) {
        let entry = entry.unwrap();
        let target = to.join(entry.path().strip_prefix(from).unwrap());
        if entry.file_type().is_dir() {
            fs::create_dir(&target).unwrap();
        } else {
            fs::copy(entry.path(), &target).unwrap();
        }
    }
}

/// Asserts that a run left everything in `folder` as it was.
fn assert_untouched(folder: &Path, run: impl FnOnce() -> Run) -> Run {
    let before = traces(folder);
    let run = run();
    let after = traces(folder);
    for (before, after) in before.iter().zip(&after) {
        assert!(
            before == after,
            "{}\nwas {:?}\nis {:?}",
            before.path.display(),
            before.modified,
            after.modified
        );
    }
    assert_eq!(before.len(), after.len(), "{:?}", after.iter().map(|trace| &trace.path).collect::<Vec<_>>());
    run
}

/// Asserts that a run left the same files with the same bytes in `folder`, which may have seen others come and go.
fn assert_same_files(folder: &Path, run: impl FnOnce() -> Run) -> Run {
    let files = || traces(folder).into_iter().map(|trace| (trace.path, trace.bytes)).collect::<Vec<_>>();
    let before = files();
    let run = run();
    assert!(before == files(), "{:?}", files().into_iter().map(|(path, _)| path).collect::<Vec<_>>());
    run
}

#[test]
fn no_command_changes_what_it_examines_or_leaves_anything_beside_it() {
    let folder = evidence();
    let path = folder.path().to_str().unwrap();
    for arguments in [vec!["scan", path], vec!["profiles", path], vec!["scan", "--threads", "1", path]] {
        let run = assert_untouched(folder.path(), || mapihive(&arguments));
        assert_eq!(run.code, Some(3), "{}", run.stderr);
    }
    let hives =
        WalkDir::new(path).into_iter().map(Result::unwrap).filter(|entry| entry.file_type().is_file());
    let hives: Vec<PathBuf> = hives.map(walkdir::DirEntry::into_path).collect();
    let all = std::iter::once(Path::new("dump")).chain(hives.iter().map(PathBuf::as_path));
    assert_untouched(folder.path(), || mapihive(all));
    // Standing in the folder is no invitation.
    assert_untouched(folder.path(), || mapihive_in(folder.path(), ["scan", "."]));
    assert_untouched(folder.path(), || mapihive_in(&folder.path().join("more"), ["dump", "mapped.dat"]));
}

#[test]
fn the_time_of_the_last_access_stays_where_the_system_allows_it() {
    let folder = evidence();
    let path = folder.path().join("more/mapped.dat");
    let accessed = || path.metadata().map(|data| (data.atime(), data.atime_nsec())).unwrap();
    let before = accessed();
    mapihive([Path::new("scan"), &path]);
    mapihive([Path::new("dump"), &path]);
    assert_eq!(before, accessed());
}

#[test]
fn outputs_into_an_examined_folder_are_refused() {
    let folder = evidence();
    let root = folder.path();
    let inside = root.join("WKS014/C/Users/mlind");
    let hive = inside.join("NTUSER.DAT");
    let link = tempfile::tempdir().unwrap();
    symlink(root, link.path().join("link")).unwrap();
    symlink(&inside, link.path().join("inside")).unwrap();
    let out = |folder: &Path| folder.join("out.csv");
    let through_parent = root.join("more/../out.csv");
    for (command, examined, output) in [
        ("scan", root.to_owned(), out(root)),
        ("scan", root.to_owned(), out(&inside)),
        ("profiles", root.to_owned(), out(&inside)),
        ("profiles", hive.clone(), out(&inside)),
        ("scan", hive.clone(), out(&inside)),
        ("dump", hive.clone(), out(&inside)),
        ("scan", root.to_owned(), through_parent),
        ("scan", link.path().join("link"), out(root)),
        ("scan", root.to_owned(), link.path().join("link/out.csv")),
        ("scan", root.to_owned(), link.path().join("inside/out.csv")),
        ("scan", hive.clone(), link.path().join("inside/out.csv")),
        // Over the evidence itself.
        ("scan", hive.clone(), hive.clone()),
        ("dump", hive.clone(), hive),
    ] {
        for clobber in [false, true] {
            let mut arguments = vec![command, examined.to_str().unwrap(), "-o", output.to_str().unwrap()];
            arguments.extend(clobber.then_some("--clobber"));
            let run = assert_untouched(root, || mapihive(&arguments));
            assert_eq!(run.code, Some(5), "{arguments:?}: {}", run.stderr);
            assert!(run.stderr.contains("which holds evidence; choose another folder"), "{}", run.stderr);
            assert!(run.stdout.is_empty());
        }
    }
    for option in ["--coverage", "--evidence"] {
        let output = out(&inside);
        let arguments = ["scan", root.to_str().unwrap(), option, output.to_str().unwrap()];
        let run = assert_untouched(root, || mapihive(arguments));
        assert_eq!((run.code, run.stdout.len()), (Some(5), 0), "{}", run.stderr);
    }
    let run = assert_untouched(root, || mapihive_in(&inside, ["scan", "NTUSER.DAT", "-o", "out.csv"]));
    assert_eq!(run.code, Some(5));
    let run = assert_untouched(root, || mapihive_in(root, ["scan", ".", "-o", "out.csv"]));
    assert_eq!(run.code, Some(5));
}

#[test]
fn folders_named_in_a_list_are_evidence_too() {
    let folder = evidence();
    let elsewhere = tempfile::tempdir().unwrap();
    let list = elsewhere.path().join("list");
    fs::write(&list, format!("{}\n", folder.path().display())).unwrap();
    let output = folder.path().join("more/out.csv");
    let arguments = ["scan", "--files-from", list.to_str().unwrap(), "-o", output.to_str().unwrap()];
    let run = assert_untouched(folder.path(), || mapihive(arguments));
    assert_eq!(run.code, Some(5), "{}", run.stderr);
}

#[test]
fn outputs_beside_a_named_hive_are_refused_however_it_was_named() {
    let folder = evidence();
    let links = tempfile::tempdir().unwrap();
    let link = links.path().join("NTUSER.DAT");
    symlink(folder.path().join("WKS014/C/Users/mlind/NTUSER.DAT"), &link).unwrap();
    // The folder of the link is where its logs are looked for, that of the file is where the bytes are.
    for output in [folder.path().join("WKS014/C/Users/mlind/out.csv"), links.path().join("out.csv")] {
        let run = mapihive([Path::new("scan"), &link, Path::new("-o"), &output]);
        assert_eq!(run.code, Some(5), "{}: {}", output.display(), run.stderr);
        assert!(!output.exists());
    }
}

#[test]
fn a_pipe_or_device_is_written_to_and_never_replaced() {
    use std::io::Read as _;
    use std::os::unix::fs::FileTypeExt as _;

    let folder = tempfile::tempdir().unwrap();
    let pipe = folder.path().join("pipe");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    for clobber in [&[][..], &["--clobber"]] {
        let reader = std::thread::spawn({
            let pipe = pipe.clone();
            move || {
                let mut text = String::new();
                fs::File::open(pipe).unwrap().read_to_string(&mut text).unwrap();
                text
            }
        });
        let arguments = ["rules", "--csv", "-o", pipe.to_str().unwrap()];
        let run = mapihive(arguments.iter().chain(clobber));
        assert_eq!(run.code, Some(0), "{}", run.stderr);
        assert!(reader.join().unwrap().starts_with("schema,rule_id"));
        assert!(pipe.symlink_metadata().unwrap().file_type().is_fifo());
    }
}

#[test]
fn existing_files_are_overwritten_only_when_asked() {
    let out = tempfile::tempdir().unwrap();
    let file = out.path().join("findings.csv");
    fs::write(&file, "mine").unwrap();
    let path = file.to_str().unwrap();
    for arguments in [
        vec!["scan", "sample-hives/EXCH55A", "-o", path],
        vec!["scan", "sample-hives/EXCH55A", "--coverage", path],
        vec!["scan", "sample-hives/EXCH55A", "--evidence", path],
        vec!["profiles", "sample-hives/EXCH55A", "-o", path],
        vec!["dump", "sample-hives/WKS014/C/Users/mlind/NTUSER.DAT", "-o", path],
        vec!["rules", "--csv", "-o", path],
    ] {
        let run = assert_untouched(out.path(), || mapihive(&arguments));
        assert_eq!((run.code, run.stdout.len()), (Some(5), 0), "{}", run.stderr);
        assert!(run.stderr.contains("exists; --clobber overwrites it"), "{}", run.stderr);
    }
    let run = mapihive(["scan", "sample-hives/EXCH55A", "-o", path, "--clobber"]);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    assert!(fs::read_to_string(&file).unwrap().starts_with("schema,finding_id,"));
    // A link is replaced, never followed.
    let (target, link) = (out.path().join("target"), out.path().join("link.csv"));
    fs::write(&target, "mine").unwrap();
    symlink(&target, &link).unwrap();
    assert_eq!(mapihive(["scan", "sample-hives/EXCH55A", "-o", link.to_str().unwrap()]).code, Some(5));
    let run = mapihive(["scan", "sample-hives/EXCH55A", "-o", link.to_str().unwrap(), "--clobber"]);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    assert_eq!(fs::read_to_string(&target).unwrap(), "mine");
}

#[test]
fn a_link_to_evidence_is_never_written_through() {
    let folder = evidence();
    let out = tempfile::tempdir().unwrap();
    let (link, hard) = (out.path().join("link.csv"), out.path().join("hard.csv"));
    let hive = folder.path().join("WKS014/C/Users/mlind/NTUSER.DAT");
    symlink(&hive, &link).unwrap();
    fs::hard_link(&hive, &hard).unwrap();
    let bytes = fs::read(&hive).unwrap();
    for output in [&link, &hard] {
        mapihive([Path::new("scan"), &hive, Path::new("-o"), output, Path::new("--clobber")]);
        assert!(fs::read(&hive).unwrap() == bytes);
    }
}

#[test]
fn an_output_that_fails_leaves_no_half_file() {
    let out = tempfile::tempdir().unwrap();
    let (first, second) = (out.path().join("first.csv"), out.path().join("second.csv"));
    fs::write(&second, "mine").unwrap();
    let run = assert_same_files(out.path(), || {
        mapihive([
            "scan",
            "sample-hives/EXCH55A",
            "-o",
            first.to_str().unwrap(),
            "--coverage",
            second.to_str().unwrap(),
        ])
    });
    assert_eq!(run.code, Some(5));
    // A folder that is none, and one that may not be written.
    for output in ["/nonexistent/out.csv", "/proc/out.csv", "/dev/full"] {
        let run = assert_same_files(out.path(), || mapihive(["scan", "sample-hives/EXCH55A", "-o", output]));
        assert_eq!(run.code, Some(5), "{output}: {}", run.stderr);
        assert!(run.stderr.contains(output), "{}", run.stderr);
    }
    // A disk that is full: a limit on the size of files makes the same error.
    let mut shell = std::process::Command::new("sh");
    let script = "trap '' XFSZ; ulimit -f 1; exec \"$0\" dump \"$1\" -o \"$2\"";
    let target = out.path().join("full.csv");
    shell.args([
        "-c",
        script,
        env!("CARGO_BIN_EXE_mapihive"),
        "sample-hives/EXCH55A/C/WINNT/Profiles/exsvc/NTUSER.DAT",
    ]);
    shell.arg(&target).current_dir(manifest_dir()).stdin(Stdio::null());
    let run = assert_same_files(out.path(), || shell.output().expect("a shell").into());
    assert_eq!(run.code, Some(5), "{}", run.stderr);
    assert!(run.stderr.contains("cannot write") && run.stderr.contains("full.csv"), "{}", run.stderr);
}

#[test]
fn outputs_are_files_like_any_other() {
    let out = tempfile::tempdir().unwrap();
    let (written, plain) = (out.path().join("out.csv"), out.path().join("plain"));
    let run = mapihive(["scan", "sample-hives/EXCH55A", "-o", written.to_str().unwrap()]);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    assert!(run.stdout.is_empty());
    fs::write(&plain, "").unwrap();
    assert_eq!(written.metadata().unwrap().mode(), plain.metadata().unwrap().mode(), "as the umask has it");
    assert_eq!(fs::read_dir(out.path()).unwrap().count(), 2, "no temporary file stays");
}

#[test]
fn the_program_has_no_memory_and_needs_no_environment() {
    let home = tempfile::tempdir().unwrap();
    let run =
        |command: &mut std::process::Command| -> Run { command.output().expect("the program runs").into() };
    let plain = run(program().args(["scan", "sample-hives/EXCH55A"]));
    let mut bare = program();
    bare.args(["scan", "sample-hives/EXCH55A"])
        .env_clear()
        .env("HOME", home.path())
        .env("TZ", "Asia/Tokyo")
        .env("LANG", "tr_TR");
    let bare = assert_untouched(home.path(), || run(&mut bare));
    assert_eq!((plain.stdout, plain.stderr, plain.code), (bare.stdout, bare.stderr, bare.code));
}
