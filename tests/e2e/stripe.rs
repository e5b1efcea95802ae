//! The payment provider's own records: what was captured and refunded.

use crate::api::Client;
use serde_json::Value;
use std::sync::OnceLock;

/// The provider's API, with the shop's key.
#[derive(Debug, Clone)]
pub(crate) struct Stripe(Client);

/// The money that moved for some orders, in minor units.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Moved {
    pub(crate) charges: usize,
    pub(crate) captured: u64,
    pub(crate) refunded: u64,
}

impl Stripe {
    pub(crate) fn new() -> Self {
        // localstripe accepts a bearer token as well as basic authentication, as Stripe does.
        let stripe =
            Self(Client::new(tests::variable("STRIPE_API_URL"), Some(tests::variable("STRIPE_API_KEY"))));
        stripe.beginning();
        stripe
    }

    /// Every intent whose metadata names one of these orders, so that a second intent of an order shows.
    pub(crate) fn intents(&self, of: impl Fn(&str) -> bool) -> Vec<Value> {
        let path = format!("/v1/payment_intents?limit=1000000&starting_after={}", self.beginning());
        let list = self.0.get(&path).expect(200);
        let all = list["data"].as_array().cloned().unwrap_or_default();
        all.into_iter().filter(|intent| intent["metadata"]["order_id"].as_str().is_some_and(&of)).collect()
    }

    /// An intent that is older than all intents of this test. localstripe handles one request at a time and takes half a
    /// minute to list the intents of a day of tests; meanwhile the stack's own calls would time out.
    fn beginning(&self) -> &'static str {
        static BEGINNING: OnceLock<String> = OnceLock::new();
        BEGINNING.get_or_init(|| {
            let intent = self.post("/v1/payment_intents", "amount=50&currency=eur");
            intent["id"].as_str().expect("an id").to_owned()
        })
    }

    /// The only intent of one order.
    pub(crate) fn intent(&self, order: &str) -> Value {
        let mut intents = self.intents(|id| id == order);
        assert_eq!(intents.len(), 1, "{intents:?}");
        intents.remove(0)
    }

    /// A dashboard user refunds a part. The answer is the object of the webhook that Stripe would send.
    pub(crate) fn refund_in_dashboard(&self, order: &str, amount: u64) -> Value {
        let intent = self.intent(order);
        let form = format!("payment_intent={}&amount={amount}", intent["id"].as_str().expect("an id"));
        self.post("/v1/refunds", &form)
    }

    /// Confirms an intent, as the stack would.
    pub(crate) fn confirm(&self, intent: &Value) -> Value {
        self.post(&format!("/v1/payment_intents/{}/confirm", intent["id"].as_str().expect("an id")), "")
    }

    /// The money that moved for one order.
    pub(crate) fn moved(&self, order: &str) -> Moved {
        moved(&self.intents(|id| id == order))
    }

    /// A payment method for a card of this number.
    pub(crate) fn card(&self, number: &str) -> String {
        let form =
            format!("type=card&card[number]={number}&card[exp_month]=12&card[exp_year]=2034&card[cvc]=123");
        let method = self.post("/v1/payment_methods", &form);
        method["id"].as_str().expect("an id").to_owned()
    }

    /// The customer completes 3-D Secure.
    pub(crate) fn authenticate(&self, client_secret: &str) {
        let (intent, _) = client_secret.split_once("_secret_").expect("a client secret names its intent");
        let form = format!("key=pk_test_browser&success=true&client_secret={client_secret}");
        self.post(&format!("/v1/payment_intents/{intent}/_authenticate"), &form);
    }

    fn post(&self, path: &str, form: &str) -> Value {
        let headers = [("content-type", "application/x-www-form-urlencoded")];
        self.0.send("POST", path, &headers, Some(form.as_bytes().to_vec())).expect(200)
    }
}

/// The sums over intents.
pub(crate) fn moved(intents: &[Value]) -> Moved {
    let mut sum = Moved::default();
    let charges = intents.iter().map(|intent| &intent["latest_charge"]);
    for charge in charges.filter(|charge| charge["captured"] == true && charge["status"] == "succeeded") {
        sum.charges += 1;
        sum.captured += charge["amount_captured"].as_u64().expect("an amount");
        sum.refunded += charge["amount_refunded"].as_u64().expect("an amount");
    }
    sum
}
