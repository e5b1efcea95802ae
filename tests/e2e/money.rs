//! Money that is refused, asked about, or given back.

use crate::shop::{Checkout, Shop};
use crate::stripe::Moved;
use crate::wait::until;

/// A test card whose bank asks its holder (3-D Secure).
pub(crate) const ASKS_ITS_HOLDER: &str = "4000002500003155";

#[test]
fn a_declined_card_leaves_the_stock_alone() {
    let shop = Shop::open();
    let tea = shop.goods(950, 5);
    let checkout = Checkout::of(&[(&tea, 2)]).paid_by("pm_card_chargeCustomerFail");
    let id = shop.place(&checkout);
    let page = shop.await_status(&id, "payment_failed");
    assert_eq!(page["payment"]["captured"], 0);
    let intents = shop.stripe.intents(|order| order == id);
    assert_eq!(intents.len(), 1);
    assert_eq!(intents[0]["status"], "canceled", "nobody can pay it later");
    assert_eq!(shop.stripe.moved(&id), Moved::default());
    assert_eq!(shop.stock(&tea), (5, 5, 0));
    until("the message to the customer", || {
        let mails = shop.emulator.mail_to(&checkout.email);
        if mails.len() == 1 { Ok(()) } else { Err(format!("{mails:?}")) }
    });
}

#[test]
fn a_payment_method_that_does_not_exist_fails_the_payment() {
    let shop = Shop::open();
    let tea = shop.goods(950, 5);
    let id = shop.place(&Checkout::of(&[(&tea, 1)]).paid_by("pm_that_nobody_made"));
    shop.await_status(&id, "payment_failed");
    assert_eq!(shop.stripe.moved(&id), Moved::default());
    assert_eq!(shop.stock(&tea), (5, 5, 0));
}

#[test]
fn an_order_that_is_out_of_stock_is_refunded_in_full() {
    let shop = Shop::open();
    let (plenty, rare) = (shop.goods(400, 100), shop.goods(8900, 1));
    let checkout = Checkout::of(&[(&plenty, 3), (&rare, 2)]);
    let id = shop.place(&checkout);
    let total = checkout.total();
    shop.await_status(&id, "out_of_stock");
    until("the refund on the order's page", || {
        let page = shop.order(&id);
        if page["payment"]["refunded"] == total { Ok(()) } else { Err(page) }
    });
    assert_eq!(shop.stripe.moved(&id), Moved { charges: 1, captured: total, refunded: total });
    assert_eq!((shop.stock(&plenty), shop.stock(&rare)), ((100, 100, 0), (1, 1, 0)), "all lines or none");
    until("the messages: paid, out of stock, refunded", || {
        let mails = shop.emulator.mail_to(&checkout.email);
        if mails.len() == 3 { Ok(()) } else { Err(format!("{mails:?}")) }
    });
}

#[test]
fn of_the_last_piece_only_one_order_gets_it() {
    let shop = Shop::open();
    let rare = shop.goods(8900, 1);
    let ids: Vec<String> = std::thread::scope(|scope| {
        let place = || shop.place(&Checkout::of(&[(&rare, 1)]));
        let threads: Vec<_> = (0..4).map(|_| scope.spawn(place)).collect();
        threads.into_iter().map(|thread| thread.join().expect("an order")).collect()
    });
    let mut ends: Vec<String> = ids
        .iter()
        .map(|id| {
            until(format!("order {id} to be allocated or out of stock"), || {
                let page = shop.order(id);
                let status = page["status"].as_str().expect("a status").to_owned();
                if ["allocated", "out_of_stock"].contains(&status.as_str()) { Ok(status) } else { Err(page) }
            })
        })
        .collect();
    ends.sort();
    assert_eq!(ends, ["allocated", "out_of_stock", "out_of_stock", "out_of_stock"]);
    assert_eq!(shop.stock(&rare), (1, 0, 1));
}

#[test]
fn a_bank_that_asks_its_customer_is_waited_for_and_only_the_owner_gets_the_secret() {
    let shop = Shop::open();
    let tea = shop.goods(950, 5);
    let checkout = Checkout::of(&[(&tea, 2)]).paid_by(shop.stripe.card(ASKS_ITS_HOLDER));
    let id = shop.place(&checkout);
    let page = shop.await_status(&id, "payment_action_required");
    let path = format!("/orders/{id}/payment");
    let payment = shop.customer.get(&path).expect(200);
    assert_eq!(payment["status"], "action_required");
    let secret = payment["client_secret"].as_str().expect("the secret, for the owner").to_owned();
    let for_the_shop = shop.admin.get(&path).expect(200);
    assert_eq!(for_the_shop["status"], "action_required");
    assert_eq!(for_the_shop.get("client_secret"), None);
    shop.other_customer.get(&path).problem(404);
    let events = shop.admin.get(&format!("/orders/{id}/events")).expect(200);
    assert!(!page.to_string().contains(&secret) && !events.to_string().contains(&secret));
    assert_eq!(shop.stripe.moved(&id), Moved::default());
    assert_eq!(shop.stock(&tea), (5, 5, 0), "nothing is taken before it is paid");

    shop.stripe.authenticate(&secret);
    shop.await_status(&id, "allocated");
    assert_eq!(shop.stripe.moved(&id), Moved { charges: 1, captured: 1900, refunded: 0 });
    let payment = shop.customer.get(&path).expect(200);
    assert_eq!((&payment["status"], payment.get("client_secret")), (&"paid".into(), None));
    let events = shop.tables.stream("PAYMENTS", &id);
    assert!(events.iter().any(|event| event.causationid.as_str().contains("evt_")), "the webhook told it");
    until("the messages: something to do, paid", || {
        let mails = shop.emulator.mail_to(&checkout.email);
        if mails.len() == 2 { Ok(()) } else { Err(format!("{mails:?}")) }
    });
}
