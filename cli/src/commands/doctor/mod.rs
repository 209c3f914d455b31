//! `rebound doctor`: whether everything is set up as it should be, and what to mend.

mod accounts;
mod authenticity;
mod bucket;
mod clock;
mod configuration;
mod finding;
mod folder;
mod keys;
mod queues;
mod stack;

use anyhow::Result;

use crate::args::DoctorArgs;
use crate::complaints::say;
use crate::outcome::Outcome;
use crate::output::RowStream;
use crate::place::Place;
use crate::progress::Progress;
use finding::Findings;

/// Makes every check, prints them, and says whether there is a problem.
pub(super) async fn doctor(place: &Place, args: &DoctorArgs) -> Result<Outcome> {
    let mut findings = Findings::new(Progress::of("checks", None));
    match place {
        Place::Folder(folder) => Box::pin(folder::check(folder, place, args.offline, &mut findings)).await,
        Place::Stack(stack) => Box::pin(stack::check(stack, args.offline, &mut findings)).await,
    }
    let (told, has_problem) = (findings.told(), findings.has_problem());
    let mut out = RowStream::new(args.format);
    findings.finish().iter().try_for_each(|finding| out.write(finding))?;
    out.finish()?;
    say("note", told);
    Ok(if has_problem { Outcome::Unhealthy } else { Outcome::Done })
}
