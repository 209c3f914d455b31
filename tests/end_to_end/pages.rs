//! What our pages show is what happens, and what they link to is there.

use std::collections::{BTreeMap, BTreeSet};
use std::env;
use std::fmt::Write as _;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use assert_cmd::Command;
use tempfile::TempDir;

use crate::support::mailbox;

/// What stands on our pages for anything that is left out: alone on a line for lines, within a line for words.
const LEFT_OUT: &str = "…";

#[test]
fn the_first_hour_goes_as_its_page_says() {
    assert!(follow("docs/first-hour.md") > 20);
}

#[test]
fn tasks_go_as_their_pages_say() {
    let steps: usize = pages_below("docs/tasks").iter().map(|page| follow(page)).sum();
    assert!(steps > 10, "{steps}");
}

#[test]
fn links_on_our_pages_lead_somewhere() {
    let pages = all_pages();
    let anchors: BTreeMap<&str, BTreeSet<String>> =
        pages.iter().map(|page| (page.as_str(), anchors(&read(page)))).collect();
    let mut broken = String::new();
    let mut linked = 0;
    for page in &pages {
        for (line, target) in links(&read(page)) {
            linked += 1;
            let (path, anchor) = target
                .split_once('#')
                .map_or((target.as_str(), None), |(path, anchor)| (path, Some(anchor)));
            let file = beside(page, path);
            let is_there = root().join(&file).exists();
            let has_anchor = anchor.is_none_or(|anchor| {
                anchors
                    .get(file.as_str())
                    .is_some_and(|anchors| anchors.contains(anchor))
            });
            if !is_there || !has_anchor {
                let _ = writeln!(broken, "{page}:{line}: {target}");
            }
        }
    }
    assert_eq!(broken, "", "links that lead nowhere");
    assert!(linked > 100, "{linked}");
}

#[test]
fn every_page_is_found_from_the_readme() {
    let mut found = BTreeSet::new();
    let mut open = vec!["README.md".to_owned()];
    while let Some(page) = open.pop() {
        if is_page(&page) && root().join(&page).exists() && found.insert(page.clone()) {
            let targets = links(&read(&page)).into_iter();
            open.extend(targets.map(|(_, target)| beside(&page, target.split('#').next().unwrap_or_default())));
        }
    }
    let pages = all_pages().into_iter();
    let lost: Vec<String> = pages
        .filter(|page| page.starts_with("docs/") && !found.contains(page))
        .collect();
    assert_eq!(lost, Vec::<String>::new(), "nobody finds these pages");
}

/// A command on a page, and what is shown below it.
struct Step {
    line: usize,
    command: String,
    shown: Vec<String>,
}

/// Types what a page shows in its `console` blocks, from top to bottom, in a folder that holds the sample mailbox where the
/// repository has it. How many commands that were.
fn follow(page: &str) -> usize {
    let folder = TempDir::new().expect("a folder");
    fs::create_dir(folder.path().join("tests")).expect("a folder in it");
    symlink(mailbox(), folder.path().join("tests/mailbox")).expect("a link");
    let steps = steps(&read(page));
    for step in &steps {
        let said = typed(folder.path(), step, page);
        let actual: Vec<String> = said.lines().map(words).collect();
        let shown: Vec<String> = step.shown.iter().map(|line| words(line)).collect();
        assert!(
            fits(&shown, &actual),
            "{page}:{}: {} does not print what is shown, but:\n{said}",
            step.line,
            step.command
        );
    }
    steps.len()
}

/// What a command prints, errors in between as on a terminal.
fn typed(folder: &Path, step: &Step, page: &str) -> String {
    let program = Path::new(env!("CARGO_BIN_EXE_rebound"));
    let ours = program.parent().expect("a folder").to_path_buf();
    let path = env::var_os("PATH").unwrap_or_default();
    let path = env::join_paths([ours].into_iter().chain(env::split_paths(&path))).expect("folders without colons");
    let output = Command::new("sh")
        .current_dir(folder)
        .args(["-ec", &format!("exec 2>&1\n{}", step.command)])
        .env("PATH", path)
        .env("HOME", folder)
        .env("USER", "ann")
        .env("REBOUND_COLUMNS", "100")
        .env_remove("REBOUND_DATA")
        .output()
        .expect("a shell");
    let said = String::from_utf8(output.stdout).expect("output is UTF-8");
    assert!(
        output.status.success(),
        "{page}:{}: {}: {said}",
        step.line,
        step.command
    );
    said
}

/// The commands of all `console` blocks: `$ ` begins one, `> ` goes on with it, what follows is what it prints.
fn steps(text: &str) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    let mut is_console = false;
    let mut may_go_on = false;
    for (number, line) in text.lines().enumerate() {
        if line.starts_with("```") {
            is_console = line == "```console";
        } else if !is_console {
        } else if let Some(command) = line.strip_prefix("$ ") {
            may_go_on = true;
            steps.push(Step {
                line: number + 1,
                command: command.to_owned(),
                shown: Vec::new(),
            });
        } else {
            let step = steps.last_mut().expect("a block begins with a command");
            let more = line.strip_prefix("> ").or_else(|| line.strip_prefix('>'));
            if let Some(more) = more.filter(|_| may_go_on) {
                step.command = format!("{}\n{more}", step.command);
            } else {
                may_go_on = false;
                step.shown.push(line.to_owned());
            }
        }
    }
    steps
}

/// How wide the columns of a table are is nobody's business here.
fn words(line: &str) -> String {
    line.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Whether these lines are what was printed, as far as they are shown.
fn fits(shown: &[String], actual: &[String]) -> bool {
    match (shown, actual) {
        ([], _) => actual.is_empty(),
        ([gap, shown @ ..], _) if gap == LEFT_OUT => (0..=actual.len()).any(|skipped| fits(shown, &actual[skipped..])),
        ([line, shown @ ..], [first, actual @ ..]) => line_fits(line, first) && fits(shown, actual),
        _ => false,
    }
}

fn line_fits(shown: &str, actual: &str) -> bool {
    let Some((beginning, shown)) = shown.split_once(LEFT_OUT) else {
        return shown == actual;
    };
    let Some(rest) = actual.strip_prefix(beginning) else {
        return false;
    };
    let mut endings = rest.char_indices().filter_map(|(at, _)| rest.get(at..)).chain([""]);
    endings.any(|ending| line_fits(shown, ending))
}

/// Where relative links lead to, with the number of their line. Code is no link.
fn links(text: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for (number, line) in prose(text) {
        let outside_code: String = line.split('`').step_by(2).collect();
        for rest in outside_code.split("](").skip(1) {
            let target = rest.split(')').next().unwrap_or_default();
            if !target.contains("://") && !target.starts_with("mailto:") {
                found.push((number, target.to_owned()));
            }
        }
    }
    found
}

/// The names that headings can be linked by, as GitHub makes them.
fn anchors(text: &str) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    let headings = prose(text).map(|(_, line)| line).filter(|line| line.starts_with('#'));
    for heading in headings {
        let name: String = heading
            .trim_start_matches('#')
            .trim()
            .to_lowercase()
            .chars()
            .filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'))
            .map(|c| if c == ' ' { '-' } else { c })
            .collect();
        let again = (1..).map(|number| format!("{name}-{number}"));
        let free = [name.clone()]
            .into_iter()
            .chain(again)
            .find(|name| !names.contains(name));
        names.extend(free);
    }
    names
}

/// The lines that are neither in a fenced nor in an indented block of code, counted from 1.
fn prose(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut in_code = false;
    text.lines().enumerate().filter_map(move |(number, line)| {
        let is_fence = line.trim_start().starts_with("```");
        in_code ^= is_fence;
        (!in_code && !is_fence && !line.starts_with("    ")).then_some((number + 1, line))
    })
}

/// The path of a file as a page names it, seen from the top of the repository.
fn beside(page: &str, path: &str) -> String {
    if path.is_empty() {
        return page.to_owned();
    }
    let mut parts: Vec<&str> = page.split('/').collect();
    parts.pop();
    for part in path.split('/') {
        match part {
            "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    parts.join("/")
}

/// Every page that people read, by its path seen from the top of the repository.
fn all_pages() -> Vec<String> {
    [".", "docs", "docs/aws", "docs/tasks", "tests"]
        .into_iter()
        .flat_map(pages_below)
        .collect()
}

fn pages_below(folder: &str) -> Vec<String> {
    let entries = fs::read_dir(root().join(folder)).expect("part of the repository");
    let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    let mut pages: Vec<String> = names
        .filter(|name| is_page(name))
        .map(|name| format!("{folder}/{name}").trim_start_matches("./").to_owned())
        .collect();
    pages.sort();
    pages
}

fn is_page(name: &str) -> bool {
    Path::new(name).extension().is_some_and(|extension| extension == "md")
}

fn read(page: &str) -> String {
    fs::read_to_string(root().join(page)).expect("part of the repository")
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}
