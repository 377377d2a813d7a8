//! Text of eight-bit characters is read in the code page of the host that wrote it, and not at all where that is unknown.

use hive_synth::mapi::{NewProfile, PROFILES};
use hive_synth::{HiveBuilder, SecurityDescriptor, Version, filetime, machine};

use crate::program::{Row, mapihive_in, plant};

const SECTION: &str = "0123456789abcdef0123456789abcdef";
/// `PT_MV_STRING8` of a property without a meaning.
const NAME: &str = "101e6fff";
/// A list of one element, as a 32-bit MAPI writes it: count, offset, bytes with their NUL.
const MAIL: &[u8] = b"\x01\0\0\0\x08\0\0\0\xcf\xee\xf7\xf2\xe0\0";

fn user() -> Vec<u8> {
    let mut hive = HiveBuilder::new(Version::V1_5);
    hive.root_security(&SecurityDescriptor::user_hive("S-1-5-21-1-2-3-1001"));
    let profile = NewProfile::new(PROFILES, "Mail", filetime(2001, 1, 1, 0, 0, 0, 0));
    hive.key(&format!(r"{}\{SECTION}", profile.path()))
        .binary(NAME, MAIL)
        .binary("101e6ffe", b"\x01\0\0\0\x08\0\0\0Mail\0");
    hive.build().bytes
}

fn system(code_page: &str) -> Vec<u8> {
    let mut hive = machine::system(Version::V1_5, 1);
    machine::host(&mut hive, 1, "HOST", code_page, 0);
    hive.build().bytes
}

/// The row of the value where the files of a host are these.
fn row(files: &[(&str, &[u8])], name: &str) -> Row {
    let folder = tempfile::tempdir().unwrap();
    plant(folder.path(), files);
    let run = mapihive_in(folder.path(), ["profiles", "."]);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    let rows = run.rows();
    let row = rows.into_iter().find(|row| row["value_name"] == name && row["hive_path"] == files[0].0);
    row.expect("the value")
}

#[test]
fn the_code_page_of_the_host_tells_what_its_bytes_mean() {
    let user = user();
    for (code_page, decoded, problem) in [
        ("1251", "Почта", ""),
        ("1253", "Οξχςΰ", ""),
        ("1252", "Ïî÷òà", ""),
        // UTF-8, of which these bytes are no text.
        ("65001", r"\u{dccf}\u{dcee}\u{dcf7}\u{dcf2}\u{dce0}", "no text of the code page of the host"),
        // None that Windows has.
        ("31337", r"\u{dccf}\u{dcee}\u{dcf7}\u{dcf2}\u{dce0}", "text in a code page that is not known"),
    ] {
        let system = system(code_page);
        let files: [(&str, &[u8]); 2] =
            [("HOST/C/Users/svc/NTUSER.DAT", &user), ("HOST/C/Windows/System32/config/SYSTEM", &system)];
        let found = row(&files, NAME);
        assert!(found["decoded"].replace(r"\\", r"\").contains(decoded), "{code_page}: {}", found["decoded"]);
        assert_eq!(found["problem"], problem, "{code_page}");
        assert!(row(&files, "101e6ffe")["decoded"].contains("Mail"), "ASCII needs no code page");
        assert_eq!(row(&files, "101e6ffe")["problem"], "");
    }
}

#[test]
fn the_code_page_of_another_host_or_of_another_state_of_it_tells_nothing() {
    let (user, system) = (user(), system("1251"));
    for (hive, other) in [
        ("HOST/C/Users/svc/NTUSER.DAT", "OTHER/C/Windows/System32/config/SYSTEM"),
        ("HOST/VSS1/Users/svc/NTUSER.DAT", "HOST/C/Windows/System32/config/SYSTEM"),
    ] {
        let found = row(&[(hive, &user), (other, &system)], NAME);
        assert_eq!(found["problem"], "text in a code page that is not known");
        assert!(!found["decoded"].contains("Почта") && !found["decoded"].contains("Ïî÷òà"));
    }
}
