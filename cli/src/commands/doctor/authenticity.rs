//! Whether the proof that the policy asks for can be had.

use rebound_contacts::{Authenticity, Trust};

use super::finding::{Finding, Findings, Verdict};

const CHECK: &str = "authenticity";

/// Checks what a policy asks for against what there is; `has_keys` says whether there are any that return addresses are
/// signed with, where that is known.
pub(super) fn check(trust: &Trust, has_keys: Option<bool>, findings: &mut Findings) {
    let doubts = [unsigned(trust, has_keys), unledgered(trust, has_keys), strangers(trust)];
    for (detail, hint) in doubts.into_iter().flatten() {
        findings.add(Finding::new(Verdict::Warning, CHECK, "", detail).hint(hint));
    }
}

/// What is wrong, and what to do.
type Doubt = (String, &'static str);

fn unsigned(trust: &Trust, has_keys: Option<bool>) -> Option<Doubt> {
    let what = asking_for(trust, Authenticity::Signed).filter(|_| has_keys == Some(false))?;
    Some((
        format!("{what} asks for `signed`, and there is no key: nothing that comes in is believed"),
        "`rebound verp keys new` makes one; what is sent has to be signed with it, see docs/return-addresses.md",
    ))
}

fn unledgered(trust: &Trust, has_keys: Option<bool>) -> Option<Doubt> {
    let is_missing = !trust.ledger && has_keys == Some(false);
    let what = asking_for(trust, Authenticity::Ledger).filter(|_| is_missing)?;
    Some((
        format!("{what} asks for `ledger`, and the sent ledger is not looked at: nothing that comes in is believed"),
        "`ledger = true` below `[authenticity]` of the policy, see docs/sent-ledger.md",
    ))
}

fn strangers(trust: &Trust) -> Option<Doubt> {
    let has_dkim_keys = trust.dkim_dns || !trust.dkim_keys.is_empty();
    (has_dkim_keys && trust.domains.is_empty()).then(|| {
        (
            "the policy knows DKIM keys, and no `domains`: no signature proves anything".to_owned(),
            "name your sending domains below `[authenticity]` of the policy, see docs/authenticity.md",
        )
    })
}

/// The first that asks for exactly this.
fn asking_for(trust: &Trust, authenticity: Authenticity) -> Option<String> {
    let mut accounts = trust.accounts.iter();
    let account = accounts.find(|(_, account)| account.require == Some(authenticity));
    let mut enough = trust.enough.iter();
    let category = enough.find(|(_, enough)| **enough == authenticity);
    account
        .map(|(name, _)| format!("the policy of the account {name}"))
        .or_else(|| category.map(|(category, _)| format!("the policy for {category}")))
}
