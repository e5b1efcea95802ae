//! A scan reads every event of the table once, a bounded page at a time, and nothing that is no event.

use crate::{On, everywhere, table};
use event_store::{Document, Key, StreamId};
use events::{Delivered, Envelope, Sequence, ShippingEvent};
use testkit::{cause, now, order_id};

everywhere!(a_scan_reads_every_event_once_and_no_document);

/// Other tests may have written several times as many items into the table.
const MOST_PAGES: u32 = 10_000;

async fn a_scan_reads_every_event_once_and_no_document(on: On) {
    let table = table(on);
    let mut written = Vec::new();
    for _ in 0..4 {
        let id = order_id(crate::fresh());
        for place in 0..3 {
            let event = ShippingEvent::from(Delivered {});
            let event = Envelope::wrap(id.as_str(), Sequence::after(place), now(), &cause(), &event);
            table.store.append(&StreamId::order(&id), &event).await.unwrap();
            written.push(event);
        }
        let copy = Key::new(format!("order#{id}"), "contact");
        table.documents.put(&copy, &Document::of(&"no event")).await.unwrap();
    }
    let (mut read, mut position, mut units) = (Vec::new(), None, 0);
    for _ in 0..MOST_PAGES {
        let page = table.scan.scan(position.as_ref(), 5).await.unwrap();
        assert!(page.items <= 5 && page.events.len() <= 5, "{page:?}");
        read.extend(page.events.into_iter().filter(|event| written.contains(event)));
        units += page.half_units;
        position = page.next;
        if position.is_none() {
            break;
        }
    }
    assert_eq!(position, None, "the scan has an end");
    assert!(units > 0, "the cost is known");
    let by_id = |events: &mut Vec<Envelope>| events.sort_by(|one, other| one.id.cmp(&other.id));
    by_id(&mut read);
    by_id(&mut written);
    assert_eq!(read, written);
}
