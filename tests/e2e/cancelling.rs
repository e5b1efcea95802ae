//! Cancelling: before the parcel leaves it undoes everything, afterwards nothing.

use crate::shop::{Checkout, Shop, fresh};
use crate::stripe::Moved;
use crate::wait::until;
use events::{Event, ShippingEvent};

#[test]
fn an_order_cancelled_before_it_ships_gives_back_money_and_stock() {
    let shop = Shop::open();
    let tea = shop.goods(950, 5);
    let checkout = Checkout::of(&[(&tea, 2)]);
    let id = shop.place(&checkout);
    shop.await_shipment(&id);
    assert_eq!(shop.cancel(&id).expect(202)["order_id"], id);
    let page = shop.await_status(&id, "cancelled");
    assert_eq!(page["payment"]["refunded"], 1900);
    assert_eq!(shop.stripe.moved(&id), Moved { charges: 1, captured: 1900, refunded: 1900 });
    assert_eq!(shop.stock(&tea), (5, 5, 0));
    shop.cancel(&id).problem(409);
    shop.dispatch(&id, &format!("AP{}", fresh())).problem(409);
    until("the messages: paid, refunded, cancelled", || {
        let mails = shop.emulator.mail_to(&checkout.email);
        if mails.len() == 3 { Ok(()) } else { Err(format!("{mails:?}")) }
    });
}

#[test]
fn an_order_cancelled_at_once_is_never_shipped_and_costs_nothing() {
    let shop = Shop::open();
    let tea = shop.goods(950, 5);
    let id = shop.place(&Checkout::of(&[(&tea, 2)]));
    shop.cancel(&id).expect(202);
    shop.await_status(&id, "cancelled");
    let moved = shop.stripe.moved(&id);
    assert_eq!(moved.captured, moved.refunded, "whatever was taken went back");
    shop.await_stock(&tea, 5, 5, 0);
}

#[test]
fn an_order_waiting_for_the_bank_can_be_cancelled_and_then_not_be_paid() {
    let shop = Shop::open();
    let tea = shop.goods(950, 5);
    let id = shop.place(&Checkout::of(&[(&tea, 1)]).paid_by(shop.stripe.card("4000002500003155")));
    shop.await_status(&id, "payment_action_required");
    shop.cancel(&id).expect(202);
    shop.await_status(&id, "cancelled");
    assert_eq!(shop.stripe.intents(|order| order == id)[0]["status"], "canceled");
    assert_eq!(shop.stripe.moved(&id), Moved::default());
}

#[test]
fn an_order_that_has_left_cannot_be_cancelled() {
    let shop = Shop::open();
    let tea = shop.goods(950, 5);
    let id = shop.place(&Checkout::of(&[(&tea, 2)]));
    shop.await_shipment(&id);
    shop.dispatch(&id, &format!("AP{}", fresh())).expect(202);
    shop.await_status(&id, "shipped");
    shop.cancel(&id).problem(409);
    shop.await_stock(&tea, 3, 3, 0);
    assert_eq!(shop.stripe.moved(&id), Moved { charges: 1, captured: 1900, refunded: 0 });
}

/// Both ask at the same moment, and shipping decides: exactly one of them wins, and the other is told.
#[test]
fn i4_of_a_dispatch_and_a_cancellation_at_once_exactly_one_wins() {
    let shop = Shop::open();
    let tea = shop.goods(950, 100);
    for _ in 0..4 {
        let id = shop.place(&Checkout::of(&[(&tea, 1)]));
        shop.await_shipment(&id);
        let (dispatched, cancelled) = std::thread::scope(|scope| {
            let dispatch = scope.spawn(|| shop.dispatch(&id, &format!("AP{}", fresh())));
            let cancel = scope.spawn(|| shop.cancel(&id));
            (dispatch.join().expect("an answer"), cancel.join().expect("an answer"))
        });
        let end = until(format!("order {id} to be shipped or cancelled for good"), || {
            let page = shop.order(&id);
            let rejected = page.to_string().contains("cancellation_rejected");
            match page["status"].as_str() {
                Some("shipped") if rejected || cancelled.status == 409 => Ok("shipped"),
                Some("cancelled") => Ok("cancelled"),
                _ => Err(page),
            }
        });
        let events = shop.tables.stream("SHIPPING", &id);
        let says = |wanted: fn(&ShippingEvent) -> bool| {
            events
                .iter()
                .any(|envelope| matches!(Event::read(envelope), Ok(Event::Shipping(event)) if wanted(&event)))
        };
        let shipped = says(|event| matches!(event, ShippingEvent::Shipped(_)));
        let undone = says(|event| matches!(event, ShippingEvent::ShipmentCancelled(_)));
        assert!(shipped != undone, "{events:?}");
        assert_eq!(end == "shipped", shipped);
        assert_eq!(dispatched.status == 202, shipped, "{dispatched}");
        let moved = shop.stripe.moved(&id);
        assert_eq!((moved.captured, moved.refunded), (950, if shipped { 0 } else { 950 }));
    }
}
