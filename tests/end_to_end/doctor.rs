//! `rebound doctor`: every check on a set-up that it must refuse.

use std::fs;
use std::path::Path;
use std::time::Duration;

use assert_cmd::Command;
use aws_sdk_dynamodb::types::AttributeValue;
use serde_json::Value;
use tempfile::TempDir;

use crate::serve::Serving;
use crate::support::{documents, mailbox, rebound, stdout};

/// A folder with a little mail in it.
fn sample() -> TempDir {
    let folder = TempDir::new().expect("a folder");
    let message = mailbox().join("postfix-no-such-user.eml");
    rebound(&data(&folder)).arg("run").arg(message).assert().success();
    folder
}

fn data(folder: &TempDir) -> std::path::PathBuf {
    folder.path().join("data")
}

fn doctor(data: &Path) -> Command {
    let mut command = rebound(data);
    command.args(["doctor", "--format", "jsonl"]);
    command
}

/// All findings that are not `ok`, as `result check about: detail → hint`; and the exit code.
fn found(command: &mut Command) -> (Vec<String>, Option<i32>) {
    let output = command.assert().get_output().clone();
    let rows = documents(&String::from_utf8(output.stdout).expect("output is UTF-8"));
    assert!(rows.len() > 1, "{}", String::from_utf8_lossy(&output.stderr));
    let bad = rows.iter().filter(|row| row["result"] != "ok");
    let bad = bad.map(|row| {
        let text = |key: &str| row[key].as_str().unwrap_or_default();
        assert!(
            row["result"] == "skipped" || !row["hint"].is_null(),
            "says what to do: {row}"
        );
        let (result, check, about) = (text("result"), text("check"), text("about"));
        format!("{result} {check} {about}: {} → {}", text("detail"), text("hint"))
    });
    (bad.collect(), output.status.code())
}

/// What is refused, whatever else is found.
fn refuses(command: &mut Command, code: i32, expected: &str) {
    let (bad, ended) = found(command);
    assert!(
        bad.iter().any(|line| line.contains(expected)),
        "{expected:?} is not in {bad:#?}"
    );
    assert_eq!(ended, Some(code), "{bad:#?}");
}

#[test]
fn a_folder_that_is_as_it_should_be_passes_every_check() {
    let folder = sample();
    let (bad, code) = found(&mut doctor(&data(&folder)));
    assert_eq!((bad, code), (Vec::new(), Some(0)));
    let told = stdout(rebound(&data(&folder)).arg("doctor"));
    for check in [
        "clock",
        "folder ",
        "stores",
        "queue classify",
        "table rebound-events",
        "policy",
        "rules",
        "accounts",
    ] {
        assert!(told.contains(&format!("ok        {check}")), "{check}: {told}");
    }
}

#[test]
fn a_folder_that_is_none_or_is_not_ours_alone_is_refused() {
    let folder = sample();
    let file = folder.path().join("file");
    fs::write(&file, "").expect("a file");
    refuses(&mut doctor(&folder.path().join("nothing")), 3, "problem folder");
    assert!(!folder.path().join("nothing").exists(), "looking makes nothing");
    refuses(&mut doctor(&file), 3, "is no folder");
    #[cfg(target_os = "linux")]
    refuses(&mut doctor(Path::new("/proc")), 3, "can't be written to");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        fs::set_permissions(data(&folder), fs::Permissions::from_mode(0o755)).expect("our folder");
        refuses(&mut doctor(&data(&folder)), 0, "warning folder");
    }
}

#[test]
fn a_folder_that_holds_something_else_is_doubted_and_left_alone() {
    let folder = TempDir::new().expect("a folder");
    account(
        folder.path(),
        "host = \"imap.example.com\"\nuser = \"ann\"\npassword = \"x\"\n",
    );
    refuses(
        doctor(folder.path()).arg("--offline"),
        0,
        "warning stores : no mail was ever archived there",
    );
    let files = fs::read_dir(folder.path()).expect("a folder").count();
    assert_eq!(files, 1, "looking makes nothing");
    let told = stdout(rebound(folder.path()).args(["doctor", "--offline"]));
    assert!(told.contains("ok        account news"), "{told}");
}

#[test]
fn a_folder_in_use_is_skipped_and_its_accounts_are_not() {
    let folder = sample();
    account(&data(&folder), "host = \"imap.example.com\"\n");
    let lock = fs::File::open(data(&folder).join("lock")).expect("the lock file");
    lock.try_lock().expect("nobody else has it");
    let mut command = doctor(&data(&folder));
    refuses(command.arg("--offline"), 3, "skipped stores");
    refuses(&mut command, 3, "problem account news");
}

#[test]
fn damaged_stores_are_refused() {
    let newer = |file: &mut Vec<u8>| file[60..64].copy_from_slice(&99_u32.to_be_bytes());
    let torn = |file: &mut Vec<u8>| file.iter_mut().skip(100).for_each(|byte| *byte ^= 0x55);
    let noise = |file: &mut Vec<u8>| file[..16].fill(b'?');
    for (name, damage, told) in [
        ("s3.sqlite", &newer as &dyn Fn(&mut Vec<u8>), "has format 99"),
        ("s3.sqlite", &noise, "file is not a database"),
        ("s3.sqlite", &torn, "problem stores"),
        ("dynamodb.sqlite", &noise, "not a valid SQLite database"),
    ] {
        let folder = sample();
        let path = data(&folder).join(name);
        let mut file = fs::read(&path).expect("a database");
        damage(&mut file);
        fs::write(&path, file).expect("our file");
        refuses(&mut doctor(&data(&folder)), 3, told);
    }
}

#[test]
fn a_missing_database_is_told_before_it_is_begun_anew() {
    for name in ["s3.sqlite", "dynamodb.sqlite"] {
        let folder = sample();
        let path = data(&folder).join(name);
        fs::remove_file(&path).expect("a database");
        refuses(
            &mut doctor(&data(&folder)),
            3,
            &format!("problem stores : {name} is missing"),
        );
        assert!(!path.exists(), "looking makes nothing");
    }
}

#[test]
fn an_object_whose_file_is_gone_is_named() {
    let folder = sample();
    let long = folder.path().join("long.eml");
    let line = format!("Subject: {}\n\n{}", "long", "x\n".repeat(200_000));
    fs::write(&long, line).expect("a file");
    rebound(&data(&folder)).arg("run").arg(&long).assert().success();
    let files = fs::read_dir(data(&folder).join("objects")).expect("the folder of object files");
    for file in files {
        fs::remove_file(file.expect("readable").path()).expect("our file");
    }
    refuses(&mut doctor(&data(&folder)), 3, "problem stores : object raw/local/");
}

#[test]
fn a_clock_that_is_behind_what_was_written_is_refused() {
    let folder = sample();
    let file = fs::File::options()
        .append(true)
        .open(data(&folder).join("lock"))
        .expect("a file");
    let written = file.metadata().and_then(|file| file.modified()).expect("a time");
    file.set_modified(written + Duration::from_hours(24)).expect("our file");
    refuses(&mut doctor(&data(&folder)), 3, "problem clock");
}

/// Sets up the account `news` with a document of any sort.
fn account(data: &Path, document: &str) {
    let folder = data.join("accounts");
    let _ = fs::create_dir(&folder);
    let file = folder.join("news.toml");
    fs::write(&file, document).expect("a file");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o700)).expect("our folder");
        fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).expect("our file");
    }
}

#[test]
fn proof_that_is_asked_for_and_cannot_be_had_is_doubted() {
    let folder = sample();
    let data = &data(&folder);
    let file = folder.path().join("policy.toml");
    for (policy, expected) in [
        (
            "[accounts.news]\nrequire = \"signed\"\n",
            "warning authenticity : the policy of the account news asks for `signed`, and there is no key",
        ),
        (
            "[authenticity.enough]\nhard-bounce = \"ledger\"\n",
            "warning authenticity : the policy for hard-bounce asks for `ledger`",
        ),
        (
            "[authenticity]\ndkim_dns = true\n",
            "warning authenticity : the policy knows DKIM keys, and no `domains`",
        ),
    ] {
        fs::write(&file, policy).expect("a file");
        rebound(data).args(["policy", "use"]).arg(&file).assert().success();
        refuses(&mut doctor(data), 0, expected);
    }
    fs::write(&file, "[accounts.news]\nrequire = \"signed\"\n").expect("a file");
    rebound(data).args(["policy", "use"]).arg(&file).assert().success();
    rebound(data).args(["verp", "keys", "new"]).assert().success();
    assert_eq!(found(&mut doctor(data)), (Vec::new(), Some(0)));
}

#[test]
fn accounts_that_make_no_sense_or_are_not_reached_are_refused_with_the_step() {
    let folder = sample();
    let data = &data(&folder);
    account(data, "host = ");
    refuses(&mut doctor(data), 3, "problem account news");
    account(data, "user = \"ann\"\npassword = \"x\"\n");
    refuses(&mut doctor(data), 3, "`host` is missing");
    // Nobody listens there: it was free a moment ago.
    let port = std::net::TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr());
    let port = port.expect("a port").port();
    account(
        data,
        &format!("host = \"127.0.0.1\"\nport = {port}\nprotocol = \"imap\"\nuser = \"ann\"\npassword = \"x\"\n"),
    );
    refuses(
        &mut doctor(data),
        3,
        "`rebound accounts test news` shows how far it comes",
    );
    let (bad, code) = found(doctor(data).arg("--offline"));
    assert_eq!((bad, code), (Vec::new(), Some(0)));
}

/// The stack that `rebound serve` plays, seen by `rebound --stack`.
fn stack(serving: &Serving, name: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_rebound"));
    command
        .env_clear()
        .env("AWS_ENDPOINT_URL", &serving.url)
        .env("AWS_ACCESS_KEY_ID", "local")
        .env("AWS_SECRET_ACCESS_KEY", "local")
        .env("AWS_REGION", "us-east-1")
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .args(["--stack", name, "doctor", "--format", "jsonl"]);
    command
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stack_passes_and_each_part_of_it_that_is_wrong_is_named() {
    let folder = sample();
    let serving = Serving::start(&data(&folder));
    let (bad, code) = found(&mut stack(&serving, "local"));
    let only_skipped = bad.iter().all(|line| line.starts_with("skipped "));
    assert!(only_skipped && code == Some(0), "{code:?}: {bad:#?}");

    let config = serving.config().await;
    let s3 = aws_sdk_s3::Client::new(&config);
    let put = async |key: &str, text: &str| {
        let put = s3.put_object().bucket("messages").key(key);
        let put = put.body(text.as_bytes().to_vec().into()).send().await;
        put.expect("stored");
    };
    put("config/policy.toml", "[count]\nthreshold = 0\n").await;
    refuses(
        &mut stack(&serving, "local"),
        3,
        "problem policy : the policy in config/policy.toml was refused",
    );
    put("config/policy.toml", "[categories]\nsoft-bounce = \"record\"\n").await;
    put("config/rules.toml", "[[rule]]\nid = \"own\"\n").await;
    refuses(&mut stack(&serving, "local"), 3, "problem rules ");
    let deleted = s3
        .delete_object()
        .bucket("messages")
        .key("config/rules.toml")
        .send()
        .await;
    deleted.expect("deleted");

    // Somebody who sends an account's settings by hand.
    let secrets = aws_sdk_secretsmanager::Client::new(&config).create_secret();
    let secrets = secrets
        .name("rebound/accounts/news")
        .secret_string("host = ")
        .send()
        .await;
    secrets.expect("stored");
    refuses(&mut stack(&serving, "local"), 3, "problem account news");

    let tables = aws_sdk_dynamodb::Client::new(&config);
    let deleted = tables.delete_table().table_name("rebound-mailboxes").send().await;
    deleted.expect("deleted");
    refuses(&mut stack(&serving, "local"), 3, "problem table rebound-mailboxes");

    let mut stranger = stack(&serving, "local");
    let (bad, code) = found_at_once(stranger.env("AWS_SECRET_ACCESS_KEY", "wrong"));
    assert!(bad.contains("stack") && code == Some(3), "{bad}");
    let (bad, code) = found_at_once(&mut stack(&serving, "other"));
    assert!(
        bad.contains("there is no stack called other") && code == Some(3),
        "{bad}"
    );
}

/// Where there is only one finding.
fn found_at_once(command: &mut Command) -> (String, Option<i32>) {
    let output = command.assert().get_output().clone();
    (String::from_utf8(output.stdout).expect("UTF-8"), output.status.code())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_nobody_could_judge_and_what_nobody_can_read_is_named() {
    let folder = sample();
    let serving = Serving::start(&data(&folder));
    let config = serving.config().await;
    let s3 = aws_sdk_s3::Client::new(&config);
    let put = s3.put_object().bucket("messages").key("raw/news/aa/waiting.eml");
    put.body(b"Subject: x\n\nx\n".to_vec().into())
        .send()
        .await
        .expect("stored");
    serving.end();
    refuses(
        &mut doctor(&data(&folder)),
        0,
        "warning queue classify: 1 archived messages are not judged yet",
    );

    let serving = Serving::start(&data(&folder));
    let config = serving.config().await;
    let times = received_in_vain(&config, &serving.url).await;
    assert!(times > 1, "received {times} times");
    let tables = aws_sdk_dynamodb::Client::new(&config);
    let item = tables.put_item().table_name("rebound-contacts");
    let item = item.item("address", AttributeValue::S("ann@example.com".to_owned()));
    let item = item.item("suppressed_cause", AttributeValue::S("boredom".to_owned()));
    let item = item.item(
        "suppressed_at",
        AttributeValue::S("2026-11-01T00:00:00.000Z".to_owned()),
    );
    let item = item.item("events", AttributeValue::N("1".to_owned()));
    let item = item.item("suppressed_by", AttributeValue::S("nothing".to_owned()));
    item.send().await.expect("stored");
    serving.end();
    let mut command = doctor(&data(&folder));
    refuses(
        &mut command,
        3,
        "problem queue classify: 1 archived messages could not be judged",
    );
    refuses(&mut command, 3, "problem contacts");
}

/// Receives from the queue of notifications until nothing comes any more.
async fn received_in_vain(config: &aws_config::SdkConfig, url: &str) -> usize {
    let client = aws_sdk_sqs::Client::new(config);
    let queue = client
        .get_queue_url()
        .queue_name("classify")
        .send()
        .await
        .expect("the queue");
    let queue = queue.queue_url.unwrap_or_else(|| url.to_owned());
    let mut count = 0;
    loop {
        let received = client
            .receive_message()
            .queue_url(&queue)
            .visibility_timeout(0)
            .send()
            .await;
        if received.expect("an answer").messages().is_empty() {
            return count;
        }
        count += 1;
    }
}

#[test]
fn findings_are_for_programs_too() {
    let folder = sample();
    let rows = stdout(rebound(&data(&folder)).args(["doctor", "--offline", "--format", "json"]));
    let rows: Value = serde_json::from_str(&rows).expect("one JSON document");
    let keys: Vec<_> = rows[0].as_object().expect("an object").keys().collect();
    assert_eq!(keys, ["about", "check", "detail", "hint", "result"]);
    let csv = stdout(rebound(&data(&folder)).args(["doctor", "--offline", "--format", "csv"]));
    assert!(csv.starts_with("check,about,result,detail,hint\n"), "{csv}");
}
