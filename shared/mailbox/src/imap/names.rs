//! Folder names as IMAP spells them: modified UTF-7, RFC 3501 section 5.1.3.

use base64::Engine as _;
use base64::alphabet::IMAP_MUTF7;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use crate::server::FolderName;

const BASE64: GeneralPurpose = GeneralPurpose::new(
    &IMAP_MUTF7,
    GeneralPurposeConfig::new()
        .with_encode_padding(false)
        .with_decode_padding_mode(DecodePaddingMode::RequireNone),
);

/// A folder's name as the server spells it.
pub(super) fn encode(name: &FolderName) -> String {
    let mut encoded = String::new();
    let mut foreign: Vec<u8> = Vec::new();
    for character in name.as_str().chars() {
        if matches!(character, ' '..='~') {
            shift(&mut foreign, &mut encoded);
            encoded.push(character);
            if character == '&' {
                encoded.push('-');
            }
        } else {
            let mut units = [0; 2];
            foreign.extend(
                character
                    .encode_utf16(&mut units)
                    .iter()
                    .flat_map(|unit| unit.to_be_bytes()),
            );
        }
    }
    shift(&mut foreign, &mut encoded);
    encoded
}

fn shift(foreign: &mut Vec<u8>, encoded: &mut String) {
    if !foreign.is_empty() {
        encoded.push('&');
        BASE64.encode_string(&*foreign, encoded);
        encoded.push('-');
        foreign.clear();
    }
}

/// A folder's name in Unicode; `None` for a name that nobody could write into a setting. A name that is not spelled as
/// it should be is taken as it is: there are servers that send bare UTF-8, and some that send a bare `&`.
pub(super) fn decode(spelled: &str) -> Option<FolderName> {
    FolderName::new(decoded(spelled).unwrap_or_else(|| spelled.to_owned()))
}

fn decoded(spelled: &str) -> Option<String> {
    let mut name = String::new();
    let mut rest = spelled;
    while let Some((plain, shifted)) = rest.split_once('&') {
        let (foreign, after) = shifted.split_once('-')?;
        name.push_str(plain);
        if foreign.is_empty() {
            name.push('&');
        } else {
            let bytes = BASE64.decode(foreign).ok()?;
            let (units, odd) = bytes.as_chunks::<2>();
            if !odd.is_empty() {
                return None;
            }
            let units: Vec<u16> = units.iter().map(|unit| u16::from_be_bytes(*unit)).collect();
            name.push_str(&String::from_utf16(&units).ok()?);
        }
        rest = after;
    }
    name.push_str(rest);
    Some(name)
}

/// A string as a command carries it, RFC 3501 section 4.3. It must hold no line end, as folder names don't.
pub(super) fn quote(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', r"\\").replace('"', "\\\""))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn names_are_spelled_as_the_specification_spells_them() {
        for (name, spelled) in [
            ("INBOX", "INBOX"),
            ("Returned mail", "Returned mail"),
            ("~peter/mail/台北/日本語", "~peter/mail/&U,BTFw-/&ZeVnLIqe-"), // RFC 3501 section 5.1.3
            ("R&D", "R&-D"),
            ("Gelöscht", "Gel&APY-scht"),
            ("😀", "&2D3eAA-"),
            ("a\"b\\c", "a\"b\\c"),
        ] {
            let name = FolderName::new(name).unwrap();
            assert_eq!(encode(&name), spelled);
            assert_eq!(decode(spelled), Some(name));
        }
    }

    #[test]
    fn a_misspelled_name_is_taken_as_it_is() {
        for name in ["R&D", "&", "&AP-", "&2D0-", "Gelöscht", "&!-"] {
            assert_eq!(decode(name), FolderName::new(name), "{name}");
        }
        assert_eq!(decode(""), None);
        assert_eq!(decode("&AAo-"), None, "a line end");
    }

    #[test]
    fn a_quote_cannot_be_left() {
        assert_eq!(quote("a\"b\\c"), r#""a\"b\\c""#);
    }

    proptest! {
        #[test]
        fn a_name_survives_the_way_there_and_back(name in "[^\\p{Cc}]{1,20}") {
            let name = FolderName::new(name).unwrap();
            prop_assert!(encode(&name).is_ascii());
            prop_assert_eq!(decode(&encode(&name)), Some(name));
        }
    }
}
