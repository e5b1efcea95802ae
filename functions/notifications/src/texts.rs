//! The texts that customers receive. They hold nothing secret about a payment, and no bank's reason.

use crate::contact::ContactCopy;
use crate::occasion::Occasion;
use events::{OrderId, OrderNumber};
use outbound::{Mail, Text};

/// The email for an occasion.
pub(crate) fn mail(shop: &str, order: &OrderId, contact: &ContactCopy, occasion: Occasion<'_>) -> Mail {
    let (subject, text) = words(contact, occasion);
    Mail {
        to: contact.email.clone(),
        subject: format!("{shop}: {subject}"),
        body: format!(
            "Hello,\n\n{text}\n\nYour order: {}\nIts id: {order}\n\nThank you,\n{shop}\n",
            OrderNumber::of(order)
        ),
    }
}

/// The text message for an occasion. Only the subject line fits, and the number instead of the id.
pub(crate) fn text(
    shop: &str,
    order: &OrderId,
    phone: &str,
    contact: &ContactCopy,
    occasion: Occasion<'_>,
) -> Text {
    let (subject, _) = words(contact, occasion);
    let code = match occasion {
        Occasion::Shipped { tracking_code, .. } => format!(" Tracking code {}.", line(tracking_code)),
        Occasion::Paid
        | Occasion::Refunded { .. }
        | Occasion::OutOfStock
        | Occasion::ShippingFailed
        | Occasion::Delivered
        | Occasion::Cancelled => String::new(),
    };
    Text { to: phone.to_owned(), body: format!("{shop}: {subject}.{code} Order {}", OrderNumber::of(order)) }
}

/// The subject line and the text of the email.
fn words(contact: &ContactCopy, occasion: Occasion<'_>) -> (&'static str, String) {
    let total = contact.currency.write(contact.total);
    match occasion {
        Occasion::Paid => (
            "we have your payment",
            format!(
                "Your payment of {total} has arrived. We are getting your order ready and write again once it is \
                 on its way."
            ),
        ),
        Occasion::Refunded { amount } => (
            "your money is on its way back",
            format!(
                "We have sent {} back to you. Depending on your bank it takes a few days to arrive.",
                contact.currency.write(amount)
            ),
        ),
        Occasion::OutOfStock => (
            "sorry, your order is out of stock",
            "We are sorry: something that you ordered is no longer in stock, so we cannot send your order. What \
             you paid goes back to you in full."
                .to_owned(),
        ),
        Occasion::Shipped { carrier, tracking_code } => (
            "your order is on its way",
            format!(
                "Your parcel has left the house.\n\nCarrier: {}\nTracking code: {}",
                line(carrier),
                line(tracking_code)
            ),
        ),
        Occasion::ShippingFailed => (
            "sorry, we cannot send your order",
            "We are sorry: your order cannot be delivered, so we will not send it. What you paid goes back to you \
             in full."
                .to_owned(),
        ),
        Occasion::Delivered => (
            "your order has arrived",
            "The carrier tells us that your parcel was delivered. Enjoy it!".to_owned(),
        ),
        Occasion::Cancelled => (
            "your order is cancelled",
            "Your order is cancelled, and nothing will be sent. What you paid goes back to you.".to_owned(),
        ),
    }
}

/// A carrier's text on one line, without control characters.
fn line(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(100).collect()
}

#[cfg(test)]
mod tests;
