//! Zip archives, entry by entry as their directory lists them.

use std::io::{self, Read};
use std::ops::ControlFlow;

use rawzip::extra_fields::ExtraFieldId;
use rawzip::time::ZipDateTimeKind;
use rawzip::{
    CompressionMethod, MAX_CENTRAL_DIRECTORY_RECORD_SIZE, ReaderAt, ZipArchive, ZipArchiveEntryWayfinder,
    ZipFileHeaderRecord, ZipLocator,
};

use super::entry::{Direct, Entry, Kind, Place, Visitor, fill, read_whole};
use super::fault::Fault;
use super::format::Compression;
use super::unpack::Unpacked;
use super::{limits, names};

/// What is needed of an entry of the directory.
struct Listed {
    name: String,
    kind: Kind,
    size: u64,
    modified: Option<(i64, u64)>,
    is_encrypted: bool,
    /// Whether the entries up to it are so long together that many share their bytes.
    is_shared: bool,
    method: CompressionMethod,
    packed_size: u64,
    wayfinder: ZipArchiveEntryWayfinder,
}

/// Shows the entries of a zip archive of `len` bytes. `prefix` is where the archive itself is; `is_file` tells that it is a
/// file of its own, so that entries can be read without what lies before them.
pub(super) fn walk<R: ReaderAt>(
    reader: &R,
    len: u64,
    prefix: &[u32],
    is_file: bool,
    visitor: &mut dyn Visitor,
) -> Result<ControlFlow<()>, Fault> {
    let mut buffer = vec![0; MAX_CENTRAL_DIRECTORY_RECORD_SIZE];
    let archive = locate(reader, len, &mut buffer)?;
    refuse_parts(&archive)?;
    let mut entries = archive.entries(&mut buffer);
    let mut number = 0;
    let mut packed = 0_u64;
    loop {
        let mut listed = match entries.next_entry() {
            Ok(Some(record)) => Listed::of(&record),
            Ok(None) => break,
            Err(error) => {
                return Err(Fault::Structure(format!(
                    "its directory makes no sense behind {number} entries ({error}); those behind them are not read"
                )));
            }
        };
        // One length that is damaged costs no other entry.
        packed = packed.saturating_add(listed.packed_size.min(len));
        listed.is_shared = packed > len.saturating_mul(limits::MAX_USES_OF_EACH_BYTE);
        let mut place: Place = prefix.to_vec();
        place.push(number);
        number = number.checked_add(1).ok_or(Fault::TooManyEntries(limits::MAX_ENTRIES))?;
        if visitor.wants(&place) && show(&archive, listed, place, is_file, visitor).is_break() {
            return Ok(ControlFlow::Break(()));
        }
    }
    let counted = archive.entries_hint();
    // Without zip64 the count has 16 bits, and some programs let it run over.
    if counted != u64::from(number) && counted != u64::from(number) % 65_536 {
        return Err(Fault::Structure(format!("says that it has {counted} entries, and lists {number}")));
    }
    Ok(ControlFlow::Continue(()))
}

/// Reads an entry of an archive that is a file of its own.
pub(super) fn read<R: ReaderAt>(
    reader: &R,
    len: u64,
    wayfinder: ZipArchiveEntryWayfinder,
    method: CompressionMethod,
) -> Result<Vec<u8>, Fault> {
    let mut buffer = vec![0; MAX_CENTRAL_DIRECTORY_RECORD_SIZE];
    let archive = locate(reader, len, &mut buffer)?;
    read_whole(&mut *content(&archive, wayfinder, method)?)
}

fn locate<'r, R: ReaderAt>(reader: &'r R, len: u64, buffer: &mut [u8]) -> Result<ZipArchive<&'r R>, Fault> {
    ZipLocator::new().locate_in_reader(reader, buffer, len).map_err(|(_, error)| match error.kind() {
        rawzip::ErrorKind::IO(error) if error.raw_os_error().is_some() => Fault::Io(error.to_string()),
        _ => Fault::Structure(format!(
            "its directory is not there ({error}): it is truncated, or one part of a split archive"
        )),
    })
}

/// An archive whose directory lies in another file than its entries cannot be read from this one alone.
fn refuse_parts<R: ReaderAt>(archive: &ZipArchive<R>) -> Result<(), Fault> {
    /// Where the numbers of this file and of that with the directory stand (APPNOTE.TXT 4.3.16).
    const PARTS: u64 = 4;
    /// Means that zip64 says it.
    const ELSEWHERE: u16 = u16::MAX;

    let mut numbers = [0; 4];
    let found = archive.get_ref().read_at(&mut numbers, archive.eocd_offset() + PARTS)?;
    let [this, of_directory] = [[numbers[0], numbers[1]], [numbers[2], numbers[3]]].map(u16::from_le_bytes);
    let is_part = |number: u16| number != 0 && number != ELSEWHERE;
    if found == numbers.len() && (is_part(this) || is_part(of_directory)) {
        return Err(Fault::Split);
    }
    Ok(())
}

fn show<R: ReaderAt>(
    archive: &ZipArchive<R>,
    listed: Listed,
    place: Place,
    is_file: bool,
    visitor: &mut dyn Visitor,
) -> ControlFlow<()> {
    let mut opened = match &listed.kind {
        Kind::Folder => Ok(Box::new(io::empty()) as Box<dyn Read>),
        _ if listed.is_encrypted => Err(Fault::Encrypted),
        _ if listed.is_shared => Err(Fault::Shared),
        _ => content(archive, listed.wayfinder, listed.method),
    };
    let direct = Direct::Zip { wayfinder: listed.wayfinder, method: listed.method };
    visitor.visit(Entry {
        name: listed.name,
        kind: listed.kind,
        size: Some(listed.size),
        modified: listed.modified,
        place,
        direct: (is_file && opened.is_ok()).then_some(direct),
        content: match &mut opened {
            Ok(content) => Ok(&mut **content),
            Err(fault) => Err(fault.clone()),
        },
    })
}

/// The bytes of an entry; its checksum and length are checked when they are read to their end.
fn content<'a, R: ReaderAt>(
    archive: &'a ZipArchive<R>,
    wayfinder: ZipArchiveEntryWayfinder,
    method: CompressionMethod,
) -> Result<Box<dyn Read + 'a>, Fault> {
    let compression = match method {
        CompressionMethod::STORE => Compression::Stored,
        CompressionMethod::DEFLATE => Compression::Deflate,
        CompressionMethod::ZSTD => Compression::Zstd,
        CompressionMethod::XZ => Compression::Xz,
        other => {
            let name = other.name().map(|name| format!(", {name}")).unwrap_or_default();
            return Err(Fault::Method(format!("{}{name}", other.as_u16())));
        }
    };
    let entry = archive.get_entry(wayfinder).map_err(|error| Fault::of_zip_entry(error.kind()))?;
    let unpacked = Unpacked::new(entry.reader(), compression);
    Ok(Box::new(Checked { content: entry.verifying_reader(unpacked), has_ended: false }))
}

/// Asks for more than an entry has, for the check comes with the end.
struct Checked<R> {
    content: R,
    has_ended: bool,
}

impl<R: Read> Read for Checked<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if self.has_ended || into.is_empty() {
            return Ok(0);
        }
        let count = fill(&mut self.content, into)?;
        self.has_ended = count < into.len();
        Ok(count)
    }
}

impl Listed {
    fn of(record: &ZipFileHeaderRecord<'_>) -> Self {
        let path = record.file_path();
        let stored: &[u8] = path.as_ref();
        let unicode = unicode_path(record, stored);
        let is_utf8 = record.flags().is_utf8() || unicode.is_some();
        let raw = unicode.unwrap_or(stored);
        let kind = if record.mode().is_symlink() {
            Kind::SymbolicLink
        } else if raw.ends_with(b"/") || raw.ends_with(b"\\") {
            Kind::Folder
        } else {
            Kind::File
        };
        let flags = record.flags();
        let modified = match record.last_modified() {
            ZipDateTimeKind::Utc(time) => Some((time.to_unix(), time.nanosecond().into())),
            // Without a time zone it is no time that could be compared.
            ZipDateTimeKind::Local(_) => None,
        };
        Self {
            name: names::of_zip(raw, is_utf8),
            kind,
            size: record.uncompressed_size_hint(),
            modified,
            is_encrypted: flags.is_encrypted() || flags.has_strong_encryption(),
            is_shared: false,
            packed_size: record.compressed_size_hint(),
            method: record.compression_method(),
            wayfinder: record.wayfinder(),
        }
    }
}

/// The name in UTF-8 that Info-ZIP writes beside one in a code page (APPNOTE.TXT 4.6.9): it counts where its CRC-32 is that of
/// the other one.
fn unicode_path<'r>(record: &'r ZipFileHeaderRecord<'_>, stored: &[u8]) -> Option<&'r [u8]> {
    let (_, field) = record.extra_fields().find(|(id, _)| *id == ExtraFieldId::INFO_ZIP_UNICODE_PATH)?;
    let (version, rest) = field.split_first()?;
    let (crc, name) = rest.split_first_chunk::<4>()?;
    let mut computed = flate2::Crc::new();
    computed.update(stored);
    (*version == 1 && u32::from_le_bytes(*crc) == computed.sum()).then_some(name)
}
