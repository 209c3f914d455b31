use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;

#[test]
fn every_built_in_file_passes_the_checks_that_users_files_pass() {
    for (name, text) in builtin::files() {
        if let Err(errors) = RuleSet::parse(&text, name) {
            panic!("{errors}");
        }
    }
}

#[test]
fn every_built_in_example_is_decided_by_its_own_rule_among_all_rules() {
    let rules = Rules::builtin();
    let mut faults = Vec::new();
    let sources = builtin::files().into_iter();
    for rule in sources.flat_map(|(_, text)| source::read(&text).unwrap()) {
        let id = rule.id.get_ref();
        for example in &rule.examples {
            let facts = example.get_ref().facts();
            let judged = rules.judge(&facts);
            if judged.rule != id {
                faults.push(format!(
                    "{id}: decided by {} ({:?}): {}",
                    judged.rule, judged.words, facts.text
                ));
            }
        }
        for example in &rule.not {
            let facts = example.get_ref().facts();
            if rules.judge(&facts).reason == rule.reason.unwrap() {
                faults.push(format!(
                    "{id}: `not` is judged {} all the same: {}",
                    rule.reason.unwrap(),
                    facts.text
                ));
            }
        }
    }
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}

#[test]
fn ids_are_unique_across_all_files() {
    let mut seen = BTreeSet::new();
    for rule in Rules::builtin().list() {
        assert!(seen.insert(rule.id), "{} stands twice", rule.id);
    }
}

#[test]
fn every_reason_of_a_failure_has_a_rule() {
    let ruled: BTreeSet<_> = Rules::builtin().list().map(|rule| rule.reason).collect();
    let not_failures = [Reason::Vacation, Reason::Feedback, Reason::Delivered, Reason::Undefined];
    let missing: Vec<_> = Reason::ALL
        .iter()
        .filter(|r| !ruled.contains(r) && !not_failures.contains(r))
        .map(|r| r.as_str())
        .collect();
    assert!(missing.is_empty(), "{missing:?}");
}

#[test]
fn what_servers_say_is_understood() {
    let lines = include_str!("wordings.txt")
        .lines()
        .filter(|line| !line.starts_with('#'));
    let mut faults = Vec::new();
    for line in lines {
        let (reason, text) = line.split_once(" | ").unwrap();
        let judged = Rules::builtin().judge(&facts(text));
        if judged.reason.as_str() != reason.trim() {
            faults.push(format!(
                "{text}: not {} but {} by {}",
                reason.trim(),
                judged.reason,
                judged.rule
            ));
        }
    }
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}

#[test]
fn our_own_fault_is_never_the_contacts() {
    for text in [
        "550 5.1.1 <a@example.com> blocked using zen.spamhaus.org",
        "550 5.1.1 message rejected as spam",
        "550 5.1.1 rejected due to DMARC policy of example.net",
        "550 5.1.1 <user-unknown@example.com> rate limited",
        "550 5.1.1 Relay access denied",
        "550 5.1.1 message too large",
        "550 5.1.1 no reverse DNS for 192.0.2.1",
        "550 5.1.1 see https://example.com/errors/user-unknown: sender blocked",
        "550 5.1.1 listed at https://www.spamcop.net/bl.shtml?192.0.2.1",
    ] {
        let judged = Rules::builtin().judge(&facts(text));
        assert_ne!(judged.severity, Severity::Hard, "{text}: {judged:?}");
        assert!(judged.contradicts_status, "{text}: {judged:?}");
    }
}

#[test]
fn words_win_over_the_status_and_the_judgement_says_so() {
    for (text, reason) in [
        ("552 5.1.1 mailbox a@example.com is over quota", Reason::MailboxFull),
        ("550 5.7.1 user unknown", Reason::UserUnknown),
        ("550 5.1.1 client host blocked using bl.spamcop.net", Reason::Blocked),
    ] {
        let judged = Rules::builtin().judge(&facts(text));
        assert_eq!((judged.reason, judged.contradicts_status), (reason, true), "{text}");
    }
    assert!(
        !Rules::builtin()
            .judge(&facts("550 5.1.1 user unknown"))
            .contradicts_status
    );
}

#[test]
fn nothing_is_final_while_delivery_is_still_tried() {
    let delayed = Facts {
        delayed: true,
        ..facts("450 4.1.1 user unknown")
    };
    assert_eq!(Rules::builtin().judge(&delayed).severity, Severity::Soft);
}

#[test]
fn a_transient_code_softens_all_but_plain_words() {
    for (text, severity) in [
        ("550 5.1.1 user unknown", Severity::Hard),
        ("450 4.1.1 user unknown", Severity::Hard),
        ("450 4.1.1 failed", Severity::Soft),
        ("450 4.2.1 account temporarily disabled", Severity::Soft),
        ("450 4.1.2 domain not found", Severity::Soft),
        ("550 5.1.2 domain not found", Severity::Hard),
        ("552 5.2.2 mailbox full", Severity::Soft),
        ("550 nothing to see", Severity::None),
    ] {
        assert_eq!(Rules::builtin().judge(&facts(text)).severity, severity, "{text}");
    }
}

#[test]
fn an_empty_text_without_codes_is_undefined() {
    let judged = Rules::builtin().judge(&Facts::default());
    assert_eq!(
        (judged.reason, judged.rule, judged.words),
        (Reason::Undefined, NOTHING_KNOWN, None)
    );
}

#[test]
fn the_first_explanation_is_the_judgement() {
    let facts = facts("550 5.1.1 blocked using bl.spamcop.net; user unknown");
    let explained = Rules::builtin().explain(&facts);
    assert_eq!(explained.first(), Some(&Rules::builtin().judge(&facts)));
    assert!(explained.iter().any(|losing| losing.reason == Reason::UserUnknown));
}

#[test]
fn users_rules_are_asked_first_and_bring_their_own_categories() {
    let set = RuleSet::parse(
        r#"
            [[rule]]
            id = "acme.quarantine"
            category = "held"
            action = "record"
            phrases = ["user unknown ... quarantine"]
            examples = ["550 5.1.1 user unknown, in quarantine"]
            not = ["550 5.1.1 user unknown"]
        "#,
        "rules.toml",
    )
    .unwrap();
    let rules = Rules::with_user_rules(&[set]).unwrap();
    let own = rules.judge(&facts("550 5.1.1 User unknown (in quarantine)"));
    assert_eq!(own.rule, "acme.quarantine");
    assert_eq!(own.own.map(|own| own.category.as_str()), Some("held"));
    assert_eq!(
        rules.judge(&facts("550 5.1.1 User unknown")).reason,
        Reason::UserUnknown
    );
    assert_ne!(rules.version(), Rules::builtin().version());
}

#[test]
fn a_bad_file_is_refused_as_a_whole_with_line_numbers() {
    for (toml, line, complaint) in [
        ("[[rule]]\nid = \"a\"\nreason = \"nonsense\"\n", 3, "nonsense"),
        ("[[rule]]\nid = \"a\"\nresaon = \"blocked\"\n", 3, "resaon"),
        (
            "[[rule]]\nid = \"a\"\nreason = \"blocked\"\nexamples = [\"x\"]\n",
            2,
            "no condition",
        ),
        (
            "[[rule]]\nid = \"a\"\nreason = \"blocked\"\nphrases = [\"go away\"]\n",
            2,
            "no examples",
        ),
        (
            "[[rule]]\nid = \"a\"\nreason = \"blocked\"\nphrases = [\"go away\"]\nexamples = [\n \"come in\",\n]\n",
            6,
            "decided by",
        ),
        (
            "[[rule]]\nid = \"a\"\nreason = \"blocked\"\nphrases = [\"go away\"]\nexamples = [\"go away\"]\nnot = [\"go away!\"]\n",
            6,
            "all the same",
        ),
        (
            "[[rule]]\nid = \"a\"\nreason = \"blocked\"\nregex = \"(\"\nexamples = [\"x\"]\n",
            4,
            "unclosed",
        ),
        (
            "[[rule]]\nid = \"a\"\nreason = \"blocked\"\nregex = '(\\w{900}){900}'\nexamples = [\"x\"]\n",
            4,
            "size limit",
        ),
        (
            "[[rule]]\nid = \"a\"\nreason = \"blocked\"\nstatus = [\"5.1\"]\nexamples = [\"x\"]\n",
            4,
            "not a status",
        ),
        (
            "[[rule]]\nid = \"a\"\ncategory = \"mine\"\nphrases = [\"go away\"]\nexamples = [\"go away\"]\n",
            2,
            "action",
        ),
        (
            "[[rule]]\nid = \"a\"\nreason = \"blocked\"\nphrases = [\"!\"]\nexamples = [\"!\"]\n",
            4,
            "two bytes",
        ),
        ("[[rule]\n", 1, ""),
    ] {
        let errors = RuleSet::parse(toml, "mine.toml").unwrap_err();
        let fault = errors.faults.iter().find(|fault| fault.reason.contains(complaint));
        assert_eq!(fault.map(|fault| fault.line), Some(line), "{toml}\n{errors}");
    }
}

#[test]
fn the_rules_in_the_guide_are_accepted() {
    let guide = include_str!("../../../../docs/rules.md");
    let rules: Vec<_> = guide
        .split("```toml\n")
        .skip(1)
        .filter_map(|block| block.split("```").next())
        .collect();
    assert_eq!(rules.len(), 3);
    for rule in rules {
        if let Err(errors) = RuleSet::parse(rule, "docs/rules.md") {
            panic!("{errors}");
        }
    }
}

#[test]
fn two_rules_of_one_name_are_refused() {
    let rule = "[[rule]]\nid = \"a\"\nreason = \"blocked\"\nphrases = [\"go away\"]\nexamples = [\"go away\"]\n";
    let errors = RuleSet::parse(&rule.repeat(2), "mine.toml").unwrap_err();
    assert_eq!(errors.faults.first().map(|fault| fault.line), Some(7));
}

#[test]
fn the_version_names_the_content() {
    let version = Rules::builtin().version();
    assert!(
        version.len() == 16 && version.bytes().all(|b| b.is_ascii_hexdigit()),
        "{version}"
    );
}

fn facts(text: &str) -> Facts<'_> {
    Facts {
        text,
        reply: text.get(..3).and_then(|code| code.parse().ok()),
        status: text.split([' ', '-']).find_map(|word| word.parse().ok()),
        ..Facts::default()
    }
}

proptest! {
    #[test]
    fn any_text_is_judged(text in "\\PC{0,200}") {
        let judged = Rules::builtin().judge(&Facts { text: &text, ..Facts::default() });
        prop_assert!(!judged.rule.is_empty());
    }

    #[test]
    fn wrapping_and_case_change_nothing(case in 0_usize..3) {
        let text = "550 5.2.2 The Mailbox of the recipient is over quota";
        let other = match case { 0 => text.to_uppercase(), 1 => text.replace(' ', "\r\n "), _ => text.replace(' ', "  ") };
        prop_assert_eq!(Rules::builtin().judge(&facts(&other)).rule, Rules::builtin().judge(&facts(text)).rule);
    }
}
