//! What has to hold of the deployment.

mod access;
mod alarms;
mod names;
mod parameters;
mod pipes;
mod queues;
mod running;
mod storage;

use crate::Deployment;

/// A check.
#[derive(Clone, Copy, Debug)]
pub struct Check {
    /// What it makes sure of.
    pub name: &'static str,
    /// Says what is wrong; empty when nothing is.
    pub faults: fn(&Deployment) -> Vec<String>,
}

/// All checks.
pub const ALL: &[Check] = &[
    check("no grant has a wildcard, but for a few that have to", access::wildcards),
    check("each role may do exactly what its code does", access::grants),
    check("the fetcher cannot touch contacts or events", access::fetcher),
    check(
        "the classifier cannot touch secrets of accounts, mailboxes or jobs",
        access::classifier,
    ),
    check(
        "the reporter cannot touch mail or secrets, nor change contacts",
        access::reporter,
    ),
    check("who comes from outside comes from this account", access::outsiders),
    check(
        "everything that is stored is encrypted, kept and can be restored",
        storage::durable,
    ),
    check("the bucket is private and reached over TLS alone", storage::private),
    check(
        "queues that are worked off have dead letters and the right patience",
        queues::worked_off,
    ),
    check("whatever may fail leaves something behind", queues::failures),
    check(
        "functions log to groups that forget, as JSON, and nothing filters metrics",
        running::logs,
    ),
    check("functions are told all that they ask for", running::environment),
    check("functions run what cargo-lambda has built", running::artifacts),
    check("two stacks in one account never collide", names::unique),
    check("outputs are those that the command reads", names::outputs),
    check(
        "parameters are described, grouped, bounded and used",
        parameters::complete,
    ),
    check(
        "configurations set parameters that there are, to what they take",
        parameters::configured,
    ),
    check(
        "alarms tell somebody and have an entry in the runbook",
        alarms::explained,
    ),
    check("alarms and dashboard show metrics that there are", alarms::metrics),
    check("pipes tell exactly the transitions", pipes::transitions),
    check("events are as their page says", pipes::schema),
];

const fn check(name: &'static str, faults: fn(&Deployment) -> Vec<String>) -> Check {
    Check { name, faults }
}
