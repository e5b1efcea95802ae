//! One name for each carrier: people, couriers and providers spell the same carrier differently.
//!
//! A name is reduced to its ASCII letters and digits in upper case, so `FedEx` and `FEDEX` are equal. `ALIASES` then
//! maps the names that differ in more than that. A carrier that is not in the table is known by its own name only.

/// Groups of names of one carrier: the names of EasyPost's carrier accounts, and those that people type. The first of a
/// group stands for all of it.
const ALIASES: [&[&str]; 17] = [
    &["DHL", "DHLEXPRESS", "DHLPAKET", "DHLPARCEL", "DHLECS", "DHLECOMMERCE", "DHLGLOBALMAIL"],
    &[
        "FEDEX",
        "FEDERALEXPRESS",
        "FEDEXEXPRESS",
        "FEDEXGROUND",
        "FEDEXHOMEDELIVERY",
        "FEDEXSMARTPOST",
        "FEDEXDEFAULT",
    ],
    &["UPS", "UPSDAP", "UPSMAILINNOVATIONS", "UPSSUREPOST", "UNITEDPARCELSERVICE"],
    &["USPS", "USPSRETURNS", "USPOSTALSERVICE", "UNITEDSTATESPOSTALSERVICE"],
    &["SWISSPOST", "SCHWEIZERISCHEPOST", "DIESCHWEIZERISCHEPOST", "LAPOSTESUISSE", "LAPOSTASVIZZERA"],
    &["ROYALMAIL", "ROYALMAILGROUP"],
    &["CANADAPOST", "POSTESCANADA"],
    &["AUSTRALIAPOST", "AUSPOST"],
    &["OSTERREICHISCHEPOST", "STERREICHISCHEPOST", "AUSTRIANPOST", "POSTAT"],
    &["COLISSIMO", "LAPOSTECOLISSIMO"],
    &["DPD", "DPDUK", "DPDLOCAL", "DPDGROUP"],
    &["GLS", "GENERALLOGISTICSSYSTEMS"],
    &["EVRI", "HERMES", "HERMESUK"],
    &["TNT", "TNTEXPRESS"],
    &["ONTRAC", "ONTRACV3", "LASERSHIP", "LASERSHIPV2"],
    &["AMAZON", "AMAZONSHIPPING", "AMAZONLOGISTICS"],
    &["ASENDIA", "ASENDIAUSA"],
];

/// The name reduced to its ASCII letters and digits, in upper case.
pub fn plain_name(name: &str) -> String {
    name.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_uppercase()
}

/// The one name of the carrier: equal for all spellings and aliases. Empty if the name has no letter or digit.
pub fn carrier_name(name: &str) -> String {
    let plain = plain_name(name);
    names_of(&plain).and_then(<[_]>::first).map_or(plain, |first| (*first).to_owned())
}

/// All names of the carrier, if the table has it. `plain` is a [`plain_name`].
pub fn names_of(plain: &str) -> Option<&'static [&'static str]> {
    ALIASES.into_iter().find(|names| names.contains(&plain))
}

/// The partition of what is stored about a parcel's code: its order, and the reports that wait for it. Two spellings of a carrier
/// or a code are one parcel.
pub fn parcel_partition(carrier: &str, tracking_code: &str) -> String {
    format!("tracking#{}#{}", carrier_name(carrier), plain_code(tracking_code))
}

/// The letters and digits of a tracking code, in upper case.
pub fn plain_code(tracking_code: &str) -> String {
    tracking_code.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_uppercase).collect()
}

#[cfg(test)]
mod tests;
