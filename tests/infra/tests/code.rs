//! The pages and the template speak of what the functions' code does.

#![allow(clippy::unwrap_used, clippy::expect_used)] // a test may panic, and so may what helps it

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use rebound_lambda::metrics::{Dimension, Metric, NAMESPACE, Service};
use rebound_test_infra::markdown::{code_spans, table_rows};
use rebound_test_infra::{Deployment, written};

const SERVICES: [(Service, &str); 2] = [(Service::Fetcher, "Fetcher"), (Service::Classifier, "Classifier")];

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
    for (folder, function) in [("fetcher", "Fetcher"), ("classifier", "Classifier")] {
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
