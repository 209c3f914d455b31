//! `docs/reporting.md`, taken at its word: its tables are compared with the tables, its examples are run, and each must
//! answer what stands below it.
//!
//! The examples want another DynamoDB (`REBOUND_DYNAMODB_ENDPOINT`, `REBOUND_MOTO_ENDPOINT`), AWS's command line and
//! DuckDB (`REBOUND_REPORTING_TOOLS`); `tests/run` sees to all of them.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, clippy::print_stderr)] // test code, though not in a `cfg(test)` module

mod page;
mod sample;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::Arc;

use aws_credential_types::Credentials;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::{BehaviorVersion, Region};
use aws_sdk_dynamodb::types::{AttributeValue, GlobalSecondaryIndexDescription, KeySchemaElement, ProjectionType};
use page::{Block, Language, Question};
use rebound_contacts::repository::{Repository, Tables};
use rebound_contacts::{MessageRecord, Policy};
use rebound_local::LocalStack;
use tempfile::TempDir;

const REGION: &str = "eu-central-1";
/// Names a moto.
const MOTO: &str = "REBOUND_MOTO_ENDPOINT";
/// The folder with `aws` and a `python` that has DuckDB.
const TOOLS: &str = "REBOUND_REPORTING_TOOLS";

#[tokio::test]
async fn every_attribute_and_index_is_on_the_page() {
    let stack = LocalStack::temporary().await.unwrap();
    let client = stack.dynamodb();
    let tables = Tables::with_prefix("");
    fill(&client, &tables).await;
    let page = page::read();
    for (table, heading) in [
        (&tables.contacts, "## Contacts"),
        (&tables.events, "## Events"),
        (&tables.sent, "## What was sent to whom"),
    ] {
        let items = client.scan().table_name(table).send().await.unwrap();
        let is_count = |item: &&HashMap<String, AttributeValue>| {
            let message = item.get("message").and_then(|message| message.as_s().ok());
            message.is_some_and(|message| message.starts_with("breaker#") || message.starts_with("server#"))
        };
        let (counts, items): (Vec<_>, Vec<_>) = items.items().iter().partition(is_count);
        assert_eq!(counts.is_empty(), *table != tables.events);
        let stored: BTreeMap<String, &str> = items
            .iter()
            .copied()
            .flatten()
            .map(|(name, value)| (name.clone(), type_of(value)))
            .collect();
        let documented = page::table(&page, heading);
        let types: BTreeMap<String, &str> = documented
            .iter()
            .map(|(name, cells)| (name.clone(), cells[0].as_str()))
            .collect();
        assert_eq!(types, stored, "{heading}");
        for (name, cells) in &documented {
            // What every item has is never absent, and the other way round.
            let always = items.iter().all(|item| item.contains_key(name));
            assert_eq!(cells[2] == "never", always, "when is `{name}` absent?");
        }
        if *table != tables.sent {
            indexes_are_documented(&client, table, &page, heading, &stored).await;
        }
    }
    // What the command writes has the same names, all but what only the repository reads.
    let repository = Repository::new(&client, tables, Arc::new(Policy::default()));
    let address = "ann@example.com".parse().unwrap();
    let contact = repository.contact(&address).await.unwrap().unwrap();
    let written = serde_json::to_value(&contact).unwrap();
    let mut documented = page::table(&page, "## Contacts");
    documented.retain(|name, _| !["heard_on", "journal", "version"].contains(&name.as_str()));
    assert!(written.as_object().unwrap().keys().eq(documented.keys()));
    stack.close().await.unwrap();
}

async fn indexes_are_documented(
    client: &Client,
    table: &str,
    page: &str,
    heading: &str,
    stored: &BTreeMap<String, &str>,
) {
    let described = client.describe_table().table_name(table).send().await.unwrap();
    let described = described.table.unwrap();
    let indexes: BTreeMap<String, Vec<String>> = described
        .global_secondary_indexes()
        .iter()
        .map(|index| {
            let keys = index
                .key_schema()
                .iter()
                .map(|key| format!("`{}`", key.attribute_name()));
            let cells = keys.chain([carries(index, described.key_schema(), stored)]);
            (index.index_name().unwrap().to_owned(), cells.collect())
        })
        .collect();
    let documented = page::table(
        page,
        &format!("### Indexes on {}", heading.trim_start_matches("## ").to_lowercase()),
    );
    assert_eq!(documented, indexes, "{heading}");
}

/// What an index carries, as the page says it.
fn carries(
    index: &GlobalSecondaryIndexDescription,
    table_key: &[KeySchemaElement],
    stored: &BTreeMap<String, &str>,
) -> String {
    let projection = index.projection().unwrap();
    if projection.projection_type() == Some(&ProjectionType::All) {
        return "everything".to_owned();
    }
    let keys = index
        .key_schema()
        .iter()
        .chain(table_key)
        .map(KeySchemaElement::attribute_name);
    let carried: BTreeSet<&str> = keys
        .chain(projection.non_key_attributes().iter().map(String::as_str))
        .collect();
    let missing = stored.keys().filter(|name| !carried.contains(name.as_str()));
    let missing: Vec<_> = missing.map(|name| format!("`{name}`")).collect();
    format!("all but {}", missing.join(", "))
}

fn type_of(value: &AttributeValue) -> &'static str {
    match value {
        AttributeValue::S(_) => "S",
        AttributeValue::N(_) => "N",
        AttributeValue::B(_) => "B",
        AttributeValue::Ss(_) => "SS",
        AttributeValue::Bool(_) => "BOOL",
        other => panic!("a type that reports do not know: {other:?}"),
    }
}

#[tokio::test]
async fn every_example_gives_the_answer_below_it() {
    let Some(tools) = std::env::var_os(TOOLS) else {
        eprintln!("SKIPPED: {TOOLS} names no folder with `aws` and DuckDB (tests/tools/reporting)");
        return;
    };
    let questions = page::questions(&page::read());
    let proven = questions.iter().filter(|question| question.answer.is_some()).count();
    assert!(proven >= 8, "{proven} questions");
    for variable in ["REBOUND_DYNAMODB_ENDPOINT", MOTO] {
        let Ok(endpoint) = std::env::var(variable) else {
            eprintln!("SKIPPED on one DynamoDB: {variable} names none");
            continue;
        };
        Reader::new(Path::new(&tools), variable, endpoint)
            .await
            .check(&questions)
            .await;
    }
}

/// Somebody who reads the page and tries it on a DynamoDB.
struct Reader {
    /// Which DynamoDB, for messages.
    name: &'static str,
    tools: PathBuf,
    endpoint: String,
    client: Client,
    tables: Tables,
    /// Where files go that one example writes and another one reads.
    folder: TempDir,
}

impl Reader {
    async fn new(tools: &Path, name: &'static str, endpoint: String) -> Self {
        let config = aws_sdk_dynamodb::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .credentials_provider(Credentials::new("test", "test", None, None, "test"))
            .region(Region::from_static(REGION))
            .endpoint_url(&endpoint);
        let client = Client::from_conf(config.build());
        let tables = Tables::with_prefix(&format!("reporting-{}-", std::process::id()));
        fill(&client, &tables).await;
        Self {
            name,
            tools: tools.to_owned(),
            endpoint,
            client,
            tables,
            folder: tempfile::tempdir().unwrap(),
        }
    }

    async fn check(&self, questions: &[Question]) {
        // All SQL is one session, after the export.
        let mut sql = Vec::new();
        for question in questions {
            for Block { language, code } in &question.ways {
                let rows = match language {
                    Language::Shell => self.shell(code),
                    // moto reads the simplest statements only, and answers others wrongly.
                    Language::PartiQl if self.name == MOTO => continue,
                    Language::PartiQl => self.partiql(code).await,
                    Language::Sql => {
                        sql.push((question, code));
                        continue;
                    }
                    Language::SentCsv => {
                        std::fs::write(self.folder.path().join("sent.csv"), code).unwrap();
                        continue;
                    }
                };
                self.compare(question, code, &rows);
            }
        }
        self.compare_sql(&sql);
        // The same over what DynamoDB exports to S3: an item a line, compressed.
        for table in ["contacts", "events"] {
            self.to_s3_export(table);
        }
        self.compare_sql(&sql);
    }

    fn compare(&self, question: &Question, code: &str, rows: &[String]) {
        if let Some(answer) = &question.answer {
            assert_eq!(rows, answer, "{} on {}:\n{code}", question.heading, self.name);
        }
    }

    fn compare_sql(&self, sql: &[(&Question, &String)]) {
        let statements: Vec<_> = sql.iter().map(|(_, code)| code).collect();
        let mut python = Command::new(self.tools.join("python"));
        python
            .args(["-c", include_str!("duckdb.py")])
            .current_dir(self.folder.path());
        let output = run(&mut python, &serde_json::to_vec(&statements).unwrap());
        let answers: Vec<Vec<String>> = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(answers.len(), sql.len());
        for ((question, code), rows) in sql.iter().zip(answers) {
            let rows: Vec<_> = rows.iter().map(|line| page::row(line)).collect();
            self.compare(question, code, &rows);
        }
    }

    fn shell(&self, code: &str) -> Vec<String> {
        let path = format!("{}:{}", self.tools.display(), std::env::var("PATH").unwrap());
        let mut shell = Command::new("bash");
        shell
            .args(["-euo", "pipefail", "-c", code])
            .current_dir(self.folder.path())
            .env("PATH", path)
            .env("HOME", self.folder.path())
            .env("AWS_ENDPOINT_URL", &self.endpoint)
            .env("AWS_DEFAULT_REGION", REGION)
            .env("AWS_ACCESS_KEY_ID", "test")
            .env("AWS_SECRET_ACCESS_KEY", "test")
            .env("CONTACTS", &self.tables.contacts)
            .env("EVENTS", &self.tables.events);
        let output = run(&mut shell, b"");
        let output = String::from_utf8(output.stdout).unwrap();
        output.lines().map(page::row).collect()
    }

    async fn partiql(&self, statement: &str) -> Vec<String> {
        let statement = statement
            .replace("\"contacts\"", &format!("\"{}\"", self.tables.contacts))
            .replace("\"events\"", &format!("\"{}\"", self.tables.events));
        let columns = statement
            .split_once("SELECT ")
            .unwrap()
            .1
            .split_once(" FROM ")
            .unwrap()
            .0;
        let columns: Vec<_> = columns
            .split(',')
            .map(|column| column.trim().trim_matches('"'))
            .collect();
        let answer = self.client.execute_statement().statement(&statement).send().await;
        let answer = answer.unwrap_or_else(|error| panic!("{} on {}: {error:?}", statement, self.name));
        assert_eq!(answer.next_token(), None);
        let rows = answer.items().iter().map(|item| {
            let values = columns
                .iter()
                .map(|column| item.get(*column).map(text).unwrap_or_default());
            page::row(&values.collect::<Vec<_>>().join(" "))
        });
        rows.collect()
    }

    /// Turns an export by scan into one of the kind that DynamoDB writes to S3.
    fn to_s3_export(&self, table: &str) {
        let scanned = self.folder.path().join(format!("{table}.json"));
        let items: Vec<serde_json::Value> = serde_json::from_slice(&std::fs::read(&scanned).unwrap()).unwrap();
        let lines: Vec<_> = items.iter().map(ToString::to_string).collect();
        let mut gzip = Command::new("gzip");
        gzip.stdout(std::fs::File::create(scanned.with_extension("json.gz")).unwrap());
        run_to(&mut gzip, lines.join("\n").as_bytes());
        std::fs::remove_file(scanned).unwrap();
    }
}

/// Creates the tables with the sample in them.
async fn fill(client: &Client, tables: &Tables) {
    tables.ensure(client).await.unwrap();
    let repository = Repository::new(client, tables.clone(), Arc::new(Policy::default()));
    let now = "2026-11-21T12:00:00Z".parse().unwrap();
    let by_mail = |record: &MessageRecord| record.events()[0].kind.category().is_some();
    let (mail, others): (Vec<_>, Vec<_>) = sample::records().into_iter().partition(by_mail);
    let recorded = repository.record_mail(&mail, now).await;
    for result in recorded.into_iter().chain(repository.record(&others).await) {
        assert!(result.unwrap().new);
    }
    repository.note_sent_messages(&sample::sent()).await.unwrap();
}

fn text(value: &AttributeValue) -> String {
    match value {
        AttributeValue::S(text) | AttributeValue::N(text) => text.clone(),
        AttributeValue::Ss(set) => set.join(","),
        other => panic!("an answer that is no text: {other:?}"),
    }
}

fn run(command: &mut Command, input: &[u8]) -> Output {
    command.stdout(Stdio::piped());
    run_to(command, input)
}

/// Runs a command that must succeed; where its output goes is the caller's business.
fn run_to(command: &mut Command, input: &[u8]) -> Output {
    let mut child = command.stdin(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(input).unwrap();
    let output = child.wait_with_output().unwrap();
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}\n{complaint}");
    output
}
