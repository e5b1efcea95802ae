//! The currencies that a price can have: ISO 4217, list one, valid since 2026-01-01 (maintained by SIX; read from
//! github.com/datasets/currency-codes of 2026-02-01), without the codes that no customer pays with: funds and units of account
//! (`CHW`, `XDR`), metals (`XAU`), tests (`XTS`) and no currency (`XXX`).
//!
//! Only new prices are checked against it. A stored price stays readable when a currency is withdrawn.

use events::Currency;

const CODES: &str = "\
    AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BHD BIF BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CLP CNY \
    COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ GYD HKD HNL HTG HUF IDR \
    ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL MGA MKD MMK \
    MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF \
    SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH UGX USD UYU \
    UZS VED VES VND VUV WST XAF XCD XCG XOF XPF YER ZAR ZMW ZWG";

pub(crate) fn is_money(currency: Currency) -> bool {
    CODES.split(' ').any(|code| code == currency.as_str())
}
