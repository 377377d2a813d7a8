//! Each floor of the house uses only the floors below it, and keeps to itself what it alone may do.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use walkdir::WalkDir;

use crate::program::manifest_dir;

/// The floors from the ground up, as `lib.rs` lists them.
const FLOORS: [&str; 13] = [
    "wintypes",
    "hive",
    "mapi",
    "account",
    "finding",
    "lifecycle",
    "rules",
    "scan",
    "fleet",
    "compare",
    "report",
    "case",
    "cli",
];

/// A source file, its path from `src/` and its code: comments and the content of literals are blanked out, tests are
/// left away.
struct Source {
    path: PathBuf,
    code: String,
}

impl Source {
    fn floor(&self) -> &str {
        let first = self.path.components().next().expect("a path").as_os_str().to_str().expect("a name");
        first.strip_suffix(".rs").unwrap_or(first)
    }

    fn lies_at(&self, path: &str) -> bool {
        self.path == Path::new(path)
    }
}

fn sources() -> Vec<Source> {
    let folder = manifest_dir().join("src");
    let mut files: Vec<(PathBuf, String)> = WalkDir::new(&folder)
        .sort_by_file_name()
        .into_iter()
        .map(|entry| entry.expect("src").into_path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "rs"))
        .map(|path| {
            (
                path.strip_prefix(&folder).unwrap().to_owned(),
                blanked(&std::fs::read_to_string(&path).unwrap()),
            )
        })
        .collect();
    let test_files: BTreeSet<PathBuf> =
        files.iter().flat_map(|(path, code)| files_of_tests(path, code)).collect();
    files.retain(|(path, _)| !test_files.contains(path));
    assert!(files.len() > 40, "the sources are found");
    files.into_iter().map(|(path, code)| Source { path, code: without_tests(&code) }).collect()
}

/// The source with comments and the content of literals as blanks; line feeds stay.
fn blanked(source: &str) -> String {
    let mut code = String::with_capacity(source.len());
    let mut rest = source;
    while let Some(first) = rest.chars().next() {
        let skipped = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("/*") {
            rest.find("*/").map_or(rest.len(), |end| end + 2)
        } else if let Some(hashes) = raw_string(rest) {
            let end = format!("\"{}", "#".repeat(hashes));
            let start = rest.find('"').expect("a raw string") + 1;
            rest[start..].find(&end).map_or(rest.len(), |at| start + at + end.len())
        } else if first == '"' {
            string_end(rest)
        } else if first == '\'' {
            char_end(rest)
        } else {
            0
        };
        if skipped == 0 {
            code.push(first);
            rest = &rest[first.len_utf8()..];
        } else {
            code.extend(rest[..skipped].chars().map(|character| if character == '\n' { '\n' } else { ' ' }));
            rest = &rest[skipped..];
        }
    }
    code
}

/// How many hashes a raw string here has.
fn raw_string(rest: &str) -> Option<usize> {
    let tail = rest.strip_prefix("br").or_else(|| rest.strip_prefix('r'))?;
    let hashes = tail.bytes().take_while(|byte| *byte == b'#').count();
    tail[hashes..].starts_with('"').then_some(hashes)
}

fn string_end(rest: &str) -> usize {
    let mut escaped = false;
    let end = rest.char_indices().skip(1).find(|(_, character)| {
        let ends = *character == '"' && !escaped;
        escaped = *character == '\\' && !escaped;
        ends
    });
    end.map_or(rest.len(), |(at, _)| at + 1)
}

/// The end of a character literal; 0 for a lifetime.
fn char_end(rest: &str) -> usize {
    let mut characters = rest.char_indices().skip(1);
    match characters.next() {
        Some((_, '\\')) => {
            rest[2..].char_indices().skip(1).find(|(_, end)| *end == '\'').map_or(0, |(at, _)| at + 3)
        }
        Some((_, _)) => characters.next().filter(|(_, end)| *end == '\'').map_or(0, |(at, _)| at + 1),
        None => 0,
    }
}

const CFG_TEST: &str = "#[cfg(test)]";

/// The code without what is compiled for tests only.
fn without_tests(code: &str) -> String {
    let mut kept = String::new();
    let mut rest = code;
    while let Some(at) = rest.find(CFG_TEST) {
        kept.push_str(&rest[..at]);
        rest = &rest[at..];
        let end = match (rest.find('{'), rest.find(';')) {
            (Some(open), Some(end)) if end < open => end + 1,
            (Some(open), _) => open + block_end(&rest[open..]),
            (None, end) => end.map_or(rest.len(), |end| end + 1),
        };
        rest = &rest[end..];
    }
    kept + rest
}

fn block_end(block: &str) -> usize {
    let mut depth = 0_usize;
    for (at, character) in block.char_indices() {
        match character {
            '{' => depth += 1,
            '}' if depth == 1 => return at + 1,
            '}' => depth -= 1,
            _ => {}
        }
    }
    block.len()
}

/// The files of modules declared for tests only.
fn files_of_tests(path: &Path, code: &str) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for (at, _) in code.match_indices(CFG_TEST) {
        let item = &code[at + CFG_TEST.len()..];
        let end = item.find([';', '{']).unwrap_or(item.len());
        let Some((_, name)) = item[..end].split_once("mod ").filter(|_| item[end..].starts_with(';')) else {
            continue;
        };
        let folder = match path.file_stem().and_then(|stem| stem.to_str()) {
            Some("mod" | "lib" | "main") => path.parent().unwrap().to_owned(),
            _ => path.with_extension(""),
        };
        files.push(folder.join(format!("{}.rs", name.trim())));
        files.push(folder.join(name.trim()).join("mod.rs"));
    }
    files
}

/// Whole words of the code.
fn words(code: &str) -> impl Iterator<Item = &str> {
    code.split(|character: char| !character.is_alphanumeric() && character != '_')
        .filter(|word| !word.is_empty())
}

/// The top-level modules that `crate::` leads to in this code, through braces as well.
fn uses(code: &str) -> BTreeSet<String> {
    let mut uses = BTreeSet::new();
    for (at, prefix) in code.match_indices("crate::") {
        let before = code[..at].chars().next_back();
        if before.is_some_and(|before| before.is_alphanumeric() || before == '_') {
            continue;
        }
        let tail = code[at + prefix.len()..].trim_start();
        let names: Vec<&str> = match tail.strip_prefix('{') {
            Some(_) => top_level_items(&tail[1..block_end(tail) - 1]),
            None => vec![tail],
        };
        uses.extend(names.into_iter().filter_map(|name| words(name).next()).map(str::to_owned));
    }
    uses
}

/// The items of a `use` list, those inside further braces aside.
fn top_level_items(list: &str) -> Vec<&str> {
    let (mut depth, mut start, mut items) = (0, 0, Vec::new());
    for (at, character) in list.char_indices() {
        match character {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => {
                items.push(&list[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    items.push(&list[start..]);
    items
}

/// How many modules lie between a file's items and the crate.
fn depth(path: &Path) -> usize {
    let components = path.components().count();
    match path.file_stem().and_then(|stem| stem.to_str()) {
        Some("lib" | "main") => 0,
        Some("mod") => components - 1,
        _ => components,
    }
}

#[test]
fn the_floors_are_those_of_the_library() {
    let lib = sources().into_iter().find(|source| source.lies_at("lib.rs")).expect("lib.rs");
    let listed: Vec<&str> =
        lib.code.lines().filter_map(|line| line.trim().strip_prefix("pub mod ")?.strip_suffix(';')).collect();
    assert_eq!(listed, FLOORS);
    let found: BTreeSet<String> = sources().iter().map(|source| source.floor().to_owned()).collect();
    let mut expected: BTreeSet<String> = FLOORS.iter().map(ToString::to_string).collect();
    expected.extend(["lib".to_owned(), "main".to_owned()]);
    assert_eq!(found, expected);
}

#[test]
fn a_floor_uses_only_floors_below_it() {
    for source in sources() {
        let Some(floor) = FLOORS.iter().position(|floor| *floor == source.floor()) else { continue };
        for used in uses(&source.code) {
            let other = FLOORS.iter().position(|floor| *floor == used);
            let other = other
                .unwrap_or_else(|| panic!("{} uses crate::{used}, which is no floor", source.path.display()));
            assert!(other <= floor, "{} uses crate::{used}, a floor above its own", source.path.display());
        }
        // Climbing out of one's floor by `super` would go unseen above.
        let climb = "super::".repeat(depth(&source.path));
        assert!(
            !source.code.contains(&climb),
            "{} climbs out of its floor: use crate::",
            source.path.display()
        );
    }
}

#[test]
fn the_program_knows_only_the_command_line() {
    let main = sources().into_iter().find(|source| source.lies_at("main.rs")).expect("main.rs");
    let used: Vec<&str> =
        main.code.match_indices("mapihive::").map(|(at, name)| &main.code[at + name.len()..][..3]).collect();
    assert_eq!(used, ["cli"]);
    assert!(uses(&main.code).is_empty());
}

#[test]
fn only_the_tree_of_a_hive_names_nt_hive() {
    for source in sources().into_iter().filter(|source| !source.lies_at("hive/tree.rs")) {
        assert!(!source.code.contains("nt_hive::"), "{} names nt-hive", source.path.display());
    }
}

#[test]
fn only_the_source_of_bytes_is_unsafe() {
    for source in sources() {
        let is_unsafe = words(&source.code).any(|word| word == "unsafe");
        let may = source.lies_at("hive/source.rs") || source.path.starts_with("hive/source");
        assert!(may || !is_unsafe, "{} is unsafe", source.path.display());
        let allows = words(&source.code).any(|word| word == "unsafe_code");
        assert!(may || !allows, "{} allows unsafe code", source.path.display());
    }
}

#[test]
fn the_hive_floor_has_never_heard_of_mapi() {
    for source in
        sources().into_iter().filter(|source| source.floor() == "hive" || source.floor() == "wintypes")
    {
        let mentions = words(&source.code).any(|word| word.to_lowercase().contains("mapi"));
        assert!(!mentions, "{} mentions MAPI", source.path.display());
    }
}

#[test]
fn no_code_gives_up() {
    for source in sources() {
        for word in
            [".unwrap()", ".expect(", "panic!", "todo!", "unimplemented!", "unreachable!", ".unwrap_err()"]
        {
            let line = source.code.lines().position(|line| line.contains(word));
            assert!(line.is_none(), "{}: {word} outside of tests", source.path.display());
        }
    }
}

#[test]
fn this_test_reads_sources_as_the_compiler_does() {
    let code = "use crate::{a::B, c::{D, e}, f}; // crate::comment\nlet x = \"crate::string\"; let y = r#\"crate::\"raw\"#;\n\
                let c = '\"'; let l: &'static str = b'\\''; $crate::m!(); /* crate::block */ crate::g::h();\n\
                #[cfg(test)]\nmod tests { use crate::t; fn f() { x.unwrap() } }\nfn after() { crate::z() }";
    let code = without_tests(&blanked(code));
    let found: Vec<String> = uses(&code).into_iter().collect();
    assert_eq!(found, ["a", "c", "f", "g", "m", "z"]);
    assert!(!code.contains("unwrap") && code.contains("after"));
    assert_eq!(
        files_of_tests(Path::new("a/b.rs"), "#[cfg(test)]\nmod t;"),
        [Path::new("a/b/t.rs"), Path::new("a/b/t/mod.rs")]
    );
    assert_eq!(
        [depth(Path::new("hive/raw.rs")), depth(Path::new("hive/mod.rs")), depth(Path::new("finding.rs"))],
        [2, 1, 1]
    );
}
