//! The number of an order: what people read out, type and print. Pure.
//!
//! It is derived from the order's id, so no counter is needed and no number shows how much a shop sells. It is a name and never a
//! permission. Two orders can have equal numbers (at ten million orders there is an equal pair with a probability of about 4 %), so
//! a number is searched for, and every order that has it is found.

use crate::OrderId;
use serde::{Serialize, Serializer};
use std::fmt;

/// Crockford's base32: no `I`, `L`, `O` and `U`, which are misread or make words.
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
/// Characters that carry the number, at five bits each.
const DIGITS: u32 = 10;
/// The check character is one of the alphabet's first 31. A prime, so every weight below has an inverse.
const MODULUS: u64 = 31;

/// The first 50 bits of an order's id. Shown with a check character and hyphens, as in `K7QD-3M9X-TAK`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OrderNumber(u64);

/// Why a text is no order number. It is the caller's to correct, so it says how.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidNumber {
    /// It has another length.
    #[error("an order number has 11 letters and digits, as in K7QD-3M9X-TAK; this one has {found}")]
    Length {
        /// How many characters it has without hyphens and spaces.
        found: usize,
    },
    /// A character that no number has.
    #[error(
        "an order number has digits and the letters A to Z without U; the character at place {place} is none"
    )]
    Character {
        /// Its place without hyphens and spaces, from 1.
        place: usize,
    },
    /// Mistyped or misread.
    #[error("the last character of the order number does not match the others; one of them is mistyped")]
    Check,
}

impl OrderNumber {
    /// The number of an order.
    pub fn of(id: &OrderId) -> Self {
        // 13 hexadecimal digits are 52 bits. An order id has 32 of them.
        let first = id.as_str().get(..13).and_then(|digits| u64::from_str_radix(digits, 16).ok());
        Self(first.unwrap_or_default() >> 2)
    }

    /// The eleven characters without hyphens, as keys hold them.
    pub fn compact(&self) -> String {
        let digits = self.digits();
        let check = check_of(digits);
        digits.into_iter().chain([check]).map(character).collect()
    }

    /// The values of its characters, the most significant first.
    fn digits(self) -> [u64; DIGITS as usize] {
        let mut rest = self.0;
        let mut digits = [0; DIGITS as usize];
        for digit in digits.iter_mut().rev() {
            (*digit, rest) = (rest % 32, rest / 32);
        }
        digits
    }
}

/// The sum of all digits, each times its place. The places are different modulo 31, so the check fails for every exchange of two
/// characters and for every wrong one, except `0` for `Z`, which are equal modulo 31.
fn check_of(digits: [u64; DIGITS as usize]) -> u64 {
    (1..).zip(digits).map(|(place, digit): (u64, u64)| place * digit).sum::<u64>() % MODULUS
}

fn character(digit: u64) -> char {
    let place = usize::try_from(digit).unwrap_or_default();
    char::from(ALPHABET.get(place).copied().unwrap_or(b'0'))
}

fn digit(character: char) -> Option<u64> {
    let written = match character.to_ascii_uppercase() {
        'I' | 'L' => '1',
        'O' => '0',
        other => other,
    };
    ALPHABET
        .iter()
        .position(|&known| char::from(known) == written)
        .and_then(|place| u64::try_from(place).ok())
}

impl TryFrom<&str> for OrderNumber {
    type Error = InvalidNumber;

    /// Reads a number as people type it: in either case, with or without hyphens and spaces, `I` and `L` for `1`, `O` for `0`.
    fn try_from(text: &str) -> Result<Self, InvalidNumber> {
        let typed: Vec<char> = text.chars().filter(|c| !c.is_whitespace() && *c != '-').collect();
        let mut values = Vec::with_capacity(typed.len());
        for (place, character) in (1..).zip(&typed) {
            values.push(digit(*character).ok_or(InvalidNumber::Character { place })?);
        }
        let wrong_length = InvalidNumber::Length { found: typed.len() };
        let (check, digits) = values.split_last().ok_or(wrong_length)?;
        let digits: [u64; DIGITS as usize] = digits.try_into().map_err(|_| wrong_length)?;
        if check_of(digits) != *check {
            return Err(InvalidNumber::Check);
        }
        Ok(Self(digits.into_iter().fold(0, |number, digit| number * 32 + digit)))
    }
}

impl fmt::Display for OrderNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let compact = self.compact();
        let (first, rest) = compact.split_at(4);
        let (second, third) = rest.split_at(4);
        write!(f, "{first}-{second}-{third}")
    }
}

impl Serialize for OrderNumber {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests;
