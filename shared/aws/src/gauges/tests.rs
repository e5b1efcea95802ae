//! What is asked of `CloudWatch`, and how its numbers are read.

use super::*;

#[test]
fn a_value_is_cut_to_a_whole_number() {
    let values: [(&str, u64); 4] = [("12.9", 12), ("0", 0), ("86400", 86_400), ("-1.5", 0)];
    for (value, wanted) in values {
        assert_eq!(whole(value), wanted, "{value}");
    }
}

#[test]
fn a_query_names_the_metric_by_all_of_its_dimensions_and_its_place() {
    let dimensions = vec![("QueueName", "shop-TakePaymentQueue-1".to_owned())];
    let query = query(3, &Metric { namespace: "AWS/SQS", name: "ApproximateAgeOfOldestMessage", dimensions });
    assert_eq!(query.id(), Some("m3"));
    let stat = query.metric_stat().unwrap();
    let metric = stat.metric().unwrap();
    assert_eq!((stat.period(), stat.stat()), (Some(60), Some("Maximum")));
    assert_eq!(metric.namespace(), Some("AWS/SQS"));
    assert_eq!(metric.metric_name(), Some("ApproximateAgeOfOldestMessage"));
    let [dimension] = metric.dimensions() else { panic!("{metric:?}") };
    assert_eq!((dimension.name(), dimension.value()), (Some("QueueName"), Some("shop-TakePaymentQueue-1")));
}
