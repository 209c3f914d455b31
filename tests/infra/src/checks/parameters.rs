//! What can be chosen.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::markdown::code_spans;
use crate::template::entries;
use crate::{Deployment, written};

pub(super) fn complete(deployment: &Deployment) -> Vec<String> {
    let template = &deployment.template;
    let interface = "/Metadata/AWS::CloudFormation::Interface";
    let groups = template.at(&format!("{interface}/ParameterGroups")).as_array();
    let grouped: Vec<String> = groups
        .into_iter()
        .flatten()
        .flat_map(|group| group.get("Parameters").map(written).unwrap_or_default())
        .collect();
    let everything = [
        template.at("/Resources"),
        template.at("/Globals"),
        template.at("/Conditions"),
    ];
    let used: BTreeSet<_> = everything.into_iter().flat_map(references).collect();
    let documented: BTreeSet<_> = code_spans(&deployment.deploying).collect();
    let mut faults = Vec::new();
    for (name, parameter) in entries(template.at("/Parameters")) {
        let has = |key: &str| parameter.get(key).is_some();
        let described = parameter.get("Description").and_then(Value::as_str).unwrap_or_default();
        let bounded = has("AllowedValues") || has("AllowedPattern") || (has("MinValue") && has("MaxValue"));
        let wrong = [
            (described.is_empty(), "is not described"),
            (!bounded, "takes anything"),
            (!has("Default"), "has no default"),
            (
                has("AllowedPattern") && !has("ConstraintDescription"),
                "does not say what it takes",
            ),
            (
                grouped.iter().filter(|grouped| *grouped == name).count() != 1,
                "is not in one group",
            ),
            (
                template
                    .at(&format!("{interface}/ParameterLabels/{name}/default"))
                    .is_null(),
                "has no label",
            ),
            (!used.contains(name), "is not used"),
            (!documented.contains(name), "is not on docs/aws/deploying.md"),
        ];
        let wrong = wrong.into_iter().filter(|(is_wrong, _)| *is_wrong);
        faults.extend(wrong.map(|(_, what)| format!("{name} {what}")));
    }
    let unknown = |name: &&String| template.at(&format!("/Parameters/{name}")).is_null();
    faults.extend(
        grouped
            .iter()
            .filter(unknown)
            .map(|name| format!("{name} is grouped but no parameter")),
    );
    faults
}

pub(super) fn configured(deployment: &Deployment) -> Vec<String> {
    let configurations: toml::Table = match deployment.samconfig.parse() {
        Ok(configurations) => configurations,
        Err(error) => return vec![format!("infra/samconfig.toml: {error}")],
    };
    let mut faults = Vec::new();
    for name in ["dev", "prod"] {
        let below = ["deploy", "parameters", "parameter_overrides"];
        let overrides = below
            .iter()
            .fold(configurations.get(name), |table, key| table?.get(key));
        let Some(overrides) = overrides.and_then(toml::Value::as_array) else {
            faults.push(format!("{name} sets no parameters"));
            continue;
        };
        for setting in overrides.iter().filter_map(toml::Value::as_str) {
            let (parameter, value) = setting.split_once('=').unwrap_or((setting, ""));
            let allowed = deployment.template.at(&format!("/Parameters/{parameter}"));
            if !takes(allowed, value) {
                faults.push(format!("{name}: {parameter} does not take {value:?}"));
            }
        }
    }
    faults
}

/// Whether a parameter takes a value, as far as that is listed or counted.
fn takes(parameter: &Value, value: &str) -> bool {
    let bound = |name: &str| parameter.get(name).and_then(Value::as_i64);
    match (parameter.get("AllowedValues"), bound("MinValue"), bound("MaxValue")) {
        (Some(allowed), ..) => written(allowed).iter().any(|allowed| allowed == value),
        (None, Some(least), Some(most)) => value.parse().is_ok_and(|value| (least..=most).contains(&value)),
        _ => !parameter.is_null() && !value.is_empty(),
    }
}

/// The names that a value refers to, by `Ref` or within `Fn::Sub`.
fn references(value: &Value) -> Vec<String> {
    match value {
        Value::String(text) => text
            .split("${")
            .skip(1)
            .filter_map(|rest| Some(rest.split_once('}')?.0.to_owned()))
            .collect(),
        Value::Array(items) => items.iter().flat_map(references).collect(),
        Value::Object(fields) => fields
            .iter()
            .flat_map(|(name, value)| match value {
                Value::String(to) if name == "Ref" => vec![to.clone()],
                _ => references(value),
            })
            .collect(),
        _ => Vec::new(),
    }
}
