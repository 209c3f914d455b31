//! Where in the bucket a report lies.

use jiff::civil::Date;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use rebound_report::Selection;

/// What every key of a report begins with.
pub const PREFIX: &str = "reports/";

/// Where the latest report lies as well.
pub(crate) const LATEST: &str = "reports/latest/";

/// How long a folder's key may be: S3 takes keys of 1,024 bytes, and the files in a folder need some.
pub(crate) const MAX_FOLDER_BYTES: usize = 960;

/// What stands for itself in a name; everything else is `%XX`, as in an address.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_');

/// The folder of a day's report: `reports/2026-11-20/`, and below it one for each thing that a report is restricted to,
/// `reports/2026-11-20/list=news/`.
pub(crate) fn folder(selection: &Selection, day: Date) -> String {
    let Selection {
        period: _,
        list,
        account,
        campaign,
        domain,
    } = selection;
    let mut folder = format!("{PREFIX}{day}/");
    for (what, name) in [
        ("list", list),
        ("account", account),
        ("campaign", campaign),
        ("domain", domain),
    ] {
        if let Some(name) = name {
            let name = utf8_percent_encode(name, ENCODED);
            folder = format!("{folder}{what}={name}/");
        }
    }
    folder
}

#[cfg(test)]
mod tests {
    use rebound_report::Period;

    use super::*;

    #[test]
    fn a_name_is_a_folder_of_its_own_whatever_is_in_it() {
        let day = "2026-11-20".parse().unwrap();
        let all = Selection::all(Period::ending(day, 30));
        assert_eq!(folder(&all, day), "reports/2026-11-20/");
        for (list, expected) in [
            ("news", "list=news/"),
            ("..", "list=../"),
            ("a/b", "list=a%2Fb/"),
            ("a=b c", "list=a%3Db%20c/"),
            ("\u{fc}ber", "list=%C3%BCber/"),
            ("100%", "list=100%25/"),
        ] {
            let selection = Selection {
                list: Some(list.to_owned()),
                ..all.clone()
            };
            assert_eq!(folder(&selection, day), format!("reports/2026-11-20/{expected}"));
        }
        let both = Selection {
            account: Some("shop".to_owned()),
            domain: Some("example.com".to_owned()),
            ..all
        };
        assert_eq!(
            folder(&both, day),
            "reports/2026-11-20/account=shop/domain=example.com/"
        );
    }
}
