//! The DynamoDB units of a request, as far as they follow from what is sent and returned: of items, not of indexes.

use serde_json::Value;

/// Bytes of a write unit and of a read unit.
const WRITE_UNIT: usize = 1024;
const READ_UNIT: usize = 4096;

/// The size of an item: names in UTF-8, and values as DynamoDB counts them.
pub(crate) fn item_bytes(item: &Value) -> usize {
    let attributes = item.as_object().into_iter().flatten();
    attributes.map(|(name, value)| name.len() + value_bytes(value)).sum()
}

fn value_bytes(value: &Value) -> usize {
    let Some((kind, value)) = value.as_object().and_then(|object| object.iter().next()) else { return 0 };
    let text = value.as_str().unwrap_or_default();
    match kind.as_str() {
        "S" => text.len(),
        "B" => text.len() / 4 * 3,
        // Two digits a byte, and a byte for the exponent.
        "N" => text.bytes().filter(u8::is_ascii_digit).count().div_ceil(2) + 1,
        "BOOL" | "NULL" => 1,
        "L" => 3 + value.as_array().into_iter().flatten().map(|value| 1 + value_bytes(value)).sum::<usize>(),
        "M" => 3 + item_bytes(value) + value.as_object().map_or(0, serde_json::Map::len),
        _ => value.as_array().into_iter().flatten().filter_map(Value::as_str).map(str::len).sum(),
    }
}

/// The units to write an item of this size.
pub(crate) fn write_units(bytes: usize) -> usize {
    bytes.div_ceil(WRITE_UNIT).max(1)
}

/// Half units to read this much, so that a read that need not be consistent is a whole number too.
pub(crate) fn half_read_units(bytes: usize, is_consistent: bool) -> usize {
    bytes.div_ceil(READ_UNIT).max(1) * if is_consistent { 2 } else { 1 }
}

#[cfg(test)]
mod tests;
