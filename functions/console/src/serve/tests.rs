//! What a browser gets, and what it may do with it.

use super::*;
use serde_json::Value;
use testkit::request;

fn console() -> ServeConsole {
    let sign_in = SignIn { endpoint: "https://pool.example".to_owned(), client_id: "client-1".to_owned() };
    let access = Access::from_settings(&mut Settings::from_lookup(|_| None));
    let live_url = "wss://live.example:8443/stage/live".to_owned();
    ServeConsole { stack: "shop".to_owned(), sign_in: Some(sign_in), live_url, access }
}

async fn get(path: &str, accepted: &'static str) -> Result<Reply, Problem> {
    let mut request = request("GET /console/{path+}");
    request.path.insert("path".to_owned(), path.to_owned());
    request.headers.insert("accept-encoding", http::HeaderValue::from_static(accepted));
    console().answer(request).await
}

fn header<'a>(reply: &'a Reply, name: &str) -> Option<&'a str> {
    reply.headers.iter().find(|(known, _)| *known == name).map(|(_, value)| value.as_str())
}

#[tokio::test]
async fn the_root_leads_to_the_page_below_whatever_prefix_the_api_has() {
    let reply = console().answer(request("GET /console")).await.unwrap();
    assert_eq!((reply.status, header(&reply, "location")), (302, Some("console/index.html")));
}

#[tokio::test]
async fn the_page_is_never_kept_and_may_connect_to_its_origin_the_pool_and_live_tracking_alone() {
    let page = get("index.html", "").await.unwrap();
    assert_eq!((page.status, page.content_type), (200, "text/html; charset=utf-8"));
    assert_eq!(header(&page, "cache-control"), None, "the runtime adds no-store");
    assert_eq!(header(&page, "cross-origin-opener-policy"), Some("same-origin"));
    assert_eq!(header(&page, "referrer-policy"), Some("no-referrer"));
    let policy = header(&page, "content-security-policy").unwrap();
    assert!(policy.contains("connect-src 'self' https://pool.example wss://live.example:8443;"), "{policy}");
    assert!(policy.contains("frame-ancestors 'none'") && policy.contains("default-src 'none'"), "{policy}");
    assert!(!policy.contains("unsafe"), "{policy}");
}

#[tokio::test]
async fn the_page_names_its_assets_by_relative_addresses_and_has_no_code_of_its_own() {
    let page = get(PAGE, "").await.unwrap();
    let text = std::str::from_utf8(page.bytes.unwrap()).unwrap();
    let code: Vec<&str> = text.split("<script").skip(1).collect();
    assert_eq!(code.len(), 1, "{text}");
    assert!(code.iter().all(|script| script.contains("src=\"./assets/") && script.contains("></script>")));
    assert!(!text.contains("<style") && !text.contains("://"), "{text}");
}

#[tokio::test]
async fn every_asset_has_a_hash_in_its_name_and_is_kept_for_ever() {
    let assets: Vec<&File> = File::all().iter().filter(|file| file.path != PAGE).collect();
    assert!(assets.len() >= 3, "script, style and icon: {assets:?}");
    for asset in assets {
        let reply = get(asset.path, "").await.unwrap();
        assert_eq!(header(&reply, "cache-control"), Some("public, max-age=31536000, immutable"));
        assert_ne!(reply.content_type, "application/octet-stream", "{}", asset.path);
        let name = asset.path.rsplit('/').next().unwrap();
        let hash = name.rsplit_once('-').map(|(_, hash)| hash.split('.').next().unwrap().len());
        assert_eq!(hash, Some(8), "{name} has no hash");
    }
}

#[tokio::test]
async fn a_browser_gets_the_smallest_form_that_it_accepts() {
    let script = File::all().iter().find(|file| file.content_type().contains("javascript")).unwrap();
    let mut lengths = Vec::new();
    for (accepted, coding) in [
        ("gzip, deflate, br, zstd", Some("br")),
        ("gzip", Some("gzip")),
        ("br;q=0, gzip;q=0.5", Some("gzip")),
        ("GZIP", Some("gzip")),
        ("identity", None),
        ("", None),
    ] {
        let reply = get(script.path, accepted).await.unwrap();
        assert_eq!(header(&reply, "content-encoding"), coding, "{accepted}");
        assert_eq!(header(&reply, "vary"), Some("accept-encoding"));
        lengths.push(reply.bytes.unwrap().len());
    }
    assert!(lengths[0] < lengths[1] && lengths[1] < lengths[4], "{lengths:?}");
}

#[tokio::test]
async fn all_scripts_together_have_at_most_80_kb() {
    let mut sum = 0;
    for script in File::all().iter().filter(|file| file.content_type().contains("javascript")) {
        sum += get(script.path, "gzip").await.unwrap().bytes.unwrap().len();
    }
    assert!(sum > 1000 && sum <= 80 * 1024, "{sum} bytes of gzip");
}

#[tokio::test]
async fn the_settings_name_the_pool_live_tracking_the_groups_and_the_decimals_of_each_currency() {
    let reply = get("settings.json", "br").await.unwrap();
    let settings: Value = serde_json::from_str(&reply.body).unwrap();
    assert_eq!(settings["sign_in"]["client_id"], "client-1");
    assert_eq!(settings["live_url"], "wss://live.example:8443/stage/live");
    assert_eq!(settings["groups"]["admin"], "admin");
    assert_eq!(settings["groups"]["viewer"], "viewer");
    for (code, exponent, step) in [("EUR", 2, 1), ("JPY", 0, 1), ("KWD", 3, 10), ("ISK", 0, 1)] {
        let currency = &settings["currencies"][code];
        assert_eq!((&currency["exponent"], &currency["step"]), (&exponent.into(), &step.into()), "{code}");
    }
    let foreign = ServeConsole { sign_in: None, ..console() };
    assert!(
        !foreign.policy().contains("pool.example")
            && foreign.policy().contains("connect-src 'self' wss://live")
    );
}

#[test]
fn an_origin_is_an_address_without_its_path() {
    for (url, expected) in [
        (
            "wss://a1.execute-api.eu-central-1.amazonaws.com/live",
            "wss://a1.execute-api.eu-central-1.amazonaws.com",
        ),
        ("ws://127.0.0.1:4566/_aws/execute-api/a1/live", "ws://127.0.0.1:4566"),
        ("wss://live.shop.example", "wss://live.shop.example"),
    ] {
        assert_eq!(origin(url), expected);
    }
}

#[tokio::test]
async fn nothing_else_is_served() {
    for path in ["", "../Cargo.toml", "assets/", ".sources", "index.html.br", "assets/other.js"] {
        assert_eq!(get(path, "br").await.unwrap_err().status, 404, "{path}");
    }
}
