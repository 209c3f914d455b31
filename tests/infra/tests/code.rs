//! The pages and the template speak of what the functions' code does.

#![allow(clippy::unwrap_used, clippy::expect_used)] // a test may panic, and so may what helps it

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use rebound_lambda::metrics::{Dimension, Metric, NAMESPACE, Service};
use rebound_test_infra::markdown::{code_spans, table_rows};
use rebound_test_infra::{Deployment, written};

const SERVICES: [(Service, &str); 3] = [
    (Service::Fetcher, "Fetcher"),
    (Service::Classifier, "Classifier"),
    (Service::Reporter, "Reporter"),
];

#[test]
fn the_page_on_metrics_lists_those_that_are_written() {
    let page = deployment().metrics;
    assert!(page.contains(&format!("Namespace `{NAMESPACE}`")));
    for (service, section) in SERVICES {
        let listed: BTreeMap<_, BTreeSet<_>> = table_rows(&page, section)
            .into_iter()
            .map(|row| (code_spans(row[0]).next().unwrap(), code_spans(row[2]).collect()))
            .collect();
        let written = Metric::ALL.into_iter().filter(|metric| metric.service() == service);
        let written: BTreeMap<_, BTreeSet<_>> = written
            .map(|metric| {
                (
                    metric.name(),
                    metric.also_by().iter().map(|by| Dimension::name(*by)).collect(),
                )
            })
            .collect();
        assert_eq!(listed, written);
    }
}

#[test]
fn every_variable_that_a_function_asks_for_is_set() {
    let deployment = deployment();
    for (folder, function) in [
        ("fetcher", "Fetcher"),
        ("classifier", "Classifier"),
        ("reporter", "Reporter"),
    ] {
        let mut asked_for = variables(&format!("functions/{folder}/src/main.rs"));
        asked_for.extend(variables("shared/lambda/src/run.rs"));
        assert!(
            asked_for.contains("BUCKET") && asked_for.contains("STAGE"),
            "{asked_for:?}"
        );
        for name in asked_for {
            let places = [
                format!("/Resources/{function}/Properties/Environment/Variables/{name}"),
                format!("/Globals/Function/Environment/Variables/{name}"),
            ];
            let is_set = places
                .iter()
                .any(|place| !written(deployment.template.at(place)).is_empty());
            assert!(is_set, "{function}: {name}");
        }
    }
}

/// What functions ask of AWS, by the words in their sources, and the grant that takes.
const OPERATIONS: [(&str, &str); 17] = [
    (".put_object()", "s3:PutObject"),
    (".create_multipart_upload()", "s3:PutObject"),
    (".upload_part()", "s3:PutObject"),
    (".complete_multipart_upload()", "s3:PutObject"),
    (".abort_multipart_upload()", "s3:AbortMultipartUpload"),
    (".get_object()", "s3:GetObject"),
    (".list_secrets()", "secretsmanager:ListSecrets"),
    (".get_secret_value()", "secretsmanager:GetSecretValue"),
    (".put_secret_value()", "secretsmanager:PutSecretValue"),
    (".send_message_batch()", "sqs:SendMessage"),
    (".get_item()", "dynamodb:GetItem"),
    (".batch_get_item()", "dynamodb:BatchGetItem"),
    (".query()", "dynamodb:Query"),
    (".scan()", "dynamodb:Scan"),
    (".update_item()", "dynamodb:UpdateItem"),
    ("Put::builder()", "dynamodb:PutItem"),
    ("Delete::builder()", "dynamodb:DeleteItem"),
];

/// Of those, what is only ever part of a transaction together with others.
const IN_TRANSACTIONS: [(&str, &str); 2] = [
    ("ConditionCheck::builder()", "dynamodb:ConditionCheckItem"),
    ("Update::builder()", "dynamodb:UpdateItem"),
];

/// What these sources ask for as well, for the command alone: tables and accounts are created and removed by people, who also
/// say how much was sent, and what to whom.
const FOR_THE_COMMAND: [&str; 8] = [
    ".create_table()",
    ".update_time_to_live()",
    ".put_item()",
    ".batch_write_item()",
    ".list_objects_v2()",
    ".create_secret()",
    ".describe_secret()",
    ".delete_secret()",
];

/// What Lambda asks for in a role's name, and what no operation shows.
const WITHOUT_A_WORD: [&str; 8] = [
    "logs:CreateLogStream",
    "logs:PutLogEvents",
    "sqs:ReceiveMessage",
    "sqs:DeleteMessage",
    "sqs:GetQueueAttributes",
    "s3:ListBucket",
    "xray:PutTraceSegments",
    "xray:PutTelemetryRecords",
];

#[test]
fn roles_may_do_what_the_sources_of_their_functions_ask_for() {
    let template = deployment().template;
    // The last is what else is for the command alone: who judges does not look through whole tables, nor make
    // keys.
    for (role, sources, for_the_command) in [
        (
            "FetcherRole",
            &[
                "functions/fetcher/src",
                "shared/accounts/src",
                "shared/archive/src/store.rs",
            ][..],
            &[][..],
        ),
        (
            "ClassifierRole",
            &[
                "functions/classifier/src",
                "shared/contacts/src/repository",
                "shared/archive/src",
                "shared/accounts/src/return_path_keys.rs",
            ],
            &[".scan()", ".put_secret_value()"],
        ),
        (
            "ReporterRole",
            &["functions/reporter/src", "shared/contacts/src/repository/reports.rs"],
            &[],
        ),
    ] {
        let source: String = sources.iter().map(|path| source(&root().join(path))).collect();
        let asked_for: BTreeSet<_> = OPERATIONS
            .iter()
            .chain(&IN_TRANSACTIONS)
            .filter(|(word, _)| source.contains(word) && !for_the_command.contains(word))
            .map(|(_, action)| (*action).to_owned())
            .collect();
        let granted: BTreeSet<_> = template
            .statements_of(role)
            .into_iter()
            // Lambda itself puts there what failed for good.
            .filter(|statement| !statement.resources.iter().all(|to| to.ends_with("DeadLetters.Arn}")))
            .flat_map(|statement| statement.actions)
            .filter(|action| !WITHOUT_A_WORD.contains(&action.as_str()))
            .collect();
        assert_eq!(granted, asked_for, "{role}");
        let requests = requests(&source);
        assert!(requests.contains(".put_object()"), "{role}: {requests:?}");
        for request in requests {
            let mut known = OPERATIONS.iter().map(|(word, _)| *word).chain(FOR_THE_COMMAND);
            assert!(
                known.any(|word| word == request),
                "{role}: which grant does {request} take?"
            );
        }
    }
}

/// The operations that are asked of a client in a source: what follows `client` and is sent.
fn requests(source: &str) -> BTreeSet<String> {
    let clients = source.split("client").skip(1);
    let called = clients.filter_map(|rest| {
        let call = rest.trim_start().split_inclusive(')').next()?;
        let name = call.strip_prefix('.')?.strip_suffix("()")?;
        let is_operation = name.contains('_') || ["scan", "query"].contains(&name);
        let is_name = name
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte == b'_' || byte.is_ascii_digit());
        // Transactions are granted by what they are made of.
        (is_operation && is_name && !["transact_write_items", "get_or_init"].contains(&name)).then(|| call.to_owned())
    });
    called.collect()
}

/// A source file, or all of a folder, one behind the other.
fn source(path: &Path) -> String {
    if path.is_dir() {
        let entries = std::fs::read_dir(path)
            .unwrap()
            .map(|entry| source(&entry.unwrap().path()));
        return entries.collect();
    }
    let text = std::fs::read_to_string(path).unwrap();
    // What a test asks for, no role has to allow.
    let tested = text.split("#[cfg(test)]\nmod tests").next();
    tested.unwrap_or_default().to_owned()
}

/// The names of variables in a source file: text in capitals.
fn variables(path: &str) -> BTreeSet<String> {
    let source = std::fs::read_to_string(root().join(path)).expect(path);
    let is_name = |text: &&str| text.len() > 2 && text.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_');
    source.split('"').filter(is_name).map(str::to_owned).collect()
}

fn deployment() -> Deployment {
    Deployment::read(&root()).unwrap()
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}
