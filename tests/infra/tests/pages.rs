//! What the pages reckon.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)] // a test may panic, and so may what helps it

use std::path::{Path, PathBuf};

use rebound_test_infra::markdown::{code_spans, headings, table_rows};
use rebound_test_infra::{Deployment, Template};

#[test]
fn costs_add_up() {
    let page = std::fs::read_to_string(root().join("docs/aws/cost.md")).unwrap();
    for (section, columns) in [
        ("For every million bounces", 4),
        ("For every million bounces", 2),
        ("Whatever happens, each month", 4),
        ("The sent ledger", 4),
    ] {
        let rows = table_rows(&page, section);
        let rows: Vec<_> = rows.iter().filter(|row| row.len() == columns).collect();
        let (together, rows) = rows.split_last().unwrap();
        assert!(together[0].contains("together"), "{together:?}");
        let sum: f64 = rows.iter().map(|row| number(row[columns - 1])).sum();
        let told = number(together[columns - 1]);
        let rounding = if columns == 2 { 0.05 } else { 0.005 };
        assert!((sum - told).abs() < rounding, "{section}: {sum} instead of {told}");
    }
}

#[test]
fn the_alarms_that_are_paid_for_are_those_that_there_are() {
    let page = std::fs::read_to_string(root().join("docs/aws/cost.md")).unwrap();
    let rows = table_rows(&page, "Whatever happens, each month");
    let row = rows
        .iter()
        .find(|row| row[0].starts_with("CloudWatch, alarms"))
        .unwrap();
    let metrics = |template: &Template| -> usize {
        let alarms = template.of_kind("AWS::CloudWatch::Alarm");
        alarms
            .map(|alarm| {
                let metrics = alarm.list("/Metrics");
                metrics
                    .iter()
                    .filter(|metric| metric.get("MetricStat").is_some())
                    .count()
                    .max(1)
            })
            .sum()
    };
    assert_eq!(row[1], metrics(&deployment().template).to_string());
}

#[test]
fn the_default_of_each_parameter_is_the_one_on_the_page() {
    let deployment = deployment();
    let rows = table_rows(&deployment.deploying, "Parameters");
    for row in &rows {
        let (name, told) = (code_spans(row[0]).next().unwrap(), row[1]);
        let default = deployment.template.at(&format!("/Parameters/{name}/Default"));
        let default = default.as_str().map_or_else(|| default.to_string(), str::to_owned);
        // What nothing stands for, is said in words.
        if !default.is_empty() {
            assert_eq!(told.split(',').next().unwrap().trim_matches('`'), default, "{name}");
        }
    }
    assert_eq!(
        rows.len(),
        deployment.template.at("/Parameters").as_object().unwrap().len()
    );
}

#[test]
fn what_the_runbook_calls_by_its_logical_id_is_there() {
    let deployment = deployment();
    let named = deployment
        .runbook
        .split("$(id ")
        .skip(1)
        .filter_map(|rest| rest.split_once(')'));
    let outputs = deployment
        .runbook
        .split("$(out ")
        .skip(1)
        .filter_map(|rest| rest.split_once(')'));
    // SAM makes these of a function and its events.
    let made_by_sam = ["FetcherTick", "ClassifierMail", "ReporterTick"];
    for (name, _) in named {
        let resource = deployment.template.at(&format!("/Resources/{name}"));
        assert!(!resource.is_null() || made_by_sam.contains(&name), "{name}");
    }
    for (name, _) in outputs {
        assert!(!deployment.template.at(&format!("/Outputs/{name}")).is_null(), "{name}");
    }
    assert!(headings(&deployment.runbook, 3).count() > 10);
}

/// `1,300.50`, whatever stands around it.
fn number(cell: &str) -> f64 {
    let digits: String = cell.chars().filter(|c| c.is_ascii_digit() || *c == '.').collect();
    digits.parse().expect(cell)
}

fn deployment() -> Deployment {
    Deployment::read(&root()).unwrap()
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}
