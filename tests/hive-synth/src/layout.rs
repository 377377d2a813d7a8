use crate::KeyId;

/// Where the writer put things. All offsets are those of cells, relative to the start of the hive bins data as in
/// the format itself; add [`crate::BASE_BLOCK_SIZE`] for offsets in the file.
#[derive(Clone, Debug, Default)]
pub struct Layout {
    pub(crate) keys: Vec<KeyPlace>,
    /// The `sk` cells, in the order of their ring.
    pub securities: Vec<u32>,
}

/// The cells of one key.
#[derive(Clone, Debug, Default)]
pub struct KeyPlace {
    /// Path relative to the root; units that are no text are replaced.
    pub path: String,
    /// The `nk` cell.
    pub nk: u32,
    /// What the `nk` names as its subkeys list: a leaf or an index root.
    pub subkey_list: Option<u32>,
    /// The leaves in order; one, equal to `subkey_list`, without an index root.
    pub leaves: Vec<u32>,
    /// The values list.
    pub value_list: Option<u32>,
    /// The class name.
    pub class: Option<u32>,
    /// The `sk` cell.
    pub security: u32,
    /// The values in the order of the list.
    pub values: Vec<ValuePlace>,
}

/// The cells of one value.
#[derive(Clone, Debug, Default)]
pub struct ValuePlace {
    /// Name; units that are no text are replaced.
    pub name: String,
    /// The `vk` cell.
    pub vk: u32,
    /// The cell that the `vk` names: data or a `db` record. `None` for resident data.
    pub data: Option<u32>,
    /// The list of segments of a `db` record.
    pub segment_list: Option<u32>,
    /// The data segments of a `db` record.
    pub segments: Vec<u32>,
}

impl Layout {
    /// The key at a path, without regard to case; of several with this path, the first made.
    ///
    /// # Panics
    /// When the builder had no such key.
    pub fn key(&self, path: &str) -> &KeyPlace {
        self.find(path).unwrap_or_else(|| panic!("no key {path:?} in this hive"))
    }

    /// The key at a path, if there is one.
    pub fn find(&self, path: &str) -> Option<&KeyPlace> {
        let wanted = path.to_uppercase();
        self.keys.iter().find(|place| place.path.to_uppercase() == wanted)
    }

    /// The key with an id of the builder.
    pub fn by_id(&self, id: KeyId) -> &KeyPlace {
        &self.keys[id.0]
    }

    /// All keys in the order in which they were made; the root comes first.
    pub fn keys(&self) -> impl Iterator<Item = &KeyPlace> {
        self.keys.iter()
    }

    /// A value of the key at a path.
    ///
    /// # Panics
    /// When the builder had no such value.
    pub fn value(&self, path: &str, name: &str) -> &ValuePlace {
        self.key(path).value(name)
    }
}

impl KeyPlace {
    /// A value by name, without regard to case.
    ///
    /// # Panics
    /// When the builder gave the key no such value.
    pub fn value(&self, name: &str) -> &ValuePlace {
        let wanted = name.to_uppercase();
        let found = self.values.iter().find(|place| place.name.to_uppercase() == wanted);
        found.unwrap_or_else(|| panic!("no value {name:?} in key {:?}", self.path))
    }
}
