//! What a browser gets of each page, and what it may do with it.

use super::*;
use crate::settings::{Cards, Pool};
use runtime::Settings;
use serde_json::Value;
use testkit::request;

const PAGES: [(&str, &[File]); 2] = [("console", CONSOLE), ("shop", SHOP)];

fn served() -> ServeConsole {
    let pool = Pool { endpoint: "https://pool.example".to_owned(), client_id: "client-1".to_owned() };
    let access = Access::from_settings(&mut Settings::from_lookup(|_| None));
    let shop = Shop {
        name: "Tea".to_owned(),
        pool: pool.clone(),
        cards: Some(Cards::Stripe { key: "pk_live_1".to_owned() }),
        transfer: Some("bank".to_owned()),
    };
    ServeConsole {
        stack: "shop".to_owned(),
        sign_in: Some(SignIn::Password(pool)),
        live_url: "wss://live.example/live".to_owned(),
        access,
        shop: Some(shop),
    }
}

async fn get(page: &str, path: &str, accepted: &'static str) -> Result<Reply, Problem> {
    let mut request = request(&format!("GET /{page}/{{path+}}"));
    request.path.insert("path".to_owned(), path.to_owned());
    request.headers.insert("accept-encoding", http::HeaderValue::from_static(accepted));
    served().answer(request).await
}

async fn settings(page: &str) -> Value {
    let reply = get(page, "settings.json", "br").await.unwrap();
    serde_json::from_str(&reply.body).unwrap()
}

fn header<'a>(reply: &'a Reply, name: &str) -> Option<&'a str> {
    reply.headers.iter().find(|(known, _)| *known == name).map(|(_, value)| value.as_str())
}

#[tokio::test]
async fn the_root_leads_to_the_page_below_whatever_prefix_the_api_has() {
    for (page, _) in PAGES {
        let reply = served().answer(request(&format!("GET /{page}"))).await.unwrap();
        let expected = format!("{page}/index.html");
        assert_eq!((reply.status, header(&reply, "location")), (302, Some(expected.as_str())));
    }
}

#[tokio::test]
async fn each_page_is_never_kept_and_comes_with_its_own_policy() {
    for (page, _) in PAGES {
        let reply = get(page, "index.html", "").await.unwrap();
        assert_eq!((reply.status, reply.content_type), (200, "text/html; charset=utf-8"));
        assert_eq!(header(&reply, "cache-control"), None, "the runtime adds no-store");
        assert_eq!(header(&reply, "cross-origin-opener-policy"), Some("same-origin"));
        assert_eq!(header(&reply, "referrer-policy"), Some("no-referrer"));
        let policy = header(&reply, "content-security-policy").unwrap();
        assert_eq!(policy.contains("js.stripe.com"), page == "shop", "{policy}");
    }
}

#[tokio::test]
async fn each_page_names_its_assets_by_relative_addresses_and_has_no_code_of_its_own() {
    for (page, _) in PAGES {
        let reply = get(page, PAGE, "").await.unwrap();
        let text = std::str::from_utf8(reply.bytes.unwrap()).unwrap();
        let code: Vec<&str> = text.split("<script").skip(1).collect();
        assert_eq!(code.len(), 1, "{text}");
        assert!(
            code.iter().all(|script| script.contains("src=\"./assets/") && script.contains("></script>"))
        );
        assert!(!text.contains("<style") && !text.contains("://"), "{text}");
    }
}

#[tokio::test]
async fn every_asset_has_a_hash_in_its_name_and_is_kept_for_ever() {
    for (page, files) in PAGES {
        let assets: Vec<&File> = files.iter().filter(|file| file.path != PAGE).collect();
        assert!(assets.len() >= 3, "script, style and icon: {assets:?}");
        for asset in assets {
            let reply = get(page, asset.path, "").await.unwrap();
            assert_eq!(header(&reply, "cache-control"), Some("public, max-age=31536000, immutable"));
            assert_ne!(reply.content_type, "application/octet-stream", "{}", asset.path);
            let name = asset.path.rsplit('/').next().unwrap();
            // Eight characters, one of which may be the dash.
            let stem = name.split('.').next().unwrap();
            assert!(stem.len() > 9 && stem.as_bytes()[stem.len() - 9] == b'-', "{name} has no hash");
        }
    }
}

#[tokio::test]
async fn a_browser_gets_the_smallest_form_that_it_accepts() {
    let script = CONSOLE.iter().find(|file| file.content_type().contains("javascript")).unwrap();
    let mut lengths = Vec::new();
    for (accepted, coding) in [
        ("gzip, deflate, br, zstd", Some("br")),
        ("gzip", Some("gzip")),
        ("br;q=0, gzip;q=0.5", Some("gzip")),
        ("GZIP", Some("gzip")),
        ("identity", None),
        ("", None),
    ] {
        let reply = get("console", script.path, accepted).await.unwrap();
        assert_eq!(header(&reply, "content-encoding"), coding, "{accepted}");
        assert_eq!(header(&reply, "vary"), Some("accept-encoding"));
        lengths.push(reply.bytes.unwrap().len());
    }
    assert!(lengths[0] < lengths[1] && lengths[1] < lengths[4], "{lengths:?}");
}

#[tokio::test]
async fn all_scripts_of_a_page_together_have_at_most_80_kb() {
    for (page, files) in PAGES {
        let mut sum = 0;
        for script in files.iter().filter(|file| file.content_type().contains("javascript")) {
            sum += get(page, script.path, "gzip").await.unwrap().bytes.unwrap().len();
        }
        assert!(sum > 1000 && sum <= 80 * 1024, "{page}: {sum} bytes of gzip");
    }
}

#[tokio::test]
async fn the_settings_name_the_pool_live_tracking_the_groups_and_the_decimals_of_each_currency() {
    let console = settings("console").await;
    assert_eq!(console["sign_in"]["kind"], "password");
    assert_eq!(console["groups"]["admin"], "admin");
    assert_eq!(console["groups"]["staff"], "staff");
    assert_eq!(console["groups"]["viewer"], "viewer");
    for settings in [console, settings("shop").await] {
        assert_eq!(settings["sign_in"]["client_id"], "client-1");
        assert_eq!(settings["live_url"], "wss://live.example/live");
        for (code, exponent, step) in [("EUR", 2, 1), ("JPY", 0, 1), ("KWD", 3, 10), ("ISK", 0, 1)] {
            let currency = &settings["currencies"][code];
            let expected = (&exponent.into(), &step.into());
            assert_eq!((&currency["exponent"], &currency["step"]), expected, "{code}");
        }
    }
}

#[tokio::test]
async fn the_settings_of_the_shop_name_it_and_how_it_is_paid() {
    let shop = settings("shop").await;
    assert_eq!(
        (&shop["name"], &shop["api"], &shop["transfer"]),
        (&"Tea".into(), &Value::Null, &"bank".into())
    );
    assert_eq!(shop["cards"]["script"], "https://js.stripe.com/v3/");
    assert_eq!(shop["cards"]["key"], "pk_live_1");
}

#[tokio::test]
async fn nothing_else_is_served() {
    for (page, _) in PAGES {
        for path in ["", "../Cargo.toml", "assets/", ".sources", "index.html.br", "assets/other.js"] {
            assert_eq!(get(page, path, "br").await.unwrap_err().status, 404, "{page}/{path}");
        }
    }
}

#[tokio::test]
async fn a_stack_without_a_shop_serves_nothing_of_it() {
    let served = ServeConsole { shop: None, ..served() };
    assert_eq!(served.answer(request("GET /shop")).await.unwrap_err().status, 404);
    for path in ["index.html", "settings.json"] {
        let mut request = request("GET /shop/{path+}");
        request.path.insert("path".to_owned(), path.to_owned());
        assert_eq!(served.answer(request).await.unwrap_err().status, 404, "{path}");
    }
}
