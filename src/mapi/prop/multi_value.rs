//! Lists of strings and of byte strings: a count, then one offset (and length) per element, then the elements.
//!
//! Offsets and lengths count from the start of the value. They take four bytes where a 32-bit MAPI wrote the value and
//! eight where a 64-bit one did; both occur in one hive, and only the first offset tells, since the elements begin
//! where the header ends.

use std::fmt;

/// How wide the offsets and lengths of a list are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PointerWidth {
    /// Written by a 32-bit MAPI.
    Bits32,
    /// Written by a 64-bit MAPI.
    Bits64,
}

impl PointerWidth {
    fn bytes(self) -> usize {
        match self {
            Self::Bits32 => 4,
            Self::Bits64 => 8,
        }
    }
}

/// `32-bit` or `64-bit`.
impl fmt::Display for PointerWidth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Bits32 => "32-bit",
            Self::Bits64 => "64-bit",
        })
    }
}

/// Why a list, or the rest of it, cannot be read. Indices count from 0, offsets from the start of the value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ElementError {
    /// The header alone would be longer than the value.
    #[error("{count} elements need a header of {needed} bytes, the value has {found}")]
    Header {
        /// Elements claimed.
        count: u32,
        /// Bytes their offsets and lengths take, with the count.
        needed: u64,
        /// Bytes there are.
        found: usize,
    },
    /// The first element does not begin where the header ends.
    #[error("first element at {found}, expected {expected}")]
    FirstOffset {
        /// Where the header ends.
        expected: u64,
        /// The offset stored.
        found: u64,
    },
    /// An element lies outside of the value, or in its header.
    #[error("element {index} at {offset} with {len} bytes does not fit into {found}")]
    OutOfBounds {
        /// Which element.
        index: u32,
        /// Its offset as stored.
        offset: u64,
        /// Its length as stored; 0 for strings, which have none.
        len: u64,
        /// Bytes of the whole value.
        found: usize,
    },
    /// A list without elements ends after its count.
    #[error("no elements in {found} bytes")]
    NoElements {
        /// Bytes of the whole value.
        found: usize,
    },
    /// The elements claim more bytes together than the value has, so that some must share theirs.
    #[error("element {index} shares bytes with others")]
    Shared {
        /// The element with which the sum is exceeded.
        index: u32,
    },
}

/// The elements that could be read, in order.
pub(super) struct Elements<'a> {
    /// Strings without their NUL.
    pub(super) items: Vec<&'a [u8]>,
    /// Whether every string among them has its NUL.
    pub(super) terminated: bool,
    /// `None` for a list without elements, which has nothing to tell it by.
    pub(super) width: Option<PointerWidth>,
    /// Why there are not more of them.
    pub(super) error: Option<ElementError>,
}

/// Reads a list of strings; `until_nul` cuts what it is given at the first NUL and tells whether there was one.
pub(super) fn strings<'a>(
    data: &'a [u8],
    until_nul: impl Fn(&'a [u8]) -> (&'a [u8], bool),
) -> Result<Elements<'a>, [ElementError; 2]> {
    read(data, Layout { fields: 1 }, |_, tail| Some(until_nul(tail)))
}

/// Reads a list of byte strings.
pub(super) fn binaries(data: &[u8]) -> Result<Elements<'_>, [ElementError; 2]> {
    read(data, Layout { fields: 2 }, |len, tail| Some((tail.get(..usize::try_from(len).ok()?)?, true)))
}

/// What stands in the header for each element: an offset, or a length and an offset.
#[derive(Clone, Copy)]
struct Layout {
    fields: usize,
}

/// Elements in the width that the first offset shows; failing that, in the only width in which all of them fit.
fn read<'a>(
    data: &'a [u8],
    layout: Layout,
    element: impl Fn(u64, &'a [u8]) -> Option<(&'a [u8], bool)>,
) -> Result<Elements<'a>, [ElementError; 2]> {
    let Some((count, _)) = data.split_first_chunk::<4>() else {
        let error = ElementError::Header { count: 0, needed: 4, found: data.len() };
        return Err([error, error]);
    };
    let count = u32::from_le_bytes(*count);
    if count == 0 {
        let error = ElementError::NoElements { found: data.len() };
        let nothing = Elements { items: Vec::new(), terminated: true, width: None, error: None };
        return if data.len() <= 8 { Ok(nothing) } else { Err([error, error]) };
    }

    let headers =
        [PointerWidth::Bits32, PointerWidth::Bits64].map(|width| Header::find(data, layout, width, count));
    let convincing = headers.iter().flatten().find(|header| header.first_offset_error().is_none());
    if let Some(header) = convincing {
        return Ok(header.elements(data, &element));
    }

    let attempts = headers.map(|header| {
        let header = header?;
        let unconvincing = header.first_offset_error();
        match header.elements(data, &element) {
            elements @ Elements { error: None, .. } => Ok(Elements { error: unconvincing, ..elements }),
            elements => {
                Err(unconvincing.or(elements.error).unwrap_or(ElementError::NoElements { found: data.len() }))
            }
        }
    });
    match attempts {
        [Ok(elements), Err(_)] | [Err(_), Ok(elements)] => Ok(elements),
        // Where both fit, neither can be believed.
        attempts => Err(attempts.map(|attempt| match attempt {
            Err(error) | Ok(Elements { error: Some(error), .. }) => error,
            Ok(_) => ElementError::NoElements { found: data.len() },
        })),
    }
}

/// The header read in one width.
#[derive(Clone, Copy)]
struct Header<'a> {
    width: PointerWidth,
    layout: Layout,
    /// What follows the count up to the end of the header.
    bytes: &'a [u8],
}

impl<'a> Header<'a> {
    fn find(data: &'a [u8], layout: Layout, width: PointerWidth, count: u32) -> Result<Self, ElementError> {
        let needed = 4 + u64::from(count) * (width.bytes() * layout.fields) as u64;
        let bytes = usize::try_from(needed).ok().and_then(|needed| data.get(4..needed));
        let bytes = bytes.ok_or(ElementError::Header { count, needed, found: data.len() })?;
        Ok(Self { width, layout, bytes })
    }

    fn end(&self) -> u64 {
        4 + self.bytes.len() as u64
    }

    /// Length (0 for strings) and offset of each element, as stored.
    fn places(&self) -> impl Iterator<Item = (u64, u64)> {
        let field = |bytes: &[u8]| match (bytes.as_array::<4>(), bytes.as_array::<8>()) {
            (Some(narrow), _) => u64::from(u32::from_le_bytes(*narrow)),
            (_, Some(wide)) => u64::from_le_bytes(*wide),
            _ => 0,
        };
        let width = self.width.bytes();
        self.bytes.chunks_exact(width * self.layout.fields).map(move |place| match place.split_at(width) {
            (offset, []) => (0, field(offset)),
            (len, offset) => (field(len), field(offset)),
        })
    }

    fn first_offset_error(&self) -> Option<ElementError> {
        let (_, found) = self.places().next()?;
        (found != self.end()).then_some(ElementError::FirstOffset { expected: self.end(), found })
    }

    /// The elements before the first bad one. All together they may not be longer than the value: without that bound, a
    /// small value whose elements all point to the same bytes would grow without limit.
    fn elements(
        &self,
        data: &'a [u8],
        element: impl Fn(u64, &'a [u8]) -> Option<(&'a [u8], bool)>,
    ) -> Elements<'a> {
        let mut read = Elements { items: Vec::new(), terminated: true, width: Some(self.width), error: None };
        let mut left = data.len();
        for (index, (len, offset)) in (0_u32..).zip(self.places()) {
            let tail =
                usize::try_from(offset).ok().filter(|_| offset >= self.end()).and_then(|at| data.get(at..));
            let Some((bytes, terminated)) = tail.and_then(|tail| element(len, tail)) else {
                read.error = Some(ElementError::OutOfBounds { index, offset, len, found: data.len() });
                break;
            };
            let Some(rest) = left.checked_sub(bytes.len()) else {
                read.error = Some(ElementError::Shared { index });
                break;
            };
            left = rest;
            read.terminated &= terminated;
            read.items.push(bytes);
        }
        read
    }
}
