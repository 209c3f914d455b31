//! Ways to break the deployment.

mod access;
mod queues;
mod running;
mod storage;
mod telling;

use rebound_test_infra::Deployment;
use serde_json::{Value, json};

/// A way to break the deployment, and the check that has to notice.
pub(crate) struct Break {
    pub(crate) check: &'static str,
    pub(crate) how: &'static str,
    pub(crate) change: fn(&mut Deployment),
}

/// All of them.
pub(crate) fn all() -> Vec<Break> {
    let mut breaks = Breaks(Vec::new());
    for add in [access::add, storage::add, queues::add, running::add, telling::add] {
        add(&mut breaks);
    }
    breaks.0
}

struct Breaks(Vec<Break>);

impl Breaks {
    fn add(&mut self, check: &'static str, how: &'static str, change: fn(&mut Deployment)) {
        self.0.push(Break { check, how, change });
    }
}

/// Changes what is there below the resources.
fn set(deployment: &mut Deployment, place: &str, value: Value) {
    let there = deployment.template.at_mut(&format!("/Resources/{place}"));
    *there.unwrap_or_else(|| panic!("nothing at {place}")) = value;
}

/// Puts something, new or not, into an object below the resources.
fn put(deployment: &mut Deployment, place: &str, name: &str, value: Value) {
    let there = deployment.template.at_mut(&format!("/Resources/{place}"));
    let object = there.and_then(Value::as_object_mut);
    object
        .unwrap_or_else(|| panic!("no object at {place}"))
        .insert(name.to_owned(), value);
}

/// Allows a role one thing more.
fn grant(deployment: &mut Deployment, role: &str, action: &str, resource: &Value) {
    let statements = format!("/Resources/{role}/Properties/Policies/0/PolicyDocument/Statement");
    let statements = deployment
        .template
        .at_mut(&statements)
        .and_then(Value::as_array_mut)
        .unwrap();
    statements.push(json!({"Sid": "More", "Effect": "Allow", "Action": action, "Resource": resource}));
}

fn replace_on_dashboard(deployment: &mut Deployment, from: &str, to: &str) {
    replace(
        deployment,
        "/Resources/Dashboard/Properties/DashboardBody/Fn::Sub",
        from,
        to,
    );
}

fn replace_in_event(deployment: &mut Deployment, from: &str, to: &str) {
    replace(
        deployment,
        "/Resources/SuppressedPipe/Properties/TargetParameters/InputTemplate",
        from,
        to,
    );
}

fn replace(deployment: &mut Deployment, place: &str, from: &str, to: &str) {
    let text = deployment.template.at_mut(place).unwrap();
    let before = text.as_str().unwrap();
    assert!(before.contains(from), "{from} is not at {place}");
    *text = json!(before.replace(from, to));
}
