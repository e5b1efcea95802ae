//! One name everywhere, and names that say something.

use crate::{files, functions, none, root};

#[test]
fn a_function_has_one_name_in_the_template_the_samples_and_the_logs() {
    let template = std::fs::read_to_string(root().join("template.yaml")).unwrap();
    let mut offenders = Vec::new();
    for (service, function) in functions() {
        let resource: String =
            function.split('-').map(|word| word[..1].to_uppercase() + &word[1..]).collect();
        if !template.contains(&format!("\n  {resource}:\n")) {
            offenders.push(format!("template.yaml has no resource {resource}"));
        }
        if !template.contains(&format!("CodeUri: target/lambda/{function}/")) {
            offenders.push(format!("template.yaml deploys no target/lambda/{function}/"));
        }
        if !root().join("events").join(&function).is_dir() {
            offenders.push(format!("events/{function}/ is missing"));
        }
        let main = root().join(format!("functions/{service}/src/bin/{function}.rs"));
        if !std::fs::read_to_string(main).unwrap().contains(&format!("runtime::start(\"{function}\")")) {
            offenders.push(format!("{function} does not start under its own name"));
        }
    }
    none("one name everywhere", &offenders);
}

#[test]
fn a_main_is_short_and_has_no_branches() {
    let mut offenders = Vec::new();
    for (path, text) in
        files(&["functions"], ".rs").into_iter().filter(|(path, _)| path.contains("/src/bin/"))
    {
        if text.lines().count() > 45 {
            offenders.push(format!("{path} has {} lines", text.lines().count()));
        }
        for word in ["if ", "match ", "for ", "while "] {
            if text.lines().any(|line| line.trim_start().starts_with(word)) {
                offenders.push(format!("{path} has a branch: {word}"));
            }
        }
    }
    none("settings, adapters, step, run", &offenders);
}

#[test]
fn a_program_has_no_tests() {
    // `make test` does not compile these programs as tests: local/testing.py.
    let offenders: Vec<String> = files(&["functions", "tests", "bench/references"], ".rs")
        .into_iter()
        .filter(|(path, text)| path.contains("/src/bin/") && text.contains("#[test]"))
        .map(|(path, _)| path)
        .collect();
    none("tests are in the library, beside the code that they test", &offenders);
}

#[test]
fn a_main_opens_its_connections_last() {
    let offenders: Vec<String> = files(&["functions"], ".rs")
        .into_iter()
        .filter(|(path, text)| path.contains("/src/bin/") && text.contains("aws::Clients"))
        .filter(|(_, text)| {
            // All adapters exist by then, so it is known which services the function calls.
            let after = text.split_once("aws.connect(started).await;").map(|(_, after)| after.trim_start());
            !after.is_some_and(|after| after.starts_with("runtime::") && !after.contains("aws."))
        })
        .map(|(path, _)| path)
        .collect();
    none("`aws.connect(started).await` comes before the run", &offenders);
}

#[test]
fn no_name_says_nothing() {
    let empty = ["core", "common", "utils", "util", "helpers", "helper", "types", "misc"];
    let offenders = files(&["functions", "shared", "tests"], ".rs")
        .into_iter()
        .map(|(path, _)| path)
        .filter(|path| path.split(['/', '.']).any(|part| empty.contains(&part)))
        .collect::<Vec<_>>();
    none("a module's name says what it is for", &offenders);
}

#[test]
fn every_attention_has_an_alarm_on_the_metric_that_the_log_lines_carry() {
    let alarms = crate::alarms::template();
    for attention in events::Attention::ALL {
        let dimensions = format!(
            "MetricName: AttentionRaised\n      Dimensions: [{{Name: stack, Value: !Ref AWS::StackName}}, {{Name: attention, Value: {}}}]\n",
            attention.as_str()
        );
        assert!(alarms.contains(&dimensions), "no alarm has {dimensions}");
    }
}
#[test]
fn every_invariant_has_a_test_that_names_it() {
    let mut sources = files(&["functions", "shared", "tests"], ".rs");
    sources.retain(|(path, _)| !path.starts_with("tests/tidy/"));
    let missing = (1..=9)
        .filter(|n| !sources.iter().any(|(_, text)| text.contains(&format!("fn i{n}_"))))
        .map(|n| format!("I{n}"))
        .collect::<Vec<_>>();
    none("invariants without a test", &missing);
}
