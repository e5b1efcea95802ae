//! An event's id says which order it belongs to.

use super::*;

#[test]
fn the_id_of_an_event_names_its_order_and_a_product_is_none() {
    assert_eq!(order_of("shipping/4f0c/3"), Some("4f0c"));
    for other in ["catalog/TEA-01/2", "request/abc/1", "stripe/evt_1", "orders", ""] {
        assert_eq!(order_of(other), None, "{other}");
    }
}
