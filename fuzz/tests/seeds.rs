//! Every property holds for its seeds and for many small changes of them, and the parsers accept the seeds.

#![expect(clippy::expect_used, reason = "helpers outside of test functions may panic as well")]

use std::panic::{AssertUnwindSafe, catch_unwind};

const CHANGES: u32 = 400;

/// The seeds of each fuzzer that have no effect, as intended: thin events, types that are ignored, requests that are not valid or
/// about a product that is not there, and frames that are refused.
const REFUSED: [(&str, &[usize]); 7] = [
    ("carrier_events", &[]),
    ("frames", &[2, 3, 4, 5]),
    ("messages", &[]),
    ("requests", &[2, 3, 6, 7, 18]),
    ("signatures", &[]),
    ("standard_events", &[1, 4]),
    ("stripe_events", &[9]),
];

#[test]
fn the_seeds_are_accepted() {
    let refused = fuzz::ALL.map(|(name, property)| {
        let seeds = fuzz::seeds(name);
        (name, (0..seeds.len()).filter(|place| !property(&seeds[*place])).collect::<Vec<_>>())
    });
    assert_eq!(refused, REFUSED.map(|(name, places)| (name, places.to_vec())));
}

#[test]
fn every_property_holds_for_changed_seeds() {
    for (name, property) in fuzz::ALL {
        let seeds = fuzz::seeds(name);
        let mut chance = fastrand::Rng::with_seed(7);
        for seed in &seeds {
            for _ in 0..CHANGES {
                let changed = changed(seed, &seeds, &mut chance);
                let held = catch_unwind(AssertUnwindSafe(|| property(&changed)));
                assert!(held.is_ok(), "{name} is violated by {:?}", String::from_utf8_lossy(&changed));
            }
        }
    }
}

/// Makes one to three small changes: of a bit or a byte, or a piece is left out, duplicated, replaced by `null` or taken from
/// another seed.
fn changed(seed: &[u8], seeds: &[Vec<u8>], chance: &mut fastrand::Rng) -> Vec<u8> {
    let mut bytes = seed.to_vec();
    for _ in 0..chance.usize(1..=3) {
        if bytes.is_empty() {
            break;
        }
        let at = chance.usize(..bytes.len());
        let end = (at + chance.usize(1..=12)).min(bytes.len());
        match chance.u8(..6) {
            0 => bytes[at] ^= 1 << chance.u8(..8),
            1 => bytes[at] = *chance.choice(b"\"{}[]:,.-0919eE\\ \n\0\xff").expect("not empty"),
            2 => drop(bytes.drain(at..end)),
            3 => {
                let piece = bytes[at..end].to_vec();
                bytes.splice(at..at, piece);
            }
            4 => drop(bytes.splice(at..end, *b"null")),
            _ => {
                let other = chance.choice(seeds).expect("not empty");
                let from = chance.usize(..other.len());
                bytes.splice(at..at, other[from..(from + 20).min(other.len())].iter().copied());
            }
        }
    }
    bytes
}
