//! [`QueueGauge`] on SQS, and [`Metrics`] on `CloudWatch`.

use crate::error::describe;
use async_trait::async_trait;
use aws_sdk_cloudwatch::types::{Dimension, Metric as Named, MetricDataQuery, MetricStat, ScanBy};
use aws_sdk_sqs::types::QueueAttributeName;
use aws_smithy_types::DateTime;
use jiff::Timestamp;
use outbound::{Depth, GaugeError, Metric, Metrics, QueueGauge, Reading};
use std::time::Duration;

/// The period of a metric that `CloudWatch` keeps for days, in seconds.
const PERIOD: i32 = 60;

#[derive(Debug)]
pub(crate) struct SqsGauge {
    pub(crate) client: aws_sdk_sqs::Client,
    pub(crate) url: String,
}

#[async_trait]
impl QueueGauge for SqsGauge {
    async fn depth(&self) -> Result<Depth, GaugeError> {
        let answer = self
            .client
            .get_queue_attributes()
            .queue_url(&self.url)
            .attribute_names(QueueAttributeName::ApproximateNumberOfMessages)
            .attribute_names(QueueAttributeName::ApproximateNumberOfMessagesNotVisible)
            .attribute_names(QueueAttributeName::ApproximateNumberOfMessagesDelayed)
            .send()
            .await
            .map_err(|error| GaugeError(describe(&error)))?;
        let count = |name: QueueAttributeName| -> Result<u64, GaugeError> {
            let text = answer.attributes().and_then(|attributes| attributes.get(&name));
            let count = text.and_then(|text| text.parse().ok());
            count.ok_or_else(|| GaugeError(format!("SQS answered no {}", name.as_str())))
        };
        Ok(Depth {
            waiting: count(QueueAttributeName::ApproximateNumberOfMessages)?,
            hidden: count(QueueAttributeName::ApproximateNumberOfMessagesNotVisible)?
                + count(QueueAttributeName::ApproximateNumberOfMessagesDelayed)?,
        })
    }
}

#[derive(Debug)]
pub(crate) struct CloudWatch(pub(crate) aws_sdk_cloudwatch::Client);

#[async_trait]
impl Metrics for CloudWatch {
    async fn newest(
        &self,
        metrics: &[Metric],
        now: Timestamp,
        back: Duration,
    ) -> Result<Vec<Option<Reading>>, GaugeError> {
        let from = now.saturating_sub(back).unwrap_or(Timestamp::MIN);
        let queries = metrics.iter().enumerate().map(|(place, metric)| query(place, metric));
        // Newest first, so that the first page has what is wanted: each metric has a few values only.
        let answer = self
            .0
            .get_metric_data()
            .set_metric_data_queries(Some(queries.collect()))
            .start_time(DateTime::from_secs(from.as_second()))
            .end_time(DateTime::from_secs(now.as_second()))
            .scan_by(ScanBy::TimestampDescending)
            .send()
            .await
            .map_err(|error| GaugeError(describe(&error)))?;
        let mut found = vec![None; metrics.len()];
        for result in answer.metric_data_results() {
            let place = result.id().and_then(|id| id.strip_prefix('m')).and_then(|place| place.parse().ok());
            let Some(slot) = place.and_then(|place: usize| found.get_mut(place)) else { continue };
            let Some((at, value)) = result.timestamps().first().zip(result.values().first()) else {
                continue;
            };
            *slot = Timestamp::from_second(at.secs()).ok().map(|at| Reading { at, value: whole(value) });
        }
        Ok(found)
    }
}

fn query(place: usize, metric: &Metric) -> MetricDataQuery {
    let dimension =
        |(name, value): &(&str, String)| Dimension::builder().name(*name).value(value.as_str()).build();
    let named = Named::builder()
        .namespace(metric.namespace)
        .metric_name(metric.name)
        .set_dimensions(Some(metric.dimensions.iter().map(dimension).collect()));
    let stat = MetricStat::builder().metric(named.build()).period(PERIOD).stat("Maximum").build();
    // An id begins with a small letter.
    MetricDataQuery::builder().id(format!("m{place}")).metric_stat(stat).return_data(true).build()
}

/// The value cut to a whole number. `CloudWatch` has floating-point numbers only, which no other code of ours needs.
fn whole(value: impl std::fmt::Display) -> u64 {
    let text = value.to_string();
    text.split('.').next().unwrap_or_default().parse().unwrap_or(0)
}

#[cfg(test)]
mod tests;
