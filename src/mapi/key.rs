//! Keys and values below the MAPI roots, as facts: where they lie, when they changed, what they hold.

use std::borrow::Cow;
use std::cell::OnceCell;
use std::rc::Rc;

use crate::hive::{
    Data, DeletedKey, DeletedValue, Error, Found, Image, Key, LostList, Name, Offset, Origin, Problems,
    Provenance, Tree, UNKNOWN_PARENT, Value, ValueType, join, limits, push_component,
};
use crate::wintypes::{AnsiCodePage, Filetime, decode_utf16le, trim_nul};

use super::prop::{Decoded, PropId, PropName, PropTag, PropValue, decode};
use super::secret::{self, Secret};

/// A key and its values.
#[derive(Clone, Debug)]
pub struct MapiKey<'b> {
    parent: Rc<str>,
    /// The key's name, as a component of a path.
    pub name: String,
    /// Where its cell lies in the hive.
    pub at: Offset,
    /// Length of the cell.
    pub size: u32,
    /// When it last changed.
    pub last_written: Filetime,
    /// Where its record really lies, for a log may have it.
    pub provenance: Provenance,
    /// Its values, in the order on disk.
    pub values: MapiValues<'b>,
    /// Whether these are all.
    pub values_complete: bool,
    /// Whether all of its subkeys could be listed.
    pub subkeys_complete: bool,
}

/// The values of a key, in the order on disk.
#[derive(Clone, Debug, Default)]
pub struct MapiValues<'b> {
    values: Vec<MapiValue<'b>>,
    /// Of each the tag that its name names; `NO_TAG` of a secret one and of what is no property. Rules look for many more
    /// properties than there are, and this is much less memory to look through.
    tags: Vec<u32>,
    /// A bit for each of the identifiers of these tags, several identifiers to a bit.
    ids: u64,
}

/// A value, its data read as far as they can be.
#[derive(Clone, Debug)]
pub struct MapiValue<'b> {
    name: Cow<'b, [u8]>,
    compressed: bool,
    at: Offset,
    size: u32,
    value_type: ValueType,
    data_size: u32,
    /// Where its record and its data really lie; `None` where the hive file has both.
    elsewhere: Option<Box<Places>>,
    /// The property its name names.
    pub prop: Option<PropName>,
    /// Its bytes, or why there are none.
    pub data: Result<Data<'b>, Box<Error>>,
    /// The code page of the computer that wrote it.
    ansi: AnsiCodePage,
    /// Its text, once somebody asked for it; many rules ask for the same ones.
    text: OnceCell<Option<Box<str>>>,
}

/// Where a value's record really lies, and its data, if they could be read. Few values lie elsewhere than in the hive file,
/// and there may be very many values.
#[derive(Clone, Debug)]
struct Places {
    record: Provenance,
    data: Option<Provenance>,
}

/// No property has this type (`PT_…` ffff). A value may have such a name all the same, so that what fits a tag is looked at again.
const NO_TAG: u32 = u32::MAX;

/// Room that is used again for each key that is read.
#[derive(Default)]
pub(super) struct Room<'b> {
    path: String,
    values: Vec<Value<'b>>,
}

impl<'b> MapiValues<'b> {
    /// Takes away the values that do not fit.
    pub(super) fn retain(&mut self, fits: impl FnMut(&MapiValue<'b>) -> bool) {
        let mut values = std::mem::take(&mut self.values);
        values.retain(fits);
        *self = values.into();
    }

    /// The first value whose tag fits by its bits, and that names a property that fits. All that fit have identifier `id`.
    fn first(
        &self,
        id: PropId,
        tag: impl Fn(u32) -> bool,
        fits: impl Fn(PropName) -> bool,
    ) -> Option<&MapiValue<'b>> {
        if self.ids & bit_of(id) == 0 {
            return None;
        }
        let tags = self.tags.iter().zip(&self.values).filter(|(found, _)| tag(**found));
        tags.map(|(_, value)| value).find(|value| value.prop.is_some_and(&fits))
    }
}

impl<'b> From<Vec<MapiValue<'b>>> for MapiValues<'b> {
    fn from(values: Vec<MapiValue<'b>>) -> Self {
        let tag =
            |value: &MapiValue<'b>| value.prop.filter(|prop| !prop.secure).map_or(NO_TAG, |prop| prop.tag.0);
        let tags: Vec<u32> = values.iter().map(tag).collect();
        let ids = tags.iter().fold(0, |ids, tag| ids | bit_of(PropTag(*tag).id()));
        Self { values, tags, ids }
    }
}

/// Identifiers that lie beside each other, as those of one section do, have different bits.
fn bit_of(id: PropId) -> u64 {
    1 << ((id.0 ^ id.0 >> 6) & 63)
}

impl<'b> std::ops::Deref for MapiValues<'b> {
    type Target = [MapiValue<'b>];

    fn deref(&self) -> &Self::Target {
        &self.values
    }
}

impl<'v, 'b> IntoIterator for &'v MapiValues<'b> {
    type Item = &'v MapiValue<'b>;
    type IntoIter = std::slice::Iter<'v, MapiValue<'b>>;

    fn into_iter(self) -> Self::IntoIter {
        self.values.iter()
    }
}

impl<'b> MapiKey<'b> {
    /// Reads a key with its values. `parent` is the path of the key above.
    pub(super) fn read(
        key: &Key<'_, 'b>,
        parent: &Rc<str>,
        ansi: AnsiCodePage,
        room: &mut Room<'b>,
        problems: &mut Problems,
    ) -> Self {
        let tree = key.tree();
        let name = key.name();
        let Room { path, values: listed } = room;
        path.clear();
        push_component(path, parent);
        push_component(path, &name);
        let too_long = path.len() > limits::MAX_PATH_HELD;
        let values_complete = if too_long {
            let (path, limit) = (path.len(), limits::MAX_PATH_HELD);
            problems.add(key.at(), None, Error::PathTooLong { path, limit });
            listed.clear();
            key.node().value_count() == 0
        } else {
            key.values_into(listed, path, problems)
        };
        let mut values = Vec::with_capacity(listed.len());
        for value in listed.iter() {
            if value.is_tombstone() {
                problems.add(value.at(), Some(path), Error::Tombstone);
            } else {
                values.push(MapiValue::read(tree, value, path, ansi, problems));
            }
        }
        Self {
            parent: Rc::clone(parent),
            name,
            at: key.at(),
            size: key.node().cell_size(),
            last_written: key.last_written(),
            provenance: key.provenance(),
            values: values.into(),
            values_complete,
            subkeys_complete: !too_long || key.node().subkey_count() == 0,
        }
    }

    /// A key that is in no tree any more, with bytes of its own. `place` tells where bytes of the hive lie that were found
    /// in such a place.
    pub(super) fn recovered(
        found: &DeletedKey<'_>,
        ansi: AnsiCodePage,
        place: impl Fn(Origin, Offset, usize) -> Provenance,
    ) -> MapiKey<'static> {
        let (parent, _) = found.path.rsplit_once('\\').unwrap_or_default();
        let values = found.values.iter().map(|value| MapiValue::recovered(value, ansi, &place));
        MapiKey {
            parent: Rc::from(parent),
            name: found.name(),
            at: found.at(),
            size: found.size(),
            last_written: found.last_written(),
            provenance: place(found.origin, found.at(), found.size() as usize),
            values: values.collect::<Vec<_>>().into(),
            values_complete: found.values_complete,
            subkeys_complete: false,
        }
    }

    /// Values of a key that is not known, below `parent` as far as that is known.
    pub(super) fn unknown(
        parent: &str,
        list: &LostList<'_>,
        ansi: AnsiCodePage,
        place: impl Fn(Origin, Offset, usize) -> Provenance,
    ) -> MapiKey<'static> {
        let values = list.values.iter().map(|value| MapiValue::recovered(value, ansi, &place));
        MapiKey {
            parent: Rc::from(parent),
            name: UNKNOWN_PARENT.to_owned(),
            at: list.at,
            size: 0,
            last_written: Filetime(0),
            provenance: place(Origin::Free, list.at, 0),
            values: values.collect::<Vec<_>>().into(),
            values_complete: false,
            subkeys_complete: false,
        }
    }

    /// Takes back what was told of the keys above it.
    pub(super) fn lose_parent(&mut self) {
        self.parent = Rc::from(UNKNOWN_PARENT);
    }

    /// The key's path from the root of the hive.
    pub fn path(&self) -> String {
        join(&self.parent, &self.name)
    }

    /// The value with this ASCII name, in any letter case.
    pub fn named(&self, name: &str) -> Found<&MapiValue<'b>> {
        self.find(|value| value.raw_name().is_ascii(name))
    }

    /// The property with this identifier, of whatever type; a secret one of the same number is another one.
    pub fn prop(&self, id: PropId) -> Found<&MapiValue<'b>> {
        let found =
            self.values.first(id, |tag| PropTag(tag).id() == id, |prop| prop.id() == id && !prop.secure);
        self.known(found)
    }

    /// The property with exactly this tag, where a number means different things with different types.
    pub fn tagged(&self, tag: PropTag) -> Found<&MapiValue<'b>> {
        let found =
            self.values.first(tag.id(), |found| found == tag.0, |prop| prop.tag == tag && !prop.secure);
        self.known(found)
    }

    /// The first value that fits; without one, absent only if all values are known.
    pub fn find(&self, fits: impl Fn(&MapiValue<'b>) -> bool) -> Found<&MapiValue<'b>> {
        self.known(self.values.iter().find(|value| fits(value)))
    }

    fn known<'v>(&self, found: Option<&'v MapiValue<'b>>) -> Found<&'v MapiValue<'b>> {
        match found {
            Some(value) => Found::Here(value),
            None if self.values_complete => Found::Absent,
            None => Found::Unknown,
        }
    }
}

impl<'b> MapiValue<'b> {
    fn read(
        tree: &Tree<'b>,
        value: &Value<'b>,
        path: &str,
        ansi: AnsiCodePage,
        problems: &mut Problems,
    ) -> Self {
        let name = value.name();
        let prop = prop_name(name);
        let data = match tree.data(value) {
            Ok(data) => {
                if !data.complete {
                    let (size, found) = (u64::from(value.record().data_size()), data.bytes.len() as u64);
                    problems.add(value.at(), Some(path), Error::DataShort { size, found });
                }
                Ok(data)
            }
            Err(error) => {
                problems.add(value.at(), Some(path), error.clone());
                Err(Box::new(error))
            }
        };
        let record = value.record();
        let elsewhere = Places::elsewhere(tree.image(), value, data.as_ref().ok());
        Self {
            name: Cow::Borrowed(name.bytes),
            compressed: name.compressed,
            at: value.at(),
            size: record.cell_size(),
            value_type: value.value_type(),
            data_size: record.data_size(),
            elsewhere,
            prop,
            data,
            ansi,
            text: OnceCell::new(),
        }
    }

    fn recovered(
        found: &DeletedValue<'_>,
        ansi: AnsiCodePage,
        place: impl Fn(Origin, Offset, usize) -> Provenance,
    ) -> MapiValue<'static> {
        let (record, name) = (found.record(), found.name());
        let data = found.data.as_ref().map(|data| Data {
            at: data.at,
            bytes: Cow::Owned(data.bytes.to_vec()),
            complete: data.complete,
        });
        let data_provenance = data.as_ref().ok().map(|data| place(found.origin, data.at, data.bytes.len()));
        MapiValue {
            name: Cow::Owned(name.bytes.to_vec()),
            compressed: name.compressed,
            at: found.at(),
            size: found.size(),
            value_type: record.value_type(),
            data_size: record.data_size(),
            elsewhere: Some(Box::new(Places {
                record: place(found.origin, found.at(), found.size() as usize),
                data: data_provenance,
            })),
            prop: prop_name(name),
            data: data.map_err(|error| Box::new(error.clone())),
            ansi,
            text: OnceCell::new(),
        }
    }

    fn raw_name(&self) -> Name<'_> {
        Name { bytes: &self.name, compressed: self.compressed }
    }

    /// The value's name; empty for the unnamed one.
    pub fn name(&self) -> Cow<'_, str> {
        self.raw_name().text()
    }

    /// Where its cell lies in the hive.
    pub fn at(&self) -> Offset {
        self.at
    }

    /// Length of the cell.
    pub fn size(&self) -> u32 {
        self.size
    }

    /// Where its record really lies, for a log may have it.
    pub fn provenance(&self) -> Provenance {
        match &self.elsewhere {
            Some(places) => places.record.clone(),
            None => Provenance::in_hive(Origin::Primary, self.at),
        }
    }

    /// Where its data really lie; `None` where they could not be read.
    pub fn data_provenance(&self) -> Option<Provenance> {
        match &self.elsewhere {
            Some(places) => places.data.clone(),
            None => self.data.as_ref().ok().map(|data| Provenance::in_hive(Origin::Primary, data.at)),
        }
    }

    /// The registry type.
    pub fn value_type(&self) -> ValueType {
        self.value_type
    }

    /// Bytes of data the value says it has.
    pub fn data_size(&self) -> u32 {
        self.data_size
    }

    /// Its bytes, as far as they could be read.
    pub fn bytes(&self) -> &[u8] {
        self.data.as_ref().map_or(&[], |data| &data.bytes)
    }

    /// Whether all of its bytes could be read.
    pub fn is_complete(&self) -> bool {
        self.data.as_ref().is_ok_and(|data| data.complete)
    }

    /// The code page of the computer that wrote it.
    pub fn ansi(&self) -> AnsiCodePage {
        self.ansi
    }

    /// Its bytes understood as the property its name names.
    pub fn decoded(&self) -> Option<Decoded<'_>> {
        self.prop.map(|prop| decode(prop.prop_type(), self.value_type(), self.bytes(), self.ansi))
    }

    /// The text of a text property, or of a value that is no property.
    pub fn text(&self) -> Option<&str> {
        let text = self.text.get_or_init(|| match self.decoded() {
            Some(Decoded { value: PropValue::Text(text), .. }) => Some(text.into()),
            Some(_) => None,
            None => Some(decode_utf16le(trim_nul(self.bytes()).0).into()),
        });
        text.as_deref()
    }

    /// The value as a secret, if it is one where it lies.
    pub fn secret(&self, place: secret::Place<'_>) -> Option<Secret> {
        match self.prop {
            Some(property) => secret::secret_of_property(place, property, self.value_type, self.bytes()),
            None => secret::secret(place, &self.name(), self.value_type, self.bytes()),
        }
    }
}

impl Places {
    fn elsewhere(image: &Image, value: &Value<'_>, data: Option<&Data<'_>>) -> Option<Box<Self>> {
        if !image.is_replayed() {
            return None;
        }
        let record = image.provenance(value.at(), value.record().cell_size() as usize);
        let data = data.map(|data| image.provenance(data.at, data.bytes.len()));
        let in_hive = |place: &Provenance| place.origin == Origin::Primary;
        let is_elsewhere = !in_hive(&record) || !data.as_ref().is_none_or(in_hive);
        is_elsewhere.then(|| Box::new(Self { record, data }))
    }
}

/// The property that a value's name names.
pub(super) fn prop_name(name: Name<'_>) -> Option<PropName> {
    if name.compressed { PropName::parse_latin1(name.bytes) } else { PropName::parse(&name.to_text()) }
}
