//! What is deployed at an endpoint, as the SDK's clients see it.

use std::collections::HashMap;

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_sdk_s3::primitives::ByteStream;
use rebound_test_emulator::{Function, Programs, Served};
use rebound_test_events::{BUCKET, Object};
use rebound_test_mail::{Door, Mailbox};

/// A stack of its own, and clients for it.
pub(crate) struct Deployed {
    pub(crate) s3: aws_sdk_s3::Client,
    pub(crate) dynamodb: aws_sdk_dynamodb::Client,
    pub(crate) sqs: aws_sdk_sqs::Client,
    secrets: aws_sdk_secretsmanager::Client,
    outputs: HashMap<String, String>,
    programs: Programs,
    served: Served,
}

impl Deployed {
    pub(crate) async fn new(programs: Programs) -> Self {
        let served = Served::start(&programs);
        let aws = clients(served.url()).await;
        Self {
            s3: aws_sdk_s3::Client::new(&aws),
            dynamodb: aws_sdk_dynamodb::Client::new(&aws),
            sqs: aws_sdk_sqs::Client::new(&aws),
            secrets: aws_sdk_secretsmanager::Client::new(&aws),
            outputs: outputs(&aws).await,
            programs,
            served,
        }
    }

    /// What the stack says of itself, as one that SAM has deployed does.
    pub(crate) fn output(&self, name: &str) -> &str {
        self.outputs.get(name).expect("the stack tells it")
    }

    pub(crate) fn function(&self, name: &str) -> Function {
        assert_eq!(self.output("Bucket"), BUCKET);
        let variables = [
            ("BUCKET", self.output("Bucket")),
            ("TABLE_PREFIX", self.output("TablePrefix")),
            ("QUEUE_URL", self.output("FetchQueueUrl")),
            ("ACCOUNTS_PREFIX", self.output("AccountsPrefix")),
            ("RETURN_PATH_KEYS", self.output("ReturnPathKeys")),
        ];
        Function::start(&self.programs, name, &self.served, &variables)
    }

    pub(crate) async fn put(&self, object: Object) {
        let put = self.s3.put_object().bucket(BUCKET).key(object.key);
        let put = object
            .metadata
            .into_iter()
            .fold(put, |put, (name, value)| put.metadata(name, value));
        put.body(ByteStream::from(object.bytes))
            .send()
            .await
            .expect("it is stored");
    }

    /// Sets up an account whose mail is in `mailbox`.
    pub(crate) async fn account(&self, name: &str, mailbox: &Mailbox) {
        let server = mailbox.server();
        let authority = std::fs::read_to_string(server.authority()).expect("the server's script wrote it");
        let document = format!(
            "protocol = \"imap\"\nhost = \"{}\"\nport = {}\nuser = \"{}\"\npassword = \"{}\"\nca = '''\n{authority}'''\n",
            server.host(),
            server.port(Door::Imaps),
            mailbox.user(),
            server.password(),
        );
        let secret = format!("{}{name}", self.output("AccountsPrefix"));
        let create = self.secrets.create_secret().name(secret).secret_string(document);
        create.send().await.expect("it is stored");
    }
}

async fn clients(url: &str) -> SdkConfig {
    aws_config::defaults(BehaviorVersion::latest())
        .endpoint_url(url)
        .region(Region::new("us-east-1"))
        .credentials_provider(Credentials::from_keys("local", "local", None))
        .load()
        .await
}

async fn outputs(aws: &SdkConfig) -> HashMap<String, String> {
    let describe = aws_sdk_cloudformation::Client::new(aws)
        .describe_stacks()
        .stack_name("local");
    let answer = describe.send().await.expect("the stack describes itself");
    let stack = answer.stacks().first().expect("there is one");
    let output = |output: &aws_sdk_cloudformation::types::Output| {
        Some((output.output_key()?.to_owned(), output.output_value()?.to_owned()))
    };
    stack.outputs().iter().filter_map(output).collect()
}
