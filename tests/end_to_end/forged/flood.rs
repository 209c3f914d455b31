//! Very many forged reports at once.

use super::messages::{Bounce, SENT};
use super::setting::Setting;

/// A debug build holds some forty a second.
const FORGED: usize = if cfg!(debug_assertions) { 300 } else { 10_000 };
const GENUINE: usize = 30;

#[test]
fn a_flood_of_forged_reports_from_one_server_silences_nobody_and_drowns_nothing() {
    let setting = Setting::under("breaker = false\n[authenticity]\ndomains = ['example.com']\n");
    let contacts: Vec<String> = (0..GENUINE).map(|nth| format!("gone{nth}@example.org")).collect();
    let paths = setting.sign(contacts.iter().map(String::as_str), "return-path", "news", Some(SENT));
    let genuine = paths.iter().map(|(contact, path)| Bounce::to(path, contact).raw());
    let forged = (0..FORGED).map(|nth| Bounce::to("returns@example.com", &format!("victim{nth}@example.org")).raw());
    let messages: Vec<String> = forged.chain(genuine).collect();
    setting.receive("bounces", messages.iter().map(String::as_str));

    let silenced = setting.silenced();
    assert_eq!(
        silenced.into_iter().collect::<Vec<_>>(),
        paths.into_keys().collect::<Vec<_>>()
    );
    assert_eq!(setting.held("breaker").len(), FORGED);
    let why = setting.why("victim0@example.org");
    assert_eq!(
        (
            why.events[0]["authenticity"].as_str(),
            why.contact["held_because"].as_str()
        ),
        (Some("plausible"), Some("breaker"))
    );
}
