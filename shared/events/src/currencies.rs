//! The table of currencies: how many decimals each has, and what the payment provider charges in it.
//!
//! Every amount of Conveyor is in minor units of **ISO 4217**, whatever the provider counts in. The table is neutral: it says how
//! many decimals the provider's own unit has, and only the provider's adapter in payments converts.
//!
//! # Sources
//!
//! - The codes in use and their exponents: ISO 4217, list one, valid since 2026-01-01 (maintained by SIX; read from
//!   github.com/datasets/currency-codes of 2026-02-01), without the codes that no customer pays with: funds and units of account
//!   (`CHW`, `XDR`), metals (`XAU`), tests (`XTS`) and no currency (`XXX`).
//! - Everything of the provider: Stripe, "Supported currencies" (docs.stripe.com/currencies): "zero-decimal currencies", "special
//!   cases", "three-decimal currencies", "minimum and maximum charge amounts".
//!
//! # Decisions
//!
//! - `UGX` is refused: Stripe lists it as zero-decimal and, among the special cases, as two-decimal.
//! - `IQD` and `LYD` have three decimals and are not among Stripe's three-decimal currencies, so no card is charged in them.
//! - Stripe's minimum is that of the settlement currency. Where Stripe names none for a currency, the minimum is one step.
//! - Stripe's maximum is a number of digits of its own unit. The values that it prints beside the digits contradict them; the digits
//!   count.

use crate::{Amount, Currency};

/// The rules of one currency. Amounts are in minor units of ISO 4217.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CurrencyRules {
    /// The decimals of the currency (ISO 4217): 2 for `EUR`, 0 for `JPY`, 3 for `KWD`.
    pub exponent: u32,
    /// The decimals of the provider's unit. It differs from `exponent` for `ISK` and `MGA`.
    pub provider_exponent: u32,
    /// Every price, charge and refund is a multiple of this.
    pub step: u64,
    /// The smallest charge by card.
    pub minimum: Amount,
    /// The largest charge by card.
    pub maximum: Amount,
    /// Where a shop can use the currency.
    pub usable: Usable,
}

/// Where a shop can use a currency.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Usable {
    /// For every payment.
    Everywhere,
    /// For offline payments only: it is not known how the provider counts it.
    OfflineOnly,
    /// Not for a new price. Stored prices, orders and payments stay readable, and their money can still be refunded.
    Nowhere,
}

/// The codes in use.
const CODES: &str = "\
    AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BHD BIF BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CLP CNY \
    COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ GYD HKD HNL HTG HUF IDR \
    ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL MGA MKD MMK \
    MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF \
    SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH UGX USD UYU \
    UZS VED VES VND VUV WST XAF XCD XCG XOF XPF YER ZAR ZMW ZWG";

impl Currency {
    /// Every currency in use, also those that are not usable here.
    pub fn in_use() -> impl Iterator<Item = Self> {
        CODES.split(' ').filter_map(|code| Self::try_from(code).ok())
    }

    /// The rules of this currency. A code that is not in use has rules too: old events may hold it.
    pub fn rules(self) -> CurrencyRules {
        let exponent = self.exponent();
        let provider_exponent = self.provider_exponent(exponent);
        let step = self.step();
        let to_minor = |units: u64| {
            let minor = units.saturating_mul(10_u64.pow(exponent)) / 10_u64.pow(provider_exponent);
            Amount::minor(minor - minor % step)
        };
        CurrencyRules {
            exponent,
            provider_exponent,
            step,
            minimum: Amount::minor(self.minimum().unwrap_or(step)),
            maximum: to_minor(10_u64.pow(self.most_digits()) - 1),
            usable: self.usable(),
        }
    }

    /// An amount as people write it: `12.50 EUR`, `1250 JPY`.
    pub fn write(self, amount: Amount) -> String {
        let units = amount.units();
        match self.exponent() {
            0 => format!("{units} {self}"),
            digits => {
                let one = 10_u64.pow(digits);
                let width = usize::try_from(digits).unwrap_or_default();
                format!("{}.{:0width$} {self}", units / one, units % one)
            }
        }
    }

    fn exponent(self) -> u32 {
        match self.as_str() {
            "BIF" | "CLP" | "DJF" | "GNF" | "ISK" | "JPY" | "KMF" | "KRW" | "PYG" | "RWF" | "UGX" | "UYI"
            | "VND" | "VUV" | "XAF" | "XOF" | "XPF" => 0,
            "BHD" | "IQD" | "JOD" | "KWD" | "LYD" | "OMR" | "TND" => 3,
            "CLF" | "UYW" => 4,
            _ => 2,
        }
    }

    fn provider_exponent(self, exponent: u32) -> u32 {
        match self.as_str() {
            // It has no decimals; Stripe takes two of them, always 00, for backwards compatibility.
            "ISK" => 2,
            // Stripe takes whole ariary. An ariary has five iraimbilanja, which ISO 4217 counts as two decimals.
            "MGA" => 0,
            _ => exponent,
        }
    }

    fn step(self) -> u64 {
        match self.as_str() {
            // Whole ariary.
            "MGA" => 100,
            // Stripe requires the last of three decimals to be 0.
            "BHD" | "JOD" | "KWD" | "OMR" | "TND" => 10,
            _ => 1,
        }
    }

    fn minimum(self) -> Option<u64> {
        Some(match self.as_str() {
            "AUD" | "BRL" | "CAD" | "CHF" | "EUR" | "INR" | "JPY" | "NZD" | "SGD" | "USD" => 50,
            "GBP" => 30,
            "BGN" => 100,
            "AED" | "MYR" | "PLN" | "RON" => 200,
            "DKK" => 250,
            "NOK" | "SEK" => 300,
            "HKD" => 400,
            "MXN" | "THB" => 1000,
            "CZK" => 1500,
            "HUF" => 17_500,
            _ => return None,
        })
    }

    /// The digits of the largest charge, in the provider's unit.
    fn most_digits(self) -> u32 {
        match self.as_str() {
            "IDR" => 12,
            "LBP" => 11,
            "COP" | "HUF" | "JPY" => 10,
            "INR" => 9,
            _ => 8,
        }
    }

    fn usable(self) -> Usable {
        match self.as_str() {
            "UGX" => Usable::Nowhere,
            "IQD" | "LYD" => Usable::OfflineOnly,
            code if CODES.split(' ').any(|in_use| in_use == code) => Usable::Everywhere,
            _ => Usable::Nowhere,
        }
    }
}

impl CurrencyRules {
    /// Whether the amount is a multiple of the step.
    pub const fn fits_step(&self, amount: Amount) -> bool {
        amount.units().is_multiple_of(self.step)
    }
}

#[cfg(test)]
mod tests;
