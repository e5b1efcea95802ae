//! The cap doubles up to the longest wait, and a random wait lies between a quarter of the cap and the cap.

use super::*;

#[test]
fn the_wait_doubles_up_to_the_longest() {
    let waits: Vec<u64> =
        (1..=12).map(|attempt| BackOff::MESSAGE.wait(attempt, &NoJitter).as_secs()).collect();
    assert_eq!(waits, [2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900, 900]);
}

#[test]
fn a_random_wait_stays_within_its_bounds() {
    for attempt in 1..100 {
        let wait = BackOff::CONFLICT.wait(attempt, &RandomJitter);
        assert!(wait <= BackOff::CONFLICT.longest && wait >= BackOff::CONFLICT.first / 4);
    }
}

#[test]
fn random_waits_are_spread_over_the_whole_range() {
    let drawn: Vec<u32> = (0..10_000).map(|_| RandomJitter.thousandths()).collect();
    let (least, most) = (drawn.iter().min().unwrap(), drawn.iter().max().unwrap());
    // Outside of a tenth at either end in all draws: by chance once in 10^457.
    assert!(*least < 100 && *most > 900 && *most <= 1000, "from {least} to {most}");
}
