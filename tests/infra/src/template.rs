//! CloudFormation templates, with the short tags (`!Ref`, `!Sub` …) written out.

use saphyr::{LoadableYamlNode, Scalar, Yaml};
use serde_json::{Map, Value, json};

/// What is at a place where nothing is.
pub static NULL: Value = Value::Null;

/// A template, as the JSON that it stands for.
#[derive(Clone, Debug)]
pub struct Template(Value);

/// The text is no template.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ParseError {
    /// It is no YAML.
    #[error("{0}")]
    Syntax(String),
    /// It is something that JSON can't say.
    #[error("{0} has no JSON form")]
    NoJson(String),
}

/// A resource of a template.
#[derive(Clone, Copy, Debug)]
pub struct Resource<'a> {
    /// Its logical id.
    pub name: &'a str,
    /// Its type, `AWS::S3::Bucket`.
    pub kind: &'a str,
    /// All of it.
    pub body: &'a Value,
}

impl Template {
    /// Reads a template.
    pub fn parse(yaml: &str) -> Result<Self, ParseError> {
        let documents = Yaml::load_from_str(yaml).map_err(|error| ParseError::Syntax(error.to_string()))?;
        let document = documents
            .first()
            .ok_or_else(|| ParseError::Syntax("it is empty".to_owned()))?;
        Ok(Self(to_json(document)?))
    }

    /// What is at a JSON pointer (RFC 6901), `null` where nothing is.
    pub fn at(&self, pointer: &str) -> &Value {
        self.0.pointer(pointer).unwrap_or(&NULL)
    }

    /// The same, to be changed; `None` where nothing is.
    pub fn at_mut(&mut self, pointer: &str) -> Option<&mut Value> {
        self.0.pointer_mut(pointer)
    }

    /// Its resources, in the order of their names.
    pub fn resources(&self) -> impl Iterator<Item = Resource<'_>> {
        entries(self.at("/Resources")).map(|(name, body)| Resource {
            name,
            kind: body.get("Type").and_then(Value::as_str).unwrap_or_default(),
            body,
        })
    }

    /// Its resources of a type.
    pub fn of_kind<'a>(&'a self, kind: &'a str) -> impl Iterator<Item = Resource<'a>> {
        self.resources().filter(move |resource| resource.kind == kind)
    }

    /// The value of a function's property, or that which all functions share.
    pub fn function_property<'a>(&'a self, function: &Resource<'a>, pointer: &str) -> &'a Value {
        match function.property(pointer) {
            Value::Null => self.at(&format!("/Globals/Function{pointer}")),
            own => own,
        }
    }
}

impl<'a> Resource<'a> {
    /// What is at a JSON pointer below its properties, `null` where nothing is.
    pub fn property(&self, pointer: &str) -> &'a Value {
        self.body.pointer(&format!("/Properties{pointer}")).unwrap_or(&NULL)
    }

    /// The items of a list below its properties; of one that a condition chooses, all there may be.
    pub fn list(&self, pointer: &str) -> Vec<&'a Value> {
        alternatives(self.property(pointer))
    }
}

/// The entries of an object; none of anything else.
pub(crate) fn entries(value: &Value) -> impl Iterator<Item = (&str, &Value)> {
    value
        .as_object()
        .into_iter()
        .flatten()
        .map(|(name, value)| (name.as_str(), value))
}

/// What a value may be, whatever the conditions say: a list's items, both sides of `Fn::If`, nothing for `AWS::NoValue`.
pub fn alternatives(value: &Value) -> Vec<&Value> {
    match value {
        Value::Null => Vec::new(),
        Value::Array(items) => items.iter().flat_map(alternatives).collect(),
        Value::Object(fields) => match fields.get("Fn::If").and_then(Value::as_array).map(Vec::as_slice) {
            Some([_, yes, no]) => [yes, no].into_iter().flat_map(alternatives).collect(),
            _ if fields.get("Ref").is_some_and(|to| to == "AWS::NoValue") => Vec::new(),
            _ => vec![value],
        },
        _ => vec![value],
    }
}

/// The texts that a value may be, with what CloudFormation puts in as `${…}`: `!GetAtt Messages.Arn` is
/// `${Messages.Arn}`.
pub fn written(value: &Value) -> Vec<String> {
    alternatives(value).into_iter().map(text).collect()
}

fn text(value: &Value) -> String {
    if let Value::String(text) = value {
        return text.clone();
    }
    let function = |name| value.get(name);
    if let Some(Value::String(to)) = function("Ref") {
        return format!("${{{to}}}");
    }
    match function("Fn::GetAtt") {
        Some(Value::Array(path)) => {
            let path: Vec<_> = path.iter().filter_map(Value::as_str).collect();
            return format!("${{{}}}", path.join("."));
        }
        _ => match function("Fn::Sub") {
            Some(Value::String(text)) => return text.clone(),
            Some(Value::Array(parts)) => {
                if let [Value::String(text), variables] = parts.as_slice() {
                    return entries(variables).fold(text.clone(), |text, (name, value)| {
                        text.replace(&format!("${{{name}}}"), &written(value).join("|"))
                    });
                }
            }
            _ => {}
        },
    }
    value.to_string()
}

fn to_json(yaml: &Yaml<'_>) -> Result<Value, ParseError> {
    Ok(match yaml {
        Yaml::Value(scalar) => match scalar {
            Scalar::Null => Value::Null,
            Scalar::Boolean(value) => json!(value),
            Scalar::Integer(value) => json!(value),
            Scalar::FloatingPoint(value) => json!(value.into_inner()),
            Scalar::String(text) => json!(text),
        },
        Yaml::Sequence(items) => Value::Array(items.iter().map(to_json).collect::<Result<_, _>>()?),
        Yaml::Mapping(fields) => {
            let mut object = Map::new();
            for (name, value) in fields {
                let name = match to_json(name)? {
                    Value::String(name) => name,
                    other => other.to_string(),
                };
                object.insert(name, to_json(value)?);
            }
            Value::Object(object)
        }
        Yaml::Tagged(tag, value) => called(&tag.suffix, to_json(value)?),
        other => return Err(ParseError::NoJson(format!("{other:?}"))),
    })
}

/// The long form of `!Name value`.
fn called(tag: &str, value: Value) -> Value {
    let function = match tag {
        "Ref" | "Condition" => tag.to_owned(),
        _ => format!("Fn::{tag}"),
    };
    let value = match (tag, value) {
        // `!GetAtt A.B.C` names the resource before the first dot.
        ("GetAtt", Value::String(path)) => {
            let (resource, attribute) = path.split_once('.').unwrap_or((&path, ""));
            json!([resource, attribute])
        }
        (_, value) => value,
    };
    json!({ function: value })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_tags_are_written_out() {
        let template = Template::parse(
            "a: !Ref B\nc: !GetAtt D.E\nf: !Sub '${G}-h'\ni: !If [J, !Ref K, [1, true]]\n1: '2'\nsub: !Sub ['x${y}', {y: !Ref Z}]",
        );
        assert_eq!(
            template.unwrap().0,
            json!({
                "a": {"Ref": "B"},
                "c": {"Fn::GetAtt": ["D", "E"]},
                "f": {"Fn::Sub": "${G}-h"},
                "i": {"Fn::If": ["J", {"Ref": "K"}, [1, true]]},
                "1": "2",
                "sub": {"Fn::Sub": ["x${y}", {"y": {"Ref": "Z"}}]},
            })
        );
    }

    #[test]
    fn a_value_is_every_text_that_it_may_be() {
        for (value, expected) in [
            (json!("plain"), vec!["plain"]),
            (json!({"Ref": "A"}), vec!["${A}"]),
            (json!({"Fn::GetAtt": ["A", "Arn"]}), vec!["${A.Arn}"]),
            (json!({"Fn::Sub": ["${x}*", {"x": {"Ref": "A"}}]}), vec!["${A}*"]),
            (
                json!([{"Ref": "A"}, {"Fn::If": ["C", "yes", {"Ref": "AWS::NoValue"}]}]),
                vec!["${A}", "yes"],
            ),
        ] {
            assert_eq!(written(&value), expected);
        }
    }
}
