//! What the checks look at.

use std::path::Path;

use crate::{ParseError, Template};

/// The template and the pages that have to agree with it.
#[derive(Clone, Debug)]
pub struct Deployment {
    /// `infra/template.yaml`.
    pub template: Template,
    /// `infra/samconfig.toml`.
    pub samconfig: String,
    /// `docs/aws/runbook.md`.
    pub runbook: String,
    /// `docs/aws/metrics.md`.
    pub metrics: String,
    /// `docs/aws/events.md`.
    pub events: String,
    /// `docs/aws/deploying.md`.
    pub deploying: String,
}

/// A deployment that could not be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// A file is missing.
    #[error("{path}: {error}")]
    File {
        /// Which.
        path: String,
        /// Why.
        error: std::io::Error,
    },
    /// The template is no YAML.
    #[error("infra/template.yaml: {0}")]
    Template(#[from] ParseError),
}

impl Deployment {
    /// Reads it from the repository at `root`.
    pub fn read(root: &Path) -> Result<Self, ReadError> {
        let file = |path: &str| {
            std::fs::read_to_string(root.join(path)).map_err(|error| ReadError::File {
                path: path.to_owned(),
                error,
            })
        };
        Ok(Self {
            template: Template::parse(&file("infra/template.yaml")?)?,
            samconfig: file("infra/samconfig.toml")?,
            runbook: file("docs/aws/runbook.md")?,
            metrics: file("docs/aws/metrics.md")?,
            events: file("docs/aws/events.md")?,
            deploying: file("docs/aws/deploying.md")?,
        })
    }
}
