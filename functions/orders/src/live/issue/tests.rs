//! A ticket opens one connection within a minute, and the table does not know it.

use super::super::testing::Live;
use crate::testing::body;
use runtime::http::{Caller, Endpoint as _, Problem, Request, Role};
use runtime::websocket::{Holder, Socket as _};
use std::time::Duration;
use testkit::{RequestBuilder as _, customer, now, request};

fn asked() -> Request {
    let until = now().checked_add(Duration::from_mins(20)).unwrap();
    Request { token_expires_at: Some(until), ..request("POST /live/tickets").by(customer()) }
}

async fn ticket(live: &Live, request: Request) -> Result<String, Problem> {
    let reply = live.issue.answer(request).await?;
    assert_eq!((reply.status, &body(&reply)["expires_in"]), (201, &60.into()));
    Ok(body(&reply)["ticket"].as_str().unwrap().to_owned())
}

#[tokio::test]
async fn a_ticket_admits_its_caller_once() {
    let live = Live::default();
    let ticket = ticket(&live, asked()).await.unwrap();
    let expected = Holder { until: asked().token_expires_at.unwrap(), ..live.holder(&customer(), false) };
    assert_eq!(live.follow.admit(&ticket).await.unwrap(), Some(expected));
    assert_eq!(live.follow.admit(&ticket).await.unwrap(), None, "it is used");
}

#[tokio::test]
async fn whoever_works_for_the_shop_may_follow_every_order_and_a_customer_may_not() {
    for (role, of_shop) in
        [(Role::Admin, true), (Role::Staff, true), (Role::Viewer, true), (Role::Customer, false)]
    {
        let live = Live::default();
        let caller = Caller { customer: customer(), role };
        let ticket = ticket(&live, Request { caller: Some(caller), ..asked() }).await.unwrap();
        let holder = live.follow.admit(&ticket).await.unwrap().unwrap();
        assert_eq!(holder.of_shop, of_shop, "{role:?}");
    }
}

#[tokio::test]
async fn a_ticket_expires_after_a_minute() {
    let live = Live::default();
    let (one, other) = (ticket(&live, asked()).await.unwrap(), ticket(&live, asked()).await.unwrap());
    live.world.wait(Duration::from_secs(59));
    assert!(live.follow.admit(&one).await.unwrap().is_some());
    live.world.wait(Duration::from_secs(1));
    assert_eq!(live.follow.admit(&other).await.unwrap(), None);
}

#[tokio::test]
async fn a_ticket_of_an_expired_token_and_an_unknown_one_admit_nobody() {
    let live = Live::default();
    let expired = Request { token_expires_at: Some(now()), ..asked() };
    let ticket = ticket(&live, expired).await.unwrap();
    assert_eq!(live.follow.admit(&ticket).await.unwrap(), None);
    assert_eq!(live.follow.admit("unknown").await.unwrap(), None);
    assert_eq!(live.follow.admit("").await.unwrap(), None);
}

#[tokio::test]
async fn the_table_holds_neither_the_ticket_nor_the_caller() {
    let live = Live::default();
    let ticket = ticket(&live, asked()).await.unwrap();
    let stored = format!("{:?}", live.table.all_documents());
    assert!(!stored.contains(&ticket) && !stored.contains(&customer().subject), "{stored}");
    live.follow.admit(&ticket).await.unwrap();
    assert!(live.table.all_documents()[0].1.is_erased(), "a used ticket names no caller");
}

#[tokio::test]
async fn a_token_without_an_expiry_gets_no_ticket() {
    let refused = ticket(&Live::default(), Request { token_expires_at: None, ..asked() }).await;
    assert_eq!(refused.unwrap_err().status, 401);
}
