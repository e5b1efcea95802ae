//! The steps of orders.

use crate::SEARCH_KEY;
use crate::ports::{Ports, Table};
use crate::step::{Step, secrets, senders};
use event_store::Pages;
use events::Service;
use orders::EmailKey;
use std::sync::Arc;
use std::time::Duration;

/// The step of one of orders' functions; `None` for any other name.
pub(crate) fn step(function: &str, ports: &(impl Ports + ?Sized)) -> Option<Step> {
    let table = || ports.table(Table::Of(Service::Orders));
    let views = || ports.table(Table::OrderViews);
    let index = |partition, order| ports.index(Table::OrderViews, partition, order);
    let open_by_deadline = || -> Arc<dyn Pages> { index("open_shard", "deadline") };
    let email_key = || EmailKey::new(secrets(SEARCH_KEY), "search-key".to_owned());
    let (clock, options) = (ports.clock(), ports.options());
    let followers = || orders::Followers::new(ports.table(Table::Live));
    let project = || orders::ProjectOrders {
        store: table(),
        views: views(),
        deadlines: options.deadlines,
        email_key: email_key(),
        redaction: table(),
        clock: ports.clock(),
    };
    Some(match function {
        "place-order" => Step::Http(Arc::new(orders::PlaceOrder {
            store: table(),
            documents: table(),
            clock,
            pay_within: Duration::from_mins(30),
            pay_offline_within: options.pay_offline_within,
            senders: senders(),
        })),
        "cancel-order" => Step::Http(Arc::new(orders::CancelOrder { store: table(), clock })),
        "get-order" => Step::Http(Arc::new(orders::GetOrder {
            store: table(),
            by_customer: index("pk", "sk"),
            open_by_deadline: open_by_deadline(),
        })),
        "search-orders" => Step::Http(Arc::new(orders::SearchOrders {
            views: views(),
            partitions: index("pk", "sk"),
            by_attention: index("attention", "sk"),
            email_key: email_key(),
        })),
        "track-order" => Step::Queue(Arc::new(orders::TrackOrder { store: table(), clock })),
        "project-orders" => Step::Stream(Arc::new(project())),
        "rebuild-views" => Step::Command(Arc::new(orders::RebuildViews {
            scan: ports.channels().scans.get(&Service::Orders)?.clone(),
            project: project(),
            clock,
            work_for: Duration::from_mins(4),
        })),
        "sweep-orders" => Step::Schedule(Arc::new(orders::SweepOrders {
            store: table(),
            views: views(),
            open_by_deadline: open_by_deadline(),
            clock: clock.clone(),
            deadlines: options.deadlines,
            erasures: orders::Erasures {
                store: table(),
                documents: table(),
                partitions: index("pk", "sk"),
                clock,
                deadlines: options.deadlines,
                retention_days: 0,
            },
        })),
        "erase-customer" => Step::Http(Arc::new(orders::EraseCustomer {
            store: table(),
            documents: table(),
            by_customer: index("pk", "sk"),
            clock,
            random: ports.channels().random,
            deadlines: options.deadlines,
        })),
        "issue-ticket" => Step::Http(Arc::new(orders::IssueTicket {
            followers: followers(),
            random: ports.channels().random,
            clock,
        })),
        "follow-orders" => Step::Socket(Arc::new(orders::FollowOrders {
            store: table(),
            followers: followers(),
            frames: ports.channels().frames,
            sockets: ports.channels().sockets,
            clock,
        })),
        "push-updates" => Step::Queue(Arc::new(orders::PushUpdates {
            store: table(),
            followers: followers(),
            sockets: ports.channels().sockets,
            clock,
        })),
        "copy-prices" => Step::Queue(Arc::new(orders::CopyPrices { documents: table() })),
        _ => return None,
    })
}
