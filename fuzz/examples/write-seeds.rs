//! Writes the seeds of every fuzzer as files, `<folder>/<fuzzer>/<n>`: cargo-fuzz reads its seeds from files.
//! It is an example, not a binary, because cargo-fuzz links every binary of this package as a fuzzer.

use std::path::Path;

fn main() -> std::io::Result<()> {
    let folder =
        std::env::args().nth(1).ok_or_else(|| std::io::Error::other("name the folder to write to"))?;
    for (name, _) in fuzz::ALL {
        let place = Path::new(&folder).join(name);
        std::fs::create_dir_all(&place)?;
        for (number, seed) in fuzz::seeds(name).iter().enumerate() {
            std::fs::write(place.join(number.to_string()), seed)?;
        }
    }
    Ok(())
}
