//! Structs are read from JSON objects only. The code that serde derives also reads a struct from a list, its fields in order:
//! that serves formats without names, and in a request's body it is always a mistake. Such a list is refused at any depth, and
//! so is a text that no queue accepts. Everything else is left to the deserializer beneath.

use serde::Deserializer;
use serde::de::{
    DeserializeSeed, EnumAccess, Error, MapAccess, SeqAccess, Unexpected, VariantAccess, Visitor,
};
use std::fmt;

/// A deserializer, or a part of one, that reads structs from objects only.
pub(super) struct Objects<T>(pub(super) T);

/// Receives a value; for a struct it refuses a list.
struct Receiver<V> {
    visitor: V,
    of_struct: bool,
}

fn value<V>(visitor: V) -> Receiver<V> {
    Receiver { visitor, of_struct: false }
}

fn object<V>(visitor: V) -> Receiver<V> {
    Receiver { visitor, of_struct: true }
}

macro_rules! deserialize {
    ($($method:ident($($name:ident: $kind:ty),*) by $receiver:ident;)*) => {$(
        fn $method<V: Visitor<'de>>(self, $($name: $kind,)* visitor: V) -> Result<V::Value, D::Error> {
            self.0.$method($($name,)* $receiver(visitor))
        }
    )*};
}

impl<'de, D: Deserializer<'de>> Deserializer<'de> for Objects<D> {
    type Error = D::Error;

    deserialize! {
        deserialize_any() by value;
        deserialize_bool() by value;
        deserialize_i8() by value;
        deserialize_i16() by value;
        deserialize_i32() by value;
        deserialize_i64() by value;
        deserialize_i128() by value;
        deserialize_u8() by value;
        deserialize_u16() by value;
        deserialize_u32() by value;
        deserialize_u64() by value;
        deserialize_u128() by value;
        deserialize_f32() by value;
        deserialize_f64() by value;
        deserialize_char() by value;
        deserialize_str() by value;
        deserialize_string() by value;
        deserialize_bytes() by value;
        deserialize_byte_buf() by value;
        deserialize_option() by value;
        deserialize_unit() by value;
        deserialize_unit_struct(name: &'static str) by value;
        deserialize_newtype_struct(name: &'static str) by value;
        deserialize_seq() by value;
        deserialize_tuple(length: usize) by value;
        deserialize_tuple_struct(name: &'static str, length: usize) by value;
        deserialize_map() by value;
        deserialize_struct(name: &'static str, fields: &'static [&'static str]) by object;
        deserialize_enum(name: &'static str, variants: &'static [&'static str]) by value;
        deserialize_identifier() by value;
        deserialize_ignored_any() by value;
    }

    fn is_human_readable(&self) -> bool {
        self.0.is_human_readable()
    }
}

/// Whether a message may hold this character: SNS and SQS refuse a message with U+FFFE or U+FFFF. JSON escapes the control
/// characters that they refuse too.
pub(super) const fn is_sendable(c: char) -> bool {
    !matches!(c, '\u{fffe}' | '\u{ffff}')
}

fn sendable<E: Error>(text: &str) -> Result<&str, E> {
    if text.chars().all(is_sendable) {
        Ok(text)
    } else {
        Err(E::custom("not a text that can be kept: it has the character U+FFFE or U+FFFF"))
    }
}

macro_rules! visit {
    ($($method:ident($kind:ty);)*) => {$(
        fn $method<E: Error>(self, value: $kind) -> Result<V::Value, E> {
            self.visitor.$method(value)
        }
    )*};
}

impl<'de, V: Visitor<'de>> Visitor<'de> for Receiver<V> {
    type Value = V::Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.visitor.expecting(f)
    }

    visit! {
        visit_bool(bool);
        visit_i64(i64);
        visit_i128(i128);
        visit_u64(u64);
        visit_u128(u128);
        visit_f64(f64);
        visit_bytes(&[u8]);
        visit_borrowed_bytes(&'de [u8]);
        visit_byte_buf(Vec<u8>);
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<V::Value, E> {
        self.visitor.visit_str(sendable(text)?)
    }

    fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<V::Value, E> {
        self.visitor.visit_borrowed_str(sendable(text)?)
    }

    fn visit_string<E: Error>(self, text: String) -> Result<V::Value, E> {
        sendable(&text)?;
        self.visitor.visit_string(text)
    }

    fn visit_none<E: Error>(self) -> Result<V::Value, E> {
        self.visitor.visit_none()
    }

    fn visit_unit<E: Error>(self) -> Result<V::Value, E> {
        self.visitor.visit_unit()
    }

    fn visit_some<D: Deserializer<'de>>(self, inner: D) -> Result<V::Value, D::Error> {
        self.visitor.visit_some(Objects(inner))
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(self, inner: D) -> Result<V::Value, D::Error> {
        self.visitor.visit_newtype_struct(Objects(inner))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<V::Value, A::Error> {
        if self.of_struct {
            return Err(Error::invalid_type(Unexpected::Seq, &"an object"));
        }
        self.visitor.visit_seq(Objects(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<V::Value, A::Error> {
        self.visitor.visit_map(Objects(map))
    }

    fn visit_enum<A: EnumAccess<'de>>(self, variant: A) -> Result<V::Value, A::Error> {
        self.visitor.visit_enum(Objects(variant))
    }
}

impl<'de, S: DeserializeSeed<'de>> DeserializeSeed<'de> for Objects<S> {
    type Value = S::Value;

    fn deserialize<D: Deserializer<'de>>(self, inner: D) -> Result<S::Value, D::Error> {
        self.0.deserialize(Objects(inner))
    }
}

impl<'de, A: SeqAccess<'de>> SeqAccess<'de> for Objects<A> {
    type Error = A::Error;

    fn next_element_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, A::Error> {
        self.0.next_element_seed(Objects(seed))
    }

    fn size_hint(&self) -> Option<usize> {
        self.0.size_hint()
    }
}

impl<'de, A: MapAccess<'de>> MapAccess<'de> for Objects<A> {
    type Error = A::Error;

    fn next_key_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, A::Error> {
        self.0.next_key_seed(Objects(seed))
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, A::Error> {
        self.0.next_value_seed(Objects(seed))
    }

    fn size_hint(&self) -> Option<usize> {
        self.0.size_hint()
    }
}

impl<'de, A: EnumAccess<'de>> EnumAccess<'de> for Objects<A> {
    type Error = A::Error;
    type Variant = Objects<A::Variant>;

    fn variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<(S::Value, Self::Variant), A::Error> {
        self.0.variant_seed(Objects(seed)).map(|(name, variant)| (name, Objects(variant)))
    }
}

impl<'de, A: VariantAccess<'de>> VariantAccess<'de> for Objects<A> {
    type Error = A::Error;

    fn unit_variant(self) -> Result<(), A::Error> {
        self.0.unit_variant()
    }

    fn newtype_variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<S::Value, A::Error> {
        self.0.newtype_variant_seed(Objects(seed))
    }

    fn tuple_variant<V: Visitor<'de>>(self, length: usize, visitor: V) -> Result<V::Value, A::Error> {
        self.0.tuple_variant(length, value(visitor))
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, A::Error> {
        self.0.struct_variant(fields, object(visitor))
    }
}
