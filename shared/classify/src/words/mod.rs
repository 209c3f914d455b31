//! The vocabulary: what rebound can say about a returned mail, each word one type.

mod address;
mod category;
mod reason;
mod status;

pub use address::Address;
pub use category::{Action, Category, Severity};
pub use reason::Reason;
pub use status::{EnhancedStatus, ReplyCode};

/// Declares an enum whose variants have stable wire names, with `as_str`, `meaning`, `ALL`, `Display`, `FromStr` and
/// serde.
macro_rules! words {
    ($(#[$meta:meta])* pub enum $name:ident { $($(#[doc = $doc:literal])+ $variant:ident = $wire:literal,)+ }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name { $($(#[doc = $doc])+ $variant,)+ }

        impl $name {
            /// Every word of this vocabulary, in the order it is documented.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// The stable wire name, kebab-case.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $wire,)+ }
            }

            /// What the word means, as it is documented: a sentence for people.
            pub const fn meaning(self) -> &'static str {
                match self { $(Self::$variant => concat!($($doc),+).trim_ascii(),)+ }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(self.as_str())
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::words::UnknownWord;

            fn from_str(word: &str) -> Result<Self, Self::Err> {
                Self::ALL.iter().copied().find(|known| known.as_str() == word).ok_or_else(|| {
                    $crate::words::UnknownWord { vocabulary: stringify!($name), word: word.to_owned() }
                })
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let word = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
                word.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}
use words;

/// A word that is not in the vocabulary it was read as.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{word:?} is not a known {vocabulary}")]
pub struct UnknownWord {
    /// Which vocabulary, `Category` for example.
    pub vocabulary: &'static str,
    /// What was read instead.
    pub word: String,
}
