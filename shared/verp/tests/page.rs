//! What `docs/return-addresses.md` shows is what this crate does: its test vectors, and its examples in other languages.

#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::print_stderr)] // a test may panic, and so may what helps it

mod support;

use std::env;
use std::io::Write as _;
use std::process::{Command, Stdio};

use rebound_verp::Keys;
use serde_json::{Value, json};

use support::{Vector, vectors};

const PAGE: &str = include_str!("../../../docs/return-addresses.md");

#[test]
fn the_page_shows_every_test_vector() {
    let file = vectors();
    for vector in &file.vectors {
        let Vector {
            key,
            list,
            contact,
            token,
            ..
        } = vector;
        let (purpose, day) = (vector.purpose(), vector.day());
        let row = format!("| {key} | {purpose} | {day} | `{list}` | `{contact}` | `{token}` |");
        assert!(PAGE.contains(&row), "{row}");
        let secret = format!("    {key:<3}  {}\n", file.secret(*key));
        assert!(PAGE.contains(&secret), "{secret}");
    }
}

#[test]
fn the_document_on_the_page_is_one() {
    let keys = Keys::parse(&block("toml")).expect("keys");
    assert_eq!(keys.iter().len(), 1);
    assert!(keys.signing().is_none());
}

#[test]
fn the_example_in_python_makes_the_addresses_of_the_test_vectors() {
    let run = "\nimport json, sys\nfor v in json.load(sys.stdin):\n    \
               print(return_path(base64.b64decode(v['secret']), v['key'], v['list'], v['contact'], v['purpose'], v['day']))\n";
    makes_the_vectors("python3", &["-c"], &format!("{}{run}", block("python")), &|_| true);
}

#[test]
fn the_example_in_php_makes_the_addresses_of_the_test_vectors() {
    let run = "foreach (json_decode(stream_get_contents(STDIN)) as $v)\n    \
               echo return_path(base64_decode($v->secret), $v->key, $v->list, $v->contact, $v->purpose, $v->day), \"\\n\";\n";
    let code = block("php").replace("<?php\n", "");
    // The page says that PHP alone does not turn domains into ASCII.
    makes_the_vectors("php", &["-r"], &format!("{code}{run}"), &|vector| {
        vector.contact.is_ascii()
    });
}

#[test]
fn the_example_in_javascript_makes_the_addresses_of_the_test_vectors() {
    let run = "for (const v of JSON.parse(require('node:fs').readFileSync(0)))\n  \
               console.log(returnPath(Buffer.from(v.secret, 'base64'), v.key, v.list, v.contact, { purpose: v.purpose, day: v.day }));\n";
    makes_the_vectors("node", &["-e"], &format!("{}{run}", block("javascript")), &|_| true);
}

fn makes_the_vectors(interpreter: &str, options: &[&str], code: &str, is_meant: &dyn Fn(&Vector) -> bool) {
    let file = vectors();
    let meant: Vec<&Vector> = file.vectors.iter().filter(|vector| is_meant(vector)).collect();
    assert!(meant.len() > 5);
    let input: Vec<Value> = meant.iter().map(|vector| file.input(vector)).collect();
    let Some(said) = said(interpreter, options, code, &json!(input).to_string()) else {
        assert!(
            env::var_os("CI").is_none(),
            "{interpreter} is missing, and CI has to have it"
        );
        eprintln!("LOUD SKIP: {interpreter} is missing; the example of docs/return-addresses.md does not run");
        return;
    };
    let expected: Vec<String> = meant
        .iter()
        .map(|vector| {
            let token = file
                .only(vector.key)
                .sign(vector.purpose(), &vector.list, &vector.contact, vector.day());
            token
                .expect("a token")
                .address("bounces", "example.com")
                .expect("an address")
        })
        .collect();
    assert_eq!(said.lines().collect::<Vec<_>>(), expected, "{interpreter}");
}

/// What the program prints; `None` where there is no such interpreter.
fn said(interpreter: &str, options: &[&str], code: &str, input: &str) -> Option<String> {
    let mut command = Command::new(interpreter);
    command
        .args(options)
        .arg(code)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped());
    let mut running = command.spawn().ok()?;
    let mut stdin = running.stdin.take().expect("a pipe");
    stdin.write_all(input.as_bytes()).expect("the program reads");
    drop(stdin);
    let output = running.wait_with_output().expect("the program ends");
    assert!(output.status.success(), "{interpreter} fails");
    Some(String::from_utf8(output.stdout).expect("output is UTF-8"))
}

/// The first block of this language on the page.
fn block(language: &str) -> String {
    let (_, rest) = PAGE.split_once(&format!("```{language}\n")).expect("a block");
    let (code, _) = rest.split_once("```").expect("its end");
    code.to_owned()
}
