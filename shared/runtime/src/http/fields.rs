//! How the fields of a request's body are read where serde alone would refuse what a caller means, or would refuse it for a
//! reason that does not help.
//!
//! - [`optional`] and [`optional_number`]: `""` is absent, because forms send it for an empty field.
//! - [`whole_number`]: a number beyond the field's type becomes the largest of the type, so that the check of the field's own
//!   bounds refuses it and names them.

use super::objects::Objects;
use events::Amount;
use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{Error, IntoDeserializer, MapAccess, SeqAccess, Unexpected, Visitor};
use serde::{Deserialize, Deserializer};
use std::fmt;
use std::marker::PhantomData;

/// Reads an optional field: `""` and `null` are absent. Use it with `#[serde(default)]`.
pub fn optional<'de, D: Deserializer<'de>, T: Deserialize<'de>>(field: D) -> Result<Option<T>, D::Error> {
    field.deserialize_any(Optional(PhantomData))
}

/// Reads a whole number. One that is too large becomes the largest of its type.
pub fn whole_number<'de, D: Deserializer<'de>, T: Whole>(field: D) -> Result<T, D::Error> {
    field.deserialize_any(Number(PhantomData))
}

/// Reads an optional whole number: both rules. Use it with `#[serde(default)]`.
pub fn optional_number<'de, D: Deserializer<'de>, T: Whole>(field: D) -> Result<Option<T>, D::Error> {
    optional::<D, Read<T>>(field).map(|read| read.map(|Read(number)| number))
}

/// A type of whole numbers.
pub trait Whole: Sized {
    /// What serde calls the type. Errors translate it into plain words.
    const NAME: &'static str;

    /// The value nearest to `number`; `None` for a number below zero if the type has none.
    fn nearest(number: i128) -> Option<Self>;
}

impl Whole for i64 {
    const NAME: &'static str = "i64";

    fn nearest(number: i128) -> Option<Self> {
        Some(Self::try_from(number).unwrap_or(if number < 0 { Self::MIN } else { Self::MAX }))
    }
}

impl Whole for u32 {
    const NAME: &'static str = "u32";

    fn nearest(number: i128) -> Option<Self> {
        (number >= 0).then(|| Self::try_from(number).unwrap_or(Self::MAX))
    }
}

impl Whole for u64 {
    const NAME: &'static str = "u64";

    fn nearest(number: i128) -> Option<Self> {
        (number >= 0).then(|| Self::try_from(number).unwrap_or(Self::MAX))
    }
}

impl Whole for Amount {
    const NAME: &'static str = u64::NAME;

    fn nearest(number: i128) -> Option<Self> {
        u64::nearest(number).map(Self::minor)
    }
}

struct Read<T>(T);

impl<'de, T: Whole> Deserialize<'de> for Read<T> {
    fn deserialize<D: Deserializer<'de>>(field: D) -> Result<Self, D::Error> {
        whole_number(field).map(Self)
    }
}

struct Number<T>(PhantomData<T>);

impl<T: Whole> Visitor<'_> for Number<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(T::NAME)
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<T, E> {
        T::nearest(number.into()).ok_or_else(|| E::invalid_value(Unexpected::Signed(number), &self))
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<T, E> {
        T::nearest(number.into()).ok_or_else(|| E::invalid_value(Unexpected::Unsigned(number), &self))
    }

    /// The parser reads an integer beyond 64 bits as a float. A smaller float is not written as an integer: `1.5`, `2.0`.
    #[expect(clippy::cast_possible_truncation, reason = "the cast is to the nearest i128")]
    fn visit_f64<E: Error>(self, number: f64) -> Result<T, E> {
        let is_beyond_64_bits =
            !(-9_223_372_036_854_775_808.0..18_446_744_073_709_551_616.0).contains(&number);
        let nearest = if is_beyond_64_bits { T::nearest(number as i128) } else { None };
        nearest.ok_or_else(|| E::invalid_type(Unexpected::Float(number), &self))
    }
}

struct Optional<T>(PhantomData<T>);

macro_rules! visit {
    ($($method:ident($kind:ty);)*) => {$(
        fn $method<E: Error>(self, value: $kind) -> Result<Self::Value, E> {
            T::deserialize(value.into_deserializer()).map(Some)
        }
    )*};
}

impl<'de, T: Deserialize<'de>> Visitor<'de> for Optional<T> {
    type Value = Option<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value, or nothing")
    }

    visit! {
        visit_bool(bool);
        visit_i64(i64);
        visit_u64(u64);
        visit_f64(f64);
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        if text.is_empty() { Ok(None) } else { T::deserialize(text.into_deserializer()).map(Some) }
    }

    fn visit_none<E: Error>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_some<D: Deserializer<'de>>(self, field: D) -> Result<Self::Value, D::Error> {
        field.deserialize_any(self)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<Self::Value, A::Error> {
        T::deserialize(Objects(SeqAccessDeserializer::new(list))).map(Some)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
        T::deserialize(Objects(MapAccessDeserializer::new(map))).map(Some)
    }
}
