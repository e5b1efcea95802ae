//! The environment, read once at start. A function with wrong settings does not start, and its error lists every problem.

use crate::probe::Started;
use std::str::FromStr;
use std::time::Duration;

type Lookup = Box<dyn Fn(&str) -> Option<String> + Send>;

/// A reader of settings that collects every problem until [`Settings::finish`].
///
/// Where a variable is missing or not valid, a placeholder (empty, zero) is returned. An adapter may be built from it, since
/// `finish` fails before anything is called.
pub struct Settings {
    lookup: Lookup,
    function: &'static str,
    problems: Vec<String>,
    secrets: Vec<String>,
}

/// How the name of a variable ends that holds the name of a secret.
const OF_SECRET: &str = "_SECRET";

/// Every variable that is missing or not valid.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the settings are not valid: {}; set these environment variables (README, Configuration)", .0.join("; "))]
pub struct SettingsError(pub Vec<String>);

impl Settings {
    /// The process's environment.
    #[expect(clippy::disallowed_methods, reason = "the one place where the environment is read")]
    pub fn from_environment() -> Self {
        Self::from_lookup(|name| std::env::var(name).ok())
    }

    /// The same, for the function of this name.
    #[must_use]
    pub fn of(self, function: &'static str) -> Self {
        Self { function, ..self }
    }

    /// Any other source, for tests.
    pub fn from_lookup(lookup: impl Fn(&str) -> Option<String> + Send + 'static) -> Self {
        Self { lookup: Box::new(lookup), function: "", problems: Vec::new(), secrets: Vec::new() }
    }

    /// A required text.
    pub fn text(&mut self, name: &str) -> String {
        self.optional(name).unwrap_or_else(|| self.missing(name))
    }

    /// An optional text; an empty one counts as missing.
    pub fn optional(&mut self, name: &str) -> Option<String> {
        let value = (self.lookup)(name).filter(|value| !value.trim().is_empty());
        if name.ends_with(OF_SECRET) {
            self.reads_secrets(value.clone());
        }
        value
    }

    /// Notes secrets that the function reads, for the probe of a deploy. One whose name is in a variable `…_SECRET` is noted
    /// when that is read.
    pub fn reads_secrets(&mut self, names: impl IntoIterator<Item = String>) {
        for name in names {
            if !self.secrets.contains(&name) {
                self.secrets.push(name);
            }
        }
    }

    /// A required value of any type that reads from text.
    pub fn required<T: FromStr + Default>(&mut self, name: &str) -> T {
        if self.optional(name).is_none() {
            self.missing(name);
        }
        self.parsed(name, T::default())
    }

    /// An optional value of any type that reads from text.
    pub fn parsed<T: FromStr>(&mut self, name: &str, default: T) -> T {
        match self.optional(name).map(|value| value.trim().parse::<T>()) {
            None => default,
            Some(Ok(value)) => value,
            Some(Err(_)) => {
                let wanted = std::any::type_name::<T>().rsplit("::").next().unwrap_or_default();
                self.problems.push(format!("{name} is not a valid {wanted}"));
                default
            }
        }
    }

    /// An optional number of whole seconds.
    pub fn seconds(&mut self, name: &str, default: u64) -> Duration {
        Duration::from_secs(self.parsed(name, default))
    }

    /// An optional choice between a few words.
    pub fn one_of<T: Copy>(&mut self, name: &str, words: &[(&str, T)], default: T) -> T {
        let Some(value) = self.optional(name) else { return default };
        if let Some((_, chosen)) = words.iter().find(|(word, _)| *word == value) {
            return *chosen;
        }
        let known: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
        self.problems.push(format!("{name} is not one of {}", known.join(", ")));
        default
    }

    /// A required absolute base URL, without a slash at its end.
    pub fn base_url(&mut self, name: &str) -> String {
        let url = self.text(name);
        if !url.is_empty() && !url.starts_with("https://") && !url.starts_with("http://") {
            self.problems.push(format!("{name} is not an http or https URL"));
        }
        url.trim_end_matches('/').to_owned()
    }

    /// An optional base URL of a collector: https, or http to this machine.
    pub fn collector(&mut self, name: &str) -> Option<String> {
        let url = self.optional(name)?;
        let is_local = ["http://127.0.0.1", "http://localhost", "http://[::1]"].iter().any(|host| {
            url.strip_prefix(host).is_some_and(|rest| rest.is_empty() || rest.starts_with([':', '/']))
        });
        if !url.starts_with("https://") && !is_local {
            self.problems.push(format!("{name} is not an https URL, nor an http URL of this machine"));
        }
        Some(url)
    }

    /// The function that is being started.
    pub fn function(&self) -> &'static str {
        self.function
    }

    /// Fails if any variable that was read is missing or not valid.
    pub fn finish(mut self) -> Result<Started, SettingsError> {
        let deploy = self.optional("DEPLOY_ID").unwrap_or_default();
        if self.problems.is_empty() {
            Ok(Started { function: self.function, deploy, secrets: self.secrets })
        } else {
            Err(SettingsError(self.problems))
        }
    }

    fn missing(&mut self, name: &str) -> String {
        self.problems.push(format!("{name} is missing"));
        String::new()
    }
}

#[cfg(test)]
mod tests;
