//! `If-Match`: a change that applies to the version that its caller has read, and to no later one.

use super::{Problem, Request};

impl Request {
    /// Checks the header `If-Match` against the version that is found; without the header a change applies to any. `412` if the
    /// version is another one, or if there is none.
    pub fn applies_to(&self, found: Option<u64>) -> Result<(), Problem> {
        match self.header("if-match") {
            Some(if_match) if !matches(if_match, found) => Err(Problem::changed_meanwhile()),
            Some(_) | None => Ok(()),
        }
    }
}

/// RFC 9110, section 13.1.1: `*` matches any existing version; otherwise one of the listed strong tags must be that of the
/// version. The version without quotes, as the body shows it, is accepted as well.
fn matches(if_match: &str, found: Option<u64>) -> bool {
    let Some(version) = found else { return false };
    let (version, tag) = (version.to_string(), format!("\"{version}\""));
    if_match.split(',').map(str::trim).any(|given| given == "*" || given == version || given == tag)
}
