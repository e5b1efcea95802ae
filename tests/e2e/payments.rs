//! Payments with 3-D Secure, and orders that compete for the last piece.

use crate::stack::{Checkout, Stack};
use crate::stripe::Moved;
use crate::wait::until;

/// A test card that needs 3-D Secure.
pub(crate) const NEEDS_3D_SECURE: &str = "4000002500003155";

#[test]
fn of_the_last_piece_only_one_order_gets_it() {
    let stack = Stack::shared();
    let rare = stack.goods(8900, 1);
    let ids: Vec<String> = std::thread::scope(|scope| {
        let place = || stack.place(&Checkout::of(&[(&rare, 1)]));
        let threads: Vec<_> = (0..4).map(|_| scope.spawn(place)).collect();
        threads.into_iter().map(|thread| thread.join().expect("an order")).collect()
    });
    let mut ends: Vec<String> = ids
        .iter()
        .map(|id| {
            until(format!("order {id} to be allocated or out of stock"), || {
                let page = stack.order(id);
                let status = page["status"].as_str().expect("a status").to_owned();
                if ["allocated", "out_of_stock"].contains(&status.as_str()) { Ok(status) } else { Err(page) }
            })
        })
        .collect();
    ends.sort();
    assert_eq!(ends, ["allocated", "out_of_stock", "out_of_stock", "out_of_stock"]);
    assert_eq!(stack.stock(&rare), (1, 0, 1));
}

#[test]
fn an_order_waits_for_3d_secure_and_only_its_owner_gets_the_secret() {
    let stack = Stack::shared();
    let tea = stack.goods(950, 5);
    let checkout = Checkout::of(&[(&tea, 2)]).paid_by(stack.stripe.card(NEEDS_3D_SECURE));
    let id = stack.place(&checkout);
    let page = stack.await_status(&id, "payment_action_required");
    let path = format!("/orders/{id}/payment");
    let payment = stack.customer.get(&path).expect(200);
    assert_eq!(payment["status"], "action_required");
    let secret = payment["client_secret"].as_str().expect("the secret, for the owner").to_owned();
    let for_admin = stack.admin.get(&path).expect(200);
    assert_eq!(for_admin["status"], "action_required");
    assert_eq!(for_admin.get("client_secret"), None);
    stack.other_customer.get(&path).problem(404);
    let events = stack.admin.get(&format!("/orders/{id}/events")).expect(200);
    assert!(!page.to_string().contains(&secret) && !events.to_string().contains(&secret));
    assert_eq!(stack.stripe.moved(&id), Moved::default());
    assert_eq!(stack.stock(&tea), (5, 5, 0), "nothing is allocated before the payment");

    stack.stripe.authenticate(&secret);
    stack.await_status(&id, "allocated");
    assert_eq!(stack.stripe.moved(&id), Moved { charges: 1, captured: 1900, refunded: 0 });
    let payment = stack.customer.get(&path).expect(200);
    assert_eq!((&payment["status"], payment.get("client_secret")), (&"paid".into(), None));
    let events = stack.tables.stream("PAYMENTS", &id);
    assert!(
        events.iter().any(|event| event.causationid.as_str().contains("evt_")),
        "the webhook reported it"
    );
    until("the only message: paid", || {
        let mails = stack.emulator.mail_to(&checkout.email);
        if mails.len() == 1 { Ok(()) } else { Err(format!("{mails:?}")) }
    });
}
