//! Orders that are not paid in time: they end, by themselves, unless they were paid after all.

use crate::functions::{Held, Variable, invoke};
use crate::money::ASKS_ITS_HOLDER;
use crate::shop::{Checkout, Shop};
use crate::stripe::Moved;
use crate::wait::{until, until_within};
use events::Envelope;
use resilience::{Clock as _, SystemClock};
use serde_json::Value;
use std::time::Duration;

/// Long enough for the bank to be asked on a busy machine, and short enough to be waited for.
const PAY_WITHIN_SECONDS: &str = "20";

/// The sweep comes each minute.
const LONG: Duration = Duration::from_mins(4);

/// Places an order that has to be paid within seconds, with a card whose bank asks its holder.
fn place_in_a_hurry(shop: &Shop, checkout: &Checkout) -> String {
    let seconds = Variable::set(&shop.emulator, "place-order", "PAY_WITHIN_SECONDS", PAY_WITHIN_SECONDS);
    let id = shop.place(checkout);
    drop(seconds);
    shop.await_status(&id, "payment_action_required");
    id
}

fn of_type<'a>(events: &'a [Envelope], event_type: &str) -> Vec<&'a Envelope> {
    events.iter().filter(|event| event.event_type == event_type).collect()
}

fn is_over(page: &Value) -> bool {
    let pay_by: jiff::Timestamp = page["pay_by"].as_str().expect("a moment").parse().expect("RFC 3339");
    SystemClock.now() > pay_by
}

#[test]
fn an_order_abandoned_at_3d_secure_expires_without_a_charge() {
    let shop = Shop::alone();
    let tea = shop.goods(950, 5);
    let checkout = Checkout::of(&[(&tea, 2)]).paid_by(shop.stripe.card(ASKS_ITS_HOLDER));
    let id = place_in_a_hurry(&shop, &checkout);
    drop(shop);

    // Nobody runs the sweep here: its schedule does, as everywhere.
    let shop = Shop::open();
    let page = shop.await_status_within(LONG, &id, "expired");
    assert_eq!(page["payment"]["status"], "cancelled");
    assert_eq!((&page["payment"]["captured"], &page["attention"]), (&0.into(), &Value::Array(vec![])));
    let intents = shop.stripe.intents(|order| order == id);
    assert_eq!(intents.len(), 1);
    assert_eq!(intents[0]["status"], "canceled", "nobody can pay it later");
    assert_eq!(shop.stripe.moved(&id), Moved::default());
    assert_eq!(shop.stock(&tea), (5, 5, 0));
    until("the messages: something to do, expired", || {
        let mails = shop.emulator.mail_to(&checkout.email);
        let is_told = mails.len() == 2 && mails.iter().any(|subject| subject.contains("expired"));
        if is_told { Ok(()) } else { Err(format!("{mails:?}")) }
    });
    assert_eq!(of_type(&shop.tables.stream("ORDERS", &id), "OrderExpired").len(), 1);
    until("the order to leave the list of open ones", || {
        let is_listed = shop.open_orders().iter().any(|order| order["order_id"] == *id);
        if is_listed { Err("it is listed") } else { Ok(()) }
    });
}

/// The customer pays in the very last moment: the sweep has already asked for the expiry, and the provider's word that it
/// is paid is on its way. Payments is the arbiter, and asks.
#[test]
fn an_order_that_is_paid_in_the_last_moment_does_not_expire() {
    let shop = Shop::alone();
    let tea = shop.goods(950, 5);
    let checkout = Checkout::of(&[(&tea, 2)]).paid_by(shop.stripe.card(ASKS_ITS_HOLDER));
    let id = place_in_a_hurry(&shop, &checkout);
    let payment = shop.customer.get(&format!("/orders/{id}/payment")).expect(200);
    let secret = payment["client_secret"].as_str().expect("the secret, for the owner").to_owned();

    let asks = Held::back(&shop.emulator, "take-payment");
    let is_told = Held::back(&shop.emulator, "apply-stripe-event");
    let expired = until_within(LONG, "the expiry to be asked for", || {
        if is_over(&shop.order(&id)) {
            invoke(&shop.emulator, "sweep-orders");
        }
        let events = shop.tables.stream("ORDERS", &id);
        of_type(&events, "OrderExpired").first().map(|event| event.id.clone()).ok_or("no OrderExpired")
    });
    shop.stripe.authenticate(&secret);
    assert_eq!(shop.stripe.moved(&id), Moved { charges: 1, captured: 1900, refunded: 0 });
    drop(asks);
    shop.await_status(&id, "allocated");
    drop(is_told);

    let payments = shop.tables.stream("PAYMENTS", &id);
    let paid = of_type(&payments, "OrderPaid");
    assert_eq!(paid.len(), 1);
    assert_eq!(paid[0].causationid, expired, "the expiry itself found that it was paid");
    assert_eq!(of_type(&payments, "PaymentCancellationRequested").len(), 0);
    invoke(&shop.emulator, "sweep-orders");
    assert_eq!(of_type(&shop.tables.stream("ORDERS", &id), "OrderExpired").len(), 1);
    assert_eq!(shop.order(&id)["status"], "allocated");
    assert_eq!(shop.stripe.moved(&id), Moved { charges: 1, captured: 1900, refunded: 0 });
    assert_eq!(shop.stock(&tea), (5, 3, 2));
}
