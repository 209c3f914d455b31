//! The same again: reports that somebody keeps and sends once more.

use super::messages::{Bounce, Mail, SENT};
use super::policy;
use super::setting::Setting;

const ANN: &str = "ann@example.org";

#[test]
fn what_is_said_again_after_a_reactivation_is_no_news() {
    let setting = Setting::under(&policy());
    let path = &setting.sign([ANN], "return-path", "news", Some(SENT))[ANN];
    let report = Bounce::to(path, ANN);
    setting.receive("strict", [report.raw().as_str()]);
    assert_eq!(setting.why(ANN).status(), "suppressed");
    setting.told(&["contacts", "reactivate", ANN, "--why", "she wrote", "--by", "maria"]);

    let later = |report: &Bounce| {
        // After the reactivation, whenever that is: nothing says when this was written and received but its fetching.
        let never = "Fri, 31 Dec 9999 10:00:00 +0000";
        report
            .clone()
            .with("Date", never)
            .with("Received", &format!("from a (a [192.0.2.9]) by b; {never}"))
    };
    let again = [
        report.raw(),
        report.clone().saying("Still not.").raw(),
        later(&report).raw(),
        // As if it were about another mail of that day.
        later(&report)
            .returning(Mail::ours(ANN, "example.com").with("Message-ID", "<2@example.com>"))
            .raw(),
    ];
    for account in ["strict", "open"] {
        setting.receive(account, again.iter().map(String::as_str));
    }
    let why = setting.why(ANN);
    assert_eq!(why.status(), "active", "{:?}", why.outcomes());

    let path = &setting.sign([ANN], "return-path", "news", None)[ANN];
    let mail = Mail::ours(ANN, "example.com").with("Message-ID", "<3@example.com>");
    setting.receive("strict", [later(&Bounce::to(path, ANN)).returning(mail).raw().as_str()]);
    let why = setting.why(ANN);
    assert_eq!(
        why.status(),
        "suppressed",
        "mail that was sent since: {:?}",
        why.outcomes()
    );
}

#[test]
fn a_full_mailbox_counts_once_for_a_mail_however_often_it_is_reported() {
    let setting = Setting::under(&policy());
    let path = &setting.sign([ANN], "return-path", "news", Some(SENT))[ANN];
    let report = Bounce::to(path, ANN).full();
    let days = [
        "Tue, 10", "Wed, 11", "Thu, 12", "Fri, 13", "Sat, 14", "Sun, 15", "Mon, 16",
    ];
    let reports: Vec<String> = days.iter().map(|day| report.clone().on(day).raw()).collect();
    for _ in 0..2 {
        setting.receive("strict", reports.iter().map(String::as_str));
    }
    let why = setting.why(ANN);
    assert_eq!((why.status(), why.events.len()), ("active", days.len()));
    assert_eq!(why.contact["soft_streak"], 1);

    let genuine: Vec<String> = (1..5)
        .map(|nth| {
            let mail = Mail::ours(ANN, "example.com").with("Message-ID", &format!("<{nth}@example.com>"));
            report.clone().returning(mail).raw()
        })
        .collect();
    setting.receive("strict", genuine.iter().map(String::as_str));
    assert_eq!(setting.why(ANN).status(), "suppressed", "five mails came back");
}

#[test]
fn two_claims_of_one_day_do_not_bear_out_each_other_by_dating_themselves_apart() {
    let setting = Setting::under(&policy());
    let report = |contact: &str, id: &str| {
        let mail = Mail::ours(contact, "example.edu").with("Message-ID", &format!("<{id}@example.edu>"));
        Bounce::to("returns@example.com", contact).returning(mail)
    };
    let (victim, gone) = ("victim@example.org", "gone@example.org");
    let reports = [
        report(victim, "1"),
        report(victim, "2").written_on("Mon, 9"),
        report(victim, "3").written_on("Sat, 7"),
        report(gone, "1"),
        report(gone, "2").on("Wed, 11"),
    ];
    let reports: Vec<String> = reports.iter().map(Bounce::raw).collect();
    setting.receive("open", reports.iter().map(String::as_str));
    let why = setting.why(victim);
    assert_eq!(why.status(), "active", "{:?}", why.outcomes());
    assert_eq!(why.contact["held_because"], "unproven");
    assert_eq!(setting.why(gone).status(), "suppressed", "two on two days are enough");
}
