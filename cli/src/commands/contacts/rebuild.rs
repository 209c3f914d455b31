//! Folds every contact's history again, and shows what that makes of them.

use anyhow::Result;
use futures::StreamExt;

use crate::args::RebuildArgs;
use crate::commands::difference::{Difference, Tally};
use crate::commands::policy::read;
use crate::complaints::{Complaints, say};
use crate::outcome::Outcome;
use crate::output::RowStream;
use crate::place::Place;
use crate::progress::Progress;
use crate::workspace::Workspace;

/// Contacts folded at a time.
const AT_ONCE: usize = 8;

/// Shows what differs, and writes it with `--apply`.
pub(super) async fn rebuild(place: &Place, args: &RebuildArgs) -> Result<Outcome> {
    let other = args.policy.as_deref().map(read).transpose()?;
    let workspace = Workspace::open(place).await?;
    let contacts = workspace.contacts();
    let policy = &other.map_or_else(|| contacts.policy().clone(), |(_, policy)| policy);
    let in_force = policy == contacts.policy();

    let (mut tally, mut complaints) = (Tally::default(), Complaints::default());
    let mut out = RowStream::new(args.format);
    let progress = Progress::of("contacts", None);
    {
        let folded = contacts.addresses(args.list.as_deref()).map(|address| async move {
            let address = address?;
            let recomputed = if args.apply {
                contacts.rebuild(&address, policy).await?
            } else {
                contacts.recompute(&address, policy, &[]).await?
            };
            Ok::<_, anyhow::Error>(recomputed)
        });
        let mut folded = std::pin::pin!(folded.buffered(AT_ONCE));
        while let Some(recomputed) = folded.next().await {
            progress.advance(1);
            match recomputed {
                Ok(recomputed) => {
                    let difference = Difference::of(&recomputed, policy);
                    tally.add(difference.as_ref());
                    if let Some(difference) = difference {
                        let mut written = Ok(());
                        progress.suspend(|| written = out.write(&difference));
                        written?;
                    }
                }
                Err(error) => progress.suspend(|| complaints.failure(format!("{error:#}"))),
            }
        }
    }
    drop(progress);
    out.finish()?;
    workspace.close().await?;

    say("note", tally.told());
    if !args.apply && !tally.is_empty() {
        say("hint", "nothing was changed; --apply writes it");
    }
    if args.apply
        && !in_force
        && let Some(file) = &args.policy
    {
        let file = file.display();
        say(
            "warning",
            format!("{file} is not the policy in force: the next mail about a contact is judged by that one again"),
        );
        say("hint", format!("`rebound policy use {file}` puts it in force"));
    }
    Ok(complaints.outcome())
}
