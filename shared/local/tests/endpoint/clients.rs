//! AWS's command line, and boto3, Python's SDK.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use rebound_local::{ACCESS_KEY, REGION, SECRET_KEY};
use tempfile::TempDir;

use crate::support::{Served, noise};

/// The folder with `aws` and a `python` that has boto3.
pub(crate) fn tools() -> Option<PathBuf> {
    let tools = std::env::var_os("REBOUND_REPORTING_TOOLS").map(PathBuf::from);
    if tools.is_none() {
        eprintln!("SKIPPED: REBOUND_REPORTING_TOOLS is not set, AWS's command line and boto3 do not take part");
    }
    tools
}

/// A tool with the environment that `rebound serve` prints, and no other of AWS's settings.
pub(crate) fn command(tools: &Path, tool: &str, url: &str) -> Command {
    let mut command = Command::new(tools.join(tool));
    for (name, _) in std::env::vars_os() {
        if name.to_str().is_some_and(|name| name.starts_with("AWS_")) {
            command.env_remove(name);
        }
    }
    command
        .env("AWS_ENDPOINT_URL", url)
        .env("AWS_ACCESS_KEY_ID", ACCESS_KEY)
        .env("AWS_SECRET_ACCESS_KEY", SECRET_KEY)
        .env("AWS_REGION", REGION)
        .env("AWS_DEFAULT_REGION", REGION)
        .env("AWS_CONFIG_FILE", "/dev/null")
        .env("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .stdin(Stdio::null());
    command
}

struct Tool<'a> {
    tools: &'a Path,
    url: String,
    folder: TempDir,
}

impl Tool<'_> {
    /// Standard output of what must succeed.
    async fn run(&self, tool: &str, arguments: &[&str]) -> String {
        let output = self.try_run(tool, arguments).await;
        let complaints = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{tool} {arguments:?}: {complaints}");
        String::from_utf8(output.stdout).unwrap()
    }

    async fn try_run(&self, tool: &str, arguments: &[&str]) -> Output {
        let mut command = command(self.tools, tool, &self.url);
        command.current_dir(self.folder.path()).args(arguments);
        tokio::task::spawn_blocking(move || command.output().unwrap())
            .await
            .unwrap()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_command_line_works_on_it_as_on_aws() {
    let Some(tools) = tools() else { return };
    let served = Served::start().await;
    let tool = Tool {
        tools: &tools,
        url: served.url(),
        folder: TempDir::new().unwrap(),
    };
    let aws = async |arguments: &str| {
        let mut arguments: Vec<&str> = arguments.split(' ').collect();
        // The command line's first version looks for SQS elsewhere, unless it is told here.
        if arguments.first() == Some(&"sqs") {
            arguments.extend(["--endpoint-url", &tool.url]);
        }
        tool.run("aws", &arguments).await
    };
    // Larger than what goes in one piece.
    let large = noise(20_000_000, 1);
    std::fs::write(tool.folder.path().join("large"), &large).unwrap();
    std::fs::write(tool.folder.path().join("small"), b"Subject: hi\r\n\r\n").unwrap();
    aws("s3 cp small s3://messages/raw/a/small.eml --no-progress").await;
    aws("s3 cp large s3://messages/raw/a/large.eml --no-progress").await;
    aws("s3 cp s3://messages/raw/a/large.eml s3://messages/raw/b/large.eml --no-progress").await;
    aws("s3 cp s3://messages/raw/b/large.eml back --no-progress").await;
    assert!(std::fs::read(tool.folder.path().join("back")).unwrap() == large);
    let listed = aws("s3 ls --recursive s3://messages/raw/").await;
    assert_eq!(listed.lines().count(), 3, "{listed}");
    assert!(aws("s3 ls").await.contains(" messages"));
    aws("s3 sync s3://messages/raw/a copy --no-progress").await;
    assert!(std::fs::read(tool.folder.path().join("copy/small.eml")).unwrap() == b"Subject: hi\r\n\r\n");
    aws("s3 mv s3://messages/raw/a/small.eml s3://messages/raw/c/small.eml --no-progress").await;
    aws("s3 rm --recursive s3://messages/raw/b").await;
    assert_eq!(aws("s3 ls --recursive s3://messages/raw/").await.lines().count(), 2);
    aws("s3api get-bucket-location --bucket messages").await;
    aws("s3api get-bucket-versioning --bucket messages").await;
    let refused = tool.try_run(
        "aws",
        &["s3api", "get-bucket-lifecycle-configuration", "--bucket", "messages"],
    );
    assert!(String::from_utf8_lossy(&refused.await.stderr).contains("NotImplemented"));

    let queue = format!("{}/000000000000/classify", served.url());
    let received = aws(&format!(
        "sqs receive-message --max-number-of-messages 10 --queue-url {queue}"
    ))
    .await;
    assert!(received.contains("ObjectCreated:CompleteMultipartUpload"), "{received}");
    let fetch = aws("sqs get-queue-url --queue-name fetch --output text --query QueueUrl").await;
    let fetch = fetch.trim();
    aws(&format!("sqs send-message --message-body news --queue-url {fetch}")).await;
    assert!(
        aws(&format!("sqs receive-message --queue-url {fetch}"))
            .await
            .contains("news")
    );
    let other = [
        "sqs",
        "get-queue-url",
        "--queue-name",
        "other",
        "--endpoint-url",
        &tool.url,
    ];
    let other = tool.try_run("aws", &other).await;
    assert!(String::from_utf8_lossy(&other.stderr).contains("NonExistentQueue"));

    aws("secretsmanager create-secret --name rebound/accounts/news --secret-string host=1").await;
    aws("secretsmanager put-secret-value --secret-id rebound/accounts/news --secret-string host=2").await;
    let secret = "secretsmanager get-secret-value --secret-id rebound/accounts/news --output text --query SecretString";
    assert_eq!(aws(secret).await.trim(), "host=2");
    aws("secretsmanager delete-secret --secret-id rebound/accounts/news --force-delete-without-recovery").await;

    aws(
        "dynamodb create-table --table-name things --billing-mode PAY_PER_REQUEST --key-schema AttributeName=id,KeyType=HASH \
         --attribute-definitions AttributeName=id,AttributeType=S",
    )
    .await;
    aws("dynamodb put-item --table-name things --item {\"id\":{\"S\":\"one\"}}").await;
    assert!(aws("dynamodb scan --table-name things").await.contains("one"));
    served.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn boto3_works_on_it_with_a_name_for_a_host_too() {
    const SCRIPT: &str = r"
import io, sys
import boto3
s3 = boto3.client('s3')
body = bytes(range(256)) * 40
s3.put_object(Bucket='messages', Key='raw/a b/\u00fc+.eml', Body=io.BytesIO(body), Metadata={'account': 'news'})
got = s3.get_object(Bucket='messages', Key='raw/a b/\u00fc+.eml', ChecksumMode='ENABLED')
assert got['Body'].read() == body
assert got['Metadata'] == {'account': 'news'}
try:
    s3.put_object(Bucket='messages', Key='raw/a b/\u00fc+.eml', Body=b'x', IfNoneMatch='*')
    sys.exit('the second put was not refused')
except s3.exceptions.ClientError as error:
    assert error.response['Error']['Code'] == 'PreconditionFailed', error
keys = [o['Key'] for p in s3.get_paginator('list_objects_v2').paginate(Bucket='messages') for o in p['Contents']]
assert keys == ['raw/a b/\u00fc+.eml'], keys
sqs = boto3.client('sqs')
queue = sqs.get_queue_url(QueueName='classify')['QueueUrl']
message = sqs.receive_message(QueueUrl=queue)['Messages'][0]
assert 'raw/a+b/%C3%BC%2B.eml' in message['Body'], message
sqs.delete_message(QueueUrl=queue, ReceiptHandle=message['ReceiptHandle'])
assert 'Messages' not in sqs.receive_message(QueueUrl=queue)
secrets = boto3.client('secretsmanager')
try:
    secrets.get_secret_value(SecretId='rebound/accounts/none')
    sys.exit('there was a secret')
except secrets.exceptions.ResourceNotFoundException:
    pass
";
    let Some(tools) = tools() else { return };
    for host in ["127.0.0.1", "localhost"] {
        let served = Served::start().await;
        let tool = Tool {
            tools: &tools,
            url: format!("http://{host}:{}", served.address.port()),
            folder: TempDir::new().unwrap(),
        };
        tool.run("python", &["-c", SCRIPT]).await;
        served.end().await;
    }
}
