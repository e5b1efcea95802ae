//! The reasons agree with the alarms of the template and with the names on the wire.

use super::*;

#[test]
fn each_reason_that_needs_an_operator_has_an_alarm() {
    let alarms = include_str!("../../../../alarms.yaml");
    for because in [DisabledBecause::Gone, DisabledBecause::Failing].map(DisabledBecause::as_str) {
        let dimensions = format!("{{Name: stack, Value: !Ref Stack}}, {{Name: because, Value: {because}}}");
        let wanted = format!("MetricName: EndpointDisabled\n      Dimensions: [{dimensions}]\n");
        assert!(alarms.contains(&wanted), "{wanted}");
    }
    for because in [DisabledBecause::Admin, DisabledBecause::Gone, DisabledBecause::Failing] {
        assert_eq!(serde_json::to_value(because).unwrap(), because.as_str());
    }
}
