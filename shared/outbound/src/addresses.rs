//! Which addresses a call to a stranger's URL may go to.
//!
//! A URL that somebody registers is a wish to make our functions call it. It must not reach what only they can
//! reach: their own machine, the network around it, the platform's metadata. So names are resolved by us, the
//! addresses are judged here, and the connection is made to an address that was judged.

use async_trait::async_trait;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Where calls may go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Networks {
    /// The public internet alone.
    Public,
    /// Anywhere: for a stack on one machine, whose receivers are on it too.
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

/// No address is known.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// There is no such host, or it has no address.
    #[error("the host has no address: {0}")]
    Unknown(String),
    /// Whoever knows the host's addresses did not answer.
    #[error("the host's name was not resolved: {0}")]
    Unavailable(String),
}

/// Looks host names up.
#[async_trait]
pub trait Names: Send + Sync {
    /// The addresses of a host, at least one. An address as text is its own address.
    async fn addresses(&self, host: &str) -> Result<Vec<IpAddr>, NameError>;
}

/// Whether an address is one of the public internet, by IANA's registries of special purposes. What carries an
/// IPv4 address inside (mapped, NAT64, 6to4, Teredo) is none: it leads to another place than it says.
pub const fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

const fn is_public_v4(address: Ipv4Addr) -> bool {
    !matches!(
        address.octets(),
        // This network, private, loopback, link-local with the metadata, multicast, reserved with broadcast.
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
mod tests {
    use super::*;

    /// IANA's registries of special-purpose addresses, first and last of each block, and what else leads inside.
    const SPECIAL: &[&str] = &[
        "0.0.0.0",
        "0.255.255.255",
        "10.0.0.0",
        "10.255.255.255",
        "100.64.0.0",
        "100.127.255.255",
        "127.0.0.0",
        "127.0.0.1",
        "127.255.255.255",
        "169.254.0.0",
        "169.254.169.254",
        "169.254.170.2",
        "169.254.255.255",
        "172.16.0.0",
        "172.31.255.255",
        "192.0.0.0",
        "192.0.0.170",
        "192.0.0.255",
        "192.0.2.0",
        "192.0.2.255",
        "192.88.99.0",
        "192.88.99.255",
        "192.168.0.0",
        "192.168.255.255",
        "198.18.0.0",
        "198.19.255.255",
        "198.51.100.0",
        "198.51.100.255",
        "203.0.113.0",
        "203.0.113.255",
        "224.0.0.0",
        "239.255.255.255",
        "240.0.0.0",
        "255.255.255.255",
        "::",
        "::1",
        "::ffff:127.0.0.1",
        "::ffff:8.8.8.8",
        "::8.8.8.8",
        "64:ff9b::a00:1",
        "64:ff9b::808:808",
        "64:ff9b:1::1",
        "64:ff9b:1:ffff:ffff:ffff:ffff:ffff",
        "100::",
        "100:0:0:1::1",
        "2001::",
        "2001::1",
        "2001:0:ffff::1",
        "2001:10::1",
        "2001:20::1",
        "2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff",
        "2001:db8::",
        "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff",
        "2002::1",
        "2002:7f00:1::1",
        "2002:a9fe:a9fe::1",
        "3fff::",
        "3fff:fff:ffff:ffff:ffff:ffff:ffff:ffff",
        "5f00::1",
        "fc00::1",
        "fd00:ec2::254",
        "fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
        "fe80::1",
        "febf::1",
        "fec0::1",
        "ff02::1",
        "ffff::1",
    ];

    /// Neighbours of the special blocks, and addresses of well-known hosts.
    const PUBLIC: &[&str] = &[
        "1.0.0.0",
        "1.1.1.1",
        "8.8.8.8",
        "9.255.255.255",
        "11.0.0.0",
        "100.63.255.255",
        "100.128.0.0",
        "126.255.255.255",
        "128.0.0.0",
        "169.253.255.255",
        "169.255.0.0",
        "172.15.255.255",
        "172.32.0.0",
        "192.0.1.0",
        "192.0.3.0",
        "192.88.98.255",
        "192.88.100.0",
        "192.167.255.255",
        "192.169.0.0",
        "198.17.255.255",
        "198.20.0.0",
        "198.51.99.255",
        "198.51.101.0",
        "203.0.112.255",
        "203.0.114.0",
        "223.255.255.255",
        "2000::1",
        "2001:200::1",
        "2001:4860:4860::8888",
        "2001:db7::1",
        "2001:db9::1",
        "2003::1",
        "2606:4700::1",
        "2a00::1",
        "3ffe::1",
        "3fff:1000::1",
    ];

    #[test]
    fn no_special_address_is_public_and_its_neighbours_are() {
        for (addresses, expected) in [(SPECIAL, false), (PUBLIC, true)] {
            for address in addresses {
                let parsed: IpAddr = address.parse().unwrap();
                assert_eq!(is_public(parsed), expected, "{address}");
                assert_eq!(Networks::Public.admits(parsed), expected, "{address}");
                assert!(Networks::Any.admits(parsed));
            }
        }
    }
}
