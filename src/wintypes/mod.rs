//! Floor 0: scalars as Windows writes them, independent of any file format.

mod code_page;
mod filetime;
mod hex;
mod security_descriptor;
mod sid;
mod text;

pub use code_page::{AnsiCodePage, AnsiDoubt, AnsiText};
pub use filetime::Filetime;
pub use hex::{Hex, hex};
pub use security_descriptor::{AccessAllowed, SecurityDescriptor, SecurityDescriptorError};
pub use sid::{Sid, SidError};
pub use text::{
    decode_latin1, decode_utf16le, escape, escape_component, escape_exclamation, plain_component, same_name,
    trim_nul, unescape, unescape_part,
};
