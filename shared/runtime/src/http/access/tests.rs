//! Who is an admin, and which tokens are accepted.

use super::*;
use serde_json::json;

fn access() -> Access {
    Access {
        admin_group: "admin".to_owned(),
        viewer_group: "viewer".to_owned(),
        staff_group: "staff".to_owned(),
        groups_claim: "cognito:groups".to_owned(),
        token_use: Some("access".to_owned()),
    }
}

/// The claims of a token as the gateway writes them: each as one text.
fn claims(token: &Value) -> HashMap<String, String> {
    let text = |value: &Value| match value {
        Value::String(text) => text.clone(),
        Value::Array(list) => {
            let words: Vec<&str> = list.iter().filter_map(Value::as_str).collect();
            format!("[{}]", words.join(" "))
        }
        other => other.to_string(),
    };
    token.as_object().unwrap().iter().map(|(name, value)| (name.clone(), text(value))).collect()
}

fn token(groups: &Value) -> Value {
    json!({
        "iss": "https://issuer", "sub": "s1", "jti": "t1", "token_use": "access", "exp": 1_772_442_930,
        "cognito:groups": groups,
    })
}

fn encoded(payload: &Value) -> String {
    let part = |text: &str| URL_SAFE_NO_PAD.encode(text);
    format!("{}.{}.{}", part(r#"{"alg":"RS256"}"#), part(&payload.to_string()), part("signature"))
}

fn headers(values: &[String]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for value in values {
        headers.append(AUTHORIZATION, value.parse().unwrap());
    }
    headers
}

fn is_admin(verified: &Value, sent: &[String]) -> bool {
    access().caller(&claims(verified), &headers(sent)).unwrap().role == Role::Admin
}

#[test]
fn only_a_member_of_exactly_the_admin_group_is_an_admin() {
    for (groups, admin) in [
        (json!(["admin"]), true),
        (json!(["staff", "admin"]), true),
        (json!(["EU admin", "admin"]), true),
        (json!(["emea,admin"]), false),
        (json!(["EU admin"]), false),
        (json!(["admin staff"]), false),
        (json!([" admin"]), false),
        (json!(["[admin]"]), false),
        (json!(["\"admin\""]), false),
        (json!(["Admin"]), false),
        (json!(["administrators"]), false),
        (json!([["admin"]]), false),
        (json!([{"admin": true}]), false),
        (json!([]), false),
        (json!("admin"), false),
        (json!("[admin]"), false),
        (json!({"admin": "admin"}), false),
        (json!(null), false),
    ] {
        let token = token(&groups);
        assert_eq!(is_admin(&token, &[format!("Bearer {}", encoded(&token))]), admin, "{groups}");
    }
}

#[test]
fn a_caller_has_the_highest_role_whose_group_it_is_in() {
    for (groups, role) in [
        (json!(["viewer"]), Role::Viewer),
        (json!(["staff"]), Role::Staff),
        (json!(["admin"]), Role::Admin),
        (json!(["viewer", "staff"]), Role::Staff),
        (json!(["staff", "admin", "viewer"]), Role::Admin),
        (json!(["EU viewer", "EU staff"]), Role::Customer),
        (json!(["staff viewer"]), Role::Customer),
        (json!([]), Role::Customer),
    ] {
        let token = token(&groups);
        let sent = headers(&[format!("Bearer {}", encoded(&token))]);
        let caller = access().caller(&claims(&token), &sent).unwrap();
        assert_eq!(caller.role, role, "{groups}");
        assert_eq!(caller.is_of_shop(), role != Role::Customer, "{groups}");
    }
}

#[test]
fn groups_are_read_only_from_the_token_that_the_gateway_verified() {
    let verified = token(&json!(["admin"]));
    let good = encoded(&verified);
    for accepted in [format!("Bearer {good}"), format!("bearer {good}"), good.clone()] {
        assert!(is_admin(&verified, &[accepted]));
    }
    for (name, value) in
        [("iss", json!("https://other")), ("sub", json!("s2")), ("jti", json!("t2")), ("jti", json!(1))]
    {
        let mut other = verified.clone();
        other[name] = value;
        assert!(!is_admin(&verified, &[format!("Bearer {}", encoded(&other))]), "another {name}");
    }
    for missing in ["iss", "sub", "jti"] {
        let mut other = verified.clone();
        other.as_object_mut().unwrap().remove(missing);
        assert!(!is_admin(&verified, &[format!("Bearer {}", encoded(&other))]), "no {missing}");
    }
    let mut without_id = verified.clone();
    without_id.as_object_mut().unwrap().remove("jti");
    assert!(is_admin(&without_id, &[format!("Bearer {}", encoded(&without_id))]), "some issuers set no jti");
    assert!(!is_admin(&without_id, &[format!("Bearer {good}")]), "a jti that the gateway did not verify");
    for sent in [
        vec![],
        vec![String::new()],
        vec!["Bearer".to_owned()],
        vec!["Bearer redacted".to_owned()],
        vec![format!("Basic {good}")],
        vec![format!("Bearer {good}.x")],
        vec![format!("Bearer a.{}.c", "%%%")],
        vec![format!("Bearer a.{}.c", URL_SAFE_NO_PAD.encode("[]"))],
        vec![format!("Bearer {good}, Bearer {good}")],
        vec![format!("Bearer {good}"), format!("Bearer {good}")],
    ] {
        assert!(!is_admin(&verified, &sent), "{sent:?}");
    }
}

#[test]
fn an_id_token_is_not_an_access_token() {
    let mut id = token(&json!([]));
    id["token_use"] = json!("id");
    assert_eq!(access().caller(&claims(&id), &headers(&[])).unwrap_err().status, 401);
}

#[test]
fn a_subject_that_no_event_can_hold_is_refused() {
    let mut odd = token(&json!([]));
    odd["sub"] = json!("s\u{ffff}");
    assert_eq!(access().caller(&claims(&odd), &headers(&[])).unwrap_err().status, 401);
}
