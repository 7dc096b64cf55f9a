//! JSON with one spelling: keys sorted by their bytes, nothing between the parts, numbers and texts as `serde_json` writes
//! them.
//!
//! A number stays what it was: 2.0 is not 2. Bytes that would be written otherwise are refused when they are read, so that no
//! key can stand twice and nothing can hide where a reader does not look.

use super::Error;
use serde_json::Value;

/// The one spelling of a value.
#[must_use]
pub fn bytes(value: &Value) -> Vec<u8> {
    let mut out = Vec::new();
    put(value, &mut out);
    out
}

fn put(value: &Value, out: &mut Vec<u8>) {
    match value {
        Value::Object(fields) => {
            let mut sorted: Vec<(&String, &Value)> = fields.iter().collect();
            sorted.sort_unstable_by_key(|(key, _)| key.as_bytes());
            out.push(b'{');
            for (n, (key, inner)) in sorted.into_iter().enumerate() {
                if n > 0 {
                    out.push(b',');
                }
                out.extend(Value::from(key.as_str()).to_string().bytes());
                out.push(b':');
                put(inner, out);
            }
            out.push(b'}');
        }
        Value::Array(all) => {
            out.push(b'[');
            for (n, inner) in all.iter().enumerate() {
                if n > 0 {
                    out.push(b',');
                }
                put(inner, out);
            }
            out.push(b']');
        }
        leaf => out.extend(leaf.to_string().bytes()),
    }
}

/// BLAKE3 of the one spelling.
#[must_use]
pub fn blake3(value: &Value) -> String {
    blake3::hash(&bytes(value)).to_hex().to_string()
}

/// Reads a value that stands in its one spelling; `line` is for messages.
///
/// # Errors
/// When it is no JSON, or spelt otherwise.
pub fn parse(text: &[u8], line: usize) -> Result<Value, Error> {
    let value: Value = serde_json::from_slice(text).map_err(|e| Error::Json { line, text: e.to_string() })?;
    let again = bytes(&value);
    if again == text {
        return Ok(value);
    }
    let at = again.iter().zip(text).position(|(a, b)| a != b).unwrap_or_else(|| again.len().min(text.len()));
    Err(Error::Spelling { line, at })
}
