//! The SDK clients, built once when a function starts, and the adapters over them.

use crate::Table;
use crate::addresses::SystemNames;
use crate::batches::{S3Batches, StackFunctions};
use crate::guarded_transport::GuardedTransport;
use crate::http::HttpTransport;
use crate::letters::SqsLetters;
use crate::mail::{SesMailer, SnsTexter};
use crate::pages::TableIndex;
use crate::queue::SqsQueue;
use crate::secrets::SecretsManager;
use crate::timed_client::TimedClient;
use crate::topic::SnsTopic;
use crate::work::SqsWork;
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_async::rt::sleep::{SharedAsyncSleep, TokioSleep};
use aws_smithy_async::time::{SharedTimeSource, SystemTimeSource};
use aws_smithy_http_client::tls::{Provider, TlsContext, TrustStore, rustls_provider::CryptoMode};
use aws_smithy_runtime_api::client::behavior_version::BehaviorVersion;
use aws_smithy_types::retry::RetryConfig;
use aws_smithy_types::timeout::TimeoutConfig;
use aws_types::SdkConfig;
use aws_types::region::Region;
use event_store::Pages;
use outbound::{
    BatchStore, CachedSecrets, DeadLetterQueue, Functions, Mailer, Names, Networks, Queue, Secrets, Texter,
    Topic, Transport, WorkQueue,
};
use resilience::SystemClock;
use runtime::Settings;
use std::sync::Arc;
use std::time::Duration;

/// Amazon's root certificates, as Amazon Trust Services publishes them. To parse five certificates delays a start far less
/// than to parse the machine's hundred and forty.
const AMAZON_ROOTS: &[u8] = include_bytes!("../roots/amazon.pem");

/// The configuration that all clients share; it makes the adapters.
#[derive(Debug, Clone)]
pub struct Clients {
    config: SdkConfig,
}

#[derive(Debug, Clone, Copy)]
enum Roots {
    Amazon,
    Native,
}

impl Clients {
    /// Reads `AWS_REGION`, the credentials, `AWS_ENDPOINT_URL` (the endpoint of the local stack) and `TRUST_STORE`
    /// (`amazon` or `native`).
    pub fn from_settings(settings: &mut Settings) -> Self {
        let region = settings.text("AWS_REGION");
        let credentials = Credentials::new(
            settings.text("AWS_ACCESS_KEY_ID"),
            settings.text("AWS_SECRET_ACCESS_KEY"),
            settings.optional("AWS_SESSION_TOKEN"),
            None,
            "environment",
        );
        let endpoint = settings.optional("AWS_ENDPOINT_URL");
        let roots = settings.one_of(
            "TRUST_STORE",
            &[("amazon", Roots::Amazon), ("native", Roots::Native)],
            Roots::Amazon,
        );
        Self { config: config(region, credentials, endpoint, roots) }
    }

    /// A service's own table.
    pub fn table(&self, name: &str) -> Arc<Table> {
        Arc::new(Table::new(aws_sdk_dynamodb::Client::new(&self.config), name))
    }

    /// An index of a table, partitioned by one text attribute and ordered by another.
    pub fn index(
        &self,
        table: &str,
        index: &'static str,
        partition: &'static str,
        order: &'static str,
    ) -> Arc<dyn Pages> {
        let client = aws_sdk_dynamodb::Client::new(&self.config);
        Arc::new(TableIndex { client, table: table.to_owned(), index: Some(index), partition, order })
    }

    /// The documents of a table's own partitions, ordered by their sort keys.
    pub fn partitions(&self, table: &str) -> Arc<dyn Pages> {
        let client = aws_sdk_dynamodb::Client::new(&self.config);
        let (partition, order) = ("pk", "sk");
        Arc::new(TableIndex { client, table: table.to_owned(), index: None, partition, order })
    }

    /// A consumer's queue and its dead-letter queue, by their URLs.
    pub fn queue(&self, url: &str, dead_letters: &str) -> Arc<dyn Queue> {
        let client = aws_sdk_sqs::Client::new(&self.config);
        Arc::new(SqsQueue { client, url: url.to_owned(), dead_letters: dead_letters.to_owned() })
    }

    /// The dead-letter queue of a stream reader, by its URL.
    pub fn dead_letters(&self, url: &str) -> Arc<dyn Queue> {
        self.queue("", url)
    }

    /// A dead-letter queue of any function, by its URL, for `redrive-dead-letters`.
    pub fn letters(&self, url: &str) -> Arc<dyn DeadLetterQueue> {
        Arc::new(SqsLetters { client: aws_sdk_sqs::Client::new(&self.config), url: url.to_owned() })
    }

    /// The batches that stream readers could not take. A bucket is part of the path, because the local stack has one host.
    pub fn batches(&self) -> Arc<dyn BatchStore> {
        let config = aws_sdk_s3::config::Builder::from(&self.config).force_path_style(true).build();
        Arc::new(S3Batches(aws_sdk_s3::Client::from_conf(config)))
    }

    /// The functions of a stack, by the stack's name.
    pub fn functions(&self, stack: &str) -> Arc<dyn Functions> {
        let client = aws_sdk_lambda::Client::new(&self.config);
        Arc::new(StackFunctions { client, stack: stack.to_owned() })
    }

    /// A topic, by its ARN.
    pub fn topic(&self, arn: &str) -> Arc<dyn Topic> {
        Arc::new(SnsTopic { client: aws_sdk_sns::Client::new(&self.config), arn: arn.to_owned() })
    }

    /// Secrets, read again once a minute, or sooner if none of them verifies a signature.
    pub fn secrets(&self) -> Arc<dyn Secrets> {
        let store = SecretsManager(aws_sdk_secretsmanager::Client::new(&self.config));
        Arc::new(CachedSecrets::new(store, Arc::new(SystemClock)))
    }

    /// Email from the sender `from`, under a configuration set, which keeps mail from addresses that bounced.
    pub fn mailer(&self, from: &str, configuration_set: &str) -> Arc<dyn Mailer> {
        let client = aws_sdk_sesv2::Client::new(&self.config);
        let configuration_set = configuration_set.to_owned();
        Arc::new(SesMailer { client, from: from.to_owned(), configuration_set })
    }

    /// Text messages.
    pub fn texter(&self) -> Arc<dyn Texter> {
        Arc::new(SnsTexter { client: aws_sdk_sns::Client::new(&self.config) })
    }

    /// Calls to providers other than AWS.
    pub fn transport(&self) -> Arc<dyn Transport> {
        Arc::new(HttpTransport::new())
    }

    /// Calls to registered URLs, only to addresses in these networks.
    pub fn guarded_transport(&self, networks: Networks) -> Arc<dyn Transport> {
        Arc::new(GuardedTransport::new(Arc::new(SystemNames), networks))
    }

    /// Resolves host names.
    pub fn names(&self) -> Arc<dyn Names> {
        Arc::new(SystemNames)
    }

    /// A work queue, by its URL.
    pub fn work(&self, url: &str) -> Arc<dyn WorkQueue> {
        Arc::new(SqsWork { client: aws_sdk_sqs::Client::new(&self.config), url: url.to_owned() })
    }
}

fn config(region: String, credentials: Credentials, endpoint: Option<String>, roots: Roots) -> SdkConfig {
    let store = match roots {
        Roots::Amazon => TrustStore::empty().with_pem_certificate(AMAZON_ROOTS),
        Roots::Native => TrustStore::default(),
    };
    let client = aws_smithy_http_client::Builder::new().tls_provider(Provider::Rustls(CryptoMode::Ring));
    // The context is valid if the roots above parse, which a test proves. Otherwise the client uses native roots.
    let client = match TlsContext::builder().with_trust_store(store).build() {
        Ok(context) => client.tls_context(context),
        Err(_) => client,
    };
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(Duration::from_secs(2))
        .operation_attempt_timeout(Duration::from_secs(5))
        .operation_timeout(Duration::from_secs(15))
        .build();
    let mut config = SdkConfig::builder()
        .behavior_version(BehaviorVersion::v2026_01_12())
        .region(Region::new(region))
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .http_client(TimedClient(client.build_https()))
        .sleep_impl(SharedAsyncSleep::new(TokioSleep::new()))
        .time_source(SharedTimeSource::new(SystemTimeSource::new()))
        .retry_config(RetryConfig::standard().with_max_attempts(3))
        .timeout_config(timeouts);
    config.set_endpoint_url(endpoint);
    config.build()
}

#[cfg(test)]
mod tests;
