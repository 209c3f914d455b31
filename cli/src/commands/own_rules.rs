//! The user's own rules: what `--rules` names.

use std::path::Path;

use anyhow::{Context, Result};
use rebound_classify::Classifier;
use rebound_classify::reason::{RuleSet, Rules};

use crate::args::UserRules;

impl UserRules {
    /// A classifier that asks these rules before the built-in ones. One bad file refuses all.
    pub(super) fn classifier(&self) -> Result<Classifier> {
        Ok(self.own_classifier()?.unwrap_or_default())
    }

    /// The same; `None` when there are no rules.
    pub(super) fn own_classifier(&self) -> Result<Option<Classifier>> {
        if self.files.is_empty() {
            return Ok(None);
        }
        let sets = self.files.iter().map(|file| read(file)).collect::<Result<Vec<_>>>()?;
        Ok(Some(Classifier::new().with_rules(Rules::with_user_rules(&sets)?)))
    }
}

/// Reads and checks a file of rules.
pub(super) fn read(file: &Path) -> Result<RuleSet> {
    let origin = file.display().to_string();
    let text = std::fs::read_to_string(file).with_context(|| format!("reading the rules in {origin}"))?;
    Ok(RuleSet::parse(&text, &origin)?)
}
