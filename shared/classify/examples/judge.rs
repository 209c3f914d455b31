//! Judges message files and prints one JSON line each: `judge PATH…`, files and folders of `.eml`.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use rebound_classify::{Classifier, Report};
use serde::Serialize;

#[derive(Serialize)]
struct Line<'a> {
    file: &'a str,
    message: Option<&'a str>,
    #[serde(flatten)]
    report: &'a Report,
}

fn main() -> std::io::Result<()> {
    let classifier = Classifier::new();
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    for argument in std::env::args_os().skip(1) {
        for path in messages(Path::new(&argument))? {
            let report = classifier.classify(&std::fs::read(&path)?);
            let file = path.to_string_lossy();
            serde_json::to_writer(
                &mut out,
                &Line {
                    file: &file,
                    message: None,
                    report: &report,
                },
            )?;
            out.write_all(b"\n")?;
        }
    }
    out.flush()
}

fn messages(path: &Path) -> std::io::Result<Vec<PathBuf>> {
    if !path.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let mut found: Vec<PathBuf> = std::fs::read_dir(path)?
        .map(|entry| entry.map(|e| e.path()))
        .collect::<Result<_, _>>()?;
    found.retain(|file| file.extension().is_some_and(|extension| extension == "eml"));
    found.sort();
    Ok(found)
}
