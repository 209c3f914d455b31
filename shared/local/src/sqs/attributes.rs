//! Message attributes: what a sender says about a message beside its body.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::error::{Refusal, Result};

/// Attributes of one message: SQS's own limit.
const MAX_ATTRIBUTES: usize = 10;

/// By name.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct MessageAttributes(BTreeMap<String, Attribute>);

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Attribute {
    data_type: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    string_value: Option<String>,
    /// In base64.
    #[serde(skip_serializing_if = "Option::is_none")]
    binary_value: Option<String>,
}

impl MessageAttributes {
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many bytes of the message's limit they take.
    pub(super) fn bytes(&self) -> usize {
        let attributes = self.0.iter();
        attributes
            .map(|(name, attribute)| {
                name.len() + attribute.data_type.len() + attribute.value().map_or(0, |(_, value)| value.len())
            })
            .sum()
    }

    pub(super) fn checked(self) -> Result<Self> {
        if self.0.len() > MAX_ATTRIBUTES {
            return Err(Refusal::invalid(format!(
                "a message takes at most {MAX_ATTRIBUTES} attributes"
            )));
        }
        for (name, attribute) in &self.0 {
            if attribute.value().is_none() {
                return Err(Refusal::invalid(format!(
                    "the attribute {name} must be a string or a number in StringValue, or binary in BinaryValue"
                )));
            }
        }
        Ok(self)
    }

    pub(super) fn to_json(&self) -> Result<String> {
        serde_json::to_string(self).map_err(|error| Refusal::internal(error.to_string()))
    }

    pub(super) fn from_json(json: &str) -> Option<Self> {
        serde_json::from_str(json).ok()
    }

    /// Those that are asked for by name, by the beginning of a name (`NAME.*`), or all of them; `None` if none is.
    pub(super) fn only(mut self, asked: &[String]) -> Option<Self> {
        self.0.retain(|name, _| {
            asked.iter().any(|asked| {
                let beginning = asked.strip_suffix(".*").or_else(|| asked.strip_suffix('*'));
                asked == "All" || asked == name || beginning.is_some_and(|beginning| name.starts_with(beginning))
            })
        });
        Some(self).filter(|left| !left.is_empty())
    }

    /// What their MD5 is computed of
    /// (<https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-message-metadata.html>).
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        for (name, attribute) in &self.0 {
            let Some((transport, value)) = attribute.value() else {
                continue;
            };
            add(&mut bytes, name.as_bytes());
            add(&mut bytes, attribute.data_type.as_bytes());
            bytes.push(transport);
            add(&mut bytes, &value);
        }
        bytes
    }
}

/// A part and before it how long it is.
fn add(bytes: &mut Vec<u8>, part: &[u8]) {
    bytes.extend(u32::try_from(part.len()).unwrap_or(u32::MAX).to_be_bytes());
    bytes.extend_from_slice(part);
}

impl Attribute {
    /// How it is transported (1 text, 2 binary) and its bytes; `None` if it has no value that goes with its type.
    fn value(&self) -> Option<(u8, Vec<u8>)> {
        let base = self.data_type.split('.').next().unwrap_or_default();
        match (base, &self.string_value, &self.binary_value) {
            ("String" | "Number", Some(text), None) => Some((1, text.clone().into_bytes())),
            ("Binary", None, Some(base64)) => Some((2, aws_smithy_types::base64::decode(base64).ok()?)),
            _ => None,
        }
    }
}
