//! The SDK clients, built once when a function starts, and the adapters over them.

use crate::Table;
use crate::addresses::SystemNames;
use crate::batches::S3Batches;
use crate::connections::{self, Needed, Service};
use crate::deploys::CodeDeploy;
use crate::functions::{AnyVersions, StackFunctions};
use crate::gauges::{CloudWatch, SqsGauge};
use crate::guarded_transport::GuardedTransport;
use crate::http::HttpTransport;
use crate::letters::SqsLetters;
use crate::mail::{SesMailer, SnsTexter};
use crate::pages::TableIndex;
use crate::queue::SqsQueue;
use crate::sdk_transport::SdkTransport;
use crate::secrets::SecretsManager;
use crate::sockets::{self, GatewaySockets};
use crate::timed_client::{CONNECTS_WITHIN, Roots, TimedClient};
use crate::topic::SnsTopic;
use crate::work::SqsWork;
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_async::rt::sleep::{SharedAsyncSleep, TokioSleep};
use aws_smithy_async::time::{SharedTimeSource, SystemTimeSource};
use aws_smithy_runtime_api::client::behavior_version::BehaviorVersion;
use aws_smithy_types::retry::RetryConfig;
use aws_smithy_types::timeout::TimeoutConfig;
use aws_types::SdkConfig;
use aws_types::region::Region;
use event_store::Pages;
use outbound::{
    BatchStore, CachedSecrets, DeadLetterQueue, Deploys, Functions, Mailer, Metrics, Names, Networks, Queue,
    QueueGauge, SecretStore, Secrets, Sockets, Texter, Topic, Transport, Versions, WorkQueue,
};
use resilience::SystemClock;
use runtime::probe::Started;
use runtime::{Probe, Settings};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

/// The configuration that all clients share; it makes the adapters.
#[derive(Debug, Clone)]
pub struct Clients {
    config: SdkConfig,
    pub(crate) http: TimedClient,
    pub(crate) needed: Arc<Needed>,
    dynamodb: Arc<OnceLock<aws_sdk_dynamodb::Client>>,
    connects_at_start: bool,
}

impl Clients {
    /// Reads `AWS_REGION`, the credentials, `AWS_ENDPOINT_URL` (the endpoint of the local stack), `TRUST_STORE`
    /// (`amazon` or `native`), and `CONNECT_AT_START` (`false` only to measure what that saves).
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
        let http = TimedClient::new(roots);
        if let Some(collector) = settings.collector("OTLP_ENDPOINT") {
            let stack = settings.optional("STACK_NAME").unwrap_or_default();
            // A collector's certificate may be of any authority.
            let transport = Arc::new(SdkTransport(TimedClient::new(Roots::Native)));
            runtime::traces::export_to(&collector, transport, settings.function(), &stack);
        }
        Self {
            config: config(region, credentials, endpoint, http.clone()),
            http,
            needed: Arc::default(),
            dynamodb: Arc::default(),
            connects_at_start: settings.parsed("CONNECT_AT_START", true),
        }
    }

    /// Opens connections to the services whose adapters were made, as far as a function always calls them: tables, secrets,
    /// topics and mail. The last thing before a function runs. It takes a second at most, and never fails. Without TLS,
    /// which only the local stack does, a connection costs nothing worth a start. What it returns answers a deploy's probes.
    pub async fn connect(&self, started: Started) -> Probe {
        let endpoint = self.config.endpoint_url();
        if self.connects_at_start && endpoint.is_none_or(|url| url.starts_with("https://")) {
            let region = self.config.region().map_or("", |region| region.as_ref());
            connections::open(&self.http.connector(), self.needed.urls(region, endpoint)).await;
        }
        let reads_secrets = !started.secrets.is_empty();
        let secrets = reads_secrets.then(|| Arc::new(self.stored_secrets()) as Arc<dyn SecretStore>);
        Probe { started, secrets }
    }

    fn stored_secrets(&self) -> SecretsManager {
        SecretsManager(aws_sdk_secretsmanager::Client::new(&self.config))
    }

    fn dynamodb(&self) -> aws_sdk_dynamodb::Client {
        self.dynamodb.get_or_init(|| aws_sdk_dynamodb::Client::new(&self.config)).clone()
    }

    /// A service's own table.
    pub fn table(&self, name: &str) -> Arc<Table> {
        self.needed.one_more(Service::DynamoDb);
        Arc::new(Table::new(self.dynamodb(), name))
    }

    /// An index of a table, partitioned by one text attribute and ordered by another.
    pub fn index(
        &self,
        table: &str,
        index: &'static str,
        partition: &'static str,
        order: &'static str,
    ) -> Arc<dyn Pages> {
        let client = self.dynamodb();
        Arc::new(TableIndex { client, table: table.to_owned(), index: Some(index), partition, order })
    }

    /// The documents of a table's own partitions, ordered by their sort keys.
    pub fn partitions(&self, table: &str) -> Arc<dyn Pages> {
        let client = self.dynamodb();
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

    /// A queue of any function, by its URL, as far as its length goes.
    pub fn queue_gauge(&self, url: &str) -> Arc<dyn QueueGauge> {
        Arc::new(SqsGauge { client: aws_sdk_sqs::Client::new(&self.config), url: url.to_owned() })
    }

    /// The metrics of the account and region.
    pub fn metrics(&self) -> Arc<dyn Metrics> {
        Arc::new(CloudWatch(aws_sdk_cloudwatch::Client::new(&self.config)))
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

    /// The deploys of the account and region.
    pub fn deploys(&self) -> Arc<dyn Deploys> {
        Arc::new(CodeDeploy(aws_sdk_codedeploy::Client::new(&self.config)))
    }

    /// Versions of functions, by their whole names.
    pub fn versions(&self) -> Arc<dyn Versions> {
        Arc::new(AnyVersions(aws_sdk_lambda::Client::new(&self.config)))
    }

    /// A topic, by its ARN.
    pub fn topic(&self, arn: &str) -> Arc<dyn Topic> {
        self.needed.one(Service::Sns);
        Arc::new(SnsTopic { client: aws_sdk_sns::Client::new(&self.config), arn: arn.to_owned() })
    }

    /// Secrets, read again once a minute, or sooner if none of them verifies a signature.
    pub fn secrets(&self) -> Arc<dyn Secrets> {
        self.needed.one(Service::SecretsManager);
        Arc::new(CachedSecrets::new(self.stored_secrets(), Arc::new(SystemClock)))
    }

    /// Email from the sender `from`, under a configuration set, which keeps mail from addresses that bounced.
    pub fn mailer(&self, from: &str, configuration_set: &str) -> Arc<dyn Mailer> {
        self.needed.one(Service::Ses);
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

    /// The connections of a stage of a WebSocket API, by the API's id.
    pub fn sockets(&self, api: &str, stage: &str) -> Arc<dyn Sockets> {
        let region = self.config.region().map_or("", |region| region.as_ref());
        let address = sockets::address(api, stage, region, self.config.endpoint_url());
        let config = aws_sdk_apigatewaymanagement::config::Builder::from(&self.config).endpoint_url(address);
        Arc::new(GatewaySockets(aws_sdk_apigatewaymanagement::Client::from_conf(config.build())))
    }

    /// A work queue, by its URL.
    pub fn work(&self, url: &str) -> Arc<dyn WorkQueue> {
        Arc::new(SqsWork { client: aws_sdk_sqs::Client::new(&self.config), url: url.to_owned() })
    }
}

fn config(
    region: String,
    credentials: Credentials,
    endpoint: Option<String>,
    http: TimedClient,
) -> SdkConfig {
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(CONNECTS_WITHIN)
        .operation_attempt_timeout(Duration::from_secs(5))
        .operation_timeout(Duration::from_secs(15))
        .build();
    let mut config = SdkConfig::builder()
        .behavior_version(BehaviorVersion::v2026_01_12())
        .region(Region::new(region))
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .http_client(http)
        .sleep_impl(SharedAsyncSleep::new(TokioSleep::new()))
        .time_source(SharedTimeSource::new(SystemTimeSource::new()))
        .retry_config(RetryConfig::standard().with_max_attempts(3))
        .timeout_config(timeouts);
    config.set_endpoint_url(endpoint);
    config.build()
}
