//! How long an order may stand where it stands before somebody has to look: one table, a setting an entry.

use crate::facts::Standing;
use events::OrderStatus;
use runtime::Settings;
use std::time::Duration;

/// The time that each status may last. An order that stands longer gets the attention `stuck`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Deadlines {
    /// Not paid: from the moment that payments was asked to let it expire, which is when its `pay_by` passed.
    pub unpaid: Duration,
    /// Paid, and the stock not yet taken or refused.
    pub paid: Duration,
    /// Allocated, and not yet handed over.
    pub allocated: Duration,
    /// Cancelled, and stock, money or label not yet settled.
    pub cancelling: Duration,
    /// Handed over, and nothing is heard of its arrival. Nothing: whoever ships does not say what arrived.
    pub shipped: Duration,
    /// Ended, and still owing money, stock or a label: from the last change of what is owed.
    pub owing: Duration,
}

impl Default for Deadlines {
    fn default() -> Self {
        Self {
            unpaid: Duration::from_mins(15),
            paid: Duration::from_mins(30),
            allocated: Duration::from_hours(72),
            cancelling: Duration::from_mins(30),
            shipped: Duration::from_hours(30 * 24),
            owing: Duration::from_hours(24),
        }
    }
}

impl Deadlines {
    /// Reads `UNPAID_DEADLINE_SECONDS`, `PAID_DEADLINE_SECONDS`, `ALLOCATED_DEADLINE_SECONDS`,
    /// `CANCELLING_DEADLINE_SECONDS`, `SHIPPED_DEADLINE_SECONDS` and `OWING_DEADLINE_SECONDS`.
    pub fn from_settings(settings: &mut Settings) -> Self {
        let default = Self::default();
        let mut seconds = |name, default: Duration| settings.seconds(name, default.as_secs());
        Self {
            unpaid: seconds("UNPAID_DEADLINE_SECONDS", default.unpaid),
            paid: seconds("PAID_DEADLINE_SECONDS", default.paid),
            allocated: seconds("ALLOCATED_DEADLINE_SECONDS", default.allocated),
            cancelling: seconds("CANCELLING_DEADLINE_SECONDS", default.cancelling),
            shipped: seconds("SHIPPED_DEADLINE_SECONDS", default.shipped),
            owing: seconds("OWING_DEADLINE_SECONDS", default.owing),
        }
    }

    /// The time that an order may stand there; `None` for as long as it likes.
    pub(crate) fn of(&self, standing: &Standing) -> Option<Duration> {
        if standing.is_unfinished() {
            return Some(self.of_unfinished(standing.status()));
        }
        (standing.status() == OrderStatus::Shipped && !self.shipped.is_zero()).then_some(self.shipped)
    }

    /// The time that this status may last, or what is owed in it.
    fn of_unfinished(&self, status: OrderStatus) -> Duration {
        match status {
            OrderStatus::Placed | OrderStatus::PaymentActionRequired => self.unpaid,
            OrderStatus::Paid => self.paid,
            OrderStatus::Allocated => self.allocated,
            OrderStatus::Cancelling => self.cancelling,
            OrderStatus::Shipped
            | OrderStatus::Delivered
            | OrderStatus::Returned
            | OrderStatus::PaymentFailed
            | OrderStatus::OutOfStock
            | OrderStatus::ShippingFailed
            | OrderStatus::Cancelled
            | OrderStatus::Expired => self.owing,
        }
    }
}

#[cfg(test)]
mod tests;
