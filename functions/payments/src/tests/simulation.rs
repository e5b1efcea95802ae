//! Random runs of the whole service: duplicate, late and reordered messages and webhooks, a provider that fails before or after
//! it acts, customers and operators who act concurrently. No customer may be charged twice, and every cent must be accounted for.

use crate::payment::{Payment, Stage};
use crate::testing::{World, expired, out_of_stock, shipment_cancelled, shipping_failed};
use events::{Amount, Envelope};
use fastrand::Rng;
use runtime::http::Request;
use serde_json::{Value, json};
use std::time::Duration;
use testkit::{Fault, RequestBuilder as _, delivered, now, order_id, request};

const RUNS: u64 = 400;
const FAULTS: [Fault; 6] = [
    Fault::ErrorBefore,
    Fault::ErrorAfter,
    Fault::TimeoutBefore,
    Fault::TimeoutAfter,
    Fault::RateLimited,
    Fault::Conflict,
];

const PATHS: [&str; 5] =
    ["POST /v1/refunds", "confirm", "cancel", "GET /v1/refunds", "GET /v1/payment_intents"];

/// One run of the simulation.
struct Run {
    world: World,
    chance: Rng,
    seen: usize,
    messages: Vec<(Envelope, u32)>,
    webhooks: Vec<Value>,
    compensated: bool,
    failed: u32,
}

impl Run {
    fn collect(&mut self) {
        let new = self.world.table.written_since(self.seen);
        self.seen += new.len();
        self.messages.extend(new.into_iter().filter(World::is_work).map(|envelope| (envelope, 0)));
        self.webhooks.extend(self.world.provider.take_events());
    }

    async fn step(&mut self, calm: bool) {
        self.collect();
        if !calm {
            // At most one fault is planned: if all calls fail, nothing can go wrong.
            self.world.provider.heal();
            let fault = FAULTS[self.chance.usize(..FAULTS.len())];
            let path = PATHS[self.chance.usize(..PATHS.len())];
            self.world.provider.fail(path, self.chance.u32(..3), fault);
        }
        if !self.messages.is_empty() && self.chance.bool() {
            let place = self.chance.usize(..self.messages.len());
            let (envelope, deliveries) = &mut self.messages[place];
            *deliveries += 1;
            let outcome = self.world.take(&delivered(envelope, *deliveries).unwrap()).await;
            // A handled message is redelivered now and then.
            if outcome.is_ok() && (calm || self.chance.u8(..4) != 0) {
                self.messages.swap_remove(place);
            }
        } else if !self.webhooks.is_empty() {
            let place = self.chance.usize(..self.webhooks.len());
            assert_eq!(self.world.deliver(&self.webhooks[place].clone()).await, []);
            if calm || self.chance.u8(..4) != 0 {
                self.webhooks.swap_remove(place);
            }
        }
    }

    async fn interfere(&mut self) {
        let Some(intent) = self.world.payment().await.stage.terms().map(|terms| terms.intent_id.clone())
        else {
            return;
        };
        let paid = matches!(self.world.payment().await.stage, Stage::Paid { .. });
        match self.chance.u8(..11) {
            0 => self.world.provider.authenticate(&intent, self.chance.bool()),
            1 => {
                self.world.provider.pay_externally(&intent);
            }
            2 => self.world.provider.cancel_in_dashboard(&intent),
            3 => self.world.publish(&expired()).await.unwrap_or_default(),
            4 => {
                self.compensated = true;
                self.world.publish(&shipment_cancelled()).await.unwrap();
            }
            5 if paid => {
                self.compensated = true;
                self.world.publish(&out_of_stock()).await.unwrap();
            }
            6 if paid => {
                self.compensated = true;
                self.world.publish(&shipping_failed()).await.unwrap();
            }
            7 => {
                // Fewer than the attempts of a refund.
                let refunds = self.world.provider.refunds_of(&intent);
                if self.failed < 2 && !refunds.is_empty() {
                    self.failed += 1;
                    self.world.provider.settle_refund(&refunds[self.chance.usize(..refunds.len())], false);
                }
            }
            8 => {
                // More than is refundable is refused, and so is an unpaid order.
                let (key, amount) = (self.chance.u8(..4).to_string(), self.chance.u64(1..1200));
                let body = json!({"amount": amount, "reason": "late"});
                let request = request("POST /orders/{order_id}/refunds").by_admin();
                let request = request.path("order_id", order_id(1).as_str());
                self.post_refund(request.header("idempotency-key", &key).json(&body)).await;
            }
            9 => {
                let written = self.world.table.all_events();
                let mut failed = written.iter().filter(|event| event.event_type == "RefundFailed");
                let Some(id) = failed.next().and_then(|event| event.data["refund_id"].as_str()) else {
                    return;
                };
                let route = "POST /orders/{order_id}/refunds/{refund_id}/retry";
                let request = request(route).by_admin().path("order_id", order_id(1).as_str());
                self.post_refund(request.path("refund_id", id)).await;
            }
            _ => {
                self.world.provider.refund_in_dashboard(&intent, self.chance.u64(1..400));
            }
        }
    }
}

impl Run {
    async fn post_refund(&self, request: Request) {
        match self.world.post_refund(request).await {
            Ok(reply) => assert_eq!(reply.status, 202),
            Err(problem) => assert!(matches!(problem.status, 404 | 409 | 422), "{}", problem.detail),
        }
    }
}

#[tokio::test]
async fn every_cent_is_accounted_for_whatever_happens() {
    for seed in 0..RUNS {
        let mut chance = Rng::with_seed(seed);
        let methods = ["pm_card_visa", "pm_card_threeDSecure", "pm_card_chargeCustomerFail"];
        let world = World::new();
        world.place(methods[chance.usize(..methods.len())]).await;
        let mut run = Run {
            world,
            chance,
            seen: 0,
            messages: Vec::new(),
            webhooks: Vec::new(),
            compensated: false,
            failed: 0,
        };
        for _ in 0..40 {
            run.step(false).await;
            if run.chance.u8(..5) == 0 {
                run.interfere().await;
            }
        }
        run.world.provider.heal();
        for _ in 0..400 {
            // A failed refund is requested again after a wait.
            run.world.clock.advance(Duration::from_secs(10));
            run.step(true).await;
        }
        run.collect();
        assert!(run.messages.is_empty() && run.webhooks.is_empty(), "seed {seed}: it never comes to rest");
        check(&run, &run.world.payment().await, seed);
    }
}

fn check(run: &Run, payment: &Payment, seed: u64) {
    let types = run.world.types();
    let provider = &run.world.provider;
    let history = format!("seed {seed} at {}: {types:?}", now());
    assert!(provider.charges() <= 1, "{history}");
    assert!(provider.refunded() <= provider.captured(), "{history}");
    assert!(types.iter().filter(|name| *name == "OrderPaid").count() <= 1, "{history}");
    assert_eq!(payment.ledger.captured(), Amount::minor(provider.captured()), "{history}");
    assert_eq!(payment.ledger.refunded(), Amount::minor(provider.refunded()), "{history}");
    let everything_is_refunded = match payment.stage {
        Stage::Paid { .. } => run.compensated,
        Stage::Failed { .. } | Stage::Cancelled { .. } => true,
        Stage::Open { .. } | Stage::Unknown => false,
        Stage::Cancelling { .. } => panic!("{history}: it never ends"),
    };
    // After three failures an operator has to act: the order shows `refund_failed`.
    let failures = types.iter().filter(|name| *name == "RefundFailed").count();
    if everything_is_refunded && failures < 3 {
        assert_eq!(provider.refunded(), provider.captured(), "{history}");
    }
}
