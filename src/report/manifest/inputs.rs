//! What a record says went in: the rows of a comparison, rankings and models of a linkage, the rows or scores of a model, the
//! model that was applied.
//!
//! A record is read by the fields that it has, whichever command wrote it; a field that is missing or of another kind names no
//! input.

use super::statement::Input;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// Fields of a record that name inputs, and nothing else: they stand in the manifest's inputs.
pub(super) const FIELDS: &[&str] = &["inputs", "input", "result", "result_of_links_blake3", "added_to"];

/// All inputs that a record names, in its order. Which files they are, and whether these have manifests, is for others to say.
#[must_use]
pub fn of_record(record: &Value) -> Vec<Input> {
    let mut all = Vec::new();
    if let Some(name) = text(record, "result") {
        all.push(input("result", name, digest("result_blake3", record.get("result_of_links_blake3"))));
    }
    for (n, side) in list(record, "inputs").iter().enumerate() {
        let role = ["query", "reference"].get(n).map_or_else(|| format!("input {}", n + 1), |role| (*role).to_owned());
        let mut one = input(&role, text(side, "name").unwrap_or_default(), digest("values_blake3", side.get("values_blake3")));
        one.said = others(side, &["name", "values_blake3"]);
        all.push(one);
    }
    for modality in list(record, "modalities") {
        let kind = text(modality, "name").unwrap_or_default();
        for (n, part) in list(modality, "parts").iter().enumerate() {
            let mut one = input(
                &format!("{kind}: rows {}", n + 1),
                text(part, "name").unwrap_or_default(),
                digest("values_blake3", part.get("values_blake3")),
            );
            one.said = others(part, &["name", "values_blake3"]);
            all.push(one);
        }
        for (role, name) in [("ranking", "result"), ("model", "model")] {
            let field = format!("{name}_blake3");
            all.push(input(
                &format!("{kind}: {role}"),
                text(modality, name).unwrap_or_default(),
                digest(&field, modality.get(&field)),
            ));
        }
    }
    if let [name, digest_then] = list(record, "added_to") {
        all.push(input("added to", name.as_str().unwrap_or_default(), digest("result_blake3", Some(digest_then))));
    }
    let applied = record.get("options").and_then(|options| text(options, "applied"));
    if let Some(name) = text(record, "input") {
        let mut one = input("rows", name, digest("values_blake3", record.get("values_blake3")));
        one.said = ["rows", "width", "columns_blake3"]
            .iter()
            .filter_map(|key| Some(((*key).to_owned(), record.get(*key)?.clone())))
            .collect();
        all.push(one);
    }
    if let Some(options) = record.get("options")
        && let Some(name) = text(options, "tested_on")
    {
        all.push(input("test", name, digest("result_blake3", options.get("tested_blake3"))));
    }
    if let Some(name) = applied {
        all.push(input("model", name, digest("model_blake3", record.get("model_blake3"))));
    }
    if let Some(name) = text(record, "made_of") {
        all.push(input("rows", name, digest("values_blake3", record.get("made_of_blake3"))));
    }
    numbered(&mut all);
    all
}

fn input(role: &str, name: &str, content: BTreeMap<String, String>) -> Input {
    Input { role: role.to_owned(), name: name.to_owned(), content, said: Map::new(), file: None, manifest: None }
}

/// A role stands for one input: two modalities of one name, as a damaged record may have, are told apart.
fn numbered(all: &mut [Input]) {
    let mut seen = std::collections::BTreeMap::<String, usize>::new();
    for one in all {
        let times = seen.entry(one.role.clone()).or_default();
        *times += 1;
        if *times > 1 {
            one.role = format!("{} ({times})", one.role);
        }
    }
}

fn text<'a>(value: &'a Value, key: &str) -> Option<&'a str> {
    value.get(key)?.as_str()
}

fn list<'a>(value: &'a Value, key: &str) -> &'a [Value] {
    value.get(key).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

fn digest(name: &str, value: Option<&Value>) -> BTreeMap<String, String> {
    let text = value.and_then(Value::as_str).filter(|text| !text.is_empty());
    text.map(|text| (name.to_owned(), text.to_owned())).into_iter().collect()
}

fn others(value: &Value, known: &[&str]) -> Map<String, Value> {
    let fields = value.as_object().into_iter().flatten();
    fields.filter(|(key, _)| !known.contains(&key.as_str())).map(|(key, value)| (key.clone(), value.clone())).collect()
}
