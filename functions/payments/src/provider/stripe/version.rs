//! Versions of Stripe's API: a date, and a name for each major version, for example `2026-10-28.endive`. The version that made an
//! object decides what a refund in it may mean, so calls are pinned to one, and each event names its own.

use std::str::FromStr;

/// The first version in which a refund always returns money that was taken. Before it, money that was only authorised shows as
/// refunded once it is released: by a capture of a part, by a cancellation, or by the end of the authorisation
/// (docs.stripe.com/changelog/basil/2025-03-31/remove-refund-from-partial-capture-and-payment-cancellation-flow).
const BASIL: &str = "2025-03-31";

/// Whether a refund of this version may be released money that was never taken. An unknown version is taken for an old one.
pub(super) fn shows_releases_as_refunds(version: Option<&str>) -> bool {
    version.and_then(date).is_none_or(|date| date < BASIL)
}

/// The date of a version. Dates of this form sort as texts.
fn date(version: &str) -> Option<&str> {
    let date = version.split('.').next()?;
    (date.len() == BASIL.len() && date.parse::<jiff::civil::Date>().is_ok()).then_some(date)
}

/// The version that calls are pinned to: `2025-03-31.basil` or later. With an older one, the refunds that Stripe lists may be
/// released money.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct BasilOrLater(String);

impl BasilOrLater {
    /// As the header of a call has it.
    pub(super) fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for BasilOrLater {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if shows_releases_as_refunds(Some(text)) {
            return Err("the version is older than 2025-03-31.basil, or no version");
        }
        Ok(Self(text.to_owned()))
    }
}

#[cfg(test)]
mod tests;
