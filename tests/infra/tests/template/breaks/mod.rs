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
    pub(crate) change: Box<dyn Fn(&mut Deployment)>,
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
    fn add(&mut self, check: &'static str, how: &'static str, change: impl Fn(&mut Deployment) + 'static) {
        let change = Box::new(change);
        self.0.push(Break { check, how, change });
    }

    /// Changes what is there below the resources.
    fn set(&mut self, check: &'static str, how: &'static str, place: &'static str, value: Value) {
        self.add(check, how, move |deployment| {
            let there = deployment.template.at_mut(&format!("/Resources/{place}"));
            *there.unwrap_or_else(|| panic!("nothing at {place}")) = value.clone();
        });
    }

    /// Puts something, new or not, into an object below the resources.
    fn put(&mut self, check: &'static str, how: &'static str, place: &'static str, name: &'static str, value: Value) {
        self.add(check, how, move |deployment| {
            let there = deployment.template.at_mut(&format!("/Resources/{place}"));
            let object = there.and_then(Value::as_object_mut);
            let object = object.unwrap_or_else(|| panic!("no object at {place}"));
            object.insert(name.to_owned(), value.clone());
        });
    }

    /// Allows a role one thing more.
    fn grant(&mut self, check: &'static str, how: &'static str, role: &'static str, action: &'static str, on: Value) {
        self.add(check, how, move |deployment| {
            let statements = format!("/Resources/{role}/Properties/Policies/0/PolicyDocument/Statement");
            let statements = deployment.template.at_mut(&statements).and_then(Value::as_array_mut);
            let more = json!({"Sid": "More", "Effect": "Allow", "Action": action, "Resource": on});
            statements.unwrap().push(more);
        });
    }

    fn replace_on_dashboard(&mut self, check: &'static str, how: &'static str, from: &'static str, to: &'static str) {
        self.replace(check, how, "Dashboard/Properties/DashboardBody/Fn::Sub", from, to);
    }

    fn replace_in_event(&mut self, check: &'static str, how: &'static str, from: &'static str, to: &'static str) {
        let event = "SuppressedPipe/Properties/TargetParameters/InputTemplate";
        self.replace(check, how, event, from, to);
    }

    /// Replaces a part of a text below the resources.
    fn replace(
        &mut self,
        check: &'static str,
        how: &'static str,
        place: &'static str,
        from: &'static str,
        to: &'static str,
    ) {
        self.add(check, how, move |deployment| {
            let text = deployment.template.at_mut(&format!("/Resources/{place}")).unwrap();
            let before = text.as_str().unwrap();
            assert!(before.contains(from), "{from} is not at {place}");
            *text = json!(before.replace(from, to));
        });
    }
}
