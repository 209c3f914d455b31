//! DKIM of the message that came back (RFC 6376): is its header ours, and does it name the contact?
//!
//! Only the header is checked. The signature covers the body by a hash that stands in the header, so a body that was cut
//! off, left out or coded anew on its way back takes nothing from what the header proves: that we wrote to this contact
//! on that day. Who has such a header has had our mail.
//!
//! Looking up keys is the caller's: [`keys_wanted`] says which, at most a few, and only of the domains that are ours.
//!
//! The checking is our own, over aws-lc-rs: what is published checks whole messages only and brings a resolver along
//! (mail-auth), and would throw away every report that returns a header.

mod header;
mod key;
mod signature;
mod tags;

use mail_parser::HeaderValue;
use mail_parser::parsers::MessageStream;
use rebound_classify::{Address, organisational};

use header::{Field, fields};
use key::PublicKey;
use signature::Signature;

/// Signatures of ours that are looked at; senders put on one or two.
const MAX_SIGNATURES: usize = 4;
/// The field they stand in.
const SIGNATURE_FIELD: &str = "dkim-signature";

/// What is asked of a message that came back.
#[derive(Clone, Copy, Debug)]
pub struct Question<'q> {
    /// The domains that we send from, in lower case and ASCII: the only ones, together with their parents, whose
    /// signatures count.
    pub domains: &'q [String],
    /// Fields that name the contact, asked before `To`.
    pub contact_fields: &'q [String],
    /// When the report arrived, seconds since 1970-01-01 UTC: signatures that had expired by then prove nothing.
    pub at: i64,
}

/// What a signature proves: that we wrote to this contact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proof {
    /// Whom we wrote to.
    pub address: Address,
    /// The signed field that names it, as it is asked for: `to`, or one of the contact fields.
    pub field: String,
    /// The domain that signed.
    pub domain: String,
    /// The name of its key.
    pub selector: String,
    /// When it was sent, seconds since 1970-01-01 UTC: the signed `Date`, else the time of the signature.
    pub sent_at: Option<i64>,
}

/// Why nothing is proven. Of several signatures, what the one says that came furthest.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
pub enum Unproven {
    /// Not signed, or by others.
    #[error("none of our domains signed it")]
    NotOurs,
    /// The key is not there, revoked, or no key.
    #[error("the key {0} is not published")]
    NoKey(String),
    /// Made up, or changed since.
    #[error("the signature of {0} is wrong: the header was made up, or changed on the way")]
    Wrong(String),
    /// `x=` had passed.
    #[error("the signature of {0} had expired")]
    Expired(String),
    /// No signed field names one contact alone.
    #[error("{0} signed it, but no signed field names one contact alone")]
    NobodyNamed(String),
}

/// Names of the TXT records to look up before [`prove`] is asked: the keys of our signatures on `raw`, each once.
pub fn keys_wanted(raw: &[u8], domains: &[String]) -> Vec<String> {
    let mut names = Vec::new();
    for (_, signature) in ours(&fields(raw), domains) {
        let name = signature.key_name();
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names
}

/// What the signatures on the returned message `raw` prove; `key` gives the TXT record of a name that [`keys_wanted`]
/// said. Total: any bytes give an answer, in time linear in their number.
pub fn prove(raw: &[u8], question: &Question<'_>, key: impl Fn(&str) -> Option<String>) -> Result<Proof, Unproven> {
    let fields = fields(raw);
    let mut furthest = Unproven::NotOurs;
    for (field, signature) in ours(&fields, question.domains) {
        match check(&fields, &field, &signature, question, &key) {
            Ok(proof) => return Ok(proof),
            Err(unproven) => furthest = furthest.max(unproven),
        }
    }
    Err(furthest)
}

fn check(
    fields: &[Field<'_>],
    field: &Field<'_>,
    signature: &Signature,
    question: &Question<'_>,
    key: impl Fn(&str) -> Option<String>,
) -> Result<Proof, Unproven> {
    let name = signature.key_name();
    let key = key(&name)
        .and_then(|record| PublicKey::read(&record))
        .ok_or(Unproven::NoKey(name))?;
    if !key.signed(signature, &signed_header(fields, field, signature)) {
        return Err(Unproven::Wrong(signature.domain.clone()));
    }
    if signature.expires_at.is_some_and(|expires_at| expires_at < question.at) {
        return Err(Unproven::Expired(signature.domain.clone()));
    }
    let (named_in, address) =
        contact(fields, signature, question).ok_or_else(|| Unproven::NobodyNamed(signature.domain.clone()))?;
    let date = only(fields, signature, "date")
        .and_then(|date| mail_parser::DateTime::parse_rfc822(&date))
        .map(|date| date.to_timestamp());
    Ok(Proof {
        address,
        field: named_in.to_owned(),
        domain: signature.domain.clone(),
        selector: signature.selector.clone(),
        sent_at: date.or(signature.made_at),
    })
}

/// The signatures of our domains, with the fields that they stand in.
fn ours<'m>(fields: &[Field<'m>], domains: &[String]) -> impl Iterator<Item = (Field<'m>, Signature)> {
    fields
        .iter()
        .filter(|field| field.is(SIGNATURE_FIELD))
        .filter_map(|field| Some((*field, Signature::read(&field.text()?)?)))
        .filter(|(_, signature)| domains.iter().any(|ours| speaks_for(&signature.domain, ours)))
        .take(MAX_SIGNATURES)
}

/// Whether `domain` is `ours`, or a parent of it that belongs to the same organisation.
fn speaks_for(domain: &str, ours: &str) -> bool {
    let is_below = |name: &str, parent: &str| {
        name.strip_suffix(parent)
            .is_some_and(|lead| lead.is_empty() || lead.ends_with('.'))
    };
    domain == ours || is_below(ours, domain) && organisational(ours).is_some_and(|top| is_below(domain, top))
}

/// What was signed: the fields in the order that the signature names them, of several of one name the lowest first, and
/// the signature itself (RFC 6376 sections 3.7 and 5.4.2).
fn signed_header(fields: &[Field<'_>], own: &Field<'_>, signature: &Signature) -> Vec<u8> {
    let mut header = Vec::new();
    let mut taken = vec![false; fields.len()];
    for name in &signature.signed {
        let next = fields
            .iter()
            .zip(&mut taken)
            .rev()
            .find(|(field, taken)| !**taken && field.is(name));
        if let Some((field, taken)) = next {
            *taken = true;
            signature.form.add(&mut header, field);
        }
    }
    signature.form.add_signature(&mut header, own);
    header
}

/// The one contact that a signed field names, and the field. Of a message with a `Cc`, `To` is not all of the recipients.
fn contact<'q>(fields: &[Field<'_>], signature: &Signature, question: &Question<'q>) -> Option<(&'q str, Address)> {
    let copied = fields.iter().any(|field| field.is("cc") || field.is("bcc"));
    let own = question.contact_fields.iter().map(String::as_str);
    own.chain((!copied).then_some("to")).find_map(|name| {
        let address = sole_address(&only(fields, signature, name)?)?;
        Some((name, address))
    })
}

/// The value of a field that is signed and stands there once: a second one, signed or not, could be what others read.
fn only(fields: &[Field<'_>], signature: &Signature, name: &str) -> Option<String> {
    let mut named = fields.iter().filter(|field| field.is(name));
    let field = named.next().filter(|_| signature.covers(name))?;
    named.next().is_none().then(|| field.text())?
}

fn sole_address(value: &str) -> Option<Address> {
    let field = [value.as_bytes(), b"\n"].concat();
    let HeaderValue::Address(list) = MessageStream::new(&field).parse_address() else {
        return None;
    };
    let mut named = list.iter();
    let address = named.next()?.address.as_deref().and_then(Address::parse)?;
    (named.next().is_none() && address.as_str().contains('@')).then_some(address)
}
