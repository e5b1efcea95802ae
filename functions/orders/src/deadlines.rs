//! How long an order may go without progress before it counts as stuck: one duration per status, each a setting.

use crate::facts::Progress;
use events::OrderStatus;
use runtime::Settings;
use std::time::Duration;

/// The time that each status may last. An order that exceeds it gets the attention `stuck`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Deadlines {
    /// Not paid: measured from the request to payments to let the order expire, which the sweep makes after `pay_by`.
    pub unpaid: Duration,
    /// Paid, and stock neither allocated nor missing yet.
    pub paid: Duration,
    /// Allocated, and not yet handed over to the carrier.
    pub allocated: Duration,
    /// Being cancelled, and stock, money or label not settled yet.
    pub cancelling: Duration,
    /// Handed over, without news of its arrival. Zero turns it off, for carriers that do not report arrivals.
    pub shipped: Duration,
    /// Ended, and still owing money, stock or a label: measured from the last change of what is owed.
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

    /// How long this progress may last; `None` without limit.
    pub(crate) fn of(&self, progress: &Progress) -> Option<Duration> {
        if progress.is_unfinished() {
            return Some(self.of_unfinished(progress.status()));
        }
        (progress.status() == OrderStatus::Shipped && !self.shipped.is_zero()).then_some(self.shipped)
    }

    /// How long this status may last, or a debt in it.
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
