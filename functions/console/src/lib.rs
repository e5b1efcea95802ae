//! Console: what staff see in a browser. The page calls the HTTP API as any client does, with the token of the person who signed in,
//! so this service has no table and no grant.

mod files;
mod serve;

pub use serve::{ServeConsole, SignIn};
