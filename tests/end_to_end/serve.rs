//! `rebound serve`: the folder's stores as other programs see them.

use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_sdk_dynamodb::types::AttributeValue;
use aws_sdk_s3::Client;
use futures::future::join_all;
use tempfile::TempDir;

use crate::crash::folder_size;
use crate::support::{mailbox, rebound, stderr, stdout};

/// A command that serves, and ends with the test.
pub(crate) struct Serving {
    child: Child,
    stdout: BufReader<ChildStdout>,
    pub(crate) url: String,
}

impl Serving {
    pub(crate) fn start(data: &Path) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_rebound"));
        command
            .arg("--data")
            .arg(data)
            .args(["serve", "--listen", "127.0.0.1:0"]);
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the command starts");
        let mut stdout = BufReader::new(child.stdout.take().expect("it is piped"));
        let mut line = String::new();
        stdout.read_line(&mut line).expect("its output");
        let url = line
            .strip_prefix("listening on ")
            .expect("it is ready")
            .trim_end()
            .to_owned();
        Self { child, stdout, url }
    }

    pub(crate) async fn config(&self) -> SdkConfig {
        aws_config::defaults(BehaviorVersion::latest())
            .endpoint_url(&self.url)
            .region(Region::new("us-east-1"))
            .credentials_provider(Credentials::from_keys("local", "local", None))
            .load()
            .await
    }

    /// Asks it to end, and says how it did and what it said.
    pub(crate) fn end(mut self) -> (Option<i32>, String) {
        let asked = Command::new("kill").arg(self.child.id().to_string()).status();
        assert!(asked.expect("there is a kill").success());
        let mut said = String::new();
        self.stdout.read_to_string(&mut said).expect("its output");
        if let Some(mut stderr) = self.child.stderr.take() {
            stderr.read_to_string(&mut said).expect("its complaints");
        }
        (self.child.wait().expect("our child").code(), said)
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        // It has ended already, or the test has failed.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_run_recorded_is_served_and_what_clients_write_is_there_for_the_next_command() {
    let data = TempDir::new().expect("a folder");
    rebound(data.path()).arg("run").arg(mailbox()).assert().success();
    let serving = Serving::start(data.path());

    let tables = aws_sdk_dynamodb::Client::new(&serving.config().await);
    let contacts = tables
        .scan()
        .table_name("rebound-contacts")
        .send()
        .await
        .expect("the table is there");
    assert!(contacts.count() > 10);
    let objects = Client::new(&serving.config().await);
    let archived = objects.list_objects_v2().bucket("messages").prefix("raw/").send().await;
    assert!(archived.expect("the bucket is there").key_count() > Some(50));
    // Another command is told why it has to wait.
    let refused = stderr(rebound(data.path()).args(["contacts", "list"]));
    assert!(refused.contains("is in use by another process"), "{refused}");

    let policy = "[categories]\nsoft-bounce = \"record\"\n";
    let put = objects.put_object().bucket("messages").key("config/policy.toml");
    put.body(policy.as_bytes().to_vec().into())
        .send()
        .await
        .expect("stored");
    let (code, said) = serving.end();
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("export AWS_ENDPOINT_URL=http://127.0.0.1:"), "{said}");
    assert_eq!(stdout(rebound(data.path()).args(["policy", "show"])), policy);

    let serving = Serving::start(data.path());
    let tables = aws_sdk_dynamodb::Client::new(&serving.config().await);
    let again = tables
        .scan()
        .table_name("rebound-contacts")
        .send()
        .await
        .expect("the table is there");
    assert_eq!(again.count(), contacts.count());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_in_the_middle_it_keeps_all_that_it_answered_for() {
    let data = TempDir::new().expect("a folder");
    let mut serving = Serving::start(data.path());
    let config = serving.config().await;
    let (objects, tables) = (Client::new(&config), aws_sdk_dynamodb::Client::new(&config));
    // Small ones in the database, large ones in files.
    let sizes = [10_000, 100_000];
    let put = async |n: usize| {
        let put = objects.put_object().bucket("messages").key(format!("raw/{n}"));
        let body = vec![u8::try_from(n % 251).expect("small"); sizes[n % 2]];
        put.body(body.into()).send().await.is_ok()
    };
    let record = async |n: usize| {
        let item = tables.put_item().table_name("rebound-mailboxes");
        let item = item.item("account", AttributeValue::S(format!("test-{n}")));
        item.send().await.is_ok()
    };
    let answered = AtomicUsize::new(0);
    let writers = join_all((0..8).map(async |writer| {
        let mut kept = Vec::new();
        for n in (writer..2000).step_by(8) {
            if !(put(n).await && record(n).await) {
                break;
            }
            kept.push(n);
            answered.fetch_add(1, Ordering::Relaxed);
        }
        kept
    }));
    let killer = async {
        while answered.load(Ordering::Relaxed) < 60 {
            tokio::task::yield_now().await;
        }
        serving.child.kill().expect("our child");
    };
    let (kept, ()) = tokio::join!(writers, killer);
    let kept: Vec<usize> = kept.into_iter().flatten().collect();
    assert!(kept.len() >= 60 && kept.len() < 2000, "{}", kept.len());
    drop(serving);

    let serving = Serving::start(data.path());
    let config = serving.config().await;
    let (objects, tables) = (Client::new(&config), aws_sdk_dynamodb::Client::new(&config));
    for n in &kept {
        let get = objects
            .get_object()
            .bucket("messages")
            .key(format!("raw/{n}"))
            .send()
            .await;
        let body = get
            .expect("what was answered for")
            .body
            .collect()
            .await
            .expect("all of it")
            .to_vec();
        assert!(
            body == vec![u8::try_from(n % 251).expect("small"); sizes[n % 2]],
            "raw/{n}"
        );
        let get = tables.get_item().table_name("rebound-mailboxes");
        let get = get.key("account", AttributeValue::S(format!("test-{n}"))).send().await;
        assert!(get.expect("the table").item.is_some(), "test-{n}");
    }
    let (code, _) = serving.end();
    assert_eq!(code, Some(0));
    assert!(folder_size(data.path()) > 0);
}

#[test]
fn it_does_not_open_itself_to_others_unless_that_is_said() {
    let data = TempDir::new().expect("a folder");
    let mut command = rebound(data.path());
    command.args(["serve", "--listen", "0.0.0.0:0"]);
    let complaints = stderr(&mut command);
    assert!(
        complaints.contains("error: 0.0.0.0:0 can be reached from outside"),
        "{complaints}"
    );
    assert!(complaints.contains("--expose"), "{complaints}");
    command.assert().code(1);
    // Nothing was made before that was clear.
    assert_eq!(std::fs::read_dir(data.path()).expect("a folder").count(), 0);
}
