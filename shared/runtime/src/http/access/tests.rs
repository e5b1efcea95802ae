//! Who is an admin, and which tokens are accepted.

use super::*;

fn access() -> Access {
    Access {
        admin_group: "admin".to_owned(),
        groups_claim: "cognito:groups".to_owned(),
        token_use: Some("access".to_owned()),
    }
}

fn claims(groups: Option<&str>, token_use: &str) -> HashMap<String, String> {
    let mut claims: HashMap<String, String> =
        [("iss", "https://issuer"), ("sub", "s1"), ("token_use", token_use)]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into();
    if let Some(groups) = groups {
        claims.insert("cognito:groups".to_owned(), groups.to_owned());
    }
    claims
}

#[test]
fn only_a_member_of_exactly_the_admin_group_is_an_admin() {
    for (groups, admin) in [
        (Some("[admin staff]"), true),
        (Some("[staff admin]"), true),
        (Some("admin"), true),
        (Some(r#"["admin"]"#), true),
        (Some("[administrators]"), false),
        (Some("[not-admin]"), false),
        (Some("[]"), false),
        (None, false),
    ] {
        assert_eq!(access().caller(&claims(groups, "access")).unwrap().admin, admin, "{groups:?}");
    }
}

#[test]
fn an_id_token_is_not_an_access_token() {
    assert_eq!(access().caller(&claims(None, "id")).unwrap_err().status, 401);
}
