//! Console: what people see in a browser, staff in the console and customers in the demo shop. Each page calls the HTTP API as any
//! client does, with the token of the person who signed in, so this service has no table and no grant.

mod files;
mod policy;
mod serve;
mod settings;

pub use serve::ServeConsole;
pub use settings::{Cards, Pool, Shop, SignIn};
