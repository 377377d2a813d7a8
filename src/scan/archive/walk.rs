//! Archives of any kind, entry by entry, and archives in them.

use std::io::{self, Read};
use std::ops::ControlFlow;

use rawzip::ReaderAt;

use super::entry::{Direct, Entry, Kind, Visitor, fill, read_up_to, read_whole};
use super::fault::Fault;
use super::format::{Format, HEAD};
use super::tar::{self, Forward};
use super::unpack::Unpacked;
use super::{limits, zip};
use crate::account::archive_stem;
use crate::hive::HiveSource;

/// A file, read from any place.
struct Bytes<'s>(&'s HiveSource);

impl ReaderAt for Bytes<'_> {
    fn read_at(&self, into: &mut [u8], at: u64) -> io::Result<usize> {
        self.0.read_some_at(at, into)
    }
}

/// A file, read from its beginning on.
struct FromStart<'s> {
    source: &'s HiveSource,
    at: u64,
}

impl Read for FromStart<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let count = self.source.read_some_at(self.at, into)?;
        self.at += count as u64;
        Ok(count)
    }
}

impl Forward for FromStart<'_> {
    fn skip(&mut self, count: u64) -> io::Result<u64> {
        let skipped = count.min(self.source.identity().len.saturating_sub(self.at));
        self.at += skipped;
        Ok(skipped)
    }

    fn position(&self) -> Option<u64> {
        Some(self.at)
    }
}

/// Bytes that are unpacked or lie in another archive.
struct Stream<R>(R);

impl<R: Read> Read for Stream<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        self.0.read(into)
    }
}

impl<R: Read> Forward for Stream<R> {
    fn skip(&mut self, count: u64) -> io::Result<u64> {
        io::copy(&mut self.0.by_ref().take(count), &mut io::sink())
    }

    fn position(&self) -> Option<u64> {
        None
    }
}

/// Shows the entries of an archive that is a file of its own, called `name`.
pub(super) fn file(
    source: &HiveSource,
    format: Format,
    name: &str,
    visitor: &mut dyn Visitor,
) -> Result<(), Fault> {
    let start = FromStart { source, at: 0 };
    let done = match format {
        Format::Zip => zip::walk(&Bytes(source), source.identity().len, &[], true, visitor),
        Format::Tar => tar::walk(&mut { start }, &[], visitor),
        Format::Compressed(compression) => stream(Unpacked::new(start, compression), &[], name, visitor),
    };
    done.map(drop)
}

/// Shows the entries of an archive in another one, where it is `place` and called `name`.
pub(super) fn inner(
    content: &mut dyn Read,
    format: Format,
    place: &[u32],
    name: &str,
    visitor: &mut dyn Visitor,
) -> Result<(), Fault> {
    let done = match format {
        Format::Zip => {
            let bytes = read_up_to(content, limits::MAX_INNER_ZIP, "a zip archive in another archive")?;
            zip::walk(&bytes, bytes.len() as u64, place, false, visitor)
        }
        Format::Tar => tar_in(&mut Stream(content), place, visitor),
        Format::Compressed(compression) => stream(Unpacked::new(content, compression), place, name, visitor),
    };
    done.map(drop)
}

/// Shows the entries of a tar archive that was compressed, or else what was compressed as a single entry.
fn stream(
    mut unpacked: Unpacked<impl Read>,
    place: &[u32],
    name: &str,
    visitor: &mut dyn Visitor,
) -> Result<ControlFlow<()>, Fault> {
    let mut head = [0; HEAD];
    let count = fill(&mut unpacked, &mut head)?;
    let head = head.get(..count).unwrap_or_default();
    let mut whole = Stream(head.chain(unpacked));
    if Format::of(head) == Some(Format::Tar) {
        return tar_in(&mut whole, place, visitor);
    }
    let mut inner = place.to_vec();
    inner.push(0);
    if !visitor.wants(&inner) {
        return Ok(ControlFlow::Continue(()));
    }
    Ok(visitor.visit(Entry {
        name: archive_stem(name).unwrap_or(name).to_owned(),
        kind: Kind::File,
        size: None,
        modified: None,
        place: inner,
        direct: None,
        content: Ok(&mut whole),
    }))
}

/// Shows the entries of a tar archive that is unpacked or lies in another one. Where it cannot be read to its end the rest of
/// the bytes is, for only the checksum behind them tells whether what was read before can be believed: a wrong byte can make
/// compressed bytes seem to end too early.
fn tar_in(
    whole: &mut Stream<impl Read>,
    place: &[u32],
    visitor: &mut dyn Visitor,
) -> Result<ControlFlow<()>, Fault> {
    let walked = tar::walk(whole, place, visitor);
    if walked.is_err()
        && let Err(error) = io::copy(whole, &mut io::sink())
    {
        return Err(match Fault::from(error) {
            Fault::Truncated => Fault::Unchecked,
            fault => fault,
        });
    }
    walked
}

/// Reads an entry without what lies before it.
pub(super) fn direct(source: &HiveSource, way: Direct) -> Result<Vec<u8>, Fault> {
    match way {
        Direct::Zip { wayfinder, method } => {
            zip::read(&Bytes(source), source.identity().len, wayfinder, method)
        }
        Direct::Tar { at, len } => {
            let bytes = read_whole(&mut FromStart { source, at }.take(len))?;
            if bytes.len() as u64 == len { Ok(bytes) } else { Err(Fault::Truncated) }
        }
    }
}
