//! The data of deleted values.

use std::borrow::Cow;

use crate::hive::raw::{CELL_HEADER, CellOffset, Data, KeyValue, SEGMENT};
use crate::hive::{Error, Offset};

use super::budget::Budget;
use super::space::{Hit, Space};

/// The bytes of a value, where no later cell was laid over them. They are charged to `budget`.
pub(super) fn data<'b>(
    space: &Space<'b>,
    value: &Hit<KeyValue<'b>>,
    budget: &Budget,
) -> Result<Data<'b>, Error> {
    let record = &value.record;
    let size = record.data_size() as usize;
    if record.is_resident() || size == 0 {
        return space.bins().value_data(record);
    }
    if size > SEGMENT
        && let Some(segments) = segments(space, value, size)
    {
        return joined(space, value, &segments, size, budget);
    }
    let overwritten = || Error::DataOverwritten { at: record.data_cell().in_file(), size: size as u64 };
    let cell = space.cell(record.data_cell(), size, value.referrer()).ok_or_else(overwritten)?;
    let bytes = cell.data().get(..size).ok_or_else(overwritten)?;
    let at = Offset(record.data_cell().in_file().0 + CELL_HEADER as u64);
    // Borrowed here, but copied by whoever keeps it: values that share one cell would make gigabytes of it.
    if !budget.take(size) {
        return Err(Error::RecoveryStopped);
    }
    Ok(Data { at, bytes: Cow::Borrowed(bytes), complete: true })
}

/// The list of segments if the value's cell holds a `db` record for just so many bytes. Its own length does not tell, for
/// a free cell may have swallowed its neighbours.
fn segments<'b>(space: &Space<'b>, value: &Hit<KeyValue<'b>>, size: usize) -> Option<Vec<CellOffset>> {
    let record = space.cell(value.record.data_cell(), 8, value.referrer())?.data();
    let count = usize::from(record.get(2..)?.first_chunk().copied().map(u16::from_le_bytes)?);
    let list = CellOffset(record.get(4..)?.first_chunk().copied().map(u32::from_le_bytes)?);
    if !record.starts_with(b"db") || count != size.div_ceil(SEGMENT) {
        return None;
    }
    let list =
        space.cell(list, count * 4, value.referrer()).map(super::space::StaleCell::data).unwrap_or_default();
    let offsets = list.as_chunks::<4>().0.iter().take(count);
    Some(offsets.map(|offset| CellOffset(u32::from_le_bytes(*offset))).collect())
}

fn joined<'b>(
    space: &Space<'b>,
    value: &Hit<KeyValue<'b>>,
    segments: &[CellOffset],
    size: usize,
    budget: &Budget,
) -> Result<Data<'b>, Error> {
    let at = value.record.data_cell().in_file();
    let mut bytes = Vec::new();
    for segment in segments {
        let wanted = (size - bytes.len()).min(SEGMENT);
        let Some(cell) = space.cell(*segment, wanted, value.referrer()) else { break };
        if !budget.take(wanted) {
            return Err(Error::RecoveryStopped);
        }
        bytes.extend_from_slice(cell.data().get(..wanted).unwrap_or_default());
    }
    if bytes.is_empty() {
        return Err(Error::DataOverwritten { at, size: size as u64 });
    }
    let complete = bytes.len() == size;
    Ok(Data { at, bytes: Cow::Owned(bytes), complete })
}
