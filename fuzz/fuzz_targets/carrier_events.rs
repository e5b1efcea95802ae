//! See [`fuzz::carrier_events`].

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    fuzz::carrier_events(data);
});
