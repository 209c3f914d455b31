//! The accounts: whether their settings make sense, and whether their mailboxes can be opened.

use rebound_accounts::AccountName;
use rebound_accounts::store::AccountStore;
use rebound_fetcher::mailboxes::Mailboxes;

use super::finding::{Finding, Findings, Verdict};
use crate::commands::accounts::reach;

/// Checks every account; asks no mail server when `offline`.
pub(super) async fn check(store: &AccountStore, mailboxes: Option<&Mailboxes>, offline: bool, findings: &mut Findings) {
    let names = match store.names().await {
        Ok(names) => names,
        Err(error) => {
            let problem = Finding::new(Verdict::Problem, "accounts", "", error.to_string());
            let hint = "their settings must be readable; on AWS that takes the permission secretsmanager:ListSecrets";
            return findings.add(problem.hint(hint));
        }
    };
    if names.is_empty() {
        findings.add(Finding::ok("accounts", "", "none are set up"));
    }
    for name in names {
        account(store, &name, offline, findings).await;
        if let Some(mailboxes) = mailboxes {
            past(mailboxes, &name, findings).await;
        }
    }
}

async fn account(store: &AccountStore, name: &AccountName, offline: bool, findings: &mut Findings) {
    let settings = match store.settings(name).await {
        Ok(settings) => settings,
        Err(error) => {
            let problem = Finding::new(Verdict::Problem, "account", name.as_str(), error.to_string());
            let hint = "`rebound accounts edit` changes settings, `rebound accounts settings` names them";
            return findings.add(problem.hint(hint));
        }
    };
    for warning in settings.warnings() {
        findings.add(Finding::new(Verdict::Warning, "account", name.as_str(), warning));
    }
    if !settings.enabled {
        return findings.add(Finding::ok(
            "account",
            name.as_str(),
            "disabled: nothing is fetched from it",
        ));
    }
    if offline {
        let detail = "its settings make sense; its server was not asked";
        return findings.add(Finding::ok("account", name.as_str(), detail));
    }
    findings.add(match reach(store.clone(), name).await {
        Ok(told) => Finding::ok("account", name.as_str(), told),
        Err(error) => {
            let problem = Finding::new(Verdict::Problem, "account", name.as_str(), error.to_string());
            let steps = format!("`rebound accounts test {name}` shows how far it comes");
            problem.hint(match &error.hint {
                Some(hint) => format!("{hint}; {steps}"),
                None => steps,
            })
        }
    });
}

/// What happened when it was last fetched.
async fn past(mailboxes: &Mailboxes, name: &AccountName, findings: &mut Findings) {
    let trouble = match mailboxes.state(name).await {
        Ok(state) => state.and_then(|state| state.trouble),
        Err(error) => {
            let problem = Finding::new(Verdict::Problem, "account", name.as_str(), error.to_string());
            return findings.add(problem.hint("it takes the permission dynamodb:GetItem for the table of mailboxes"));
        }
    };
    if let Some(trouble) = trouble {
        let detail = format!(
            "failed {} times in a row since {:.0}: {}",
            trouble.failures, trouble.since, trouble.words
        );
        let warning = Finding::new(Verdict::Warning, "account", name.as_str(), detail);
        let now = format!("`rebound run --account {name}` tries at once");
        findings.add(warning.hint(match trouble.hint {
            Some(hint) => format!("{hint}; {now}"),
            None => now,
        }));
    }
}
