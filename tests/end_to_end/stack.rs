//! Operator commands on a stack, which here is described by moto's CloudFormation, and whose tables are in DynamoDB Local.
//!
//! Wants `REBOUND_MOTO_ENDPOINT` and `REBOUND_DYNAMODB_ENDPOINT`, which `tests/run` sets; says so where they are not.

use std::fmt::Write as _;
use std::io::Write as _;

use assert_cmd::Command;
use aws_config::{BehaviorVersion, Region};
use rebound_contacts::repository::Tables;
use rebound_fetcher::mailboxes::Mailboxes;
use serde_json::Value;
use tempfile::TempDir;

use crate::support::{documents, mailbox, stderr, stdout};

const REGION: &str = "eu-central-1";

/// A queue, and where its messages go that fail too often.
const FETCH_QUEUE: &str = "  FetchFailures: {Type: AWS::SQS::Queue}
  Fetch:
    Type: AWS::SQS::Queue
    Properties: {RedrivePolicy: {deadLetterTargetArn: !GetAtt FetchFailures.Arn, maxReceiveCount: 3}}
";

/// A deployed stack without its functions, and a home folder that says nothing about AWS.
struct Stack {
    name: String,
    s3: String,
    dynamodb: String,
    home: TempDir,
}

impl Stack {
    /// Makes what the template makes, under names that nobody else uses; `None` where no servers run.
    fn deploy(name: &str) -> Option<Self> {
        let (Ok(s3), Ok(dynamodb)) = (
            std::env::var("REBOUND_MOTO_ENDPOINT"),
            std::env::var("REBOUND_DYNAMODB_ENDPOINT"),
        ) else {
            let _ = writeln!(
                std::io::stderr(),
                "SKIPPED: REBOUND_MOTO_ENDPOINT and REBOUND_DYNAMODB_ENDPOINT name no servers"
            );
            return None;
        };
        let stack = Self {
            name: format!("{name}-{}", std::process::id()),
            s3,
            dynamodb,
            home: TempDir::new().expect("a folder"),
        };
        let runtime = tokio::runtime::Runtime::new().expect("a runtime");
        runtime.block_on(stack.make());
        Some(stack)
    }

    async fn make(&self) {
        let config = aws_config::defaults(BehaviorVersion::latest())
            .region(Region::new(REGION))
            .test_credentials()
            .endpoint_url(&self.s3);
        let config = config.load().await;
        let dynamodb = aws_sdk_dynamodb::config::Builder::from(&config).endpoint_url(&self.dynamodb);
        let dynamodb = aws_sdk_dynamodb::Client::from_conf(dynamodb.build());
        let prefix = format!("{}-", self.name);
        Tables::with_prefix(&prefix).ensure(&dynamodb).await.expect("tables");
        Mailboxes::new(&dynamodb, &prefix).ensure().await.expect("tables");

        let mut outputs = String::new();
        for (key, value) in [
            ("Bucket", self.bucket()),
            ("TablePrefix", prefix),
            ("AccountsPrefix", format!("{}/accounts/", self.name)),
        ] {
            let _ = writeln!(outputs, "  {key}: {{Value: \"{value}\"}}");
        }
        let bucket = self.bucket();
        let template = format!(
            "Resources:\n  Messages: {{Type: AWS::S3::Bucket, Properties: {{BucketName: {bucket}}}}}\n{FETCH_QUEUE}Outputs:\n\
             {outputs}  FetchQueueUrl: {{Value: !Ref Fetch}}\n"
        );
        let request = aws_sdk_cloudformation::Client::new(&config).create_stack();
        let made = request.stack_name(&self.name).template_body(template).send().await;
        made.expect("a stack");
    }

    /// As the queue does with a job that fails too often.
    fn set_a_message_aside(&self) {
        let runtime = tokio::runtime::Runtime::new().expect("a runtime");
        runtime.block_on(async {
            let config = aws_config::defaults(BehaviorVersion::latest())
                .region(Region::new(REGION))
                .test_credentials()
                .endpoint_url(&self.s3);
            let queues = aws_sdk_sqs::Client::new(&config.load().await);
            let failures = queues
                .list_queues()
                .queue_name_prefix(format!("{}-FetchFailures", self.name));
            let failures = failures.send().await.expect("queues").queue_urls.unwrap_or_default();
            let [url] = failures.as_slice() else {
                panic!("{failures:?}")
            };
            let sent = queues.send_message().queue_url(url).message_body("{}").send().await;
            sent.expect("queued");
        });
    }

    fn bucket(&self) -> String {
        format!("{}-messages", self.name)
    }

    /// `rebound`, with credentials for the stack's servers and for nothing else.
    fn aws(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_rebound"));
        command
            .env_clear()
            .env("HOME", self.home.path())
            .env("USER", "operator")
            .env("AWS_ENDPOINT_URL", &self.s3)
            .env("AWS_ENDPOINT_URL_DYNAMODB", &self.dynamodb)
            .env("AWS_ACCESS_KEY_ID", "test")
            .env("AWS_SECRET_ACCESS_KEY", "test")
            .env("AWS_EC2_METADATA_DISABLED", "true");
        command
    }

    /// `rebound --stack NAME`, for more arguments to follow.
    fn rebound(&self) -> Command {
        let mut command = self.aws();
        command.env("AWS_REGION", REGION).args(["--stack", &self.name]);
        command
    }
}

#[test]
fn operator_commands_work_on_a_stack() {
    let Some(stack) = Stack::deploy("operated") else { return };
    let sample = |name: &str| mailbox().join(name);

    let told = stdout(stack.rebound().arg("run").arg(sample("postfix-no-such-user.eml")));
    assert!(told.starts_with("1 message: 1 new\n"), "{told}");
    assert!(told.contains("judged by the stack's own classifier"), "{told}");
    assert!(
        told.contains(&format!("--stack {} contacts list", stack.name)),
        "{told}"
    );
    let again = stdout(stack.rebound().arg("run").arg(sample("postfix-no-such-user.eml")));
    assert!(again.starts_with("1 message: 0 new, 1 already archived\n"), "{again}");

    // Nobody has judged it: the functions are not there.
    let shown = stdout(stack.rebound().arg("reprocess"));
    assert!(shown.contains("not judged yet → hard-bounce user-unknown"), "{shown}");
    stack.rebound().args(["reprocess", "--apply"]).assert().success();
    let listed = documents(&stdout(stack.rebound().args([
        "contacts",
        "list",
        "--suppressed",
        "--format",
        "jsonl",
    ])));
    let [contact] = listed.as_slice() else {
        panic!("{listed:?}")
    };
    let address = contact["address"].as_str().expect("an address");
    assert_eq!(contact["suppressed_cause"], "hard-bounce");
    let why = stdout(stack.rebound().args(["contacts", "why", address]));
    assert!(why.contains("user-unknown"), "{why}");

    let by_hand = ["contacts", "suppress", "bob@example.org", "--why", "asked by phone"];
    stack.rebound().args(by_hand).assert().success();
    let mailed = stdout(
        stack
            .rebound()
            .args(["contacts", "check", "-"])
            .write_stdin(format!("{address}\nbob@example.org\ncarol@example.org\n")),
    );
    assert_eq!(mailed, "carol@example.org\n");
    stack
        .rebound()
        .args(["contacts", "reactivate", "bob@example.org", "--why", "a mistake"])
        .assert()
        .success();
    let exported = stdout(stack.rebound().args(["contacts", "export"]));
    assert!(
        exported.contains(address) && !exported.contains("bob@example.org"),
        "{exported}"
    );
    let noted = stdout(
        stack
            .rebound()
            .args(["sent", "import", "-"])
            .write_stdin("message_id,address\n<1@example.org>,bob@example.org\n"),
    );
    assert!(noted.contains("1 noted"), "{noted}");
    let shown = stdout(stack.rebound().args(["sent", "show", "1@example.org"]));
    assert!(shown.contains("bob@example.org"), "{shown}");
    let rebuilt = stderr(stack.rebound().args(["contacts", "rebuild"]));
    assert!(rebuilt.contains("2 contacts"), "{rebuilt}");
}

#[test]
fn a_stacks_policy_and_accounts_are_set_from_here() {
    let Some(stack) = Stack::deploy("set-up") else { return };
    let file = stack.home.path().join("policy.toml");
    std::fs::write(&file, "[categories]\nhard-bounce = \"count\"\n").expect("a file");
    stack.rebound().args(["policy", "use"]).arg(&file).assert().success();
    assert_eq!(
        stdout(stack.rebound().args(["policy", "show"])),
        "[categories]\nhard-bounce = \"count\"\n"
    );
    stack.rebound().args(["policy", "reset"]).assert().success();

    let added = stderr(
        stack
            .rebound()
            .args([
                "accounts",
                "add",
                "news",
                "--host",
                "imap.example.com",
                "--user",
                "bounces",
            ])
            .write_stdin("secret\n"),
    );
    let secret = format!("secret {}/accounts/news", stack.name);
    assert!(added.contains(&secret), "{added}");
    let listed: Value =
        serde_json::from_str(&stdout(stack.rebound().args(["accounts", "list", "--format", "json"]))).expect("JSON");
    assert_eq!(listed[0]["account"], "news");
    stack
        .rebound()
        .args(["accounts", "remove", "news", "--yes"])
        .assert()
        .success();
    assert!(stderr(stack.rebound().args(["accounts", "list"])).contains("there are no accounts"));
}

#[test]
fn a_doctor_names_what_a_stack_lacks() {
    let Some(stack) = Stack::deploy("ailing") else { return };
    stack.set_a_message_aside();
    let output = stack
        .rebound()
        .args(["doctor", "--format", "jsonl"])
        .assert()
        .code(3)
        .get_output()
        .clone();
    let rows = documents(&String::from_utf8(output.stdout).expect("output is UTF-8"));
    let result = |check: &str, words: &str| {
        let found = rows
            .iter()
            .find(|row| row["check"] == check && row["detail"].as_str().is_some_and(|detail| detail.contains(words)));
        found.unwrap_or_else(|| panic!("{check}, {words}: {rows:#?}"))["result"].clone()
    };
    // Made without its queues and functions, and without a word on who may look into its bucket.
    assert_eq!(result("outputs", "ClassifyQueueUrl"), "problem");
    assert_eq!(result("queue", "0 messages wait"), "ok");
    assert_eq!(
        result("queue", "1 messages of the queue fetch were set aside"),
        "problem"
    );
    assert_eq!(result("bucket", "opened to the public"), "problem");
    assert_eq!(result("bucket", "you may list it"), "ok");
    assert_eq!(result("stack", "CREATE_COMPLETE"), "ok");
    for name in ["contacts", "events", "mailboxes"] {
        let table = format!("{}-{name}", stack.name);
        let found = rows
            .iter()
            .find(|row| row["check"] == "table" && row["about"] == table.as_str());
        assert_eq!(found.expect("it is looked at")["result"], "ok", "{name}: {rows:#?}");
    }
}

#[test]
fn what_is_no_stack_of_ours_is_told() {
    let Some(stack) = Stack::deploy("told") else { return };
    for (arguments, told) in [
        (
            ["--stack", "nobody", "--region", REGION],
            "error: there is no stack called nobody in eu-central-1\nhint: ",
        ),
        (
            ["--stack", &stack.name, "--region", "us-west-2"],
            "error: there is no stack called told",
        ),
        (
            ["--stack", &stack.name, "--data", "there"],
            "error: --stack works on AWS, --data on this machine: give one of the two",
        ),
    ] {
        let complaint = stderr(stack.aws().args(arguments).args(["contacts", "list"]));
        assert!(complaint.contains(told), "{arguments:?}: {complaint}");
    }
    let nowhere = stderr(stack.aws().args(["--stack", &stack.name, "contacts", "list"]));
    assert!(nowhere.contains("not known which AWS region"), "{nowhere}");
    let nobody = stderr(
        stack
            .rebound()
            .env_remove("AWS_ACCESS_KEY_ID")
            .args(["contacts", "list"]),
    );
    assert!(nobody.contains("hint: log in as for the AWS CLI"), "{nobody}");
    let with_rules = stderr(
        stack
            .rebound()
            .args(["run", "--rules"])
            .arg(rules(&stack))
            .arg(mailbox()),
    );
    assert!(
        with_rules.contains("hint: they are config/rules.toml in its bucket"),
        "{with_rules}"
    );
}

/// A file of rules that is good, but of no use to a stack.
fn rules(stack: &Stack) -> std::path::PathBuf {
    let file = stack.home.path().join("rules.toml");
    std::fs::write(
        &file,
        "[[rule]]\nid = \"own\"\nreason = \"user-unknown\"\nphrases = [\"nobody of that name\"]\nexamples = [\"550 nobody of that name\"]\n",
    )
    .expect("a file");
    file
}
