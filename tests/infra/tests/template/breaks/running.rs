//! How it runs, what it is called, and what can be chosen.

use serde_json::{Value, json};

use super::Breaks;

pub(super) fn add(breaks: &mut Breaks) {
    let check = "functions log to groups that forget, as JSON, and nothing filters metrics";
    breaks.put(
        check,
        "for ever",
        "FetcherLog/Properties",
        "RetentionInDays",
        Value::Null,
    );
    breaks.put(
        check,
        "elsewhere",
        "Classifier/Properties/LoggingConfig",
        "LogGroup",
        Value::Null,
    );
    breaks.set(
        check,
        "text",
        "Classifier/Properties/LoggingConfig/LogFormat",
        json!("Text"),
    );
    breaks.set(
        check,
        "no metrics",
        "Fetcher/Properties/LoggingConfig/ApplicationLogLevel",
        json!("WARN"),
    );
    breaks.put(
        check,
        "whom it is about",
        "SuppressedPipe/Properties/LogConfiguration",
        "IncludeExecutionData",
        json!(["ALL"]),
    );

    let check = "functions are told all that they ask for";
    breaks.put(
        check,
        "no queue",
        "Fetcher/Properties/Environment/Variables",
        "QUEUE_URL",
        Value::Null,
    );
    breaks.add(check, "no stage", |d| {
        *d.template
            .at_mut("/Globals/Function/Environment/Variables/STAGE")
            .unwrap() = Value::Null;
    });

    let check = "functions run what cargo-lambda has built";
    breaks.set(
        check,
        "elsewhere",
        "Fetcher/Properties/CodeUri",
        json!("../target/release/"),
    );
    breaks.put(check, "built again", "Classifier/Metadata", "SkipBuild", json!(false));
    breaks.put(
        check,
        "another runtime",
        "Classifier/Properties",
        "Runtime",
        json!("nodejs20.x"),
    );

    let check = "two stacks in one account never collide";
    breaks.set(check, "a table", "EventsTable/Properties/TableName", json!("events"));
    breaks.put(
        check,
        "a bucket",
        "Messages/Properties",
        "BucketName",
        json!("rebound-messages"),
    );
    breaks.set(
        check,
        "the schedule",
        "Fetcher/Properties/Events/Tick/Properties/OmitName",
        json!(false),
    );

    let check = "outputs are those that the command reads";
    breaks.add(check, "renamed", |d| {
        let outputs = d.template.at_mut("/Outputs").unwrap().as_object_mut().unwrap();
        let bucket = outputs.remove("Bucket").unwrap();
        outputs.insert("MessagesBucket".to_owned(), bucket);
    });
    breaks.add(check, "without words", |d| {
        *d.template.at_mut("/Outputs/Bucket/Description").unwrap() = json!("");
    });

    let check = "parameters are described, grouped, bounded and used";
    breaks.add(check, "anything goes", |d| {
        let parameter = d.template.at_mut("/Parameters/Tracing").unwrap();
        parameter.as_object_mut().unwrap().remove("AllowedValues");
    });
    breaks.add(check, "no words", |d| {
        *d.template.at_mut("/Parameters/Tracing/Description").unwrap() = Value::Null;
    });
    breaks.add(check, "unused", |d| {
        let parameters = d.template.at_mut("/Parameters").unwrap().as_object_mut().unwrap();
        let unused = parameters["Tracing"].clone();
        parameters.insert("Unused".to_owned(), unused);
    });
    breaks.add(check, "in no group", |d| {
        let group = "/Metadata/AWS::CloudFormation::Interface/ParameterGroups/0/Parameters/0";
        *d.template.at_mut(group).unwrap() = json!("FetchState");
    });
    breaks.add(check, "on no page", |d| {
        d.deploying = d.deploying.replace("`SesRuleSet`", "");
    });

    let check = "configurations set parameters that there are, to what they take";
    breaks.add(check, "an unknown one", |d| {
        d.samconfig = d.samconfig.replace("LogLevel=", "LogLevels=");
    });
    breaks.add(check, "an unknown value", |d| {
        d.samconfig = d.samconfig.replace("LogRetentionDays=90", "LogRetentionDays=91");
    });
    breaks.add(check, "too little", |d| {
        d.samconfig = d.samconfig.replace("KeepVersionsDays=1", "KeepVersionsDays=0");
    });
    breaks.add(check, "no production", |d| {
        d.samconfig = d.samconfig.replace("[prod.deploy", "[production.deploy");
    });
}
