//! A parcel: its carrier's name and its tracking code, as they were typed or reported, and how two of them compare.
//!
//! Carriers print a code in groups (`2680-1286-3436`) and report it without, and spell their own name in several ways.
//! So codes are compared by their letters and digits, and carriers by [`carrier_name`](webhooks::carriers::carrier_name).

use serde::{Deserialize, Serialize};
use webhooks::carriers::{names_of, parcel_partition, plain_code, plain_name};

/// A parcel as its carrier knows it. The texts are displayed as they are; `is` compares them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Parcel {
    /// The carrier's name. Senders spell it differently.
    pub carrier: String,
    /// Its tracking code.
    pub tracking_code: String,
}

impl Parcel {
    /// The longest carrier's name, in characters.
    pub(crate) const LONGEST_CARRIER: usize = 64;
    /// The longest code that a person types, in characters.
    pub(crate) const LONGEST_TYPED_CODE: usize = 64;
    /// The longest code that a carrier reports, in bytes.
    const LONGEST_CODE: usize = 128;

    /// A parcel from a carrier's answer or webhook. `None` if a text is missing, is longer than its bound, holds a
    /// control character, or has no letter or digit.
    pub(super) fn reported(carrier: Option<&str>, tracking_code: Option<&str>) -> Option<Self> {
        let carrier = carrier.map(trimmed).filter(|name| is_carrier(name))?.to_owned();
        let is_code = |code: &&str| {
            code.len() <= Self::LONGEST_CODE && is_printable(code) && code.chars().any(char::is_alphanumeric)
        };
        let tracking_code = tracking_code.map(trimmed).filter(is_code)?.to_owned();
        Some(Self { carrier, tracking_code })
    }

    /// The partition of everything that is stored about the parcel's code: `tracking#<carrier>#<code>`, both reduced to
    /// what is compared.
    pub(crate) fn partition(&self) -> String {
        parcel_partition(&self.carrier, &self.tracking_code)
    }

    /// The partitions under which older versions stored the same parcel: with the hyphens of its code, and under
    /// another name of its carrier. Only the spelling at hand is known, not those of others.
    pub(crate) fn older_partitions(&self) -> Vec<String> {
        let plain = plain_name(&self.carrier);
        let names = names_of(&plain).map_or_else(|| vec![plain.as_str()], <[_]>::to_vec);
        let (typed, reduced) = (self.tracking_code.to_ascii_uppercase(), plain_code(&self.tracking_code));
        let mut found: Vec<String> = Vec::new();
        for name in names {
            for code in [&typed, &reduced] {
                let partition = format!("tracking#{name}#{code}");
                if partition != self.partition() && !found.contains(&partition) {
                    found.push(partition);
                }
            }
        }
        found
    }

    /// Whether both are the same parcel, regardless of spelling.
    pub(crate) fn is(&self, other: &Self) -> bool {
        self.partition() == other.partition()
    }
}

/// Whether the text can name a carrier.
pub(crate) fn is_carrier(name: &str) -> bool {
    (1..=Parcel::LONGEST_CARRIER).contains(&name.chars().count())
        && is_printable(name)
        && !plain_name(name).is_empty()
}

/// Whether a person can have typed the code: letters, digits, and what separates their groups.
pub(crate) fn is_typed_code(code: &str) -> bool {
    (1..=Parcel::LONGEST_TYPED_CODE).contains(&code.len())
        && code.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b' ' | b'.' | b'/' | b'_'))
        && code.bytes().any(|b| b.is_ascii_alphanumeric())
}

/// The text without the blanks around it.
pub(crate) fn trimmed(text: &str) -> &str {
    text.trim_matches(' ')
}

fn is_printable(text: &str) -> bool {
    text.chars().all(|c| !c.is_control())
}

#[cfg(test)]
mod tests;
