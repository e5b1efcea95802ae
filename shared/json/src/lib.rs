//! Reads JSON. An error names the field and the position, and quotes no value.
//!
//! serde's own messages quote the value that they refuse. Our errors end in logs, dead letters and answers, and a value
//! may be personal or secret, so every crate that reads untrusted input or stored JSON reads it here.
//!
//! To know the path of each field costs an allocation for each. So a value is read without it, and only what cannot be read is
//! read again to find where.

mod error;

pub use error::JsonError;

use serde::{Deserialize, Deserializer};
use serde_json::Value;

/// Reads one value from bytes; only white space may follow it.
pub fn from_slice<'de, T: Deserialize<'de>>(bytes: &'de [u8]) -> Result<T, JsonError> {
    let mut parser = serde_json::Deserializer::from_slice(bytes);
    let value =
        T::deserialize(&mut parser).or_else(|_| read(&mut serde_json::Deserializer::from_slice(bytes)))?;
    parser.end().map_err(|error| JsonError::of_text(&error))?;
    Ok(value)
}

/// Reads one value from a text; only white space may follow it.
pub fn from_str<'de, T: Deserialize<'de>>(text: &'de str) -> Result<T, JsonError> {
    from_slice(text.as_bytes())
}

/// Reads a value that is parsed already. Its errors have no position.
pub fn from_value<'de, T: Deserialize<'de>>(value: &'de Value) -> Result<T, JsonError> {
    T::deserialize(value).or_else(|_| read(value))
}

/// Reads from any deserializer of `serde_json`, once: the slow way, for input that cannot be read again.
pub fn read<'de, T, D>(deserializer: D) -> Result<T, JsonError>
where
    T: Deserialize<'de>,
    D: Deserializer<'de, Error = serde_json::Error>,
{
    serde_path_to_error::deserialize(deserializer).map_err(|error| JsonError::of_field(&error))
}
