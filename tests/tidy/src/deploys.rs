//! Every caller of a function names its alias, so that no version runs that a deploy has not probed.

use crate::alarms::{field, template};
use crate::none;

#[test]
fn every_event_source_names_the_alias_of_its_function() {
    let template = template();
    let sources =
        template.split("\n\n").filter(|block| block.contains("Type: AWS::Lambda::EventSourceMapping\n"));
    let named: Vec<&str> = sources.map(|block| field(block, "FunctionName")).collect();
    assert!(named.len() > 15, "only {named:?} were found");
    let offenders: Vec<String> =
        named.into_iter().filter(|name| !name.ends_with(".Alias")).map(str::to_owned).collect();
    none("event sources that name no alias", &offenders);
}

/// SAM then lets routes and schedules of `Events` name the alias, and makes a version of each deploy, also of a parameter alone.
#[test]
fn every_function_has_the_alias_and_a_version_of_each_deploy_that_is_probed() {
    let template = template();
    let functions: Vec<&str> =
        template.split("\n\n").filter(|block| block.contains("Type: AWS::Serverless::Function\n")).collect();
    assert!(functions.len() > 38, "only {} functions were found", functions.len());
    let mut offenders = Vec::new();
    for function in functions {
        let name = field(function, "CodeUri");
        let has = |line: &str| function.lines().any(|found| found.trim() == line);
        let mut wanted = vec!["AutoPublishAlias: live", "AutoPublishCodeSha256: !Ref DeployId"];
        if !name.contains("probe-version") {
            wanted.extend(["Enabled: !Ref GradualDeploys", "Hooks: {PreTraffic: !Ref ProbeVersion}"]);
            let answers = function.contains("Type: HttpApi");
            wanted.push(if answers { "Type: !Ref CanaryDeploys" } else { "Type: AllAtOnce" });
            wanted.extend(answers.then_some("Alarms: [!Ref DeployAlarm]"));
        }
        offenders
            .extend(wanted.into_iter().filter(|line| !has(line)).map(|line| format!("{name} lacks {line}")));
    }
    none("functions that a deploy changes at once", &offenders);
}

/// Routes that are no `Events` of a function are those of live tracking.
#[test]
fn every_integration_and_authorizer_names_the_alias_of_its_function() {
    let template = template();
    assert!(!template.contains("DefinitionBody"), "the template has routes of its own");
    let uris: Vec<&str> = template
        .lines()
        .map(str::trim)
        .filter(|line| line.starts_with("IntegrationUri: ") || line.starts_with("AuthorizerUri: "))
        .collect();
    assert!(uris.len() > 1, "only {uris:?} were found");
    let offenders: Vec<String> =
        uris.into_iter().filter(|uri| !uri.ends_with(".Alias}]")).map(str::to_owned).collect();
    none("integrations that name no alias", &offenders);
}
