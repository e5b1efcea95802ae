//! Which rate is bought, when a label is bought, and which scans a tracker reports.

use super::*;
use serde_json::json;

fn rate(id: &str, service: &str, price: &str) -> RateObject {
    serde_json::from_value(json!({"id": id, "carrier": "USPS", "service": service, "rate": price})).unwrap()
}

#[test]
fn the_lowest_rate_is_found_without_floating_point() {
    let rates = [
        rate("a", "Express", "51.20"),
        rate("b", "Ground", "8.2"),
        rate("c", "Ground", "8.19999"),
        rate("d", "Priority", "9"),
        rate("e", "Ground", "free"),
    ];
    let id = |service| lowest(&rates, service).map(|rate| rate.id.as_str());
    assert_eq!(id(None), Some("c"));
    assert_eq!(id(Some("Priority")), Some("d"));
    assert_eq!(id(Some("Pigeon")), None);
    assert_eq!(lowest(&[], None), None);
}

#[test]
fn a_label_is_bought_once_it_has_a_code_and_a_url() {
    let shipment = |value| serde_json::from_value::<ShipmentObject>(value).unwrap();
    assert_eq!(label(&shipment(json!({"id": "shp_1", "rates": [], "tracking_code": null}))), None);
    let bought = json!({"id": "shp_1", "tracking_code": "94", "postage_label": {"label_pdf_url": "u"},
        "selected_rate": {"id": "rate_1", "carrier": "FedExDefault"}, "tracker": {"carrier": "FedEx"}});
    let LabelPurchased { carrier, tracking_code, label_url } = label(&shipment(bought)).unwrap();
    assert_eq!((carrier.as_str(), tracking_code.as_str(), label_url.as_str()), ("FedEx", "94", "u"));
}

#[test]
fn scans_are_sorted_by_time_without_duplicates() {
    let at = |hour: u32| format!("2026-01-01T{hour:02}:00:00Z");
    let tracker: TrackerObject = serde_json::from_value(json!({
        "carrier": "USPS", "tracking_code": "94", "status": "out_for_delivery", "status_detail": "unknown",
        "tracking_details": [
            {"status": "in_transit", "status_detail": "arrived_at_facility", "datetime": at(9)},
            {"status": "pre_transit", "status_detail": "label_created", "datetime": at(7)},
            {"status": "in_transit", "status_detail": "arrived_at_facility", "datetime": at(9)},
            {"status": "sulking", "status_detail": "<b>", "datetime": "soon"},
        ],
    }))
    .unwrap();
    let scans = tracking_report(tracker).unwrap().scans;
    let seen: Vec<_> = scans.iter().map(|s| (s.status, s.status_detail.as_deref())).collect();
    assert_eq!(
        seen,
        [
            (TrackingStatus::Other, None),
            (TrackingStatus::PreTransit, Some("label_created")),
            (TrackingStatus::InTransit, Some("arrived_at_facility")),
            (TrackingStatus::OutForDelivery, None),
        ]
    );
}

#[test]
fn a_tracker_without_a_parcel_is_no_report() {
    for value in [
        json!({"tracking_code": "94"}),
        json!({"carrier": "USPS"}),
        json!({"carrier": "#", "tracking_code": "9"}),
    ] {
        assert_eq!(tracking_report(serde_json::from_value(value).unwrap()), None);
    }
}
