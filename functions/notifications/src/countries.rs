//! The setting `SMS_COUNTRIES`: the countries to whose telephone numbers text messages are sent.

use crate::prefixes::countries_of;
use std::collections::BTreeSet;
use std::str::FromStr;

/// A set of ISO 3166-1 alpha-2 codes, written `CH,DE`. Empty: no text messages at all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Countries(BTreeSet<String>);

/// The text is not a list of country codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a list of two-letter country codes, separated by commas")]
pub struct InvalidCountries;

impl Countries {
    /// Whether a text message may be sent to this number: all countries that share its prefix are listed.
    ///
    /// The address does not decide, because the price depends on the number. A customer may give any number.
    pub(crate) fn allow(&self, number: &str) -> bool {
        let countries = countries_of(number);
        !countries.is_empty() && countries.iter().all(|country| self.0.contains(*country))
    }
}

impl FromStr for Countries {
    type Err = InvalidCountries;

    fn from_str(text: &str) -> Result<Self, InvalidCountries> {
        let codes = text.split(',').map(str::trim).filter(|code| !code.is_empty());
        codes
            .map(|code| {
                let is_code = code.len() == 2 && code.bytes().all(|b| b.is_ascii_uppercase());
                if is_code { Ok(code.to_owned()) } else { Err(InvalidCountries) }
            })
            .collect::<Result<_, _>>()
            .map(Self)
    }
}

#[cfg(test)]
mod tests;
