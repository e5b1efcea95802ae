//! `If-Match`: a change that applies to the version that its caller has read, and to no later one.

use super::{Problem, Request};

const HEADER: &str = "if-match";

impl Request {
    /// Checks the header `If-Match` against the version that is found; without the header a change applies to any. `412` if the
    /// version is another one, or if there is none.
    pub fn check_version(&self, found: Option<u64>) -> Result<(), Problem> {
        let Some(header) = self.headers.get(HEADER) else { return Ok(()) };
        // Its sender meant a version, so one that cannot be read is none that matches.
        if header.to_str().is_ok_and(|if_match| matches(if_match, found)) {
            return Ok(());
        }
        Err(Problem::another_version())
    }

    /// `400` for an `If-Match` on a request that changes many things: a version is that of one.
    pub fn refuse_version(&self) -> Result<(), Problem> {
        if self.headers.contains_key(HEADER) {
            return Err(Problem::bad_request(
                "If-Match names the version of one thing; send a version in each item instead",
            ));
        }
        Ok(())
    }
}

/// RFC 9110, section 13.1.1: `*` matches any existing version; otherwise one of the listed strong tags must be that of the
/// version. The version without quotes, as the body shows it, is accepted as well.
fn matches(if_match: &str, found: Option<u64>) -> bool {
    let Some(version) = found else { return false };
    let (version, tag) = (version.to_string(), format!("\"{version}\""));
    if_match.split(',').map(str::trim).any(|given| given == "*" || given == version || given == tag)
}
