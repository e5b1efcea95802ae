//! Where the connections of an API are.

use super::address;

#[test]
fn an_api_has_an_address_of_its_own_on_aws_and_a_path_on_the_local_stack() {
    let on_aws = address("a1", "live", "eu-central-1", None);
    assert_eq!(on_aws, "https://a1.execute-api.eu-central-1.amazonaws.com/live");
    let in_china = address("a1", "live", "cn-north-1", None);
    assert_eq!(in_china, "https://a1.execute-api.cn-north-1.amazonaws.com.cn/live");
    let local = address("a1", "live", "us-east-1", Some("http://127.0.0.1:4566/"));
    assert_eq!(local, "http://127.0.0.1:4566/_aws/execute-api/a1/live");
}
