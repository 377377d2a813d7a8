//! Archives for tests, also such as no program makes. Zip and xz are written by hand from their specifications, so that every
//! field can lie.

use std::io::Write as _;

/// A file to be packed: its path and its bytes.
pub type File<'f> = (&'f str, &'f [u8]);

/// An entry of a zip archive; what is not said is as it should be.
#[derive(Clone, Default)]
pub struct Entry {
    pub name: Vec<u8>,
    pub bytes: Vec<u8>,
    /// General purpose bits.
    pub flags: u16,
    /// 0 or 8 are packed as they say, others as they are.
    pub method: u16,
    pub crc: Option<u32>,
    /// What the directory says of the length.
    pub size: Option<u64>,
    /// What the directory says of the packed length.
    pub packed_size: Option<u64>,
    /// Whether lengths are told in the extra field for zip64.
    pub zip64: bool,
    /// The mode of Unix, if the archive tells one.
    pub mode: Option<u32>,
    /// Further extra fields of the directory.
    pub extra: Vec<u8>,
}

impl Entry {
    /// A deflated file.
    pub fn new(name: &str, bytes: &[u8]) -> Self {
        let flags = if name.is_ascii() { 0 } else { 1 << 11 };
        Self { name: name.into(), bytes: bytes.to_vec(), flags, method: 8, ..Self::default() }
    }
}

/// A zip archive of deflated files.
pub fn zip(files: &[File<'_>]) -> Vec<u8> {
    zip_of(&files.iter().map(|(name, bytes)| Entry::new(name, bytes)).collect::<Vec<_>>())
}

/// A zip archive. Entries whose bit 3 is set have their lengths behind their bytes.
pub fn zip_of(entries: &[Entry]) -> Vec<u8> {
    let (mut archive, mut directory) = (Vec::new(), Vec::new());
    let mut any_zip64 = false;
    for entry in entries {
        let packed = if entry.method == 8 { deflate(&entry.bytes) } else { entry.bytes.clone() };
        let mut crc = flate2::Crc::new();
        crc.update(&entry.bytes);
        let crc = entry.crc.unwrap_or(crc.sum());
        let size = entry.size.unwrap_or(entry.bytes.len() as u64);
        let packed_size = entry.packed_size.unwrap_or(packed.len() as u64);
        any_zip64 |= entry.zip64;
        let offset = archive.len() as u64;
        let has_descriptor = entry.flags & 8 != 0;
        let short = |number: u64| if entry.zip64 { u32::MAX } else { u32::try_from(number).unwrap() };

        archive.extend(b"PK\x03\x04\x2d\0");
        archive.extend(entry.flags.to_le_bytes());
        archive.extend(entry.method.to_le_bytes());
        archive.extend([0; 4]);
        for number in [crc, short(packed_size), short(size)] {
            archive.extend((if has_descriptor { 0 } else { number }).to_le_bytes());
        }
        let local_extra: Vec<u8> = if entry.zip64 {
            [&[1, 0, 16, 0][..], &size.to_le_bytes(), &packed_size.to_le_bytes()].concat()
        } else {
            Vec::new()
        };
        archive.extend(u16::try_from(entry.name.len()).unwrap().to_le_bytes());
        archive.extend(u16::try_from(local_extra.len()).unwrap().to_le_bytes());
        archive.extend(&entry.name);
        archive.extend(local_extra);
        archive.extend(&packed);
        if has_descriptor {
            archive.extend(b"PK\x07\x08");
            archive.extend(crc.to_le_bytes());
            if entry.zip64 {
                archive.extend(packed_size.to_le_bytes());
                archive.extend(size.to_le_bytes());
            } else {
                archive.extend(short(packed_size).to_le_bytes());
                archive.extend(short(size).to_le_bytes());
            }
        }

        let mut extra = entry.extra.clone();
        if entry.zip64 {
            extra.extend([1, 0, 24, 0]);
            for number in [size, packed_size, offset] {
                extra.extend(number.to_le_bytes());
            }
        }
        directory.extend(b"PK\x01\x02\x2d\x03\x2d\0");
        directory.extend(entry.flags.to_le_bytes());
        directory.extend(entry.method.to_le_bytes());
        directory.extend([0; 4]);
        for number in [crc, short(packed_size), short(size)] {
            directory.extend(number.to_le_bytes());
        }
        directory.extend(u16::try_from(entry.name.len()).unwrap().to_le_bytes());
        directory.extend(u16::try_from(extra.len()).unwrap().to_le_bytes());
        directory.extend([0; 6]);
        directory.extend((entry.mode.unwrap_or(0o100_644) << 16).to_le_bytes());
        directory.extend(short(offset).to_le_bytes());
        directory.extend(&entry.name);
        directory.extend(extra);
    }
    let start = archive.len() as u64;
    archive.extend(&directory);
    let count = entries.len() as u64;
    if any_zip64 {
        let at = archive.len() as u64;
        archive.extend(b"PK\x06\x06");
        archive.extend(44_u64.to_le_bytes());
        archive.extend([45, 3, 45, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
        for number in [count, count, directory.len() as u64, start] {
            archive.extend(number.to_le_bytes());
        }
        archive.extend(b"PK\x06\x07\0\0\0\0");
        archive.extend(at.to_le_bytes());
        archive.extend(1_u32.to_le_bytes());
    }
    archive.extend(b"PK\x05\x06\0\0\0\0");
    for _ in 0..2 {
        archive.extend(if any_zip64 { u16::MAX } else { u16::try_from(count).unwrap() }.to_le_bytes());
    }
    for number in [directory.len() as u64, start] {
        archive.extend(if any_zip64 { u32::MAX } else { u32::try_from(number).unwrap() }.to_le_bytes());
    }
    archive.extend([0; 2]);
    archive
}

/// A tar archive.
pub fn tar(files: &[File<'_>]) -> Vec<u8> {
    let entries: Vec<Vec<u8>> = files.iter().map(|(name, bytes)| tar_entry(name, b'0', bytes, "")).collect();
    tar_of(&entries)
}

/// A tar archive of entries.
pub fn tar_of(entries: &[Vec<u8>]) -> Vec<u8> {
    [entries.concat(), vec![0; 1_024]].concat()
}

/// An entry of a tar archive, with a longer name in an entry before it, as GNU tar writes it.
pub fn tar_entry(name: &str, kind: u8, bytes: &[u8], link: &str) -> Vec<u8> {
    let mut entry = Vec::new();
    if name.len() > 100 {
        entry = tar_entry("././@LongLink", b'L', &[name.as_bytes(), &[0]].concat(), "");
    }
    let mut header = tar::Header::new_gnu();
    let written = &name.as_bytes()[..name.len().min(100)];
    header.as_old_mut().name[..written.len()].copy_from_slice(written);
    header.as_old_mut().linkname[..link.len()].copy_from_slice(link.as_bytes());
    header.set_entry_type(tar::EntryType::new(kind));
    header.set_mode(0o644);
    header.set_size(bytes.len() as u64);
    header.set_mtime(1_600_000_000);
    header.set_cksum();
    entry.extend(header.as_bytes());
    entry.extend(bytes);
    entry.resize(entry.len().next_multiple_of(512), 0);
    entry
}

pub fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(bytes).expect("memory");
    encoder.finish().expect("memory")
}

pub fn zstd(bytes: &[u8]) -> Vec<u8> {
    ruzstd::encoding::compress_to_vec(bytes, ruzstd::encoding::CompressionLevel::Fastest)
}

/// An xz stream of one block, in chunks that are not compressed ("The .xz File Format", 1.2.1).
pub fn xz(bytes: &[u8]) -> Vec<u8> {
    let crc = |bytes: &[u8]| {
        let mut crc = flate2::Crc::new();
        crc.update(bytes);
        crc.sum().to_le_bytes()
    };
    let with_crc = |bytes: &[u8]| [bytes, &crc(bytes)[..]].concat();
    let padded = |mut bytes: Vec<u8>| {
        bytes.resize(bytes.len().next_multiple_of(4), 0);
        bytes
    };
    // CRC-32 as the check.
    let flags = [0, 1];
    // One filter, LZMA2 with a dictionary of 64 KiB.
    let block_header = with_crc(&[2, 0, 0x21, 1, 8, 0, 0, 0]);
    let mut chunks = Vec::new();
    for (number, chunk) in bytes.chunks(1 << 16).enumerate() {
        chunks.push(if number == 0 { 1 } else { 2 });
        chunks.extend(u16::try_from(chunk.len() - 1).unwrap().to_be_bytes());
        chunks.extend(chunk);
    }
    chunks.push(0);
    let unpadded = (block_header.len() + chunks.len() + 4) as u64;
    let index = with_crc(&padded([vec![0, 1], number(unpadded), number(bytes.len() as u64)].concat()));
    let backward = u32::try_from(index.len() / 4 - 1).unwrap().to_le_bytes();
    let footer_fields = [&backward[..], &flags].concat();
    [
        b"\xfd7zXZ\0".to_vec(),
        with_crc(&flags),
        block_header,
        padded(chunks),
        crc(bytes).to_vec(),
        index,
        crc(&footer_fields).to_vec(),
        footer_fields,
        b"YZ".to_vec(),
    ]
    .concat()
}

/// A number in seven bits a byte.
fn number(mut number: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    while number > 0x7f {
        bytes.push(u8::try_from(number & 0x7f).expect("seven bits") | 0x80);
        number >>= 7;
    }
    bytes.push(u8::try_from(number).expect("seven bits"));
    bytes
}

fn deflate(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(bytes).expect("memory");
    encoder.finish().expect("memory")
}
