//! Where a command works: in a folder of this machine, or on a stack deployed to AWS.

use std::fmt;
use std::path::{Path, PathBuf};

/// The folder that everything is kept in unless something else is said.
pub(crate) const DEFAULT_FOLDER: &str = ".rebound";

/// Where the messages, the contacts and everything else are.
#[derive(Clone, Debug)]
pub(crate) enum Place {
    /// A folder, with embedded stores.
    Folder(PathBuf),
    /// A deployed stack.
    Stack(StackName),
}

/// A stack of AWS CloudFormation, and how to get at it.
#[derive(Clone, Debug)]
pub(crate) struct StackName {
    /// What it is called.
    pub name: String,
    /// The profile of the AWS configuration to log in with; else what the AWS CLI would take.
    pub profile: Option<String>,
    /// The region it is in; else what the AWS CLI would take.
    pub region: Option<String>,
}

impl Place {
    /// The command line that works here, from the program's own name on, to be shown to a person.
    pub(crate) fn command(&self) -> String {
        let program = program();
        match self {
            Self::Folder(folder) if folder == Path::new(DEFAULT_FOLDER) => program,
            Self::Folder(folder) => format!("{program} --data {}", folder.display()),
            Self::Stack(StackName { name, profile, region }) => {
                let mut command = format!("{program} --stack {name}");
                for (option, value) in [("--profile", profile), ("--region", region)] {
                    if let Some(value) = value {
                        command = format!("{command} {option} {value}");
                    }
                }
                command
            }
        }
    }
}

/// What this program was called as, to be shown to a person.
pub(crate) fn program() -> String {
    std::env::args().next().unwrap_or_else(|| "rebound".to_owned())
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Folder(folder) => write!(f, "{}", folder.display()),
            Self::Stack(stack) => write!(f, "stack {}", stack.name),
        }
    }
}
