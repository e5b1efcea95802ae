//! The files of the pages, embedded by `build.rs`, each in the forms that it is sent in.

/// One file of a page.
#[derive(Debug, Clone, Copy)]
pub(crate) struct File {
    /// Its path below the page's own. Assets have a hash of their content in it.
    pub(crate) path: &'static str,
    plain: &'static [u8],
    brotli: Option<&'static [u8]>,
    gzip: Option<&'static [u8]>,
}

/// Those of the console.
pub(crate) static CONSOLE: &[File] = include!(concat!(env!("OUT_DIR"), "/console.rs"));
/// Those of the shop.
pub(crate) static SHOP: &[File] = include!(concat!(env!("OUT_DIR"), "/shop.rs"));

/// The page itself.
pub(crate) const PAGE: &str = "index.html";

impl File {
    /// The file at this path.
    pub(crate) fn at(files: &[Self], path: &str) -> Option<Self> {
        files.iter().find(|file| file.path == path).copied()
    }

    /// The type of its content, by its ending.
    pub(crate) fn content_type(&self) -> &'static str {
        match self.path.rsplit('.').next().unwrap_or_default() {
            "html" => "text/html; charset=utf-8",
            "js" => "text/javascript; charset=utf-8",
            "css" => "text/css; charset=utf-8",
            "svg" => "image/svg+xml",
            _ => "application/octet-stream",
        }
    }

    /// The smallest form that the browser accepts, and its name in `content-encoding`.
    pub(crate) fn form(&self, accepted: &str) -> (&'static [u8], Option<&'static str>) {
        let accepts = |wanted: &str| {
            accepted.split(',').any(|coding| {
                let (name, weight) = coding.split_once(';').unwrap_or((coding, ""));
                let is_refused = matches!(weight.trim(), "q=0" | "q=0.0" | "q=0.00" | "q=0.000");
                name.trim().eq_ignore_ascii_case(wanted) && !is_refused
            })
        };
        match (self.brotli, self.gzip) {
            (Some(bytes), _) if accepts("br") => (bytes, Some("br")),
            (_, Some(bytes)) if accepts("gzip") => (bytes, Some("gzip")),
            _ => (self.plain, None),
        }
    }
}
