//! Reading `docs/reporting.md`: its fenced blocks and its tables.

use std::collections::BTreeMap;
use std::path::Path;

/// A part of the page that asks one thing: what to run for it, in any of several ways, and what comes out.
#[derive(Debug, Default)]
pub(crate) struct Question {
    /// The heading it stands under.
    pub(crate) heading: String,
    /// What is run, in the order of the page.
    pub(crate) ways: Vec<Block>,
    /// The rows that each of the ways gives, columns apart by one space; `None` when only success counts.
    pub(crate) answer: Option<Vec<String>>,
}

/// A fenced block that is run.
#[derive(Debug)]
pub(crate) struct Block {
    pub(crate) language: Language,
    pub(crate) code: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Language {
    /// A shell with AWS's command line.
    Shell,
    PartiQl,
    /// DuckDB.
    Sql,
    /// The contents of the file `sent.csv`.
    SentCsv,
}

pub(crate) fn read() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/reporting.md");
    std::fs::read_to_string(path).unwrap()
}

/// All that the page runs. A block of a kind that is not known here fails the test: nothing on the page goes unproven
/// unless it says so (`unproven` after its language).
pub(crate) fn questions(page: &str) -> Vec<Question> {
    let mut questions: Vec<Question> = Vec::new();
    let mut current = Question::default();
    let mut lines = page.lines();
    while let Some(line) = lines.next() {
        if line.starts_with('#') {
            let heading = line.trim_start_matches(['#', ' ']).to_owned();
            questions.push(std::mem::replace(
                &mut current,
                Question {
                    heading,
                    ..Question::default()
                },
            ));
        }
        let Some(kind) = line.strip_prefix("```") else { continue };
        let code: Vec<&str> = lines.by_ref().take_while(|line| *line != "```").collect();
        let language = match kind {
            "sh" => Language::Shell,
            "partiql" => Language::PartiQl,
            "sql" => Language::Sql,
            "csv" => Language::SentCsv,
            "text" => {
                assert!(
                    !current.ways.is_empty(),
                    "an answer without a question below {}",
                    current.heading
                );
                current.answer = Some(code.into_iter().map(row).collect());
                let heading = current.heading.clone();
                questions.push(std::mem::replace(
                    &mut current,
                    Question {
                        heading,
                        ..Question::default()
                    },
                ));
                continue;
            }
            other => {
                assert!(other.ends_with(" unproven"), "what is a block of {other:?}?");
                continue;
            }
        };
        current.ways.push(Block {
            language,
            code: code.join("\n"),
        });
    }
    questions.push(current);
    questions.retain(|question| !question.ways.is_empty());
    questions
}

/// A line of output with one space between its columns.
pub(crate) fn row(line: &str) -> String {
    line.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The table below a heading: the cells of each row by the name in its first one.
pub(crate) fn table(page: &str, heading: &str) -> BTreeMap<String, Vec<String>> {
    let below = page.lines().skip_while(|line| *line != heading).skip(1);
    let rows = below
        .take_while(|line| !line.starts_with('#'))
        .filter(|line| line.starts_with("| `"))
        .map(|line| {
            let mut cells = line.trim_matches('|').split('|').map(|cell| cell.trim().to_owned());
            (cells.next().unwrap().trim_matches('`').to_owned(), cells.collect())
        });
    let rows: BTreeMap<_, _> = rows.collect();
    assert!(!rows.is_empty(), "there is no table below {heading:?}");
    rows
}
