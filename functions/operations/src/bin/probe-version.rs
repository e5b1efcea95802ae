//! `probe-version`: see [`operations::ProbeVersion`].

use operations::ProbeVersion;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), runtime::Error> {
    let mut settings = runtime::start("probe-version");
    let aws = aws::Clients::from_settings(&mut settings);
    let stack = settings.text("STACK_NAME");
    let started = settings.finish()?;

    let (deploys, versions) = (aws.deploys(), aws.versions());
    let probe = aws.connect(started).await;
    runtime::command::run(ProbeVersion { deploys, versions, stack }, probe).await
}
