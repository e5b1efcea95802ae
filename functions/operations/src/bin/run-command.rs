//! `run-command`: see [`operations::RunCommand`].

use operations::RunCommand;
use runtime::http::Server;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), runtime::Error> {
    let mut settings = runtime::start("run-command");
    let aws = aws::Clients::from_settings(&mut settings);
    let step = RunCommand { functions: aws.functions(&settings.text("STACK_NAME")) };
    let server = Server::from_settings(&mut settings, |limits| aws.table(limits), step);
    let started = settings.finish()?;

    let probe = aws.connect(started).await;
    runtime::http::run(server, probe).await
}
