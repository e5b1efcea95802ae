//! The environment, read once at start. A function with wrong settings does not start, and says everything that
//! is wrong in one go.

use std::str::FromStr;
use std::time::Duration;

type Lookup = Box<dyn Fn(&str) -> Option<String> + Send>;

/// A reader of settings that remembers every problem until [`Settings::finish`].
///
/// A value read before `finish` may be a placeholder (empty, zero) where the variable was missing; `finish`
/// fails then, so no placeholder is ever used.
pub struct Settings {
    lookup: Lookup,
    problems: Vec<String>,
}

/// Every variable that is missing or unsound.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the settings are not sound: {}; set these environment variables (docs/configuration.md)", .0.join("; "))]
pub struct SettingsError(pub Vec<String>);

impl Settings {
    /// The process's environment.
    #[expect(clippy::disallowed_methods, reason = "the one place where the environment is read")]
    pub fn from_environment() -> Self {
        Self::from_lookup(|name| std::env::var(name).ok())
    }

    /// Any other source, for tests.
    pub fn from_lookup(lookup: impl Fn(&str) -> Option<String> + Send + 'static) -> Self {
        Self { lookup: Box::new(lookup), problems: Vec::new() }
    }

    /// A text that must be there.
    pub fn text(&mut self, name: &str) -> String {
        self.optional(name).unwrap_or_else(|| self.problem(format!("{name} is missing")))
    }

    /// A text that may be missing; an empty one counts as missing.
    pub fn optional(&mut self, name: &str) -> Option<String> {
        (self.lookup)(name).filter(|value| !value.trim().is_empty())
    }

    /// A value of any type that reads from text, with a default where it is missing.
    pub fn parsed<T: FromStr>(&mut self, name: &str, default: T) -> T {
        match self.optional(name).map(|value| value.trim().parse::<T>()) {
            None => default,
            Some(Ok(value)) => value,
            Some(Err(_)) => {
                let wanted = std::any::type_name::<T>().rsplit("::").next().unwrap_or_default();
                self.problem(format!("{name} is not a sound {wanted}"));
                default
            }
        }
    }

    /// A number of whole seconds, with a default where it is missing.
    pub fn seconds(&mut self, name: &str, default: u64) -> Duration {
        Duration::from_secs(self.parsed(name, default))
    }

    /// One of a few words, with a default where it is missing.
    pub fn one_of<T: Copy>(&mut self, name: &str, words: &[(&str, T)], default: T) -> T {
        let Some(value) = self.optional(name) else { return default };
        if let Some((_, chosen)) = words.iter().find(|(word, _)| *word == value) {
            return *chosen;
        }
        let known: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
        self.problem(format!("{name} is none of {}", known.join(", ")));
        default
    }

    /// An absolute base URL, without a slash at its end.
    pub fn base_url(&mut self, name: &str) -> String {
        let url = self.text(name);
        if !url.is_empty() && !url.starts_with("https://") && !url.starts_with("http://") {
            self.problem(format!("{name} is not an http or https URL"));
        }
        url.trim_end_matches('/').to_owned()
    }

    /// Fails if anything read so far was missing or unsound.
    pub fn finish(self) -> Result<(), SettingsError> {
        if self.problems.is_empty() { Ok(()) } else { Err(SettingsError(self.problems)) }
    }

    fn problem(&mut self, what: String) -> String {
        self.problems.push(what);
        String::new()
    }
}

#[cfg(test)]
mod tests;
