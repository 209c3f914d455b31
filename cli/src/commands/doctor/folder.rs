//! A folder on this machine.

use std::fs;
use std::path::Path;

use futures::TryStreamExt;
use jiff::Timestamp;
use rebound_contacts::repository::ContactFilter;
use rebound_local::{Error as LocalError, LocalStack};

use super::finding::{Finding, Findings, Verdict};
use super::{accounts, clock, configuration, keys, stack};
use crate::clock::now;
use crate::hints;
use crate::place::Place;
use crate::workspace::{self, Workspace};

/// With less room than this, the next run may not come to its end.
const LITTLE_ROOM: u64 = 1 << 30;

/// With less than this, none will.
const NO_ROOM: u64 = 64 << 20;

/// What to do about damage.
const RESTORE: &str =
    "restore the folder from a backup; what is lost comes back where its mail is fetched or given again";

/// Checks what is in the folder, and what it needs of the machine.
pub(super) async fn check(folder: &Path, place: &Place, offline: bool, findings: &mut Findings) {
    findings.add(clock::judge(
        now(),
        written_at(folder),
        "what was written into the folder last",
    ));
    let usable = self::folder(folder, findings);
    if !usable {
        return;
    }
    if let Some(finding) = room(folder) {
        findings.add(finding);
    }
    let has_keys = keys::check(&workspace::return_path_keys_in(folder), true, findings).await;
    if let Some(finding) = missing(folder) {
        findings.add(finding);
        return accounts_alone(place, offline, findings).await;
    }
    match Box::pin(Workspace::open_whatever_policy(place)).await {
        Ok(workspace) => {
            if let Some(embedded) = workspace.embedded() {
                stores(embedded, findings).await;
            }
            let (dynamodb, prefix) = workspace.tables();
            stack::tables(dynamodb, prefix, findings).await;
            contacts(&workspace, findings).await;
            let (s3, bucket) = workspace.bucket();
            configuration::check(s3, bucket, has_keys, findings).await;
            accounts::check(workspace.accounts(), Some(workspace.mailboxes()), offline, findings).await;
            if let Err(error) = workspace.close().await {
                findings.add(Finding::new(Verdict::Problem, "stores", "", format!("{error:#}")));
            }
        }
        Err(error) => {
            let in_use = matches!(error.downcast_ref(), Some(LocalError::InUse { .. }));
            let result = if in_use { Verdict::Skipped } else { Verdict::Problem };
            let finding = Finding::new(result, "stores", "", format!("{error:#}"));
            let damaged = matches!(
                error.downcast_ref(),
                Some(LocalError::Store(_) | LocalError::DynamoDb { .. })
            );
            findings.add(match hints::of(&error) {
                Some(_) if damaged => finding.hint(RESTORE),
                Some(hint) => finding.hint(hint),
                None => finding,
            });
            accounts_alone(place, offline, findings).await;
        }
    }
}

/// What to say when not all databases are there, which opening them would make anew.
fn missing(folder: &Path) -> Option<Finding> {
    let is_missing = |name: &&str| !folder.join(name).exists();
    let missing: Vec<&str> = LocalStack::FILES.into_iter().filter(is_missing).collect();
    if missing.is_empty() {
        return None;
    }
    if missing.len() == LocalStack::FILES.len() {
        let nothing = Finding::new(Verdict::Warning, "stores", "", "no mail was ever archived there");
        let hint = "is it the right folder? `rebound run` begins; --data DIR or REBOUND_DATA names another";
        return Some(nothing.hint(hint));
    }
    let detail = format!(
        "{} is missing: the next command would begin it anew",
        missing.join(", ")
    );
    Some(Finding::new(Verdict::Problem, "stores", "", detail).hint(RESTORE))
}

/// The accounts where the stores can't be opened: they are files of their own.
async fn accounts_alone(place: &Place, offline: bool, findings: &mut Findings) {
    match workspace::accounts(place).await {
        Ok(store) => accounts::check(&store, None, offline, findings).await,
        Err(error) => findings.add(Finding::new(Verdict::Problem, "accounts", "", format!("{error:#}"))),
    }
}

/// When something was last written into the folder.
fn written_at(folder: &Path) -> Option<Timestamp> {
    let files = fs::read_dir(folder)
        .ok()?
        .filter_map(|entry| entry.ok()?.metadata().ok());
    let times = files.filter_map(|file| Timestamp::try_from(file.modified().ok()?).ok());
    times.max()
}

/// Whether it is there, is ours alone, and can be written to; answers whether it makes sense to look into it.
fn folder(folder: &Path, findings: &mut Findings) -> bool {
    let name = folder.display().to_string();
    let problem = |detail: String| Finding::new(Verdict::Problem, "folder", &name, detail);
    match fs::metadata(folder) {
        Err(error) => {
            let hint = "`rebound run PATH` makes it; --data DIR or REBOUND_DATA names another, --stack NAME one on AWS";
            findings.add(problem(format!("nothing is kept there: {error}")).hint(hint));
            return false;
        }
        Ok(found) if !found.is_dir() => {
            findings.add(problem("is no folder".to_owned()).hint("--data DIR names a folder"));
            return false;
        }
        Ok(_) => {}
    }
    if let Err(error) = tempfile::tempfile_in(folder) {
        let hint =
            "everything is kept there: give its user the right to write, or choose another folder with --data DIR";
        findings.add(problem(format!("can't be written to: {error}")).hint(hint));
        return false;
    }
    if let Some(mode) = open_to_others(folder) {
        let warning = Finding::new(
            Verdict::Warning,
            "folder",
            &name,
            format!("others on this machine can look into it (mode {mode:o}), and returned mail names people"),
        );
        findings.add(warning.hint(format!("chmod 700 '{name}'")));
    } else {
        findings.add(Finding::ok(
            "folder",
            &name,
            "is there, can be written to, and is yours alone",
        ));
    }
    true
}

#[cfg(unix)]
fn open_to_others(folder: &Path) -> Option<u32> {
    use std::os::unix::fs::PermissionsExt;
    let mode = fs::metadata(folder).ok()?.permissions().mode() & 0o777;
    (mode & 0o077 != 0).then_some(mode)
}

#[cfg(not(unix))]
fn open_to_others(_: &Path) -> Option<u32> {
    None
}

#[cfg(unix)]
fn room(folder: &Path) -> Option<Finding> {
    let disk = rustix::fs::statvfs(folder).ok()?;
    Some(judge_room(disk.f_bavail.saturating_mul(disk.f_frsize)))
}

#[cfg(not(unix))]
fn room(_: &Path) -> Option<Finding> {
    None
}

fn judge_room(bytes: u64) -> Finding {
    let detail = format!("{} MB are free", bytes / 1_000_000);
    let result = match bytes {
        ..NO_ROOM => Verdict::Problem,
        NO_ROOM..LITTLE_ROOM => Verdict::Warning,
        LITTLE_ROOM.. => return Finding::ok("disk", "", detail),
    };
    Finding::new(result, "disk", "", detail)
        .hint("make room: a run that finds none stops, and goes on when it is run again")
}

/// The databases, and what waits to be judged.
async fn stores(embedded: &LocalStack, findings: &mut Findings) {
    findings.add(match embedded.damage().await {
        Ok(damage) if damage.is_empty() => Finding::ok("stores", "", "both databases and all object files are whole"),
        Ok(damage) => Finding::new(Verdict::Problem, "stores", "", damage.join("; ")).hint(RESTORE),
        Err(error) => Finding::new(Verdict::Problem, "stores", "", error.to_string()),
    });
    findings.add(match embedded.notifications().depth().await {
        Ok(depth) if depth.dead > 0 => {
            let detail = format!(
                "{} archived messages could not be judged and were set aside",
                depth.dead
            );
            Finding::new(Verdict::Problem, "queue", "classify", detail)
                .hint("the next `rebound run` tries them again, and says what is wrong with them")
        }
        Ok(depth) if depth.waiting > 0 => {
            let detail = format!("{} archived messages are not judged yet", depth.waiting);
            Finding::new(Verdict::Warning, "queue", "classify", detail)
                .hint("the next `rebound run` judges them, whatever it is given")
        }
        Ok(_) => Finding::ok("queue", "classify", "everything that was archived is judged"),
        Err(error) => Finding::new(Verdict::Problem, "queue", "classify", error.to_string()),
    });
}

/// Whether every contact can be read, and how many are held.
async fn contacts(workspace: &Workspace, findings: &mut Findings) {
    let count = async {
        let (mut all, mut suppressed, mut held) = (0_u64, 0_u64, 0_u64);
        let mut contacts = std::pin::pin!(workspace.contacts().contacts(ContactFilter::All));
        while let Some(contact) = contacts.try_next().await? {
            all += 1;
            suppressed += u64::from(contact.suppression.is_some());
            held += u64::from(contact.held.is_some());
        }
        Ok::<_, anyhow::Error>((all, suppressed, held))
    };
    findings.add(match count.await {
        Ok((all, suppressed, 0)) => Finding::ok("contacts", "", format!("{all}, {suppressed} of them suppressed")),
        Ok((all, suppressed, held)) => {
            let detail = format!("{all}, {suppressed} of them suppressed; {held} are held until somebody looks");
            Finding::new(Verdict::Warning, "contacts", "", detail)
                .hint("`rebound contacts held` shows them, `release` or `discard --held` decides")
        }
        Err(error) => Finding::new(Verdict::Problem, "contacts", "", format!("{error:#}"))
            .hint("a damaged item: `rebound contacts rebuild` names it, and can tell which events there are"),
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::Told;

    #[test]
    fn a_full_disk_is_a_problem_before_it_is_one() {
        for (bytes, expected) in [(1 << 20, "problem"), (1 << 28, "warning"), (1 << 31, "ok")] {
            let told = judge_room(bytes).told();
            assert!(told.starts_with(expected), "{bytes}: {told}");
        }
    }
}
