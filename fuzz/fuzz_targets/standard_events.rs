//! See [`fuzz::standard_events`].

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    fuzz::standard_events(data);
});
