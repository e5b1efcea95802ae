//! Embeds what the builds of the pages wrote. Each file becomes an entry of its page's list: its path, its bytes, and their
//! compressed forms.
#![expect(
    clippy::disallowed_methods,
    reason = "a build script reads cargo's environment; it never runs in a function"
)]

use std::path::{Path, PathBuf};
use std::{env, fs, io};

/// The pages: the list that is written, the folder of the build, and the variable that names another one. A copy of the tree
/// without what is ignored (`make guards`) uses the builds of the tree.
const PAGES: [(&str, &str, &str); 2] = [
    ("console.rs", "web/dist", "CONVEYOR_WEB_DIST"),
    ("shop.rs", "examples/storefront/dist", "CONVEYOR_SHOP_DIST"),
];

fn main() -> io::Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let out = env::var_os("OUT_DIR").map(PathBuf::from).unwrap_or_default();
    for (list, ours, variable) in PAGES {
        println!("cargo::rerun-if-env-changed={variable}");
        let folder = env::var_os(variable).map_or(root.join(ours), PathBuf::from);
        println!("cargo::rerun-if-changed={}", folder.display());
        if !folder.join("index.html").is_file() {
            println!(
                "cargo::error={ours} is not built: run `make build`, which builds the pages before the functions"
            );
            return Ok(());
        }
        let mut files = Vec::new();
        collect(&folder, &mut files)?;
        files.sort();
        let entries: String = files.iter().map(|path| entry(&folder, path)).collect();
        fs::write(out.join(list), format!("&[\n{entries}]"))?;
    }
    Ok(())
}

/// The entry of one file, as Rust.
fn entry(folder: &Path, path: &Path) -> String {
    let name = path.strip_prefix(folder).unwrap_or(path).to_string_lossy().into_owned();
    let bytes = |path: &Path| format!("include_bytes!({:?})", path.to_string_lossy());
    let form = |ending: &str| {
        let compressed = PathBuf::from(format!("{}.{ending}", path.display()));
        if compressed.is_file() { format!("Some({})", bytes(&compressed)) } else { "None".to_owned() }
    };
    let (plain, brotli, gzip) = (bytes(path), form("br"), form("gz"));
    format!("    File {{ path: {name:?}, plain: {plain}, brotli: {brotli}, gzip: {gzip} }},\n")
}

/// The files below the folder, without compressed forms and without stamps.
fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let is_compressed = path.extension().is_some_and(|ending| ending == "br" || ending == "gz");
        let is_stamp = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
        if path.is_dir() {
            collect(&path, files)?;
        } else if !is_compressed && !is_stamp {
            files.push(path);
        }
    }
    Ok(())
}
