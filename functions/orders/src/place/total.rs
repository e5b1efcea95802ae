//! The total of an order: whether it is what the customer was shown, and whether it can be paid. A card has the bounds of the
//! currency, an offline payment almost none.

use crate::view::Item;
use events::{Amount, Currency, OrderLine, Usable};
use runtime::http::{FieldError, Problem};
use serde_json::json;

/// The largest total of any order: the largest whole number that every reader of JSON reads exactly.
const MOST: Amount = Amount::minor(9_007_199_254_740_991);

/// The sum of all lines, if it is as expected and can be paid. The error is the client's to fix.
pub(super) fn payable(
    lines: &[OrderLine],
    currency: Currency,
    expected: Option<Amount>,
    is_offline: bool,
) -> Result<Amount, Problem> {
    let total = lines
        .iter()
        .try_fold(Amount::ZERO, |sum, line| sum.checked_add(line.unit_price.checked_times(line.quantity)?));
    // Before the bounds, so that the customer is shown a new total also when it cannot be paid.
    if let (Some(total), Some(expected)) = (total, expected)
        && total != expected
    {
        return Err(changed(lines, total, currency));
    }
    if is_offline {
        within(total, Amount::minor(1), MOST, currency, "the total must be")
    } else {
        chargeable(total, currency)
    }
}

fn changed(lines: &[OrderLine], total: Amount, currency: Currency) -> Problem {
    let detail = format!("it is {} now; show it, and send it as expected_total", currency.write(total));
    let items: Vec<Item> = lines.iter().map(Item::from).collect();
    Problem::new(409, "total-changed", "The total has changed", detail)
        .with_member("items", json!(items))
        .with_member("total", json!(total))
        .with_member("currency", json!(currency))
}

/// What the payment provider charges to a card.
fn chargeable(total: Option<Amount>, currency: Currency) -> Result<Amount, Problem> {
    let rules = currency.rules();
    match rules.usable {
        Usable::Everywhere => {}
        Usable::OfflineOnly | Usable::Nowhere => {
            let detail = format!("{currency} cannot be charged to a card");
            return Err(Problem::validation(vec![FieldError::at("/currency", detail)]));
        }
    }
    let total =
        within(total, rules.minimum, rules.maximum, currency, "the total of a payment by card must be")?;
    if !rules.fits_step(total) {
        let step = rules.step;
        let detail =
            format!("the total of a payment by card must be a multiple of {step} minor units of {currency}");
        return Err(Problem::validation(vec![FieldError::at("/items", detail)]));
    }
    Ok(total)
}

fn within(
    total: Option<Amount>,
    least: Amount,
    most: Amount,
    currency: Currency,
    what: &str,
) -> Result<Amount, Problem> {
    total.filter(|total| (least..=most).contains(total)).ok_or_else(|| {
        let detail = format!(
            "{what} from {} to {} ({least} to {most} minor units)",
            currency.write(least),
            currency.write(most)
        );
        Problem::validation(vec![FieldError::at("/items", detail)])
    })
}
