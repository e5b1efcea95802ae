//! Which addresses a call to a registered URL may reach (protection against server-side request forgery).
//!
//! A shop's system registers any URL, and our functions call it. The call must not reach what only our functions can reach:
//! their own machine, the network around it, the platform's metadata. So we resolve the name ourselves, check its addresses
//! here, and connect to a checked address only.

use async_trait::async_trait;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Where calls may go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Networks {
    /// The public internet only.
    Public,
    /// Any address: for a local stack, whose receivers run on the same machine.
    Any,
}

impl Networks {
    /// Whether a connection to this address may be made.
    pub fn admits(self, address: IpAddr) -> bool {
        match self {
            Self::Public => is_public(address),
            Self::Any => true,
        }
    }
}

/// Why a host has no known address.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// The host does not exist, or has no address.
    #[error("the host has no address: {0}")]
    Unknown(String),
    /// The name service did not answer.
    #[error("the host's name was not resolved: {0}")]
    Unavailable(String),
}

/// Resolves host names.
#[async_trait]
pub trait Names: Send + Sync {
    /// The addresses of a host, at least one. An address as text resolves to itself.
    async fn addresses(&self, host: &str) -> Result<Vec<IpAddr>, NameError>;
}

/// Whether an address belongs to the public internet, by IANA's registries of special purposes. An address that embeds an
/// IPv4 address (mapped, NAT64, 6to4, Teredo) does not: it leads to that address instead.
pub const fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

const fn is_public_v4(address: Ipv4Addr) -> bool {
    !matches!(
        address.octets(),
        // "This network", private, loopback, link-local with the metadata, multicast, reserved with broadcast.
        [0 | 10 | 127 | 224..=255, ..]
        // Shared by a carrier's customers.
        | [100, 64..=127, ..]
        | [169, 254, ..]
        | [172, 16..=31, ..]
        // Protocol assignments, documentation, 6to4 relays.
        | [192, 0, 0 | 2, _]
        | [192, 88, 99, _]
        | [192, 168, ..]
        // Benchmarks, documentation.
        | [198, 18 | 19, ..]
        | [198, 51, 100, _]
        | [203, 0, 113, _]
    )
}

const fn is_public_v6(address: Ipv6Addr) -> bool {
    let [first, second, ..] = address.segments();
    // Global unicast is 2000::/3; loopback, mapped, NAT64, discard, local, multicast lie outside of it.
    matches!(first, 0x2000..=0x3fff)
        // Protocol assignments with Teredo and ORCHID (2001::/23), documentation (two of them), 6to4.
        && !(first == 0x2001 && (second < 0x0200 || second == 0x0db8))
        && first != 0x2002
        && !(first == 0x3fff && second < 0x1000)
}

#[cfg(test)]
mod tests;
