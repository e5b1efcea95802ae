//! See [`fuzz::stripe_events`].

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    fuzz::stripe_events(data);
});
