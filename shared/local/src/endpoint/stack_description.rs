//! CloudFormation's one answer that tools need to find everything else: what the stack called `local` consists of.

use std::collections::BTreeMap;

use crate::secrets::{RETURN_PATH_KEYS, SECRETS_PREFIX};
use crate::sqs::ACCOUNT;
use crate::stack::{LocalStack, REGION};

/// What the stack is called.
pub(super) const STACK: &str = "local";

pub(super) const CONTENT_TYPE: &str = "text/xml";

const NAMESPACE: &str = "http://cloudformation.amazonaws.com/doc/2010-05-15/";

/// Answers a request in the form that CloudFormation takes them, with a status and XML.
pub(super) fn answer(form: &[u8], table_prefix: &str, host: &str) -> (u16, String) {
    let form: BTreeMap<String, String> = form_urlencoded::parse(form).into_owned().collect();
    let action = form.get("Action").map(String::as_str).unwrap_or_default();
    if action != "DescribeStacks" {
        let message = format!("{action} is not supported here, only DescribeStacks");
        return (400, refusal("InvalidAction", &message));
    }
    match form.get("StackName") {
        Some(name) if name != STACK && *name != arn() => (
            400,
            refusal("ValidationError", &format!("Stack with id {name} does not exist")),
        ),
        _ => (200, description(table_prefix, host)),
    }
}

/// The outputs that the deployed stack has too. There is no event bus and no dashboard on this machine; functions are
/// called here as `sam local` calls them.
fn outputs(table_prefix: &str, host: &str) -> [(&'static str, String); 9] {
    let queue = |name: &str| format!("http://{host}/{ACCOUNT}/{name}");
    [
        ("AccountsPrefix", SECRETS_PREFIX.to_owned()),
        ("Bucket", LocalStack::BUCKET.to_owned()),
        ("ClassifierFunction", "Classifier".to_owned()),
        ("ClassifyQueueUrl", queue("classify")),
        ("FetchQueueUrl", queue("fetch")),
        ("FetcherFunction", "Fetcher".to_owned()),
        ("ReporterFunction", "Reporter".to_owned()),
        ("ReturnPathKeys", RETURN_PATH_KEYS.to_owned()),
        ("TablePrefix", table_prefix.to_owned()),
    ]
}

fn description(table_prefix: &str, host: &str) -> String {
    let outputs = outputs(table_prefix, host);
    let outputs = outputs.iter().fold(String::new(), |mut members, (name, value)| {
        members += "<member><OutputKey>";
        members += name;
        members += "</OutputKey><OutputValue>";
        members += &escape(value);
        members += "</OutputValue></member>";
        members
    });
    format!(
        "<DescribeStacksResponse xmlns=\"{NAMESPACE}\"><DescribeStacksResult><Stacks><member>\
         <StackId>{}</StackId><StackName>{STACK}</StackName><CreationTime>2026-01-01T00:00:00.000Z</CreationTime>\
         <StackStatus>CREATE_COMPLETE</StackStatus><Outputs>{outputs}</Outputs>\
         </member></Stacks></DescribeStacksResult>\
         <ResponseMetadata><RequestId>local</RequestId></ResponseMetadata></DescribeStacksResponse>",
        arn()
    )
}

/// A refusal as CloudFormation words it.
pub(super) fn refusal(code: &str, message: &str) -> String {
    let message = escape(message);
    format!(
        "<ErrorResponse xmlns=\"{NAMESPACE}\"><Error><Type>Sender</Type><Code>{code}</Code><Message>{message}</Message>\
         </Error><RequestId>local</RequestId></ErrorResponse>"
    )
}

fn arn() -> String {
    format!("arn:aws:cloudformation:{REGION}:{ACCOUNT}:stack/{STACK}/local")
}

pub(super) fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
