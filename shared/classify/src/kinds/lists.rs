//! Requests to be put on a list or taken off it.

use super::fold::fold;
use super::letter::Letter;
use super::phrases::{Hit, Place, Says, is_one_sentence, whole};
use super::robot::Nature;
use super::{Evidence, Kind};
use crate::words::{Address, Category, Reason};

/// A request stands in the first words.
const FIRST_WORDS_BYTES: usize = 500;
/// Whoever writes more than this has something else to say as well.
const MAX_REQUEST_BYTES: usize = 1600;
/// What mail programs put into the mail that a `List-Unsubscribe: <mailto:…>` sends (RFC 2369 section 3.2).
const MAX_COMMAND_BYTES: usize = 400;
/// Lines of a message that may hold a list manager's command.
const COMMAND_LINES: usize = 6;

/// Sentences that start so ask for an answer.
const QUESTION_WORDS: &[&str] = &[
    "how ",
    "how's",
    "why ",
    "where ",
    "what ",
    "when ",
    "who ",
    "did ",
    "was ",
    "wie ",
    "warum ",
    "wo ",
    "wann ",
    "comment ",
    "pourquoi ",
    "como ",
    "por que",
    "porque ",
    "come ",
    "perche ",
    "hoe ",
    "waarom ",
    "hur ",
    "varfor ",
    "hvordan ",
    "hvorfor ",
    "miten ",
    "jak ",
    "dlaczego ",
    "proc ",
    "hogyan ",
    "cum ",
    "как ",
    "почему ",
    "як ",
    "чому ",
    "nasil ",
    "neden ",
    "πως ",
    "γιατι ",
];
/// And these when they end in a question mark: the author asks about themselves.
const SELF_QUESTIONS: &[&str] = &[
    "can i ",
    "could i ",
    "may i ",
    "should i ",
    "do i ",
    "must i ",
    "will i ",
    "am i ",
    "is it ",
    "does ",
    "do you ",
    "are you ",
    "kann ich ",
    "muss ich ",
    "darf ich ",
    "soll ich ",
    "puis-je ",
    "dois-je ",
    "est-ce que je ",
    "puedo ",
    "debo ",
    "posso ",
    "devo ",
    "kan ik ",
    "moet ik ",
    "kan jag ",
    "kan jeg ",
    "czy moge ",
    "mohu ",
    "могу ли ",
    "можно ли ",
];
/// Words that turn a request into its opposite.
const NEGATIONS: &[&str] = &[
    "not", "don't", "dont", "didn't", "won't", "wouldn't", "never", "no", "without", "nicht", "nie", "niemals", "kein",
    "keine", "keinen", "ohne", "pas", "jamais", "sans", "nunca", "sin", "non", "senza", "nao", "sem", "niet", "nooit",
    "geen", "zonder", "inte", "aldrig", "utan", "ikke", "uden", "uten", "ala", "alkaa", "nechci", "nechcem", "nem",
    "не", "ні", "без", "degil", "δεν", "μην",
];
/// Words that begin a new thought in the same clause: "I did not sign up please remove me".
const RESETS: &[&str] = &[
    "please",
    "pls",
    "kindly",
    "and",
    "but",
    "bitte",
    "und",
    "aber",
    "merci",
    "veuillez",
    "et",
    "mais",
    "favor",
    "y",
    "pero",
    "prego",
    "e",
    "ma",
    "mas",
    "graag",
    "gelieve",
    "maar",
    "vanligen",
    "och",
    "men",
    "venligst",
    "vennligst",
    "og",
    "prosze",
    "ale",
    "prosim",
    "прошу",
    "пожалуиста",
    "и",
    "но",
    "lutfen",
];

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wish {
    On,
    Off,
}

impl Wish {
    const fn category(self) -> Category {
        match self {
            Self::On => Category::Subscribe,
            Self::Off => Category::Unsubscribe,
        }
    }

    const fn says(self) -> (Says, Says, Says) {
        match self {
            Self::On => (Says::SubscribeCommand, Says::Subscribe, Says::NotSubscribe),
            Self::Off => (Says::UnsubscribeCommand, Says::Unsubscribe, Says::NotUnsubscribe),
        }
    }
}

struct Request {
    wish: Wish,
    rule: &'static str,
    evidence: Option<Evidence>,
    /// The subscribed address, when the request names one.
    named: Option<Address>,
}

/// A command: an address made for it, or a whole subject or line.
pub(super) fn command(letter: &Letter<'_>) -> Option<Kind> {
    if asks_for_nothing(letter) {
        return None;
    }
    let request = addressed(letter)
        .or_else(|| subject_command(letter))
        .or_else(|| body_command(letter))?;
    Some(request.kind(letter))
}

/// A sentence in which the author asks.
pub(super) fn sentence(letter: &Letter<'_>) -> Option<Kind> {
    if asks_for_nothing(letter) {
        return None;
    }
    let request = asking(letter, Wish::Off).or_else(|| asking(letter, Wish::On))?;
    Some(request.kind(letter))
}

/// A robot that answers asks for nothing; what a list passed on is addressed to that list.
fn asks_for_nothing(letter: &Letter<'_>) -> bool {
    letter.robot().nature == Nature::Replied || letter.is_bulk() || letter.is_from_daemon()
}

impl Request {
    fn kind(self, letter: &Letter<'_>) -> Kind {
        let kind = Kind::new(self.wish.category(), Reason::Undefined, self.rule, self.evidence);
        kind.about(self.named.or_else(|| letter.author()))
    }
}

/// Sent to an address that exists for nothing else: `list-unsubscribe@`, `unsubscribe+token@`, ezmlm's
/// `list-unsubscribe-ann=example.com@`.
fn addressed(letter: &Letter<'_>) -> Option<Request> {
    let words = letter.words();
    if words.folded.len() > MAX_COMMAND_BYTES || words.folded.contains("http") || letter.quotes() {
        return None;
    }
    letter.mail.to().iter().find_map(|to| {
        let (wish, named) = wish_of(&to.local().to_ascii_lowercase())?;
        // Whoever answers with other words than the command writes to a person.
        let (command, request, not) = wish.says();
        let other = match wish {
            Wish::On => Says::Unsubscribe,
            Wish::Off => Says::Subscribe,
        };
        let note = is_generated_note(&words.folded);
        if (words.hits.has_any(&[not, other]) && !note)
            || (words.folded.contains(['?', '？']) && !words.hits.has(request))
        {
            return None;
        }
        let confirmed = letter.subject().folded.is_empty()
            || whole(&letter.subject().folded, Place::Subject, command).is_some()
            || wish_of(first_word(&letter.subject().folded)).is_some_and(|(same, _)| same == wish)
            || words.folded.is_empty()
            || note
            || words.hits.has(request)
            || lines(letter).any(|line| whole(&line, Place::Body, command).is_some());
        confirmed.then(|| Request {
            wish,
            rule: match wish {
                Wish::On => "subscribe.address",
                Wish::Off => "unsubscribe.address",
            },
            evidence: Some(Evidence {
                language: "",
                words: to.as_str().to_owned(),
            }),
            named,
        })
    })
}

/// What an address asks for by its local part, and whom it names.
fn wish_of(local: &str) -> Option<(Wish, Option<Address>)> {
    const OFF: &[&str] = &[
        "unsubscribe",
        "unsub",
        "signoff",
        "optout",
        "opt-out",
        "leave",
        "remove",
        "abmelden",
        "abmeldung",
        "desinscription",
        "desabonnement",
        "baja",
        "cancelar",
        "afmelden",
        "uitschrijven",
        "uc",
    ];
    const ON: &[&str] = &[
        "subscribe",
        "join",
        "signup",
        "optin",
        "opt-in",
        "anmelden",
        "anmeldung",
        "inscription",
        "abonnement",
        "alta",
        "aanmelden",
        "sc",
    ];
    let tokens: Vec<(usize, &str)> = split_keeping_place(local);
    let find = |words: &[&str]| {
        tokens.iter().enumerate().find(|(at, (_, token))| {
            // Short or ordinary words count only as a list manager's suffix: `news-leave@`, `news-sc.123@`.
            let ordinary = matches!(
                *token,
                "leave" | "remove" | "join" | "baja" | "alta" | "cancelar" | "abonnement" | "inscription" | "sc" | "uc"
            );
            words.contains(token) && (!ordinary || *at > 0 || tokens.len() == 1)
        })
    };
    let is_hyphenated = |word: &str| {
        local
            .split(['+', '=', '.', '_'])
            .any(|part| part == word || part.ends_with(&format!("-{word}")))
    };
    let (wish, place) = if let Some((_, (place, token))) = find(OFF) {
        (Wish::Off, place + token.len())
    } else if is_hyphenated("opt-out") {
        (Wish::Off, local.len())
    } else if let Some((_, (place, token))) = find(ON) {
        (Wish::On, place + token.len())
    } else {
        return None;
    };
    let named = local.get(place..).and_then(|rest| {
        let rest = rest.trim_start_matches(['-', '+', '.', '_']);
        // ezmlm's confirmations put a time and a cookie in between: `list-uc.1700000000.abcdef-ann=example.com`.
        let rest = rest
            .rsplit_once('.')
            .filter(|(_, tail)| tail.contains('=') && !rest.split('=').next().unwrap_or_default().contains('@'))
            .map_or(rest, |_| rest);
        let (person, domain) = rest.rsplit_once('=')?;
        let person = person
            .rsplit_once('-')
            .filter(|(head, _)| head.contains('.') && head.bytes().any(|b| b.is_ascii_digit()))
            .map_or(person, |(_, tail)| tail);
        (domain.contains('.') && !person.is_empty())
            .then(|| Address::parse(&format!("{person}@{domain}")))
            .flatten()
    });
    Some((wish, named))
}

fn split_keeping_place(local: &str) -> Vec<(usize, &str)> {
    let mut tokens = Vec::new();
    let mut start = 0;
    for (at, c) in local.char_indices().chain([(local.len(), '-')]) {
        if matches!(c, '-' | '+' | '.' | '_' | '=') {
            if let Some(token) = local.get(start..at).filter(|token| !token.is_empty()) {
                tokens.push((start, token));
            }
            start = at + c.len_utf8();
        }
    }
    tokens
}

/// The note that mail programs put into an unsubscribing mail: short, and about itself.
fn is_generated_note(folded: &str) -> bool {
    folded.len() < 200
        && [
            "automatically generated",
            "generated by",
            "automated message",
            "sent this email to unsubscribe",
            "requesting to unsubscribe",
            "list-unsubscribe",
            "automatisch generiert",
            "automatisch erzeugt",
            "genere automatiquement",
            "generado automaticamente",
            "generato automaticamente",
        ]
        .iter()
        .any(|note| folded.contains(note))
}

/// The whole subject is a command, alone or with the list's name or a token behind it.
fn subject_command(letter: &Letter<'_>) -> Option<Request> {
    let subject = &letter.subject().folded;
    let words = letter.words();
    if subject.is_empty() || words.folded.len() > MAX_COMMAND_BYTES {
        return None;
    }
    let bare = ["re:", "aw:", "fwd:", "fw:", "wg:", "sv:", "tr:", "rv:"]
        .iter()
        .find_map(|prefix| subject.strip_prefix(prefix))
        .map(str::trim_start);
    for wish in [Wish::Off, Wish::On] {
        let (command, request, not) = wish.says();
        if words.hits.has(not) && !is_generated_note(&words.folded) {
            continue;
        }
        let exact = whole(subject, Place::Subject, command);
        // An answer may carry our own subject; it counts when it says nothing else or the same.
        let answered = bare
            .and_then(|bare| whole(bare, Place::Subject, command))
            .filter(|_| words.folded.is_empty() || words.hits.has(request));
        let repeated = !first_word(subject).is_empty() && first_word(&words.folded) == first_word(subject);
        let with_token = command_and_argument(subject, wish)
            && (words.folded.is_empty()
                || is_generated_note(&words.folded)
                || words.hits.has(request)
                || (repeated && words.folded.len() < MAX_COMMAND_BYTES / 4));
        let Some(language) = exact.or(answered).or(with_token.then_some("en")) else {
            continue;
        };
        // "Unsubscribe" above a question or another story is a matter for a reader.
        if words.folded.contains(['?', '？']) && !words.hits.has(request) {
            continue;
        }
        return Some(Request {
            wish,
            rule: match wish {
                Wish::On => "subscribe.subject",
                Wish::Off => "unsubscribe.subject",
            },
            evidence: Some(Evidence {
                language,
                words: letter.mail.subject().to_owned(),
            }),
            named: subscribed_address(letter, &letter.words().folded, letter.written()),
        });
    }
    None
}

/// `unsubscribe news`, `unsubscribe:4f2a9c`, `subscribe news ann@example.com`: a command and one or two words.
fn command_and_argument(line: &str, wish: Wish) -> bool {
    let word = first_word(line);
    let wanted: &[&str] = match wish {
        Wish::Off => &[
            "unsubscribe",
            "unsub",
            "signoff",
            "abmelden",
            "desinscription",
            "desabonnement",
            "afmelden",
        ],
        Wish::On => &["subscribe", "sub", "anmelden", "aanmelden"],
    };
    let Some(rest) = line.strip_prefix(word).filter(|_| wanted.contains(&word)) else {
        return false;
    };
    let arguments: Vec<&str> = rest
        .split([' ', ':', '='])
        .filter(|argument| !argument.is_empty())
        .collect();
    let token = |argument: &&str| {
        argument.contains(['@', '-', '_', '.', '+', '<', '#', '*']) || argument.bytes().any(|b| b.is_ascii_digit())
    };
    // A list's name alone may be any word; more words must look like names of machines or people.
    match arguments.as_slice() {
        [] => false,
        [one] => {
            one.is_ascii()
                && (token(one) || matches!(line.as_bytes().get(word.len()), Some(b' ' | b':' | b'=')))
                && !is_prose(one)
        }
        more => {
            more.len() <= 3
                && more.iter().all(|argument| argument.is_ascii() && !is_prose(argument))
                && more.iter().any(token)
        }
    }
}

/// Words that follow "unsubscribe" in a sentence, not in a command.
fn is_prose(word: &str) -> bool {
    matches!(
        word.trim_matches(['?', '!', '.', ',']),
        "link"
            | "links"
            | "button"
            | "buttons"
            | "rate"
            | "rates"
            | "page"
            | "option"
            | "options"
            | "feature"
            | "problem"
            | "problems"
            | "issue"
            | "issues"
            | "error"
            | "broken"
            | "not"
            | "to"
            | "now"
            | "and"
            | "or"
            | "is"
            | "does"
            | "confirmation"
            | "confirmed"
            | "successful"
            | "complete"
            | "header"
            | "headers"
            | "headings"
            | "best"
            | "our"
            | "today"
            | "here"
            | "form"
            | "requests"
            | "question"
    )
}

/// A list manager's command on one of the first lines (Majordomo, LISTSERV, Mailman, ezmlm, Sympa).
fn body_command(letter: &Letter<'_>) -> Option<Request> {
    let words = letter.words();
    if words.folded.len() > MAX_COMMAND_BYTES {
        return None;
    }
    let to_manager = letter.mail.to().iter().any(|to| {
        let local = to.local().to_ascii_lowercase();
        [
            "majordomo",
            "listserv",
            "listproc",
            "mailman",
            "ecartis",
            "listar",
            "sympa",
            "lists",
        ]
        .contains(&local.as_str())
            || local.ends_with("-request")
            || wish_of(&local).is_some()
    });
    for (number, line) in lines(letter).take(COMMAND_LINES).enumerate() {
        for wish in [Wish::Off, Wish::On] {
            let (command, _, not) = wish.says();
            if words.hits.has(not) {
                continue;
            }
            let alone = whole(&line, Place::Body, command).filter(|_| number < 2 || to_manager);
            let managed = to_manager && is_manager_command(&line, wish);
            let argued = number == 0 && command_and_argument(&line, wish) && words.folded.len() < MAX_COMMAND_BYTES / 2;
            let Some(language) = alone.or((managed || argued).then_some("en")) else {
                continue;
            };
            if words.folded.contains(['?', '？']) {
                continue;
            }
            return Some(Request {
                wish,
                rule: match wish {
                    Wish::On => "subscribe.command",
                    Wish::Off => "unsubscribe.command",
                },
                evidence: Some(Evidence {
                    language,
                    words: line.clone(),
                }),
                named: subscribed_address(letter, &letter.words().folded, letter.written()),
            });
        }
    }
    None
}

/// What list managers take as a command, `sub NEWS Ann Example` for example.
fn is_manager_command(line: &str, wish: Wish) -> bool {
    let words: &[&str] = match wish {
        Wish::Off => &["unsubscribe", "unsub", "signoff", "uns", "remove", "leave", "quit"],
        Wish::On => &["subscribe", "sub", "join", "add", "sig"],
    };
    words.contains(&first_word(line)) && line.split(' ').count() <= 6
}

fn asking(letter: &Letter<'_>, wish: Wish) -> Option<Request> {
    let (_, says, not) = wish.says();
    let words = letter.words();
    if words.folded.len() > MAX_REQUEST_BYTES || words.hits.has(Says::Bulk) {
        return None;
    }
    let asked: Vec<&Hit> = words
        .hits
        .all(says)
        .filter(|hit| hit.start < FIRST_WORDS_BYTES)
        .collect();
    let taken_back = |hit: &Hit| {
        words.hits.all(not).any(|no| {
            // "I want to unsubscribe" holds "to unsubscribe", the beginning of an offer.
            if no.start >= hit.start && no.end <= hit.end {
                return false;
            }
            let (first, second) = if no.start < hit.start { (no, hit) } else { (hit, no) };
            second.start <= first.end || is_one_sentence(words.folded.get(first.end..second.start).unwrap_or("\n"))
        })
    };
    let subject = letter.subject();
    let in_subject = subject
        .hits
        .first(says)
        .filter(|_| !subject.hits.has(not) && !words.hits.has(not));
    let hit = asked.into_iter().find(|hit| {
        !taken_back(hit)
            && !is_negated(&words.folded, hit)
            && !is_question(&words.folded, hit)
            && !is_conditional(&words.folded, hit)
    });
    let evidence = match (hit, in_subject) {
        (Some(hit), _) => Evidence {
            language: hit.language,
            words: super::fold::unfold(letter.written(), hit.start, hit.end).to_owned(),
        },
        (None, Some(_)) if words.folded.len() < MAX_COMMAND_BYTES && !is_answer(&subject.folded) => {
            letter.subject_evidence(says)?
        }
        _ => return None,
    };
    if letter.robot().nature == Nature::Generated {
        return None;
    }
    Some(Request {
        wish,
        rule: match wish {
            Wish::On => "subscribe.sentence",
            Wish::Off => "unsubscribe.sentence",
        },
        evidence: Some(evidence),
        named: hit.and_then(|hit| {
            let sentence = sentence_around(&words.folded, hit);
            subscribed_address(letter, words.folded.get(sentence.0..sentence.1)?, letter.written())
        }),
    })
}

/// Whether the subject belongs to a conversation, whose first words may be ours.
fn is_answer(subject: &str) -> bool {
    [
        "re:", "aw:", "fwd:", "fw:", "wg:", "sv:", "tr:", "rv:", "vs:", "odp:", "antw:", "回复:", "答复:",
    ]
    .iter()
    .any(|prefix| subject.starts_with(prefix))
}

/// The sentence that `hit` stands in, as a byte range.
fn sentence_around(text: &str, hit: &Hit) -> (usize, usize) {
    let ends = |c: char| matches!(c, '\n' | '!' | '?' | '。' | '！' | '？');
    let start = text.get(..hit.start).map_or(0, |head| {
        head.rfind(ends)
            .map_or(0, |at| at + 1)
            .max(head.rfind(". ").map_or(0, |at| at + 2))
    });
    let tail = text.get(hit.end..).unwrap_or_default();
    let length = [tail.find(ends), tail.find(". ")]
        .into_iter()
        .flatten()
        .min()
        .unwrap_or(tail.len());
    (start.min(hit.start), hit.end + length)
}

/// "How do I unsubscribe?" asks for an answer; "could you please unsubscribe me?" asks for the thing.
fn is_question(text: &str, hit: &Hit) -> bool {
    let (start, end) = sentence_around(text, hit);
    let sentence = text.get(start..end).unwrap_or_default().trim_start();
    let asked = text.get(end..).is_some_and(|rest| rest.starts_with(['?', '？']));
    QUESTION_WORDS.iter().any(|word| sentence.starts_with(word))
        || (asked && SELF_QUESTIONS.iter().any(|words| sentence.starts_with(words)))
}

/// "I don't want to cancel my subscription": a negation in the same clause, unless the request is one itself.
fn is_negated(text: &str, hit: &Hit) -> bool {
    let request = text.get(hit.start..hit.end).unwrap_or_default();
    let head = text.get(..hit.start).unwrap_or_default();
    let clause_start = head
        .rfind(['.', ',', ';', ':', '!', '?', '(', '\n', '。', '、', '，'])
        .map_or(0, |at| at + 1);
    let clause = head.get(clause_start..).unwrap_or_default();
    // A negation asks for something itself: "do not send me", "keine e-mails mehr".
    let is_word = |words: &[&str], text: &str| text.split([' ', '\n']).any(|word| words.contains(&word));
    let after_reset = clause
        .match_indices(' ')
        .filter(|(at, _)| {
            let word = clause
                .get(..*at)
                .and_then(|head| head.rsplit(' ').next())
                .unwrap_or_default();
            RESETS.contains(&word)
        })
        .last()
        .and_then(|(at, _)| clause.get(at..))
        .unwrap_or(clause);
    !is_word(NEGATIONS, request) && is_word(NEGATIONS, after_reset)
}

/// "If I unsubscribe, ..." and "before I cancel my subscription" ask for nothing yet.
fn is_conditional(text: &str, hit: &Hit) -> bool {
    let (start, _) = sentence_around(text, hit);
    let before = text.get(start..hit.start).unwrap_or_default();
    [
        "if ",
        "unless ",
        "before ",
        "after ",
        "wenn ",
        "falls ",
        "bevor ",
        "si ",
        "avant de",
        "antes de",
        "se ",
        "prima di",
        "als ",
        "om ",
        "hvis ",
        "jos ",
        "jesli ",
        "pokud ",
        "ha ",
        "daca ",
        "если ",
        "якщо ",
        "eger ",
        "αν ",
        "should we",
        "users ",
        "customers ",
        "people ",
        "subscribers ",
        "they ",
        "she ",
        "he ",
        "client ",
        "clients ",
    ]
    .iter()
    .any(|word| before.trim_start().starts_with(word) || before.contains(&format!(" {word}")) && word.len() > 4)
}

/// The address a request names, unless it is ours, the list's, or one of several.
fn subscribed_address(letter: &Letter<'_>, folded: &str, written: &str) -> Option<Address> {
    let mut found: Option<Address> = None;
    for (start, end) in super::moved::addresses_in(folded) {
        let spelled = folded.get(start..end)?;
        // As the author spelled it, where that can be found again.
        let address = Address::parse(find_ignoring_case(written, spelled).unwrap_or(spelled))?;
        if letter.is_ours(&address) || found.as_ref().is_some_and(|one| one.same(&address)) {
            continue;
        }
        if found.is_some() {
            return None;
        }
        found = Some(address);
    }
    found
}

fn find_ignoring_case<'t>(text: &'t str, needle: &str) -> Option<&'t str> {
    text.match_indices('@').find_map(|(at, _)| {
        let start = at.checked_sub(needle.find('@')?)?;
        text.get(start..start + needle.len())
            .filter(|found| found.eq_ignore_ascii_case(needle))
    })
}

fn first_word(line: &str) -> &str {
    line.split([' ', ':', '=', ',', '.', '!']).next().unwrap_or_default()
}

/// The author's lines, folded, empty ones left out.
fn lines<'l>(letter: &'l Letter<'_>) -> impl Iterator<Item = String> + 'l {
    letter
        .written()
        .lines()
        .map(|line| fold(line, 200))
        .filter(|line| !line.is_empty())
}
