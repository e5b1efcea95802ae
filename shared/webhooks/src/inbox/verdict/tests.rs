//! Every status has one name in the index, the list and the stored verdict.

use super::*;

#[test]
fn a_status_is_called_the_same_wherever_it_stands() {
    let reason = String::new;
    let all = [
        Verdict::Applied { led_to: Vec::new() },
        Verdict::AlreadyKnown,
        Verdict::Ignored { reason: reason() },
        Verdict::Parked { key: reason() },
        Verdict::Failed { reason: reason() },
    ];
    let called: Vec<&str> = all.iter().map(|verdict| verdict.status().as_str()).collect();
    assert_eq!(called, Status::ALL[1..].iter().map(|status| status.as_str()).collect::<Vec<_>>());
    for verdict in all {
        let json = serde_json::to_value(&verdict).unwrap();
        assert_eq!(json["status"], verdict.status().as_str());
        assert_eq!(serde_json::from_value::<Verdict>(json).unwrap(), verdict);
    }
}
