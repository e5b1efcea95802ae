//! A customer is erased in notifications, and no late message restores anything.

use crate::contact;
use crate::testing::{World, message, order, paid, placed, shipped};
use event_store::Documents as _;
use events::OrdersEvent;
use testkit::erasure;

fn all(world: &World) -> String {
    format!("{:?}", world.table.all_documents())
}

#[tokio::test]
async fn i9_an_erased_contact_is_not_stored_again() {
    for placed_first in [true, false] {
        let world = World::new("CH");
        if placed_first {
            world.receive(&placed()).await.unwrap();
            world.receive(&paid()).await.unwrap();
            assert!(all(&world).contains("ada@shop.example"));
        }
        world.receive(&message::<OrdersEvent>(9, erasure())).await.unwrap();
        for _ in 0..2 {
            world.receive(&placed()).await.unwrap();
        }
        assert!(!all(&world).contains("ada@shop.example") && !all(&world).contains("+41"), "{}", all(&world));
        assert!(world.table.get(&contact::key(&order())).await.unwrap().unwrap().is_erased());
    }
}

#[tokio::test]
async fn nothing_is_sent_after_the_erasure() {
    let world = World::new("CH");
    world.receive(&placed()).await.unwrap();
    world.receive(&message::<OrdersEvent>(9, erasure())).await.unwrap();
    world.receive(&paid()).await.unwrap();
    world.receive(&shipped()).await.unwrap();
    assert_eq!((world.subjects().len(), world.texts().len()), (0, 0));
}
