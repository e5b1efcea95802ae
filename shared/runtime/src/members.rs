//! The members of a JSON object of the platform, each read by itself: one that is missing or odd is absent, and nothing panics.

use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt::Formatter;

/// The members of an object, unread: most of an event is never looked at.
#[derive(Default)]
pub(crate) struct Members<'a>(Vec<(Text<'a>, &'a RawValue)>);

/// A text, borrowed from the event if it has no escapes.
#[derive(Deserialize)]
pub(crate) struct Text<'a>(#[serde(borrow)] pub(crate) Cow<'a, str>);

impl<'a> Members<'a> {
    /// A member that has this form; `None` if it is missing or has another. Of two with one name, the last one counts.
    pub(crate) fn read<T: Deserialize<'a>>(&self, name: &str) -> Option<T> {
        let (_, value) = self.0.iter().rev().find(|(Text(found), _)| found == name)?;
        serde_json::from_str(value.get()).ok()
    }

    pub(crate) fn text(&self, name: &str) -> Option<Cow<'a, str>> {
        self.read::<Text<'_>>(name).map(|Text(text)| text)
    }

    /// The members of a member; none if it is no object.
    pub(crate) fn members(&self, name: &str) -> Self {
        self.read(name).unwrap_or_default()
    }

    /// Every member with its name, in their order.
    pub(crate) fn each(&self) -> &[(Text<'a>, &'a RawValue)] {
        &self.0
    }

    /// All members that are texts.
    pub(crate) fn texts(&self) -> HashMap<String, String> {
        let text = |value: &'a RawValue| serde_json::from_str::<Text<'_>>(value.get()).ok();
        let members = self.0.iter();
        members
            .filter_map(|(Text(name), value)| Some((name.clone().into_owned(), text(value)?.0.into_owned())))
            .collect()
    }
}

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Each;
        impl<'de> Visitor<'de> for Each {
            type Value = Members<'de>;

            fn expecting(&self, form: &mut Formatter<'_>) -> std::fmt::Result {
                form.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(Each)
    }
}
