//! Compressed streams, unpacked with their checksums checked and their size bounded.

use std::cell::Cell;
use std::io::{self, BufRead, BufReader, Read};
use std::rc::Rc;

use flate2::bufread::{DeflateDecoder, GzDecoder};
use ruzstd::decoding::errors::{FrameDecoderError, ReadFrameHeaderError};
use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder};
use xz4rust::{XzDecoder, XzError};

use super::fault::Fault;
use super::format::Compression;
use super::limits;
use crate::hive::contain;

/// Bytes that are read at once. Of most entries of an archive only the first few thousand bytes are looked at.
const BUFFER: usize = 16 << 10;

/// What a stream unpacks to.
pub(super) struct Unpacked<R: Read> {
    decoder: Decoder<BufReader<Counted<R>>>,
    /// Compressed bytes that were read.
    packed: Rc<Cell<u64>>,
    /// Bytes that were given.
    given: u64,
    /// Why no more are given.
    fault: Option<Fault>,
}

enum Decoder<R: BufRead> {
    Stored(R),
    Deflate(Box<DeflateDecoder<R>>),
    Gzip(Gzip<R>),
    Xz(Box<Xz<R>>),
    Zstd(Box<Zstd<R>>),
}

impl<R: Read> Unpacked<R> {
    /// Unpacks what `packed` gives.
    pub(super) fn new(packed: R, compression: Compression) -> Self {
        let count = Rc::new(Cell::new(0));
        let input = BufReader::with_capacity(BUFFER, Counted { inner: packed, count: Rc::clone(&count) });
        let decoder = match compression {
            Compression::Stored => Decoder::Stored(input),
            Compression::Deflate => Decoder::Deflate(Box::new(DeflateDecoder::new(input))),
            Compression::Gzip => Decoder::Gzip(Gzip { decoder: Some(GzDecoder::new(input)) }),
            Compression::Xz => Decoder::Xz(Box::new(Xz::new(input))),
            Compression::Zstd => Decoder::Zstd(Box::new(Zstd::new(input))),
        };
        Self { decoder, packed: count, given: 0, fault: None }
    }
}

impl<R: Read> Read for Unpacked<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if let Some(fault) = &self.fault {
            return Err(fault.clone().into());
        }
        self.read_on(into).map_err(|fault| {
            self.fault = Some(fault.clone());
            fault.into()
        })
    }
}

impl<R: Read> Unpacked<R> {
    fn read_on(&mut self, into: &mut [u8]) -> Result<usize, Fault> {
        if into.is_empty() {
            return Ok(0);
        }
        let read = contain(|| match &mut self.decoder {
            Decoder::Stored(input) => input.read(into),
            Decoder::Deflate(decoder) => decoder.read(into),
            Decoder::Gzip(decoder) => decoder.read(into),
            Decoder::Xz(decoder) => decoder.read(into),
            Decoder::Zstd(decoder) => decoder.read(into),
        });
        let count = read.map_err(|_| Fault::Damaged("its decoder gave up".into()))??;
        self.given += count as u64;
        if self.given > limits::MAX_UNPACKED {
            return Err(Fault::TooLong(limits::MAX_UNPACKED, "a compressed stream"));
        }
        let fair = self.packed.get().saturating_mul(limits::MAX_RATIO).max(limits::RATIO_COUNTS_FROM);
        if self.given > fair {
            return Err(Fault::Ratio(limits::MAX_RATIO));
        }
        Ok(count)
    }
}

/// Counts what is read.
struct Counted<R> {
    inner: R,
    count: Rc<Cell<u64>>,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(into)?;
        self.count.set(self.count.get() + read as u64);
        Ok(read)
    }
}

/// Members of gzip, one after the other, as `pigz` and `cat` make them. What follows the last one and is none is padding.
struct Gzip<R> {
    /// `None` behind the last one.
    decoder: Option<GzDecoder<R>>,
}

impl<R: BufRead> Read for Gzip<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        while let Some(decoder) = &mut self.decoder {
            let count = decoder.read(into)?;
            if count > 0 {
                return Ok(count);
            }
            let Some(mut input) = self.decoder.take().map(GzDecoder::into_inner) else { break };
            if input.fill_buf()?.starts_with(b"\x1f\x8b") {
                self.decoder = Some(GzDecoder::new(input));
            }
        }
        Ok(0)
    }
}

/// Streams of xz, one after the other, with zeros between them.
struct Xz<R> {
    input: R,
    decoder: Box<XzDecoder<'static>>,
    /// Input that was taken from the reader, the part from `start` still unread.
    taken: Vec<u8>,
    start: usize,
    state: XzState,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum XzState {
    InStream,
    Between,
    Ended,
}

impl<R: BufRead> Xz<R> {
    fn new(input: R) -> Self {
        let decoder = XzDecoder::in_heap_with_alloc_dict_size(xz4rust::DICT_SIZE_MIN, limits::MAX_WINDOW);
        Self { input, decoder, taken: Vec::new(), start: 0, state: XzState::InStream }
    }

    /// Takes more input behind what is unread; tells whether there was any.
    fn take_more(&mut self) -> io::Result<bool> {
        self.taken.drain(..self.start);
        self.start = 0;
        let more = self.input.fill_buf()?;
        let count = more.len();
        self.taken.extend_from_slice(more);
        self.input.consume(count);
        Ok(count > 0)
    }

    fn unread(&self) -> &[u8] {
        self.taken.get(self.start..).unwrap_or_default()
    }

    /// Goes to the next stream, if there is one.
    fn next_stream(&mut self) -> io::Result<()> {
        loop {
            let zeros = self.unread().iter().take_while(|byte| **byte == 0).count();
            self.start += zeros;
            if !self.unread().is_empty() {
                break;
            }
            if !self.take_more()? {
                self.state = XzState::Ended;
                return Ok(());
            }
        }
        self.decoder.reset();
        self.state = XzState::InStream;
        Ok(())
    }
}

impl<R: BufRead> Read for Xz<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        loop {
            match self.state {
                XzState::Ended => return Ok(0),
                XzState::Between => {
                    self.next_stream()?;
                    continue;
                }
                XzState::InStream => {}
            }
            let unread = self.taken.get(self.start..).unwrap_or_default();
            let (consumed, produced) = match self.decoder.decode(unread, into) {
                Ok(done) => {
                    if done.is_end_of_stream() {
                        self.state = XzState::Between;
                    }
                    (done.input_consumed(), done.output_produced())
                }
                Err(XzError::NeedsLargerInputBuffer) => (0, 0),
                Err(error) => return Err(of_xz(&error).into()),
            };
            self.start = (self.start + consumed).min(self.taken.len());
            if produced > 0 {
                return Ok(produced);
            }
            if consumed == 0 && self.state == XzState::InStream && !self.take_more()? {
                return Err(Fault::Truncated.into());
            }
        }
    }
}

/// What is wrong with a stream of xz: what is rare is not supported.
fn of_xz(error: &XzError) -> Fault {
    match error {
        XzError::Sha256NotSupported => Fault::Method("xz with SHA-256 as its check".into()),
        XzError::BcjFilterNotSupported | XzError::DeltaFilterUnsupported => {
            Fault::Method("xz with a filter for programs or differences".into())
        }
        XzError::UnsupportedCheckType(_)
        | XzError::UnsupportedStreamHeaderOption
        | XzError::UnsupportedBlockHeaderOption => Fault::Method("xz of an unknown kind".into()),
        XzError::DictionaryTooLarge(size) => Fault::Method(format!("xz with a dictionary of {size} bytes")),
        damage => Fault::Damaged(format!("xz: {damage}")),
    }
}

/// What is wrong with a frame of Zstandard.
fn of_zstd(error: &FrameDecoderError) -> Fault {
    match error {
        FrameDecoderError::WindowSizeTooBig { requested, .. } => {
            Fault::Method(format!("Zstandard with a window of {requested} bytes"))
        }
        FrameDecoderError::DictNotProvided { .. } => Fault::Method("Zstandard with a dictionary".into()),
        damage => Fault::of_decoder(damage),
    }
}

/// Frames of Zstandard, one after the other.
struct Zstd<R> {
    input: R,
    decoder: FrameDecoder,
    in_frame: bool,
}

impl<R: BufRead> Zstd<R> {
    fn new(input: R) -> Self {
        let mut decoder = FrameDecoder::new();
        decoder.set_max_window_size(limits::MAX_WINDOW as u64);
        Self { input, decoder, in_frame: false }
    }

    /// Begins the next frame; tells whether there is one.
    fn next_frame(&mut self) -> io::Result<bool> {
        while !self.input.fill_buf()?.is_empty() {
            match self.decoder.init(&mut self.input) {
                Ok(()) => {
                    self.in_frame = true;
                    return Ok(true);
                }
                Err(FrameDecoderError::ReadFrameHeaderError(ReadFrameHeaderError::SkipFrame {
                    length,
                    ..
                })) => {
                    let skipped = io::copy(&mut self.input.by_ref().take(length.into()), &mut io::sink())?;
                    if skipped < u64::from(length) {
                        return Err(Fault::Truncated.into());
                    }
                }
                Err(error) => return Err(of_zstd(&error).into()),
            }
        }
        Ok(false)
    }

    /// Compares the checksum of a frame that has ended.
    fn check(&self) -> io::Result<()> {
        let (stored, computed) =
            (self.decoder.get_checksum_from_data(), self.decoder.get_calculated_checksum());
        match stored.zip(computed) {
            Some((stored, computed)) if stored != computed => Err(Fault::Damaged(format!(
                "the checksum of the Zstandard frame is {stored:#010x}, the bytes give {computed:#010x}"
            ))
            .into()),
            _ => Ok(()),
        }
    }
}

impl<R: BufRead> Read for Zstd<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        while self.in_frame || self.next_frame()? {
            if self.decoder.can_collect() == 0 && !self.decoder.is_finished() {
                let decoded =
                    self.decoder.decode_blocks(&mut self.input, BlockDecodingStrategy::UptoBlocks(1));
                decoded.map_err(|error| of_zstd(&error))?;
                continue;
            }
            let count = self.decoder.read(into)?;
            if count > 0 {
                return Ok(count);
            }
            self.check()?;
            self.in_frame = false;
        }
        Ok(0)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn unpack(packed: &[u8], compression: Compression) -> Result<Vec<u8>, Fault> {
        let mut bytes = Vec::new();
        Unpacked::new(packed, compression).read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    #[test]
    fn members_follow_each_other_and_padding_is_none() {
        let packed = [gzip(b"one"), gzip(b""), gzip(b"two"), vec![0; 100]].concat();
        assert_eq!(unpack(&packed, Compression::Gzip).unwrap(), b"onetwo");
    }

    #[test]
    fn a_wrong_checksum_spoils_and_an_early_end_does_not() {
        let mut packed = gzip(&[7; 10_000]);
        assert_eq!(unpack(&packed[..packed.len() - 9], Compression::Gzip), Err(Fault::Truncated));
        let checksum = packed.len() - 8;
        packed[checksum] ^= 1;
        assert!(unpack(&packed, Compression::Gzip).unwrap_err().spoils());
    }

    #[test]
    fn a_bomb_stops_soon() {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        for _ in 0..100 {
            encoder.write_all(&vec![0; 1 << 20]).unwrap();
        }
        let packed = encoder.finish().unwrap();
        assert_eq!(unpack(&packed, Compression::Gzip), Err(Fault::Ratio(limits::MAX_RATIO)));
    }
}
