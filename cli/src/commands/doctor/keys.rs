//! The keys of signed return addresses: whether they can be read, and one of them signs.

use rebound_accounts::{KeysError, ReturnPathKeys};

use super::finding::{Finding, Findings, Verdict};

const CHECK: &str = "return-path-keys";

/// Checks the keys, and says whether there are any, where that is known. Those that may not be read are trouble of the
/// classifier's only where it reads them as this user does.
pub(super) async fn check(store: &ReturnPathKeys, is_ours: bool, findings: &mut Findings) -> Option<bool> {
    let keys = store.read().await;
    let has_keys = keys.as_ref().ok().map(|keys| !keys.is_empty());
    findings.add(match keys {
        Ok(keys) if keys.is_empty() => Finding::ok(CHECK, "", "none: return addresses are not signed"),
        Ok(keys) => match keys.signing() {
            Some(key) => Finding::ok(
                CHECK,
                "",
                format!("{}, of which key {} signs", keys.iter().len(), key.id()),
            ),
            None => Finding::new(Verdict::Warning, CHECK, "", "all are retired, and none signs")
                .hint("`rebound verp keys new` makes one"),
        },
        Err(error @ KeysError::Refused { .. }) if !is_ours => {
            Finding::new(Verdict::Skipped, CHECK, "", error.to_string())
                .hint("it takes the permission secretsmanager:GetSecretValue for this secret")
        }
        Err(error) => Finding::new(Verdict::Problem, CHECK, "", error.to_string())
            .hint("until they can be read, no report can be told from a forged one: docs/return-addresses.md"),
    });
    has_keys
}
