//! Whom nothing suppresses.

use std::collections::BTreeSet;

use crate::address::ContactAddress;

/// Local parts that are nobody's subscription: mail to them says that a sender is in trouble.
const DEFAULT_LOCAL_PARTS: [&str; 3] = ["abuse", "mailer-daemon", "postmaster"];

/// The contacts that no verdict suppresses and nobody suppresses by hand: one's own senders, and postmasters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Protected {
    /// These contacts.
    pub addresses: BTreeSet<ContactAddress>,
    /// These local parts at any domain, in lower case.
    pub local_parts: BTreeSet<String>,
    /// Everybody at these domains and below them, in lower-case ASCII form.
    pub domains: BTreeSet<String>,
}

impl Default for Protected {
    fn default() -> Self {
        Self {
            addresses: BTreeSet::new(),
            local_parts: DEFAULT_LOCAL_PARTS.map(str::to_owned).into(),
            domains: BTreeSet::new(),
        }
    }
}

impl Protected {
    /// Whether this contact is one of them.
    pub(super) fn covers(&self, address: &ContactAddress) -> bool {
        if self.addresses.contains(address) {
            return true;
        }
        let Some(domain) = address.domain() else {
            return false;
        };
        let local_part = address
            .as_str()
            .strip_suffix(domain)
            .and_then(|rest| rest.strip_suffix('@'));
        local_part.is_some_and(|local_part| self.local_parts.contains(local_part)) || self.covers_domain(domain)
    }

    fn covers_domain(&self, domain: &str) -> bool {
        if self.domains.is_empty() {
            return false;
        }
        let parents = domain.match_indices('.').filter_map(|(dot, _)| domain.get(dot + 1..));
        std::iter::once(domain)
            .chain(parents)
            .any(|domain| self.domains.contains(domain))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn covers_contacts_local_parts_and_domains_with_what_is_below_them() {
        let protected = Protected {
            addresses: ["News@Example.org".parse().unwrap()].into(),
            domains: ["example.com".to_owned()].into(),
            ..Protected::default()
        };
        for (address, expected) in [
            ("news@example.org", true),
            ("\"news\"@EXAMPLE.org", true),
            ("news+tag@example.org", false),
            ("ann@example.org", false),
            ("ann@example.com", true),
            ("ann@mail.example.com", true),
            ("ann@notexample.com", false),
            ("Postmaster@example.net", true),
            ("postmaster2@example.net", false),
            ("abuse@example.net", true),
            ("postmaster", false),
        ] {
            assert_eq!(protected.covers(&address.parse().unwrap()), expected, "{address}");
        }
    }
}
