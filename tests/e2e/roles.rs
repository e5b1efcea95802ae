//! A role with exactly the grants of a function's role, which a test can assume: only Lambda may assume the function's own
//! role.

use crate::emulator::{Emulator, texts};
use crate::stack::fresh;
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

/// Writes an inline policy under this name.
pub(crate) fn put_policy(emulator: &Emulator, role: &str, name: &str, document: &str) {
    let request =
        [("Action", "PutRolePolicy"), ("RoleName", role), ("PolicyName", name), ("PolicyDocument", document)];
    emulator.query("iam", &request);
}

/// A function without one of its grants, until this is dropped.
pub(crate) struct Denied<'a> {
    emulator: &'a Emulator,
    role: String,
    policy: String,
    granted: String,
}

impl<'a> Denied<'a> {
    /// Removes an action from the function's role.
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

/// The name of a function's role in the account.
pub(crate) fn role_of(function: &Value) -> &str {
    let arn = function["Role"].as_str().expect("a role");
    arn.rsplit('/').next().expect("a name")
}

/// Runs `work` on the tables with the grants of the function's role.
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
    let (region, endpoint) = (tests::variable("AWS_REGION"), tests::variable("AWS_ENDPOINT_URL"));
    Settings::from_lookup(move |name| match name {
        "AWS_ACCESS_KEY_ID" => Some(key.clone()),
        "AWS_SECRET_ACCESS_KEY" => Some(secret.clone()),
        "AWS_SESSION_TOKEN" => Some(token.clone()),
        "AWS_REGION" => Some(region.clone()),
        "AWS_ENDPOINT_URL" => Some(endpoint.clone()),
        _ => None,
    })
}

/// IAM returns documents percent-encoded.
fn decoded(document: &str) -> String {
    let pairs: Vec<(String, String)> =
        serde_urlencoded::from_str(&format!("document={document}")).expect("percent-encoded");
    pairs.into_iter().map(|(_, document)| document).collect()
}
