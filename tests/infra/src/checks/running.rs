//! How functions run.

use serde_json::{Value, json};

use crate::{Deployment, Resource, written};

/// What every function asks its environment for.
const EVERY: [&str; 4] = ["BUCKET", "TABLE_PREFIX", "STAGE", "LOG_LEVEL"];

/// What the fetcher asks for besides.
const FETCHER: [&str; 2] = ["QUEUE_URL", "ACCOUNTS_PREFIX"];

/// What the classifier asks for besides.
const CLASSIFIER: [&str; 1] = ["RETURN_PATH_KEYS"];

/// What the reporter asks for besides.
const REPORTER: [&str; 1] = ["REPORT_DAYS"];

/// Where each function's binary is found, seen from the template.
const ARTIFACTS: [(&str, &str); 3] = [
    ("Classifier", "../target/lambda/classifier/"),
    ("Fetcher", "../target/lambda/fetcher/"),
    ("Reporter", "../target/lambda/reporter/"),
];

pub(super) fn logs(deployment: &Deployment) -> Vec<String> {
    let template = &deployment.template;
    let mut faults = Vec::new();
    for group in template.of_kind("AWS::Logs::LogGroup") {
        if group.property("/RetentionInDays") != &json!({"Ref": "LogRetentionDays"}) {
            faults.push(format!("{}: it keeps logs for ever", group.name));
        }
    }
    for function in template.of_kind("AWS::Serverless::Function") {
        let setting = |name: &str| function.property(&format!("/LoggingConfig/{name}"));
        let group = setting("LogGroup")
            .get("Ref")
            .and_then(Value::as_str)
            .unwrap_or_default();
        if template.at(&format!("/Resources/{group}/Type")) != "AWS::Logs::LogGroup" {
            faults.push(format!(
                "{}: Lambda makes a log group for it that keeps logs for ever",
                function.name
            ));
        }
        if setting("LogFormat") != "JSON" {
            faults.push(format!("{}: it does not log JSON", function.name));
        }
        if setting("ApplicationLogLevel") != "TRACE" {
            faults.push(format!(
                "{}: Lambda drops lines without a level, which metrics are",
                function.name
            ));
        }
    }
    for pipe in template.of_kind("AWS::Pipes::Pipe") {
        if pipe.property("/LogConfiguration/Level") != "ERROR"
            || !pipe.list("/LogConfiguration/IncludeExecutionData").is_empty()
        {
            faults.push(format!("{}: it logs nothing, or more than errors", pipe.name));
        }
    }
    faults
}

pub(super) fn environment(deployment: &Deployment) -> Vec<String> {
    let template = &deployment.template;
    let functions = template.of_kind("AWS::Serverless::Function");
    let missing = |function: Resource<'_>| {
        let own: &[&str] = match function.name {
            "Fetcher" => &FETCHER,
            "Classifier" => &CLASSIFIER,
            "Reporter" => &REPORTER,
            _ => &[],
        };
        let value = |name: &str| {
            let own = function.property(&format!("/Environment/Variables/{name}"));
            let shared = template.at(&format!("/Globals/Function/Environment/Variables/{name}"));
            [own, shared].into_iter().any(|value| !written(value).is_empty())
        };
        let missing: Vec<_> = EVERY.iter().chain(own).filter(|name| !value(name)).collect();
        missing
            .into_iter()
            .map(|name| format!("{}: {name} is not set", function.name))
            .collect::<Vec<_>>()
    };
    functions.flat_map(missing).collect()
}

pub(super) fn artifacts(deployment: &Deployment) -> Vec<String> {
    let template = &deployment.template;
    let mut faults = Vec::new();
    for (name, place) in ARTIFACTS {
        let at = |pointer: &str| template.at(&format!("/Resources/{name}{pointer}"));
        if at("/Properties/CodeUri") != place {
            faults.push(format!("{name}: it is not at {place}"));
        }
        if at("/Metadata/SkipBuild") != &json!(true) {
            faults.push(format!("{name}: `sam build` would try to build it"));
        }
    }
    for function in template.of_kind("AWS::Serverless::Function") {
        let property = |pointer| template.function_property(&function, pointer);
        let runs = property("/Runtime") == "provided.al2023"
            && property("/Handler") == "bootstrap"
            && property("/Architectures") == &json!([{"Ref": "Architecture"}])
            && property("/Tracing") == &json!({"Ref": "Tracing"});
        if !runs {
            faults.push(format!(
                "{}: runtime, handler, architecture or tracing differ",
                function.name
            ));
        }
    }
    faults
}
