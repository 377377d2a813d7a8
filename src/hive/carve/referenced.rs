//! All cells that the live tree uses, and how much of each.

use std::collections::HashSet;

use crate::hive::raw::{
    Bins, CELL_HEADER, CellOffset, KeyNode, KeyValue, SEGMENT, SubkeyList, SubkeyListKind,
};

use super::budget::Budget;

/// The cells, in the order of the file.
#[derive(Debug)]
pub(super) struct Referenced {
    cells: Vec<(CellOffset, usize)>,
    next: usize,
    /// Whether the whole tree could be read.
    pub(super) complete: bool,
}

impl Referenced {
    /// Walks all that can be reached from the root.
    pub(super) fn from_root(bins: Bins<'_>, root: CellOffset) -> Self {
        let visits = Budget::for_visits(bins.bytes().len());
        let mut walk = Walk { bins, seen: HashSet::new(), cells: Vec::new(), whole: true, visits };
        walk.keys(root);
        let mut cells = walk.cells;
        // Of a cell that is used twice the most counts; `used` takes the first.
        cells.sort_unstable_by_key(|(at, used)| (*at, std::cmp::Reverse(*used)));
        cells.dedup_by_key(|(at, _)| *at);
        Self { cells, next: 0, complete: walk.whole && !walk.visits.exceeded() }
    }

    /// How many bytes of the cell at `at` are used; `None` if nothing refers to it. To be asked in the order of the file.
    pub(super) fn used(&mut self, at: CellOffset) -> Option<usize> {
        let rest = self.cells.get(self.next..)?;
        self.next += rest.iter().take_while(|(cell, _)| *cell < at).count();
        self.cells.get(self.next).filter(|(cell, _)| *cell == at).map(|(_, used)| *used)
    }
}

struct Walk<'b> {
    bins: Bins<'b>,
    seen: HashSet<CellOffset>,
    cells: Vec<(CellOffset, usize)>,
    whole: bool,
    visits: Budget,
}

impl<'b> Walk<'b> {
    fn keys(&mut self, root: CellOffset) {
        let mut waiting = vec![root];
        while let Some(at) = waiting.pop() {
            let Ok(node) = self.bins.key_node(at) else {
                self.whole = false;
                continue;
            };
            if !self.first_use(at, KeyNode::NAME_AT + node.name().bytes.len()) {
                // A list that leads to a key twice does not lead to another one.
                self.whole = false;
                continue;
            }
            if let Some((class, length)) = node.class() {
                self.first_use(class, CELL_HEADER + length);
            }
            if let Ok(descriptor) = self.bins.security_descriptor(node.security()) {
                self.first_use(node.security(), CELL_HEADER + 20 + descriptor.len());
            }
            if node.value_count() > 0 {
                self.values(&node);
            }
            if node.subkey_count() > 0 {
                let known = waiting.len();
                self.subkeys(&node, &mut waiting);
                self.whole &= waiting.len() - known >= node.subkey_count() as usize;
            }
        }
    }

    /// Notes how much of a cell is used; tells whether it was met for the first time and may be read.
    fn first_use(&mut self, at: CellOffset, used: usize) -> bool {
        let new = self.seen.insert(at);
        if new {
            self.cells.push((at, used));
        }
        new && self.visits.take(used)
    }

    fn subkeys(&mut self, node: &KeyNode<'b>, waiting: &mut Vec<CellOffset>) {
        let Some(top) = self.list(node.subkey_list()) else { return };
        if top.kind != SubkeyListKind::IndexRoot {
            waiting.extend(top.entries().map(|entry| entry.target));
            return;
        }
        for leaf in top.entries() {
            if let Some(leaf) = self.list(leaf.target) {
                waiting.extend(leaf.entries().map(|entry| entry.target));
            }
        }
    }

    /// A list that is met for the first time; one that is shared adds nothing.
    fn list(&mut self, at: CellOffset) -> Option<SubkeyList<'b>> {
        let Ok(list) = self.bins.subkey_list(at) else {
            self.whole = false;
            return None;
        };
        self.whole &= list.is_whole();
        self.first_use(at, CELL_HEADER + 4 + list.byte_len()).then_some(list)
    }

    fn values(&mut self, node: &KeyNode<'b>) {
        let Ok((offsets, whole)) = self.bins.value_list(node) else {
            self.whole = false;
            return;
        };
        self.whole &= whole;
        self.first_use(node.value_list(), CELL_HEADER + offsets.as_flattened().len());
        if !self.visits.take(offsets.len()) {
            return;
        }
        for offset in offsets {
            let at = CellOffset(u32::from_le_bytes(*offset));
            match self.bins.key_value(at) {
                Ok(value) => {
                    if self.first_use(at, KeyValue::NAME_AT + value.name().bytes.len()) {
                        self.data(&value);
                    }
                }
                Err(_) => self.whole = false,
            }
        }
    }

    fn data(&mut self, value: &KeyValue<'b>) {
        let size = value.data_size() as usize;
        if value.is_resident() || size == 0 {
            return;
        }
        let Ok(cell) = self.bins.cell(value.data_cell()) else {
            self.whole = false;
            return;
        };
        let data = cell.data();
        // Two values may share their data; the longer one counts.
        self.seen.insert(value.data_cell());
        if data.len() >= size || !data.starts_with(b"db") {
            self.whole &= data.len() >= size;
            self.cells.push((value.data_cell(), CELL_HEADER + size.min(data.len())));
            return;
        }
        self.cells.push((value.data_cell(), CELL_HEADER + 12));
        self.segments(data, size);
    }

    fn segments(&mut self, record: &[u8], size: usize) {
        let count = record.get(2..).and_then(<[u8]>::first_chunk).copied().map_or(0, u16::from_le_bytes);
        let list = record.get(4..).and_then(<[u8]>::first_chunk).copied().map(u32::from_le_bytes);
        let Some(list) = list.map(CellOffset) else { return };
        let Ok(cell) = self.bins.cell(list) else {
            self.whole = false;
            return;
        };
        if !self.first_use(list, CELL_HEADER + usize::from(count) * 4) {
            return;
        }
        let mut left = size;
        for segment in cell.data().as_chunks::<4>().0.iter().take(usize::from(count)) {
            let used = left.min(SEGMENT);
            self.first_use(CellOffset(u32::from_le_bytes(*segment)), CELL_HEADER + used);
            left -= used;
        }
        self.whole &= left == 0;
    }
}
