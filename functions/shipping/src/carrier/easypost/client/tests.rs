//! What an answer of EasyPost means for the message: retry, reject, or a result.

use super::*;

fn answer(status: u16, body: &str) -> Answer {
    Answer { status, headers: vec![("retry-after".to_owned(), "7".to_owned())], body: body.into() }
}

fn failure(status: u16, body: &str) -> EasyPostError {
    read::<RatesObject>(&answer(status, body)).unwrap_err()
}

#[test]
fn a_failure_shows_whether_the_call_can_have_had_an_effect() {
    let coded = |code: &str| format!(r#"{{"error":{{"code":"{code}","message":"m","errors":[]}}}}"#);
    for status in [408, 409, 429, 500, 502, 503] {
        let after = Some(Duration::from_secs(7));
        assert!(matches!(failure(status, "<html>"), EasyPostError::Unclear { after: a, .. } if a == after));
    }
    for code in UNCLEAR {
        assert!(matches!(failure(422, &coded(code)), EasyPostError::Unclear { .. }), "{code}");
    }
    for status in [301, 401, 402, 403, 404] {
        let error = failure(status, &coded("APIKEY.INACTIVE"));
        assert!(matches!(error, EasyPostError::NotAdmitted { .. }), "{status}");
        assert!(matches!(Failure::from(error), Failure::Retry { .. }));
    }
    let refused = failure(422, &coded("ADDRESS.VERIFY.FAILURE"));
    assert_eq!(refused, EasyPostError::Refused { code: "ADDRESS.VERIFY.FAILURE".to_owned() });
    assert_eq!(failure(400, "no json"), EasyPostError::Refused { code: "HTTP_400".to_owned() });
}

#[test]
fn a_malformed_success_is_unclear() {
    assert!(matches!(failure(200, "{}"), EasyPostError::Unclear { .. }));
}
