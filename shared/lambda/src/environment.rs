//! Environment variables.

use std::collections::BTreeMap;

/// The environment variables that a function was started with.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Environment(BTreeMap<String, String>);

/// A variable that a function cannot do without is not set, or is empty.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the environment variable {name} is not set: it must hold {meaning}")]
pub struct MissingVariable {
    /// Which.
    pub name: &'static str,
    /// What it is to hold.
    pub meaning: &'static str,
}

impl Environment {
    /// That of this process. A variable that is not UTF-8 counts as missing.
    pub fn of_process() -> Self {
        let text = |(name, value): (std::ffi::OsString, std::ffi::OsString)| {
            Some((name.into_string().ok()?, value.into_string().ok()?))
        };
        Self(std::env::vars_os().filter_map(text).collect())
    }

    /// The variable `name`, which holds `meaning`.
    pub fn required(&self, name: &'static str, meaning: &'static str) -> Result<&str, MissingVariable> {
        self.get(name).ok_or(MissingVariable { name, meaning })
    }

    /// The variable `name`, or `default` where it is missing or empty.
    pub fn get_or<'a>(&'a self, name: &str, default: &'a str) -> &'a str {
        self.get(name).unwrap_or(default)
    }

    /// CloudFormation cannot leave a variable out, only empty.
    fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }
}

impl<N: Into<String>, V: Into<String>> FromIterator<(N, V)> for Environment {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(variables: I) -> Self {
        let own = |(name, value): (N, V)| (name.into(), value.into());
        Self(variables.into_iter().map(own).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_is_named_with_what_it_is_for() {
        let environment: Environment = [("BUCKET", "mail"), ("STAGE", "")].into_iter().collect();
        assert_eq!(environment.required("BUCKET", "the bucket"), Ok("mail"));
        assert_eq!(environment.get_or("STAGE", "local"), "local");
        let error = environment.required("STAGE", "the stage").unwrap_err();
        assert_eq!(
            error.to_string(),
            "the environment variable STAGE is not set: it must hold the stage"
        );
    }
}
