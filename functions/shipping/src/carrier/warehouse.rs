//! The shop's own warehouse as a carrier. Its staff report each step through `manage-shipments`, so nothing is called
//! here, and no label is bought.

use super::{Purchase, Requested};

/// The warehouse accepts every shipment. Its open list is what the staff pack.
pub(super) const fn request() -> Requested {
    Requested::Accepted { shipment_id: None }
}

/// The warehouse sells no labels.
pub(super) const fn label() -> Purchase {
    Purchase::NotBought
}
