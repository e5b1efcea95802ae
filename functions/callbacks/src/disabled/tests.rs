//! The reasons agree with the alarms of the template and with the names on the wire.

use super::*;

#[test]
fn each_reason_that_needs_an_operator_has_an_alarm() {
    let template = include_str!("../../../../template.yaml");
    let (_, alarms) = template.split_once("Fn::ForEach::EndpointDisabledAlarms:").unwrap();
    let alarms: String = alarms.lines().take(12).collect();
    let words = [DisabledBecause::Gone, DisabledBecause::Failing].map(DisabledBecause::as_str);
    for wanted in [
        format!("- [{}]", words.join(", ")),
        "Namespace: Conveyor ".to_owned(),
        "MetricName: EndpointDisabled ".to_owned(),
        "{Name: stack, Value: !Ref AWS::StackName}, {Name: because, Value: !Ref Because}".to_owned(),
    ] {
        assert!(alarms.contains(&wanted), "{wanted}");
    }
    for because in [DisabledBecause::Admin, DisabledBecause::Gone, DisabledBecause::Failing] {
        assert_eq!(serde_json::to_value(because).unwrap(), because.as_str());
    }
}
