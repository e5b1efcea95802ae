//! Money that is refused, asked about, or given back.

use crate::shop::{Checkout, Shop};
use crate::stripe::Moved;
use crate::wait::until;

/// A test card whose bank asks its holder (3-D Secure).
pub(crate) const ASKS_ITS_HOLDER: &str = "4000002500003155";

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
fn an_order_waits_for_3d_secure_and_only_its_owner_gets_the_secret() {
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
