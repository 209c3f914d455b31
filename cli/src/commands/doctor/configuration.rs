//! The policy and the rules in the bucket.

use anyhow::Result;
use aws_sdk_s3::Client;
use rebound_classifier::{POLICY_KEY, RULES_KEY};
use rebound_classify::reason::{RuleSet, Rules};
use rebound_contacts::Policy;

use super::authenticity;
use super::finding::{Finding, Findings, Verdict};
use crate::workspace::text_at;

/// What both are when nobody has put a file there.
const BUILT_IN: &str = "what is built in is in force";

/// Whether both can be followed; `has_keys` says whether return addresses can be signed, where that is known.
pub(super) async fn check(s3: &Client, bucket: &str, has_keys: Option<bool>, findings: &mut Findings) {
    let policy = text_at(s3, bucket, POLICY_KEY).await;
    let own = policy
        .as_ref()
        .ok()
        .and_then(|text| Policy::parse(text.as_deref()?, POLICY_KEY).ok());
    findings.add(judge("policy", POLICY_KEY, policy, |text| {
        let policy = Policy::parse(text, POLICY_KEY)?;
        let lists = match policy.lists.len() {
            0 => String::new(),
            lists => format!(", with words of their own for {lists} lists"),
        };
        Ok(format!("a file of your own is in force{lists}"))
    }));
    if let Some(policy) = own {
        authenticity::check(&policy.trust, has_keys, findings);
    }
    let rules = text_at(s3, bucket, RULES_KEY).await;
    findings.add(judge("rules", RULES_KEY, rules, |text| {
        let set = RuleSet::parse(text, RULES_KEY)?;
        let count = set.len();
        Rules::with_user_rules(&[set])?;
        Ok(format!("{count} of your own are asked before the built-in ones"))
    }));
}

fn judge(
    check: &'static str,
    key: &str,
    text: Result<Option<String>>,
    read: impl FnOnce(&str) -> Result<String>,
) -> Finding {
    let problem = |error: anyhow::Error| Finding::new(Verdict::Problem, check, "", format!("{error:#}"));
    match text.map(|text| text.map(|text| read(&text))) {
        Ok(None) => Finding::ok(check, "", BUILT_IN),
        Ok(Some(Ok(told))) => Finding::ok(check, "", told),
        Ok(Some(Err(refused))) => problem(refused).hint(match check {
            "policy" => {
                "`rebound policy use FILE` puts a good one in its place, `rebound policy reset` the built-in one"
            }
            _ => "`rebound rules test FILE` checks a file; put a good one there, or delete it",
        }),
        Err(error) => problem(error).hint(format!("it takes the permission s3:GetObject for {key}")),
    }
}
