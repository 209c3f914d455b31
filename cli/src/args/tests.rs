//! The command line as a whole: what help and pages show must be what can be typed.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use super::*;

/// Every command, with its name.
fn commands() -> Vec<(String, clap::Command)> {
    fn collect(command: &clap::Command, into: &mut Vec<(String, clap::Command)>) {
        let name = command.get_bin_name().unwrap_or(command.get_name()).to_owned();
        into.push((name, command.clone()));
        for verb in command.get_subcommands().filter(|verb| verb.get_name() != "help") {
            collect(verb, into);
        }
    }
    let mut all = Vec::new();
    let mut root = Cli::command();
    root.build();
    collect(&root, &mut all);
    all
}

/// What is given to `rebound` in a text that shows how it is used: one line each, as a shell would read them.
fn examples(text: &str) -> Vec<Vec<String>> {
    let lines = text.replace("\\\n", " ");
    let mut found = Vec::new();
    for line in lines.lines().filter(|line| line.starts_with("  ")) {
        for command in line.split(['|', '&']) {
            let Some(rest) = command.trim_start().strip_prefix("rebound ") else {
                continue;
            };
            let words = words(&format!("rebound {rest}"));
            found.push(
                words
                    .into_iter()
                    .take_while(|word| word != ">" && word != ">>")
                    .collect(),
            );
        }
    }
    found
}

/// A command line as a shell reads it, up to the first gap that no quotes hold together: behind that is a remark.
fn words(line: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut quoted = None;
    let mut was_quoted = false;
    for character in line.chars() {
        let word = words.last_mut().expect("there is one from the start");
        match (quoted, character) {
            (None, '\'' | '"') => (quoted, was_quoted) = (Some(character), true),
            (Some(quote), _) if quote == character => quoted = None,
            (None, ' ') if word.is_empty() && !was_quoted => break,
            (None, ' ') => {
                words.push(String::new());
                was_quoted = false;
            }
            _ => word.push(character),
        }
    }
    assert_eq!(quoted, None, "{line}: quotes do not match");
    words.retain(|word| !word.is_empty());
    words
}

#[test]
fn the_command_line_is_consistent() {
    Cli::command().debug_assert();
}

#[test]
fn every_command_has_a_purpose_and_examples_that_can_be_typed() {
    for (name, command) in commands().iter().filter(|(_, command)| !command.is_hide_set()) {
        let about = command.get_about().map(ToString::to_string).unwrap_or_default();
        assert!(!about.is_empty() && about.len() < 120, "{name}: {about}");
        let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
        let examples = examples(&help);
        assert!(help.starts_with("Example"), "{name} has no examples");
        assert!(!examples.is_empty(), "{name} has no examples: {help}");
        for example in &examples {
            Cli::try_parse_from(example).unwrap_or_else(|error| panic!("{name}: {example:?}: {error}"));
        }
        let verb = name.strip_prefix("rebound ").unwrap_or_default();
        assert!(
            command.has_subcommands() || examples.iter().any(|words| words[1..].join(" ").starts_with(verb)),
            "no example of {name} shows {name}"
        );
    }
}

#[test]
fn every_command_on_our_pages_can_be_typed() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut pages = vec![root.join("README.md")];
    for folder in ["docs", "docs/aws", "docs/tasks"] {
        let entries = fs::read_dir(root.join(folder)).expect("part of the repository");
        let entries = entries.map(|entry| entry.expect("readable").path());
        pages.extend(entries.filter(|path| path.extension().is_some_and(|extension| extension == "md")));
    }
    let mut seen = 0;
    for page in pages {
        let text = fs::read_to_string(&page).expect("part of the repository");
        // Prose may begin with spaces, too; a command stands in a block of its own.
        let blocks: String = text
            .split_inclusive('\n')
            .filter(|line| line.starts_with("    "))
            .collect();
        for example in examples(&blocks) {
            // What is shortened there says so, and what stands for a number is none.
            if example.iter().any(|word| word.contains('…')) {
                continue;
            }
            let example: Vec<_> = example.into_iter().map(|word| word.replace("COUNT", "1")).collect();
            seen += 1;
            Cli::try_parse_from(&example).unwrap_or_else(|error| panic!("{}: {example:?}: {error}", page.display()));
        }
    }
    assert!(seen > 40, "{seen}");
}

#[test]
fn the_same_option_is_called_and_explained_alike_everywhere() {
    let mut placeholders: BTreeMap<String, (String, String)> = BTreeMap::new();
    for (name, command) in commands() {
        for argument in command.get_arguments().filter(|argument| !argument.is_global_set()) {
            let Some(long) = argument.get_long() else { continue };
            let value = argument
                .get_value_names()
                .map(|names| names.join(" "))
                .unwrap_or_default();
            let value = if argument.get_action().takes_values() {
                value
            } else {
                String::new()
            };
            let (first, known) = placeholders
                .entry(long.to_owned())
                .or_insert_with(|| (name.clone(), value.clone()));
            // A report is about whole days.
            let known = if long == "since" {
                known.replace("TIME", "DAY")
            } else {
                known.clone()
            };
            let value = if long == "since" {
                value.replace("TIME", "DAY")
            } else {
                value
            };
            assert_eq!(known, value, "--{long} of {name} and of {first}");
        }
    }
}

#[test]
fn the_format_is_the_last_option_of_every_command() {
    for (name, command) in commands() {
        let own = command
            .get_arguments()
            .filter(|argument| !argument.is_global_set() && argument.get_id() != "help");
        let ids: Vec<_> = own.map(|argument| argument.get_id().as_str().to_owned()).collect();
        if ids.iter().any(|id| id == "format") {
            assert_eq!(ids.last().map(String::as_str), Some("format"), "{name}: {ids:?}");
        }
    }
}
