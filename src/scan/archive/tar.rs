//! Tar archives, entry by entry: the `tar` crate reads headers, we go from one to the next, so that names and attributes of
//! any claimed length are never held.

use std::io::{self, Read};
use std::ops::ControlFlow;

use ::tar::{EntryType, Header, PaxExtensions};

use super::entry::{Direct, Entry, Kind, Visitor, fill, read_up_to};
use super::fault::Fault;
use super::format::{HEAD, is_tar_header};
use super::{limits, names};

const BLOCK: u64 = HEAD as u64;

/// Bytes in their order, some of which may be passed over.
pub(super) trait Forward: Read {
    /// Passes over bytes; tells how many there were.
    fn skip(&mut self, count: u64) -> io::Result<u64>;

    /// Where the next byte lies in a file; `None` where it was unpacked.
    fn position(&self) -> Option<u64>;
}

/// What stands before an entry to tell more of it than its header can.
#[derive(Default)]
struct Attributes {
    path: Option<Vec<u8>>,
    link: Option<Vec<u8>>,
    size: Option<u64>,
    modified: Option<(i64, u64)>,
    is_sparse: bool,
}

/// Shows the entries of a tar archive. `prefix` is where the archive itself is.
pub(super) fn walk(
    source: &mut dyn Forward,
    prefix: &[u32],
    visitor: &mut dyn Visitor,
) -> Result<ControlFlow<()>, Fault> {
    let mut number = 0;
    let mut before = Attributes::default();
    let mut has_ended = false;
    loop {
        let mut block = [0; HEAD];
        match fill(source, &mut block)? {
            0 => return Ok(ControlFlow::Continue(())),
            HEAD => {}
            _ if has_ended => return Ok(ControlFlow::Continue(())),
            _ => return Err(Fault::Truncated),
        }
        if block.iter().all(|byte| *byte == 0) {
            // Another archive may follow: `cat` and `tar --append` to a tape leave such.
            has_ended = true;
            continue;
        }
        if !is_tar_header(&block) {
            if has_ended {
                // Padding. What is compressed is read on, for its checksum stands at its end.
                source.skip(u64::MAX)?;
                return Ok(ControlFlow::Continue(()));
            }
            return Err(Fault::Structure(format!(
                "the header of entry {} makes no sense; what follows is not read",
                u64::from(number) + 1
            )));
        }
        let header = Header::from_byte_slice(&block);
        let stored = header.entry_size().map_err(|_| {
            Fault::Structure(format!(
                "entry {} has a size that is no number; what follows is not read",
                number + 1
            ))
        })?;
        let kind = header.entry_type();
        if kind.is_gnu_longname() || kind.is_gnu_longlink() || is_extension(kind) {
            let content = attributes(source, stored)?;
            before.add(kind, &content);
            continue;
        }
        let known = std::mem::take(&mut before);
        let size = known.size.unwrap_or(stored);
        let name = known.path.as_deref().map_or_else(|| header.path_bytes(), Into::into);
        let mut place = prefix.to_vec();
        place.push(number);
        number = number.checked_add(1).ok_or(Fault::TooManyEntries(limits::MAX_ENTRIES))?;
        let mut content = Content { source: &mut *source, left: size };
        if visitor.wants(&place) {
            let kind = kind_of(kind, &name, &known, header);
            let readable = content_of(header.entry_type(), &known);
            let direct = content.source.position().filter(|_| readable.is_ok());
            let entry = Entry {
                name: names::utf8(&name),
                kind,
                size: Some(size),
                modified: known.modified.or_else(|| Some((i64::try_from(header.mtime().ok()?).ok()?, 0))),
                place,
                direct: direct.map(|at| Direct::Tar { at, len: size }),
                content: match readable {
                    Ok(()) => Ok(&mut content),
                    Err(fault) => Err(fault),
                },
            };
            if visitor.visit(entry).is_break() {
                return Ok(ControlFlow::Break(()));
            }
        }
        let left = content.left;
        skip(source, left)?;
        skip(source, padding(size))?;
    }
}

/// Extended headers of POSIX, for one entry and for all that follow, and Solaris' form of the former.
fn is_extension(kind: EntryType) -> bool {
    kind.is_pax_local_extensions() || kind.is_pax_global_extensions() || kind.as_byte() == b'X'
}

fn kind_of(kind: EntryType, name: &[u8], known: &Attributes, header: &Header) -> Kind {
    match kind.as_byte() {
        // Old archives tell a folder by the slash at the end of its name.
        0 | b'0' if name.ends_with(b"/") => Kind::Folder,
        b'1' => {
            let target =
                known.link.as_deref().map_or_else(|| header.link_name_bytes(), |link| Some(link.into()));
            Kind::HardLink(names::utf8(&target.unwrap_or_default()))
        }
        b'2' => Kind::SymbolicLink,
        b'3' | b'4' | b'6' => Kind::Special,
        b'5' | b'D' => Kind::Folder,
        // POSIX: an unknown type is to be treated as a regular file.
        _ => Kind::File,
    }
}

/// Whether the bytes that follow the header are those of the file.
fn content_of(kind: EntryType, known: &Attributes) -> Result<(), Fault> {
    if kind.is_gnu_sparse() || known.is_sparse {
        return Err(Fault::Method("sparse file of GNU tar".into()));
    }
    match kind.as_byte() {
        b'M' => Err(Fault::Split),
        _ => Ok(()),
    }
}

impl Attributes {
    fn add(&mut self, kind: EntryType, content: &[u8]) {
        let text = || content.split(|byte| *byte == 0).next().unwrap_or_default().to_vec();
        if kind.is_gnu_longname() {
            self.path = Some(text());
        } else if kind.is_gnu_longlink() {
            self.link = Some(text());
        } else if !kind.is_pax_global_extensions() {
            PaxExtensions::new(content)
                .flatten()
                .for_each(|one| self.add_pax(one.key_bytes(), one.value_bytes()));
        }
    }

    fn add_pax(&mut self, key: &[u8], value: &[u8]) {
        let text = || str::from_utf8(value).ok();
        match key {
            b"path" => self.path = Some(value.to_vec()),
            b"linkpath" => self.link = Some(value.to_vec()),
            b"size" => self.size = text().and_then(|size| size.parse().ok()),
            b"mtime" => self.modified = text().and_then(pax_time),
            _ if key.starts_with(b"GNU.sparse.") => self.is_sparse = true,
            _ => {}
        }
    }
}

/// A time in seconds with a fraction, as extended headers have it. One before 1970 is left to the header.
fn pax_time(text: &str) -> Option<(i64, u64)> {
    let (seconds, fraction) = text.split_once('.').unwrap_or((text, ""));
    let digits = fraction.get(..9).unwrap_or(fraction);
    let nanos = if digits.is_empty() { 0 } else { format!("{digits:0<9}").parse().ok()? };
    Some((i64::try_from(seconds.parse::<u64>().ok()?).ok()?, nanos))
}

/// The content of an entry that tells more of the next one.
fn attributes(source: &mut dyn Forward, size: u64) -> Result<Vec<u8>, Fault> {
    let mut content = Content { source, left: size };
    let bytes = read_up_to(&mut content, limits::MAX_TAR_ATTRIBUTES, "the attributes of a tar entry")?;
    skip(source, padding(size))?;
    Ok(bytes)
}

/// Bytes from the end of an entry to the next block.
fn padding(size: u64) -> u64 {
    (BLOCK - size % BLOCK) % BLOCK
}

fn skip(source: &mut dyn Forward, count: u64) -> Result<(), Fault> {
    if source.skip(count)? < count { Err(Fault::Truncated) } else { Ok(()) }
}

/// The bytes of an entry.
struct Content<'s> {
    source: &'s mut dyn Forward,
    left: u64,
}

impl Read for Content<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let most = usize::try_from(self.left).map_or(into.len(), |left| left.min(into.len()));
        let Some(into) = into.get_mut(..most).filter(|into| !into.is_empty()) else { return Ok(0) };
        match self.source.read(into)? {
            0 => Err(Fault::Truncated.into()),
            count => {
                self.left -= count as u64;
                Ok(count)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_of_extended_headers_have_nanoseconds() {
        assert_eq!(pax_time("1700000000.5"), Some((1_700_000_000, 500_000_000)));
        assert_eq!(pax_time("1700000000"), Some((1_700_000_000, 0)));
        assert_eq!(pax_time("1.0000000019"), Some((1, 1)));
        assert_eq!(pax_time("-1"), None);
        assert_eq!(pax_time("x"), None);
        assert_eq!([padding(0), padding(1), padding(512), padding(513)], [0, 511, 0, 511]);
    }
}
