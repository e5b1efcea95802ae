//! What every program on Lambda's runtime costs: it answers without looking at the event.

use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use serde_json::value::RawValue;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    run(service_fn(async |_: LambdaEvent<Box<RawValue>>| Ok::<_, Error>(bench_references::accepted()))).await
}
