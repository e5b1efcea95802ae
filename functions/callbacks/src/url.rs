//! URLs that may be registered. Their text is checked here; the addresses of their host are checked when the URL is
//! registered and again at each call.

use http::Uri;
use outbound::Networks;
use std::net::{IpAddr, Ipv4Addr};

/// The longest URL, in bytes.
const LONGEST: usize = 2048;

/// A URL whose text is valid.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CallbackUrl {
    /// As given.
    pub(crate) text: String,
    /// Its host in the form that a resolver takes: without brackets.
    pub(crate) host: String,
}

impl CallbackUrl {
    /// Checks the text. The error names what is wrong without quoting it.
    pub(crate) fn parse(text: &str, networks: Networks) -> Result<Self, &'static str> {
        if text.len() > LONGEST {
            return Err("at most 2048 characters");
        }
        if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(
                "printable ASCII without spaces; the host name in its punycode form, the rest percent-encoded",
            );
        }
        if text.contains(['#', '\\']) {
            return Err("without a fragment and without backslashes");
        }
        let uri: Uri = text.parse().map_err(|_| "an absolute https URL")?;
        match (uri.scheme_str(), networks) {
            (Some("https"), _) | (Some("http"), Networks::Any) => {}
            _ => return Err("an absolute https URL"),
        }
        let authority = uri.authority().ok_or("an absolute https URL")?;
        if authority.as_str().contains('@') {
            return Err("without credentials; the receiver verifies the signature instead");
        }
        if authority.as_str().len() > authority.host().len()
            && authority.port_u16().is_none_or(|port| port == 0)
        {
            return Err("with a port from 1 to 65535, or without one");
        }
        let host = authority.host();
        if let Some(address) = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')) {
            let address: IpAddr = address.parse().map_err(|_| "with a valid IPv6 address as its host")?;
            return Ok(Self { text: text.to_owned(), host: address.to_string() });
        }
        check_host(host)?;
        Ok(Self { text: text.to_owned(), host: host.to_owned() })
    }
}

/// Accepts a name of labels, or an IPv4 address of four decimal numbers. Refuses the other forms that a C library reads as
/// an address: one number, octal, hexadecimal, fewer parts.
fn check_host(host: &str) -> Result<(), &'static str> {
    const INVALID: &str = "with the host's plain name or address";
    if host.parse::<Ipv4Addr>().is_ok() {
        return Ok(());
    }
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
    };
    if host.len() > 253 || !host.split('.').all(is_label) {
        return Err(INVALID);
    }
    let last = host.rsplit('.').next().unwrap_or_default().to_ascii_lowercase();
    let is_number = last.bytes().all(|byte| byte.is_ascii_digit())
        || last.strip_prefix("0x").is_some_and(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()));
    if is_number { Err(INVALID) } else { Ok(()) }
}

#[cfg(test)]
mod tests;
