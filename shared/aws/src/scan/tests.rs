//! Units are counted in halves, as DynamoDB reports them.

use super::halves;

#[test]
fn units_are_counted_in_halves() {
    let units =
        [(None, 0), (Some(0.0), 0), (Some(0.5), 1), (Some(1.0), 2), (Some(12.5), 25), (Some(1234.0), 2468)];
    for (reported, expected) in units {
        assert_eq!(halves(reported), expected, "{reported:?}");
    }
}
