//! Hides the secrets that a webhook's body holds: with a `client_secret` anyone can act on the payment in the customer's place.
//!
//! The body is changed as text, so that all else stays byte for byte as it was signed.

/// What is shown in a secret's place.
const HIDDEN: &str = "[redacted]";

/// The body without the values of fields whose name ends in `client_secret`, and without what follows `_secret_` in any text.
pub(super) fn redact(body: &str) -> String {
    let mut shown = String::with_capacity(body.len());
    let mut rest = body;
    let mut is_secret = false;
    while let Some(start) = rest.find('"') {
        let (before, from) = rest.split_at(start);
        // Between a field's name and its value stand only a colon and white space.
        is_secret &= before.trim() == ":";
        shown.push_str(before);
        let (text, after) = from.split_at(length_of_text(from));
        let inner = text.trim_matches('"');
        if is_secret {
            shown.push('"');
            shown.push_str(HIDDEN);
            shown.push('"');
        } else {
            push_without_secrets(&mut shown, text);
        }
        is_secret = !is_secret && inner.ends_with("client_secret");
        rest = after;
    }
    shown.push_str(rest);
    shown
}

/// How long the JSON text at the beginning is, with its quotes.
fn length_of_text(from: &str) -> usize {
    let mut is_escaped = false;
    for (place, byte) in from.bytes().enumerate().skip(1) {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' => is_escaped = true,
            b'"' => return place + 1,
            _ => {}
        }
    }
    from.len()
}

/// An id with its secret, such as `pi_1_secret_x`, may stand in other fields and in addresses.
fn push_without_secrets(shown: &mut String, text: &str) {
    const MARK: &str = "_secret_";
    let mut rest = text;
    while let Some(place) = rest.find(MARK) {
        let (before, after) = rest.split_at(place + MARK.len());
        let secret = after.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(after.len());
        shown.push_str(before);
        if secret > 0 {
            shown.push_str(HIDDEN);
        }
        rest = after.get(secret..).unwrap_or_default();
    }
    shown.push_str(rest);
}

#[cfg(test)]
mod tests;
