//! What a row of a suppression list says.

use std::path::Path;

use anyhow::{Result, bail};
use clap::ValueEnum;
use clap::builder::PossibleValue;
use rebound_classify::{Action, Address, Category, Reason, Severity};
use rebound_contacts::{Cause, ContactAddress, Event, EventKind, ManualAction, MessageRecord, Moment, Policy};

use super::super::decide::identity_of;
use super::file::ListFile;
use super::layouts::Meaning;
use crate::args::{ImportArgs, ListKind, ListSource};
use crate::complaints::Hinted;
use crate::input::{self, recipient};

/// Who records imported events.
const ACTOR: &str = "import";

/// Every list, in a column of lists.
const EVERY_LIST: &str = "*";

/// Makes events of rows.
pub(super) struct Reading<'a> {
    file: &'a ListFile,
    policy: &'a Policy,
    places: Places,
    /// What all rows are, where rows do not say.
    kind: Option<ListKind>,
    list: Option<&'a str>,
    note: String,
    now: Moment,
}

/// Where a layout's columns stand in this file.
struct Places {
    address: Vec<usize>,
    at: Vec<usize>,
    words: Vec<usize>,
    status: Option<usize>,
    reply: Option<usize>,
    diagnostic: Option<usize>,
    campaign: Option<usize>,
    list: Option<usize>,
    reason: Option<usize>,
    new_address: Option<usize>,
}

/// What a row says, before anything is known of who says it.
struct Said {
    kind: EventKind,
    note: Option<String>,
}

impl<'a> Reading<'a> {
    pub(super) fn new(file: &'a ListFile, args: &'a ImportArgs, policy: &'a Policy, now: Moment) -> Result<Self> {
        let name = if args.file.as_os_str() == input::STANDARD_INPUT {
            "standard input".to_owned()
        } else {
            args.file
                .file_name()
                .map_or_else(String::new, |name| name.to_string_lossy().into_owned())
        };
        let kind = match file.layout.meaning {
            Meaning::Always(kind) => Some(args.kind.unwrap_or(kind)),
            Meaning::FileName(words) => Some(kind_of_file(args, words)?),
            Meaning::Nothing(why) => bail!("{}: {why}", file.layout.name),
            Meaning::Words(..) | Meaning::Cause => None,
        };
        Ok(Self {
            places: Places::of(file),
            file,
            policy,
            kind,
            list: args.list.as_deref(),
            note: name,
            now,
        })
    }

    /// The events that a row records; none when it concerns nobody who must not be mailed.
    pub(super) fn events(&self, cells: &[String]) -> Result<Vec<MessageRecord>, &'static str> {
        let places = &self.places;
        let cell = |place: Option<usize>| {
            place
                .and_then(|place| cells.get(place))
                .map(String::as_str)
                .filter(|cell| !cell.is_empty())
        };
        let first = |places: &[usize]| places.iter().find_map(|place| cell(Some(*place)));
        let address = recipient(first(&places.address).unwrap_or_default())?;
        let Some(said) = self.said(&cell)? else {
            return Ok(Vec::new());
        };
        let at = match first(&places.at) {
            None => None,
            Some(text) => Some(input::time(text).ok_or("has a time that nobody can read")?),
        };
        let lists = if said.kind == EventKind::Mail(Category::Unsubscribe) {
            self.lists(cell(places.list))
        } else {
            vec![None]
        };
        let record = |list: Option<&str>| {
            let mut event = self.event(&address, &said, at, list);
            event.status = cell(places.status).and_then(|code| code.parse().ok());
            event.reply = cell(places.reply).and_then(|code| code.parse().ok());
            event.diagnostic = cell(places.diagnostic).map(str::to_owned);
            event.campaign = cell(places.campaign).map(str::to_owned);
            if let Some(reason) = cell(places.reason).and_then(|reason| reason.parse().ok()) {
                event.reason = reason;
            }
            event.new_address = cell(places.new_address).and_then(Address::parse);
            MessageRecord::new(vec![event]).map_err(|_| "can't be recorded")
        };
        lists.into_iter().map(record).collect()
    }

    /// What the row says of its address; `None` when that it may be mailed.
    fn said<'c>(&self, cell: &impl Fn(Option<usize>) -> Option<&'c str>) -> Result<Option<Said>, &'static str> {
        let kind = match self.file.layout.meaning {
            Meaning::Words(_, words) => {
                let spoken: Vec<_> = self
                    .places
                    .words
                    .iter()
                    .filter_map(|place| cell(Some(*place)))
                    .collect();
                let spoken = spoken.join("/").to_ascii_lowercase().replace([' ', '_', '-'], "");
                let known = words.iter().find(|(word, _)| spoken.starts_with(word));
                known.ok_or("has a reason that is not known here")?.1
            }
            Meaning::Cause => {
                let cause = self.places.words.first().and_then(|place| cell(Some(*place)));
                return cause.map(|cause| self.own_words(cause)).transpose();
            }
            _ => self.kind.ok_or("does not say what it is")?,
        };
        Ok(Some(Said {
            kind: event_kind(kind),
            note: None,
        }))
    }

    /// What our own export says. Whoever was suppressed must be so again, whatever the policy here makes of the cause.
    fn own_words(&self, cause: &str) -> Result<Said, &'static str> {
        let cause: Cause = cause.parse().map_err(|_| "has a cause that is not known here")?;
        let by_hand = || Said {
            kind: EventKind::Manual(ManualAction::Suppress),
            note: Some(cause.to_string()),
        };
        Ok(match cause {
            Cause::Mail(Category::Unsubscribe) => Said {
                kind: EventKind::Mail(Category::Unsubscribe),
                note: None,
            },
            Cause::Mail(category) if self.policy.action(category, Reason::Undefined, None) == Action::Suppress => {
                Said {
                    kind: EventKind::Mail(category),
                    note: None,
                }
            }
            Cause::Corrected => Said {
                kind: EventKind::Manual(ManualAction::Correct),
                note: None,
            },
            Cause::Manual => Said {
                note: None,
                ..by_hand()
            },
            Cause::Mail(_) => by_hand(),
        })
    }

    /// Which lists somebody left; `None` stands for all of them.
    fn lists<'c>(&'c self, cell: Option<&'c str>) -> Vec<Option<&'c str>> {
        if self.list.is_some() {
            return vec![self.list];
        }
        let cell = cell.unwrap_or(EVERY_LIST);
        // Lists of our own may have commas in their names.
        let separator = if self.file.layout.source == ListSource::Rebound {
            '\0'
        } else {
            ','
        };
        let lists: Vec<_> = cell
            .split(separator)
            .map(str::trim)
            .filter(|list| !list.is_empty())
            .collect();
        if lists.is_empty() || lists.contains(&EVERY_LIST) {
            return vec![None];
        }
        lists.into_iter().map(Some).collect()
    }

    fn event(&self, address: &ContactAddress, said: &Said, at: Option<Moment>, list: Option<&str>) -> Event {
        let source = self.file.layout.source.to_possible_value();
        let when = at.map(|at| at.to_string()).unwrap_or_default();
        let identity = [
            source.as_ref().map_or("", PossibleValue::get_name),
            address.as_str(),
            said.kind.as_str(),
            list.unwrap_or_default(),
            &when,
        ];
        // What is dated later than now would outlive every decision made until then.
        let at = at.unwrap_or(self.now).min(self.now);
        let mut event = Event::new(identity_of("import", &identity), Some(address.clone()), at, said.kind);
        (event.severity, event.reason) = match said.kind {
            EventKind::Mail(Category::HardBounce) => (Severity::Hard, Reason::Undefined),
            EventKind::Mail(Category::SoftBounce) => (Severity::Soft, Reason::Undefined),
            EventKind::Mail(Category::Complaint) => (Severity::None, Reason::Feedback),
            _ => (Severity::None, Reason::Undefined),
        };
        event.list = list.map(str::to_owned);
        event.actor = Some(ACTOR.to_owned());
        event.note = Some(match &said.note {
            Some(note) => format!("{}: {note}", self.note),
            None => self.note.clone(),
        });
        event
    }
}

impl Places {
    fn of(file: &ListFile) -> Self {
        let layout = file.layout;
        let place = |name: &str| file.header.position(name);
        let one = |name: Option<&str>| name.and_then(place);
        let all = |names: &[&str]| names.iter().filter_map(|name| place(name)).collect();
        let own = |name| {
            if layout.source == ListSource::Rebound {
                place(name)
            } else {
                None
            }
        };
        Self {
            address: all(file.address_columns()),
            at: all(layout.at),
            words: match layout.meaning {
                Meaning::Words(columns, _) => all(columns),
                Meaning::Cause => all(&["suppressed_cause"]),
                _ => Vec::new(),
            },
            status: one(layout.status),
            reply: one(layout.reply),
            diagnostic: one(layout.diagnostic),
            campaign: one(layout.campaign),
            list: one(layout.list),
            reason: own("last_reason"),
            new_address: own("new_address"),
        }
    }
}

/// What the name of a file says that its columns do not.
fn kind_of_file(args: &ImportArgs, words: &[(&str, ListKind)]) -> Result<ListKind> {
    let name = Path::new(&args.file)
        .file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .to_lowercase();
    let known: Vec<_> = words.iter().filter(|(word, _)| name.contains(word)).collect();
    match (args.kind, known.as_slice()) {
        (Some(kind), _) => Ok(kind),
        (None, [(_, kind)]) => Ok(*kind),
        _ => {
            let words: Vec<_> = words.iter().map(|(word, _)| format!("{word}s")).collect();
            bail!(Hinted::new(
                format!("nothing says whether these are {}", words.join(" or ")),
                "--kind says it; so does the name that SendGrid gives the file",
            ))
        }
    }
}

fn event_kind(kind: ListKind) -> EventKind {
    match kind {
        ListKind::Bounces => EventKind::Mail(Category::HardBounce),
        ListKind::SoftBounces => EventKind::Mail(Category::SoftBounce),
        ListKind::Blocks => EventKind::Mail(Category::SenderBlocked),
        ListKind::Complaints => EventKind::Mail(Category::Complaint),
        ListKind::Unsubscribes => EventKind::Mail(Category::Unsubscribe),
        ListKind::Suppressions => EventKind::Manual(ManualAction::Suppress),
    }
}
