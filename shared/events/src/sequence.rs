//! The place of an event in its stream.

use serde::{Deserialize, Serialize};

/// The place of an event in its stream, counted from 1 without gaps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Sequence(u32);

impl Sequence {
    /// The first place of a stream.
    pub const FIRST: Self = Self(1);

    /// The place after `count` events.
    pub const fn after(count: u32) -> Self {
        Self(count + 1)
    }

    /// The number, from 1.
    pub const fn number(self) -> u32 {
        self.0
    }
}
