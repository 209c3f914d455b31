//! Who may do what.

use serde_json::Value;

use crate::{Resource, Template, alternatives, written};

/// What is given to roles, be they of the template or not.
const MANAGED_POLICY: &str = "AWS::IAM::ManagedPolicy";

/// A statement of a policy.
#[derive(Clone, Debug)]
pub struct Statement<'a> {
    /// The role or the resource that the policy belongs to.
    pub owner: &'a str,
    /// Its name within the policy.
    pub sid: &'a str,
    /// Whether it allows; else it denies.
    pub allows: bool,
    /// `s3:PutObject` …
    pub actions: Vec<String>,
    /// ARNs, as [`written`].
    pub resources: Vec<String>,
    /// The AWS service that it speaks of, in trust and resource policies.
    pub service: Option<&'a str>,
    /// Under what circumstances.
    pub condition: &'a Value,
}

impl Template {
    /// What roles may do: those of the template, and others that its policies are given to.
    pub fn role_statements(&self) -> Vec<Statement<'_>> {
        let of_roles = self.of_kind("AWS::IAM::Role").flat_map(|role| {
            let policies = role.list("/Policies").into_iter();
            policies.flat_map(move |policy| statements(role.name, policy.get("PolicyDocument")))
        });
        let of_policies = self
            .of_kind(MANAGED_POLICY)
            .flat_map(|policy| statements(policy.name, policy.body.pointer("/Properties/PolicyDocument")));
        of_roles.chain(of_policies).collect()
    }

    /// What one role may do.
    pub fn statements_of(&self, role: &str) -> Vec<Statement<'_>> {
        let all = self.role_statements().into_iter();
        all.filter(|statement| statement.owner == role).collect()
    }

    /// What others may do to resources, and who may take on roles.
    pub fn resource_statements(&self) -> Vec<Statement<'_>> {
        self.resources()
            .filter(|resource| resource.kind != MANAGED_POLICY)
            .flat_map(|resource: Resource<'_>| {
                let documents = ["PolicyDocument", "AssumeRolePolicyDocument"];
                documents.into_iter().flat_map(move |document| {
                    statements(resource.name, resource.body.pointer(&format!("/Properties/{document}")))
                })
            })
            .collect()
    }
}

fn statements<'a>(owner: &'a str, document: Option<&'a Value>) -> Vec<Statement<'a>> {
    let all = document.and_then(|document| document.get("Statement"));
    all.map(alternatives)
        .unwrap_or_default()
        .into_iter()
        .map(|statement| {
            let texts = |name| statement.get(name).map(written).unwrap_or_default();
            Statement {
                owner,
                sid: statement.get("Sid").and_then(Value::as_str).unwrap_or_default(),
                allows: statement.get("Effect").is_some_and(|effect| effect == "Allow"),
                actions: texts("Action"),
                resources: texts("Resource"),
                service: statement.pointer("/Principal/Service").and_then(Value::as_str),
                condition: statement.get("Condition").unwrap_or(&crate::NULL),
            }
        })
        .collect()
}
