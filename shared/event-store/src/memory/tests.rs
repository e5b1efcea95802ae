//! The twin returns every number that it stores. The rest of its contract is in `tests/contract`.

use super::*;

#[tokio::test]
async fn every_stored_number_is_returned() {
    let (table, key) = (Memory::default(), Key::new("sku#TEA", "stock"));
    assert!(table.set(&key, None, &[("available", 5), ("allocated", 0), ("damaged", 2)]).await.unwrap());
    let moves = vec![Move::new(key.clone(), vec![("available", -1), ("reserved", 1)])];
    table.commit(&Transaction { moves, ..Transaction::default() }).await.unwrap();
    let counts = table.counts(&key).await.unwrap().unwrap();
    let values = [("allocated", 0), ("available", 4), ("damaged", 2), ("reserved", 1)];
    assert_eq!(counts.values, values.map(|(name, value)| (name.to_owned(), value)).into());
    assert_eq!(counts.version, 2);
}
