//! A role that may do exactly what a function's role may, and that a test can assume: a function's own trusts nobody but
//! Lambda.

use crate::emulator::{Emulator, texts};
use crate::shop::fresh;
use crate::tables::Tables;
use runtime::Settings;
use serde_json::Value;

/// The inline policies of a role, by name.
pub(crate) fn policies(emulator: &Emulator, role: &str) -> Vec<(String, String)> {
    let names = emulator.query("iam", &[("Action", "ListRolePolicies"), ("RoleName", role)]);
    texts(&names, "member")
        .into_iter()
        .map(|name| {
            let request = [("Action", "GetRolePolicy"), ("RoleName", role), ("PolicyName", name)];
            let answer = emulator.query("iam", &request);
            (name.to_owned(), decoded(texts(&answer, "PolicyDocument")[0]))
        })
        .collect()
}

/// Puts an inline policy under that name.
pub(crate) fn put_policy(emulator: &Emulator, role: &str, name: &str, document: &str) {
    let request =
        [("Action", "PutRolePolicy"), ("RoleName", role), ("PolicyName", name), ("PolicyDocument", document)];
    emulator.query("iam", &request);
}

/// A function that may not do one thing, until this is dropped.
pub(crate) struct Denied<'a> {
    emulator: &'a Emulator,
    role: String,
    policy: String,
    granted: String,
}

impl<'a> Denied<'a> {
    /// Takes an action out of what the function's role grants.
    #[track_caller]
    pub(crate) fn action(emulator: &'a Emulator, function: &str, action: &str) -> Self {
        let functions = emulator.functions();
        let is_it = |it: &&Value| it["Environment"]["Variables"]["FUNCTION_NAME"] == *function;
        let role = role_of(functions.iter().find(is_it).expect("the function is deployed")).to_owned();
        let action = format!("\"{action}\"");
        let (policy, granted) = policies(emulator, &role)
            .into_iter()
            .find(|(_, document)| document.contains(&action))
            .expect("it is granted");
        put_policy(emulator, &role, &policy, &granted.replace(&action, "\"dynamodb:DescribeTable\""));
        Self { emulator, role, policy, granted }
    }
}

impl Drop for Denied<'_> {
    fn drop(&mut self) {
        put_policy(self.emulator, &self.role, &self.policy, &self.granted);
    }
}

/// A function's role, by the name that it has in the account.
pub(crate) fn role_of(function: &Value) -> &str {
    let arn = function["Role"].as_str().expect("a role");
    arn.rsplit('/').next().expect("a name")
}

/// Lets `work` use the tables with what the function's role grants, and nothing else.
pub(crate) fn as_function<T>(emulator: &Emulator, function: &Value, work: impl FnOnce(&Tables) -> T) -> T {
    let probe = format!("e2e-probe-{}", fresh());
    let trust = r#"{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole",
        "Principal": {"AWS": "arn:aws:iam::000000000000:root"}}]}"#;
    let create = [("Action", "CreateRole"), ("RoleName", &probe), ("AssumeRolePolicyDocument", trust)];
    let created = emulator.query("iam", &create);
    let arn = texts(&created, "Arn")[0];
    let policies = policies(emulator, role_of(function));
    for (name, document) in &policies {
        put_policy(emulator, &probe, name, document);
    }
    let assume = [("Action", "AssumeRole"), ("RoleArn", arn), ("RoleSessionName", "e2e")];
    let session = emulator.query("sts", &assume);
    let worked = work(&Tables::with(settings(&session)));
    for (name, _) in &policies {
        emulator.query("iam", &[("Action", "DeleteRolePolicy"), ("RoleName", &probe), ("PolicyName", name)]);
    }
    emulator.query("iam", &[("Action", "DeleteRole"), ("RoleName", &probe)]);
    worked
}

fn settings(session: &str) -> Settings {
    let [key, secret, token] = ["AccessKeyId", "SecretAccessKey", "SessionToken"]
        .map(|element| texts(session, element).first().map(|text| (*text).to_owned()).expect("credentials"));
    let (region, endpoint) = (tests::stack("AWS_REGION"), tests::stack("AWS_ENDPOINT_URL"));
    Settings::from_lookup(move |name| match name {
        "AWS_ACCESS_KEY_ID" => Some(key.clone()),
        "AWS_SECRET_ACCESS_KEY" => Some(secret.clone()),
        "AWS_SESSION_TOKEN" => Some(token.clone()),
        "AWS_REGION" => Some(region.clone()),
        "AWS_ENDPOINT_URL" => Some(endpoint.clone()),
        _ => None,
    })
}

/// IAM hands documents over percent-encoded.
fn decoded(document: &str) -> String {
    let pairs: Vec<(String, String)> =
        serde_urlencoded::from_str(&format!("document={document}")).expect("percent-encoded");
    pairs.into_iter().map(|(_, document)| document).collect()
}
