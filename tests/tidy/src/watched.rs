//! An operator learns of every lost message and every stuck order: what the template must have for that.

pub(crate) use crate::alarms::template;
use crate::{files, functions, kebab, none, root};

/// A resource of the template, by its logical id, up to the next empty line.
pub(crate) fn resource<'a>(template: &'a str, name: &str) -> &'a str {
    let (_, after) = template.split_once(&format!("\n  {name}:\n")).unwrap_or_default();
    after.split("\n\n").next().unwrap_or_default()
}

/// What a subscription lacks so that a message that SNS cannot deliver to the queue is dead-lettered.
fn lacks(template: &str, subscription: &str) -> Option<String> {
    let endpoint = subscription.split_once("Endpoint: !GetAtt ").map(|(_, after)| after);
    let Some((consumer, _)) = endpoint.and_then(|endpoint| endpoint.split_once("Queue.Arn\n")) else {
        return Some(format!("an endpoint that is a queue of the template:\n{subscription}"));
    };
    if consumer == "PushUpdates" {
        // A hint: docs/decisions/a-hint-has-no-dead-letter.md.
        return None;
    }
    let policy = resource(template, &format!("{consumer}QueuePolicy"));
    let wanted = [
        (subscription, format!("RedrivePolicy: {{deadLetterTargetArn: !GetAtt {consumer}DeadLetters.Arn}}")),
        (policy, format!("Resource: [!GetAtt {consumer}Queue.Arn, !GetAtt {consumer}DeadLetters.Arn]")),
    ];
    let (_, lack) = wanted.into_iter().find(|(text, wanted)| !text.contains(wanted))?;
    Some(format!("{consumer}: {lack}"))
}

#[test]
fn every_subscription_dead_letters_what_it_cannot_deliver() {
    let template = template();
    let blocks = template.split("\n\n").filter(|block| block.contains("Type: AWS::SNS::Subscription\n"));
    let of_queues: Vec<&str> = blocks.filter(|block| !block.contains("Protocol: email\n")).collect();
    assert!(of_queues.len() > 10, "only {} subscriptions were found", of_queues.len());
    let offenders: Vec<String> = of_queues.iter().filter_map(|block| lacks(&template, block)).collect();
    none("a subscription lacks", &offenders);
}

#[test]
fn a_failed_sweep_and_a_missing_sweep_both_raise_an_alarm() {
    let template = template();
    let mut offenders = Vec::new();
    for (alarm, wanted) in [
        (
            "SweepOrdersFailureAlarm",
            [
                "MetricName: Errors\n",
                "ComparisonOperator: GreaterThanThreshold\n",
                "Threshold: 0\n",
                "TreatMissingData: notBreaching\n",
            ],
        ),
        (
            "SweepOrdersSilenceAlarm",
            [
                "MetricName: Invocations\n",
                "ComparisonOperator: LessThanThreshold\n",
                "Threshold: 1\n",
                "TreatMissingData: breaching\n",
            ],
        ),
    ] {
        let text = resource(&template, alarm);
        let every = [
            "Type: AWS::CloudWatch::Alarm\n",
            "Namespace: AWS/Lambda\n",
            "Dimensions: [{Name: FunctionName, Value: !Ref SweepOrders}]\n",
            "AlarmActions: [!Ref AlarmTopic]\n",
        ];
        let missing = wanted.into_iter().chain(every).filter(|wanted| !text.contains(wanted));
        offenders.extend(missing.map(|missing| format!("{alarm}: {}", missing.trim())));
    }
    none("an alarm of the sweep lacks", &offenders);
}

#[test]
fn an_alarm_names_its_function_as_the_commands_do() {
    let template = template();
    let of_alarms = template.split("\n\n").filter(|block| block.contains("Type: AWS::CloudWatch::Alarm\n"));
    let names: Vec<String> = functions().into_iter().map(|(_, function)| function).collect();
    let (mut seen, mut offenders) = (0, Vec::new());
    for alarm in of_alarms {
        let resource = kebab(alarm.trim_start().split(':').next().unwrap_or_default());
        let line =
            |key: &str| alarm.lines().find(|line| line.trim_start().starts_with(key)).unwrap_or_default();
        if !line("AlarmName: ").contains("!Sub ${AWS::StackName}-") {
            offenders.push(format!("{resource}: no name"));
        }
        let Some(function) = names.iter().find(|name| resource.starts_with(&format!("{name}-"))) else {
            continue;
        };
        seen += 1;
        if !line("AlarmName: ").contains(&format!("-{function}-"))
            || !line("AlarmDescription: ").contains(function.as_str())
        {
            offenders.push(format!("{resource}: {function} is not in its name and its description"));
        }
    }
    assert!(seen > 30, "only {seen} alarms of functions were found");
    none("alarms", &offenders);
}

/// The breakers of each service: `const NAME: &str = "stripe";` of a client.
fn breakers() -> Vec<(String, String)> {
    let mut found = Vec::new();
    for (path, text) in files(&["functions"], ".rs") {
        let service = path.split('/').nth(1).unwrap_or_default();
        let names = text.split("const NAME: &str = \"").skip(1).filter_map(|after| after.split('"').next());
        found.extend(names.map(|name| (service.to_owned(), name.to_owned())));
    }
    found
}

/// It calls the stack's own public door, and is there to notice that it is shut.
const CALLS_ITSELF: &str = "place-canary";

/// The functions that call a provider, each with its service and its main.
fn callers() -> Vec<(String, String, String)> {
    let main = |(service, function)| {
        let path = root().join(format!("functions/{service}/src/bin/{function}.rs"));
        (service, function, std::fs::read_to_string(path).expect("a main"))
    };
    let calls = |(_, function, main): &(String, String, String)| {
        main.contains("aws.transport()") && function != CALLS_ITSELF
    };
    functions().into_iter().map(main).filter(calls).collect()
}

#[test]
fn every_call_to_a_provider_goes_through_its_breaker_and_every_breaker_has_an_alarm() {
    let template = template();
    let names: Vec<String> = breakers().into_iter().map(|(_, name)| name).collect();
    assert!(names.len() > 1, "only {names:?} were found");
    for name in names {
        let wanted = format!(
            "MetricName: DependencyOut\n      Dimensions: [{{Name: stack, Value: !Ref AWS::StackName}}, {{Name: dependency, Value: {name}}}]\n"
        );
        assert!(template.contains(&wanted), "no alarm has {wanted}");
    }
    let mut calling = callers();
    calling.retain(|(.., main)| {
        main.matches("aws.transport()").count() != 1 || !main.contains("Breaker::before(aws.transport(), ")
    });
    let without: Vec<String> = calling.into_iter().map(|(_, function, _)| function).collect();
    none("functions that call a provider without a breaker", &without);
}

#[test]
fn each_caller_of_a_breaker_may_read_and_write_its_state() {
    let template = template();
    for (service, function, main) in callers() {
        let words = function.split('-').map(|word| word[..1].to_uppercase() + &word[1..]);
        let role = resource(&template, &format!("{}Role", words.collect::<String>()));
        let is_called = |name: &str| {
            main.contains("transport(), name,") || main.to_lowercase().contains(&format!("{name}::name"))
        };
        for (_, name) in breakers().into_iter().filter(|(owner, name)| *owner == service && is_called(name)) {
            let narrow = format!(
                "{{\"ForAllValues:StringEquals\": {{\"dynamodb:LeadingKeys\": [\"breaker#{name}\"]}}}}"
            );
            let of_its_own =
                role.contains("Action: [dynamodb:GetItem, dynamodb:PutItem]\n") && role.contains(&narrow);
            let as_all_items =
                role.contains("Action: [dynamodb:Query, dynamodb:GetItem, dynamodb:PutItem], Resource");
            assert!(of_its_own != as_all_items, "{name}: {role}");
        }
    }
}
