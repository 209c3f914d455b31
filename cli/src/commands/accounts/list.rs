//! Looking at accounts.

use std::io::{self, BufWriter, Write};

use anyhow::Result;
use rebound_accounts::store::AccountStore;
use rebound_accounts::{AccountName, AccountSettings, Auth, Field, FieldKind};
use rebound_mailbox::server::{After, Protocol, Security, Trust};
use serde::Serialize;
use serde_json::{Map, Value};

use super::warn;
use crate::args::RowFormat;
use crate::complaints::Complaints;
use crate::outcome::Outcome;
use crate::output::{Align, JsonStream, Table, print_rows, width};

/// Prints every account. One whose settings are wrong is named, and stops nothing.
pub(super) async fn list(store: &AccountStore, format: RowFormat) -> Result<Outcome> {
    let mut complaints = Complaints::default();
    let mut rows = Vec::new();
    for name in store.names().await? {
        match store.settings(&name).await {
            Ok(settings) => rows.push(Row::new(&settings)),
            Err(error) => {
                complaints.failure(&error);
                rows.push(Row::broken(&name, error.to_string()));
            }
        }
    }
    if rows.is_empty() && format == RowFormat::Table {
        crate::complaints::say(
            "note",
            "there are no accounts; `rebound accounts add NAME …` sets one up",
        );
        return Ok(Outcome::Done);
    }
    let headings = [
        "ACCOUNT", "ENABLED", "SERVER", "USER", "LOGIN", "FOLDER", "AFTER", "OTHERS", "LIST",
    ];
    print_rows(&rows, format, headings, |row| {
        [
            row.account.as_str(),
            row.enabled.map_or("?", |enabled| if enabled { "yes" } else { "no" }),
            row.server.as_deref().unwrap_or("(wrong settings)"),
            row.user.as_deref().unwrap_or_default(),
            row.login.unwrap_or_default(),
            row.folder.as_deref().unwrap_or_default(),
            row.after.as_deref().unwrap_or_default(),
            row.after_others.as_deref().unwrap_or_default(),
            row.list.as_deref().unwrap_or_default(),
        ]
    })?;
    Ok(complaints.outcome())
}

/// Prints what an account's document says, without its secrets.
pub(super) async fn show(store: &AccountStore, account: &AccountName, format: RowFormat) -> Result<Outcome> {
    let document = store.document(account).await?;
    let settings = store.settings_of(&document);
    let mut out = BufWriter::new(io::stdout().lock());
    match format {
        RowFormat::Table => {
            let mut table = Table::new([("SETTING", Align::Left), ("VALUE", Align::Left)]);
            for (field, value) in document.shown() {
                table.row([field.name, &value]);
            }
            out.write_all(table.render(width()).as_bytes())?;
        }
        RowFormat::Csv => {
            let mut out = csv::Writer::from_writer(&mut out);
            out.write_record(["setting", "value"])?;
            for (field, value) in document.shown() {
                out.write_record([field.name, &value])?;
            }
            out.flush()?;
        }
        RowFormat::Json | RowFormat::Jsonl => {
            let object: Map<String, Value> = document
                .shown()
                .map(|(field, value)| (field.name.to_owned(), typed(field, value)))
                .collect();
            if format == RowFormat::Json {
                serde_json::to_writer_pretty(&mut out, &object)?;
                writeln!(out)?;
            } else {
                let mut out = JsonStream::lines(&mut out);
                out.write(&object)?;
                out.finish()?;
            }
        }
    }
    out.flush()?;
    drop(out);
    let mut complaints = Complaints::default();
    match settings {
        Ok(settings) => warn(&settings),
        Err(error) => complaints.failure(error),
    }
    Ok(complaints.outcome())
}

/// Prints every setting that there is.
pub(super) fn settings(format: RowFormat) -> Result<Outcome> {
    let rows: Vec<SettingRow> = Field::ALL
        .iter()
        .map(|field| SettingRow {
            setting: field.name,
            secret: field.kind.is_secret(),
            about: field.about,
        })
        .collect();
    print_rows(&rows, format, ["SETTING", "SECRET", "WHAT IT SAYS"], |row| {
        [row.setting, if row.secret { "secret" } else { "" }, row.about]
    })?;
    Ok(Outcome::Done)
}

#[derive(Debug, Serialize)]
struct SettingRow {
    setting: &'static str,
    secret: bool,
    about: &'static str,
}

/// One account on a line, as it is used: what is not set stands as what is usual.
#[derive(Debug, Default, Serialize)]
struct Row {
    account: String,
    enabled: Option<bool>,
    protocol: Option<&'static str>,
    host: Option<String>,
    port: Option<u16>,
    security: Option<&'static str>,
    trust: Option<&'static str>,
    user: Option<String>,
    login: Option<&'static str>,
    folder: Option<String>,
    only_unread: Option<bool>,
    after: Option<String>,
    after_others: Option<String>,
    max_message_bytes: Option<u64>,
    list: Option<String>,
    /// Why it cannot be used.
    problem: Option<String>,
    /// The server on one line, for people.
    #[serde(skip)]
    server: Option<String>,
}

impl Row {
    fn broken(account: &AccountName, problem: String) -> Self {
        Self {
            account: account.to_string(),
            problem: Some(problem),
            ..Self::default()
        }
    }

    fn new(settings: &AccountSettings) -> Self {
        let server = settings.server();
        let protocol = settings.protocol.map(|protocol| match protocol {
            Protocol::Imap => "imap",
            Protocol::Pop3 => "pop3",
        });
        let port = server.as_ref().map(|server| server.port).or(settings.port);
        let security = match settings.security {
            Security::Tls => "tls",
            Security::StartTls => "starttls",
            Security::None => "none",
        };
        let at = port.map(|port| format!(":{port}")).unwrap_or_default();
        Self {
            account: settings.name().to_string(),
            enabled: Some(settings.enabled),
            protocol,
            host: Some(settings.host.clone()),
            port,
            security: Some(security),
            trust: Some(match settings.trust {
                Trust::Public => "public",
                Trust::Authorities(_) => "ca",
                Trust::Key(_) => "pin",
            }),
            user: Some(settings.user.clone()),
            login: Some(match settings.auth {
                Auth::Password(_) => "password",
                Auth::OAuth(_) => "oauth",
            }),
            folder: Some(settings.folder.to_string()),
            only_unread: Some(settings.only_unread),
            after: Some(after(&settings.after)),
            after_others: Some(after(&settings.after_others)),
            max_message_bytes: Some(settings.max_message_bytes),
            list: Some(settings.account.list.to_string()),
            problem: None,
            server: Some(format!(
                "{}{at} ({}, {security})",
                settings.host,
                protocol.unwrap_or("imap or pop3")
            )),
        }
    }
}

/// As the settings name it.
pub(super) fn after(after: &After) -> String {
    match after {
        After::Keep => "keep".to_owned(),
        After::Delete => "delete".to_owned(),
        After::Seen => "seen".to_owned(),
        After::Move(folder) => format!("move:{folder}"),
    }
}

fn typed(field: &Field, value: String) -> Value {
    match field.kind {
        FieldKind::Flag => value.parse().map(Value::Bool).unwrap_or_default(),
        FieldKind::Number => value.parse::<i64>().map(Value::from).unwrap_or_default(),
        _ => value.into(),
    }
}
