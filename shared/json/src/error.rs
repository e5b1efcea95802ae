//! What is wrong with a JSON text, and where.

use serde_json::error::Category;
use serde_path_to_error::Segment;
use std::fmt;

/// The longest detail, in characters: an unknown field's name may have any length.
const LONGEST_DETAIL: usize = 200;

/// Why a value could not be read. It shows as `items[0].sku: expected a text (line 1, column 20)`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JsonError {
    /// What is wrong with the field; `None` where the text is not JSON at all.
    field: Option<Field>,
    /// Line and column, from 1; `None` for a value that was parsed before.
    position: Option<(usize, usize)>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Field {
    /// As code writes it: `items[0].sku`. Empty for the whole value.
    path: String,
    /// As RFC 6901 writes it: `/items/0/sku`.
    pointer: String,
    detail: String,
}

impl Field {
    fn at(place: &serde_path_to_error::Path, detail: &str) -> Self {
        let path = place.to_string();
        Self {
            // The crate writes a dot for the whole value.
            path: if path == "." { String::new() } else { path },
            pointer: place.iter().filter_map(reference_token).collect(),
            detail: detail.to_owned(),
        }
    }
}

impl JsonError {
    pub(crate) fn of_text(error: &serde_json::Error) -> Self {
        Self { field: None, position: position(error) }
    }

    pub(crate) fn of_field(error: &serde_path_to_error::Error<serde_json::Error>) -> Self {
        let inner = error.inner();
        let field = match inner.classify() {
            // JSON allows such a number; only the parser does not read it.
            Category::Syntax if without_position(inner) == "number out of range" => {
                Some(Field::at(error.path(), "not a number of a size that is read"))
            }
            Category::Syntax | Category::Eof | Category::Io => None,
            Category::Data => Some(Field::at(error.path(), &without_value(&without_position(inner)))),
        };
        Self { field, position: position(inner) }
    }

    /// The field as a JSON pointer (RFC 6901) and what is wrong with it; `None` where the text is not JSON.
    pub fn field(&self) -> Option<(&str, &str)> {
        self.field.as_ref().map(|field| (field.pointer.as_str(), field.detail.as_str()))
    }

    /// Line and column, both from 1; `None` for a value that was parsed before.
    pub const fn position(&self) -> Option<(usize, usize)> {
        self.position
    }
}

impl fmt::Display for JsonError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.field {
            None => f.write_str("not JSON")?,
            Some(field) if field.path.is_empty() => f.write_str(&field.detail)?,
            Some(field) => write!(f, "{}: {}", field.path, field.detail)?,
        }
        self.position.map_or(Ok(()), |(line, column)| write!(f, " (line {line}, column {column})"))
    }
}

impl std::error::Error for JsonError {}

fn position(error: &serde_json::Error) -> Option<(usize, usize)> {
    (error.line() > 0).then(|| (error.line(), error.column()))
}

/// One step of a JSON pointer.
fn reference_token(segment: &Segment) -> Option<String> {
    match segment {
        Segment::Seq { index } => Some(format!("/{index}")),
        Segment::Map { key } => Some(format!("/{}", key.replace('~', "~0").replace('/', "~1"))),
        Segment::Enum { .. } | Segment::Unknown => None,
    }
}

/// The parser's message without the position at its end.
fn without_position(error: &serde_json::Error) -> String {
    let message = error.to_string();
    let end = format!(" at line {} column {}", error.line(), error.column());
    message.strip_suffix(&end).unwrap_or(&message).to_owned()
}

/// The parser's message in plain words: without the value that it quotes and the names of Rust's types.
///
/// A message of an unknown form may quote the value anywhere, so nothing of it is kept.
fn without_value(message: &str) -> String {
    let is_about_fields = ["missing field", "unknown field", "duplicate field"];
    if is_about_fields.iter().any(|begin| message.starts_with(begin)) || message.starts_with("not a") {
        return message.chars().take(LONGEST_DETAIL).collect();
    }
    // From the right: the quoted value may hold this word too.
    match message.rsplit_once("expected ") {
        Some((quoting, expected))
            if quoting.starts_with("invalid") || quoting.starts_with("unknown variant") =>
        {
            format!("expected {}", plain(expected))
        }
        _ => "not a valid value".to_owned(),
    }
}

/// What the parser expected, in JSON's terms.
fn plain(expected: &str) -> &str {
    match expected {
        "u8" | "u16" | "u32" | "u64" => "a whole number, 0 or more",
        "i8" | "i16" | "i32" | "i64" => "a whole number",
        "a boolean" => "true or false",
        "a string" => "a text",
        "a sequence" => "a list",
        "a map" => "an object",
        _ if expected.starts_with("struct ") => "an object",
        _ => expected,
    }
}

#[cfg(test)]
mod tests;
