//! The library notatin at the jobs of `scripts/bench`: `notatin-jobs targeted|recover|walk LIST`, on one thread.

use std::io::{BufRead as _, BufReader, BufWriter, Write};
use std::{env, error, fs, io};

use notatin::filter::FilterBuilder;
use notatin::parser::ParserIterator;
use notatin::parser_builder::ParserBuilder;

const SUBSYSTEM: &str = r"Software\Microsoft\Windows NT\CurrentVersion\Windows Messaging Subsystem";

fn main() -> Result<(), Box<dyn error::Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [job, list] = arguments.as_slice() else {
        return Err("usage: notatin-jobs targeted|recover|walk LIST".into());
    };
    let (mut keys, mut values, mut sum) = (0_u64, 0_u64, 0_u64);
    let mut output = BufWriter::with_capacity(1 << 16, io::stdout());
    for path in BufReader::new(fs::File::open(list)?).lines() {
        let mut builder = ParserBuilder::from_path(path?);
        let Ok(parser) = builder.recover_deleted(job == "recover").build() else { continue };
        let mut iterator = ParserIterator::new(&parser);
        if job != "walk" {
            let below = FilterBuilder::new().add_key_path(SUBSYSTEM).return_child_keys(true).build()?;
            iterator.with_filter(below);
        }
        for key in iterator.iter() {
            keys += 1;
            if job != "walk" {
                writeln!(output, "{},{},,,", key.path, key.last_key_written_date_and_time())?;
            }
            for value in key.value_iter() {
                values += 1;
                if job == "walk" {
                    sum += value.detail.value_bytes().as_ref().map_or(0, |data| data.len() as u64);
                } else {
                    let (content, _) = value.get_content();
                    writeln!(output, "{},,{},{content:?}", key.path, value.get_pretty_name())?;
                }
            }
        }
    }
    output.flush()?;
    eprintln!("{keys} keys, {values} values, sum {sum}");
    Ok(())
}
