//! Writes the sample hives and their README into a folder: `make-sample-hives FOLDER`.

use std::path::Path;
use std::process::ExitCode;
use std::{env, fs, io};

use hive_synth::samples;

fn main() -> ExitCode {
    let Some(folder) = env::args_os().nth(1) else {
        eprintln!("usage: make-sample-hives FOLDER");
        return ExitCode::from(2);
    };
    match write_all(Path::new(&folder)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("make-sample-hives: {error}");
            ExitCode::FAILURE
        }
    }
}

fn write_all(folder: &Path) -> io::Result<()> {
    for host in samples::all() {
        for sample in host.samples {
            write(&folder.join(host.name).join(sample.path), &(sample.bytes)())?;
        }
    }
    write(&folder.join("servers.txt"), samples::SERVERS.as_bytes())?;
    write(&folder.join("README.md"), samples::readme().as_bytes())
}

fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let in_file = |error: io::Error| io::Error::new(error.kind(), format!("{}: {error}", path.display()));
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent).map_err(in_file)?;
    }
    fs::write(path, bytes).map_err(in_file)
}
