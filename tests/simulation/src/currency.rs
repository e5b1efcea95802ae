//! The currency of a world. Most sell in euros; some in a currency that the payment provider counts in another unit.
//!
//! The units are those of the provider's documentation, written down once more: the invariants compare the ledger with the
//! provider's books by them, and not by the table of the code under test.

use testkit::Books;

/// What a world sells in.
#[derive(Debug, Clone, Copy)]
pub(super) struct SoldIn {
    /// The ISO 4217 code.
    pub(super) code: &'static str,
    /// What the prices of euros are multiplied by: minor units of this currency that a card can be charged.
    pub(super) price_factor: u64,
    /// As many units of the provider are worth as much as `minor` minor units.
    units: u64,
    minor: u64,
    /// Every refund in the provider's dashboard is a multiple of this, in the provider's units.
    pub(super) dashboard_step: u64,
}

impl SoldIn {
    /// The currency of the world of a seed.
    pub(super) fn of_seed(seed: u64) -> Self {
        let [eur, isk, kwd, mga, jpy] = [
            Self { code: "EUR", price_factor: 1, units: 1, minor: 1, dashboard_step: 1 },
            // No decimals; the provider counts hundredths that are always 00.
            Self { code: "ISK", price_factor: 1, units: 100, minor: 1, dashboard_step: 100 },
            // Three decimals, of which the last is always 0.
            Self { code: "KWD", price_factor: 10, units: 1, minor: 1, dashboard_step: 10 },
            // Two decimals; the provider counts whole ones.
            Self { code: "MGA", price_factor: 100, units: 1, minor: 100, dashboard_step: 1 },
            Self { code: "JPY", price_factor: 1, units: 1, minor: 1, dashboard_step: 1 },
        ];
        match seed % 9 {
            1 => isk,
            3 => kwd,
            5 => mga,
            7 => jpy,
            _ => eur,
        }
    }

    /// The provider's books in minor units. An error: they hold a part of a minor unit.
    pub(super) fn in_minor(self, books: Books) -> Result<Books, String> {
        let convert = |units: u64| {
            let minor = units * self.minor;
            if minor.is_multiple_of(self.units) {
                Ok(minor / self.units)
            } else {
                Err(format!("{units} units of the provider are no amount in {}", self.code))
            }
        };
        Ok(Books {
            charges: books.charges,
            captured: convert(books.captured)?,
            refunded: convert(books.refunded)?,
            charged_back: convert(books.charged_back)?,
            held: convert(books.held)?,
        })
    }
}
