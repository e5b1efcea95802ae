//! Which URLs are accepted by their text alone.

use super::*;

#[test]
fn valid_urls_are_kept_as_given() {
    for (url, host) in [
        ("https://shop.example/hooks?from=conveyor", "shop.example"),
        ("https://shop.example:8443", "shop.example"),
        ("https://xn--bcher-kva.example/", "xn--bcher-kva.example"),
        ("https://1.1.1.1/", "1.1.1.1"),
        ("https://[2606:4700::1]/", "2606:4700::1"),
        ("https://a_b.example/%20", "a_b.example"),
        ("https://localhost/", "localhost"),
    ] {
        let parsed = CallbackUrl::parse(url, Networks::Public).unwrap();
        assert_eq!((parsed.text.as_str(), parsed.host.as_str()), (url, host));
    }
    assert!(CallbackUrl::parse("http://127.0.0.1:8080/", Networks::Any).is_ok());
}

#[test]
fn everything_but_a_plain_https_url_is_refused() {
    let long = format!("https://shop.example/{}", "x".repeat(2048));
    for url in [
        "",
        "shop.example",
        "/hooks",
        "http://shop.example/",
        "ftp://shop.example/",
        "https://",
        "https:///x",
        "https://user@shop.example/",
        "https://user:pass@shop.example/",
        "https://shop.example/#a",
        "https://shop.example\\@evil.example/",
        "https://shop.example/a b",
        "https://b\u{fc}cher.example/",
        "https://shop.example:0/",
        "https://shop.example:99999/",
        "https://shop.example:/",
        "https://shop.example./",
        "https://2130706433/",
        "https://0x7f000001/",
        "https://0177.0.0.1/",
        "https://127.1/",
        "https://127.0.0.1./",
        "https://1.2.3.0x4/",
        "https://[::1/",
        "https://[::1]x/",
        "https://[fe80::1%25eth0]/",
        "https://-.example..com/",
        "https://a..b/",
        "javascript:alert(1)",
        "file:///etc/passwd",
        &long,
    ] {
        assert!(CallbackUrl::parse(url, Networks::Public).is_err(), "{url}");
    }
}
