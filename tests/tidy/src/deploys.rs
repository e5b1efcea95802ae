//! Every caller of a function names its alias, so that no version runs that a deploy has not probed.

use crate::alarms::{field, routes, template};
use crate::none;
use std::collections::BTreeSet;

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

/// SAM then lets the schedules of `Events` name the alias, and makes a version of each deploy, also of a parameter alone.
#[test]
fn every_function_has_the_alias_and_a_version_of_each_deploy_that_is_probed() {
    let template = template();
    let functions: Vec<&str> =
        template.split("\n\n").filter(|block| block.contains("Type: AWS::Serverless::Function\n")).collect();
    assert!(functions.len() > 38, "only {} functions were found", functions.len());
    let answering: Vec<String> = routes(&template).into_iter().map(|(_, operation)| operation).collect();
    let mut offenders = Vec::new();
    for function in functions {
        let name = field(function, "CodeUri");
        let has = |line: &str| function.lines().any(|found| found.trim() == line);
        let mut wanted = vec!["AutoPublishAlias: live", "AutoPublishCodeSha256: !Ref DeployId"];
        if !name.contains("probe-version") {
            wanted.extend(["Enabled: !Ref GradualDeploys", "Hooks: {PreTraffic: !Ref ProbeVersion}"]);
            let resource = function.trim_start().split(':').next().unwrap_or_default();
            let answers = answering.iter().any(|route| {
                route.ends_with(&format!("{{Function: !Ref {resource}.Alias}}]}}, responses: {{}}}}"))
            });
            wanted.push(if answers { "Type: !Ref CanaryDeploys" } else { "Type: AllAtOnce" });
            wanted.extend(answers.then_some("Alarms: [!Ref DeployAlarm]"));
        }
        offenders
            .extend(wanted.into_iter().filter(|line| !has(line)).map(|line| format!("{name} lacks {line}")));
    }
    none("functions that a deploy changes at once", &offenders);
}

/// Of the HTTP API and of live tracking.
#[test]
fn every_integration_and_authorizer_names_the_alias_of_its_function() {
    let template = template();
    let mut uris: Vec<String> = template
        .lines()
        .map(str::trim)
        .filter(|line| line.starts_with("IntegrationUri: ") || line.starts_with("AuthorizerUri: "))
        .map(str::to_owned)
        .collect();
    uris.extend(routes(&template).into_iter().filter_map(|(_, operation)| {
        let (_, uri) = operation.split_once(", uri: ")?;
        Some(uri.split("}, ").next().unwrap_or_default().to_owned())
    }));
    assert!(uris.len() > 45, "only {} were found", uris.len());
    uris.retain(|uri| !uri.ends_with(".Alias}]"));
    none("integrations that name no alias", &uris);
}

/// A permission that names the function itself would not let the API invoke the alias.
#[test]
fn the_api_may_invoke_the_alias_of_each_function_that_answers_it() {
    let template = template();
    let answering: BTreeSet<String> = routes(&template)
        .into_iter()
        .map(|(_, operation)| {
            let (_, function) = operation.split_once("{Function: !Ref ").expect("a function");
            function.split(".Alias").next().unwrap_or_default().to_owned()
        })
        .collect();
    assert!(answering.len() > 20, "only {answering:?} were found");
    let may = |function: &&String| {
        let permission = format!(
            "  {function}Permission:\n    Type: AWS::Lambda::Permission\n    Properties:\n      FunctionName: !Ref {function}.Alias\n      \
             Action: lambda:InvokeFunction\n      Principal: apigateway.amazonaws.com\n      SourceArn: !Sub \
             arn:${{AWS::Partition}}:execute-api:${{AWS::Region}}:${{AWS::AccountId}}:${{Api}}/*\n"
        );
        template.contains(&permission)
    };
    let without: Vec<String> = answering.iter().filter(|function| !may(function)).cloned().collect();
    none("functions that the API may not invoke", &without);
}
