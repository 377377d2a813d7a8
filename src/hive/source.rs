//! Files opened as evidence: read-only, without waiting, without following the unexpected, and without leaving a trace
//! where that is allowed. The only place with `unsafe`, here, in `source/fault.rs` and in `source/range.rs`.

mod buffer;
mod fault;
mod range;

use std::fs::File;
use std::io::{self, Read as _};
use std::os::fd::AsFd as _;
use std::path::Path;
use std::sync::Arc;

use memmap2::{Mmap, MmapMut, MmapOptions};
use rustix::fs::{FileType, Mode, OFlags};
use rustix::io::Errno;

use super::limits;
use buffer::Buffer;
use fault::Watch;
use range::InRange;

pub use fault::survive_failing_pages;

/// A file that could not be opened as evidence.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// The system refused.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// A folder, pipe, device or socket.
    #[error("not a regular file ({0})")]
    NotAFile(&'static str),
    /// A symbolic link met while walking a folder.
    #[error("a symbolic link, which is not followed inside a folder")]
    SymbolicLink,
}

/// Whether a symbolic link may be followed: a path that the user named is, what a folder holds is not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Links {
    /// Follow.
    Follow,
    /// Refuse.
    Refuse,
}

/// An opened evidence file and what it was when it was opened, or a file that was taken from an archive.
#[derive(Debug)]
pub struct HiveSource {
    lies: Lies,
    opened: Identity,
}

/// Where the bytes are.
#[derive(Debug)]
enum Lies {
    /// In a file.
    InFile(File),
    /// In memory, whole and never changed.
    InMemory(Arc<Vec<u8>>),
}

/// What changes when a file changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Identity {
    /// Length in bytes.
    pub len: u64,
    /// Last modification: seconds since 1970 and nanoseconds; `None` where an archive does not say it in UTC.
    pub modified: Option<(i64, u64)>,
    device: u64,
    inode: u64,
}

/// How the bytes of a file are had.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// Mapped where that is safe and worth it: for looking at a few places.
    Map,
    /// Read into memory, and mapped only where it is long: for looking at every byte.
    ReadUnlessLong,
    /// Read into memory.
    Read,
}

/// The bytes of a file: mapped, mapped copy-on-write, or in memory.
#[derive(Debug)]
pub struct Bytes {
    // Dropped before the mapping it watches.
    watch: Option<Watch>,
    held: Held,
}

#[derive(Debug)]
enum Held {
    /// A private read-only mapping in the addresses of a thread.
    InRange(InRange),
    /// A private read-only mapping of its own.
    Map(Mmap),
    /// A private mapping whose changes never reach the file.
    CopyOnWrite(MmapMut),
    /// A copy in memory.
    Buffer(Buffer),
    /// Bytes in memory that others read too.
    Shared(Arc<Vec<u8>>),
}

impl std::ops::Deref for Bytes {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match &self.held {
            Held::InRange(map) => map,
            Held::Map(map) => map,
            Held::CopyOnWrite(map) => map,
            Held::Buffer(bytes) => bytes,
            Held::Shared(bytes) => bytes,
        }
    }
}

impl Bytes {
    fn buffer(bytes: Buffer) -> Self {
        Self { watch: None, held: Held::Buffer(bytes) }
    }

    /// A copy in private memory, cut or filled up with zeros to `len`.
    pub(super) fn copy_of(bytes: &[u8], len: usize) -> io::Result<Self> {
        Buffer::copy_of(bytes, len).map(Self::buffer)
    }

    /// Whether a page of them may fail while they are read.
    fn is_mapped(&self) -> bool {
        matches!(self.held, Held::InRange(_) | Held::Map(_) | Held::CopyOnWrite(_))
    }

    /// The bytes, to be changed in private memory; `None` of those that others have too.
    pub(super) fn private_mut(&mut self) -> Option<&mut [u8]> {
        match &mut self.held {
            Held::Buffer(bytes) => Some(bytes),
            Held::CopyOnWrite(map) => Some(map),
            Held::InRange(_) | Held::Map(_) | Held::Shared(_) => None,
        }
    }

    /// Watches a new mapping; `None` where it should be watched and cannot be.
    fn watched(held: Held) -> Option<Self> {
        let mut bytes = Self { watch: None, held };
        if fault::is_installed() {
            bytes.watch = Some(Watch::begin(&bytes)?);
        }
        Some(bytes)
    }

    /// Whether a page of the file could not be had while the bytes were read, so that some of them were zeros that are
    /// not in the file. Everything learnt from them is to be discarded.
    pub fn failed(&self) -> bool {
        self.watch.as_ref().is_some_and(Watch::failed)
    }
}

impl HiveSource {
    /// Opens a regular file. A pipe or device is told, never waited for; the access time stays as it is where the
    /// system allows that (owner or root).
    pub fn open(path: &Path, links: Links) -> Result<Self, SourceError> {
        let mut flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK | OFlags::NOCTTY;
        if links == Links::Refuse {
            flags |= OFlags::NOFOLLOW;
        }
        let open = |flags| rustix::fs::open(path, flags, Mode::empty());
        let file = match open(flags | OFlags::NOATIME) {
            Err(Errno::PERM) => open(flags),
            other => other,
        };
        let file = match file {
            Ok(file) => File::from(file),
            Err(Errno::LOOP) if links == Links::Refuse => return Err(SourceError::SymbolicLink),
            Err(Errno::NXIO) => return Err(SourceError::NotAFile("socket or device")),
            Err(error) => return Err(SourceError::Io(error.into())),
        };
        let (opened, kind) = identify(&file)?;
        match kind {
            FileType::RegularFile => Ok(Self { lies: Lies::InFile(file), opened }),
            FileType::Directory => Err(SourceError::NotAFile("folder")),
            FileType::Fifo => Err(SourceError::NotAFile("named pipe")),
            FileType::Socket => Err(SourceError::NotAFile("socket")),
            FileType::CharacterDevice | FileType::BlockDevice => Err(SourceError::NotAFile("device")),
            FileType::Symlink => Err(SourceError::SymbolicLink),
            FileType::Unknown => Err(SourceError::NotAFile("of unknown kind")),
        }
    }

    /// A file that was taken from an archive. `modified` is when it was last modified, as the archive says.
    pub fn in_memory(bytes: Arc<Vec<u8>>, modified: Option<(i64, u64)>) -> Self {
        let opened = Identity { len: bytes.len() as u64, modified, device: 0, inode: 0 };
        Self { lies: Lies::InMemory(bytes), opened }
    }

    /// What the file was when it was opened.
    pub fn identity(&self) -> Identity {
        self.opened
    }

    /// Whether the file is now another one than when it was opened.
    pub fn has_changed(&self) -> io::Result<bool> {
        match &self.lies {
            Lies::InFile(file) => identify(file).map(|(now, _)| now != self.opened),
            Lies::InMemory(_) => Ok(false),
        }
    }

    /// Reads up to `len` bytes from `at`, fewer at the end of the file.
    pub fn read_at(&self, at: u64, len: usize) -> io::Result<Vec<u8>> {
        let mut bytes = vec![0; len];
        let mut filled = 0;
        while let Some(rest) = bytes.get_mut(filled..).filter(|rest| !rest.is_empty()) {
            match self.read_some_at(at + filled as u64, rest)? {
                0 => break,
                count => filled += count,
            }
        }
        bytes.truncate(filled);
        Ok(bytes)
    }

    /// Reads some bytes from `at` and tells how many; none at the end of the file.
    pub fn read_some_at(&self, at: u64, into: &mut [u8]) -> io::Result<usize> {
        use std::os::unix::fs::FileExt as _;
        match &self.lies {
            Lies::InFile(file) => loop {
                match file.read_at(into, at) {
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                    result => return result,
                }
            },
            Lies::InMemory(bytes) => {
                let mut rest = usize::try_from(at).ok().and_then(|at| bytes.get(at..)).unwrap_or_default();
                rest.read(into)
            }
        }
    }

    /// The bytes of the file, to be read only.
    pub fn bytes(&self, way: Way) -> io::Result<Bytes> {
        self.bytes_shown(way, |_| {})
    }

    /// The same; shows the bytes to `show`, piece by piece and in their order. What is read into memory is shown while it is
    /// in the processor's cache.
    pub fn bytes_shown(&self, way: Way, mut show: impl FnMut(&[u8])) -> io::Result<Bytes> {
        let file = match &self.lies {
            Lies::InFile(file) => file,
            Lies::InMemory(bytes) => {
                show(bytes);
                return Ok(Bytes { watch: None, held: Held::Shared(Arc::clone(bytes)) });
            }
        };
        let longest_read = match way {
            Way::Map => limits::MAX_READ_TO_HEAP,
            Way::ReadUnlessLong => limits::MAX_READ_WHOLE as u64,
            Way::Read => u64::MAX,
        };
        if self.opened.len > longest_read && !is_remote(file) {
            let mapped = match usize::try_from(self.opened.len).ok().and_then(|len| InRange::map(file, len)) {
                Some(map) => Held::InRange(map),
                None => Held::Map(map_alone(file)?),
            };
            if let Some(bytes) = Bytes::watched(mapped) {
                show(&bytes);
                return Ok(bytes);
            }
        }
        self.read(0, show).map(Bytes::buffer)
    }

    /// The bytes of the file in private memory, to be changed there, `len` of them: zeros follow where the file ends before.
    /// `bytes` are those of the file, as they were read before.
    pub(super) fn private_bytes(&self, bytes: &Bytes, len: usize) -> io::Result<Bytes> {
        if !bytes.is_mapped() {
            return Bytes::copy_of(bytes, len);
        }
        let fits = u64::try_from(len).is_ok_and(|len| len == self.opened.len);
        if let Lies::InFile(file) = &self.lies
            && fits
            && len > limits::MAX_READ_WHOLE
        {
            // SAFETY: as in `map_alone`; changes to the mapping stay in this process (`MAP_PRIVATE`).
            #[allow(unsafe_code, reason = "a large hive is patched without copying it")]
            let map = unsafe { MmapOptions::new().map_copy(file) }?;
            if let Some(bytes) = Bytes::watched(Held::CopyOnWrite(map)) {
                return Ok(bytes);
            }
        }
        // Reading is cheaper than copying out of a mapping.
        let mut copy = self.read(len, |_| {})?;
        copy.fill_up(len);
        Ok(Bytes::buffer(copy))
    }

    /// Reads all into memory with room for at least `room` bytes. A file that grew meanwhile is reported as changed, not read
    /// on.
    fn read(&self, room: usize, show: impl FnMut(&[u8])) -> io::Result<Buffer> {
        let len = usize::try_from(self.opened.len).map_err(|_| io::ErrorKind::OutOfMemory)?;
        Buffer::read(len, room, |at, into| self.read_some_at(at, into), show)
    }
}

/// A mapping of a whole file at addresses of its own.
fn map_alone(file: &File) -> io::Result<Mmap> {
    // SAFETY: the mapping is private and read-only. Rust asks that nobody changes the file meanwhile, which no program can
    // enforce: it holds as far as evidence is not written while it is examined. Where it is, `has_changed` finds it and its unit is
    // reported. Until then readers index checked slices, make no `str` of mapped bytes and keep no fact about a byte that
    // they do not read again, so that other bytes are other facts.
    #[allow(unsafe_code, reason = "mapping a file is the way in for hives")]
    unsafe {
        MmapOptions::new().map_copy_read_only(file)
    }
}

/// Whether the file lies where a page that cannot be fetched would kill the process: network and user-space file
/// systems.
fn is_remote(file: &File) -> bool {
    /// Magic numbers of statfs(2): NFS, SMB, CIFS, SMB2, FUSE, 9P, Ceph, AFS, Coda, Lustre.
    const REMOTE: [u32; 10] = [
        0x6969,
        0x517b,
        0xff53_4d42,
        0xfe53_4d42,
        0x6573_5546,
        0x0102_1997,
        0x00c3_6400,
        0x5346_414f,
        0x7375_7245,
        0x0bd0_0bd0,
    ];
    rustix::fs::fstatfs(file.as_fd())
        .is_ok_and(|info| u32::try_from(info.f_type & 0xffff_ffff).is_ok_and(|kind| REMOTE.contains(&kind)))
}

fn identify(file: &File) -> io::Result<(Identity, FileType)> {
    let stat = rustix::fs::fstat(file)?;
    #[allow(clippy::useless_conversion, reason = "rustix has it unsigned from the kernel, signed from libc")]
    let nanoseconds = u64::try_from(stat.st_mtime_nsec).unwrap_or(0);
    let identity = Identity {
        len: u64::try_from(stat.st_size).unwrap_or(0),
        modified: Some((stat.st_mtime, nanoseconds)),
        device: stat.st_dev,
        inode: stat.st_ino,
    };
    Ok((identity, FileType::from_raw_mode(stat.st_mode)))
}
