//! The checks pass, and none of them passes on a deployment that is broken.

#![allow(clippy::unwrap_used, clippy::panic)] // a test may panic, and so may what helps it

mod breaks;

use std::path::Path;

use rebound_test_infra::Deployment;
use rebound_test_infra::checks::ALL;

use breaks::Break;

#[test]
fn the_deployment_passes_every_check() {
    let deployment = deployment();
    let faults: Vec<_> = ALL
        .iter()
        .flat_map(|check| {
            (check.faults)(&deployment)
                .into_iter()
                .map(|fault| format!("{}: {fault}", check.name))
        })
        .collect();
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}

#[test]
fn every_check_fails_on_what_it_is_for() {
    let whole = deployment();
    let mut unnoticed = Vec::new();
    for Break { check, how, change } in breaks::all() {
        let check = ALL.iter().find(|known| known.name == check).expect(check);
        let mut broken = whole.clone();
        change(&mut broken);
        if (check.faults)(&broken).is_empty() {
            unnoticed.push(format!("{}: {how}", check.name));
        }
    }
    assert!(unnoticed.is_empty(), "\n{}", unnoticed.join("\n"));
}

#[test]
fn there_is_a_broken_deployment_for_every_check() {
    let breaks = breaks::all();
    for check in ALL {
        assert!(breaks.iter().any(|broken| broken.check == check.name), "{}", check.name);
    }
}

fn deployment() -> Deployment {
    Deployment::read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")).unwrap()
}
