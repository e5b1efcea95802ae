//! Unit tests of the `disabled` module.

use super::*;

#[test]
fn each_reason_that_calls_a_person_has_an_alarm_on_the_metric_of_its_line() {
    let template = include_str!("../../../../template.yaml");
    let (_, alarms) = template.split_once("Fn::ForEach::EndpointDisabledAlarms:").unwrap();
    let alarms: String = alarms.lines().take(10).collect();
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
