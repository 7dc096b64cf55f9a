//! Manifests of records as commands write them: the shape that in-toto asks for, what a rerun keeps, and what tampering shows.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a failure here is a failed test")]

use super::chain::speaks_against;
use super::ro_crate::{self, FileEntry, Folder, metadata};
use super::{Chain, Error, Fault, FileDigests, Half, Input, Manifest, Run, canonical, inputs};
use serde_json::{Value, json};
use std::collections::BTreeSet;

fn hex(seed: &str) -> String {
    blake3::hash(seed.as_bytes()).to_hex().to_string()
}

fn file(seed: &str) -> FileDigests {
    FileDigests { blake3: hex(seed), sha256: hex(&format!("sha256 of {seed}")), bytes: 40_960 + seed.len() as u64 }
}

/// A ranking, as `striae compare` records it.
fn comparison() -> Value {
    json!({
        "tool": "striae", "version": "0.1.0", "commit": hex("commit"),
        "options": {
            "metric": "ccf", "settings": { "max_lag": 26, "min_overlap": 0.5 }, "mode": { "top-k": 8 },
            "exclude": "exhibit", "invalid": "skip",
            "memory": 2_147_483_648_u64, "tile": null, "screening": "auto",
            "prepare": { "recipe": "snv", "fitted_blake3": hex("fitted") },
        },
        "inputs": [
            { "name": "new/archive.h5:/toolmarks", "rows": 20, "width": 256, "values_blake3": hex("queries"),
            "left_out": [[3, "constant row"]] },
            { "name": "archive.h5:/toolmarks", "rows": 400, "width": 256, "values_blake3": hex("references"), "left_out": [] },
        ],
        "devices": [
            { "kind": "gpu", "name": "A card", "driver": "Vulkan 1.4", "shapes": "f32: 64 x 64, measured", "software": false },
            { "kind": "cpu", "name": "A processor", "driver": "avx2", "software": false },
        ],
        "tile": { "rows": 1024, "cols": 2048 },
        "strategy": { "bound": "head", "width": 16, "why": "fastest on the sample", "share": 0.002, "seconds": 1.25 },
        "threads": 2, "started": "2026-11-26T18:00:00Z",
        "effort": { "pairs": 8000, "refined": 170, "blocks": 1, "survey_seconds": 2.5, "compare_seconds": 10.0 },
        "warnings": ["the device was lost after 3 tiles; the rest was compared on the processor"],
        "result_blake3": hex("result"), "beside_blake3": hex("beside"),
    })
}

fn collection() -> Value {
    json!({
        "tool": "striae", "version": "0.1.0", "made_by": "striae import toolmarks 0.1.0",
        "attributes": { "descriptor": "profile", "value_unit": "µm" },
        "values_blake3": hex("references"), "rows": 400, "width": 256,
        "columns_blake3": { "id": hex("ids"), "exhibit": hex("exhibits") },
    })
}

/// A likelihood-ratio model of a dense result.
fn ratio_model() -> Value {
    json!({
        "tool": "striae", "version": "0.1.0", "input": "scores.h5", "rows": 79_800, "width": 1, "values_blake3": hex("dense"),
        "options": { "kind": "likelihood-ratio", "method": "logistic", "bounds": "elub", "seed": "1",
        "statement": "H1: …; H2: …" },
        "started": "2026-11-26T17:00:00Z", "seconds": 3.5, "model_blake3": hex("model"), "columns_blake3": {},
        "tables_blake3": {}, "warnings": [],
    })
}

/// What a chemometric model says of rows.
fn applied() -> Value {
    json!({
        "tool": "striae", "version": "0.1.0", "input": "new.h5:/spectra", "rows": 12, "width": 700,
        "values_blake3": hex("rows"),
        "options": { "applied": "folder/model.h5" }, "started": "2026-11-26T17:00:00Z", "seconds": 0.5,
        "model_blake3": hex("plsda"),
        "columns_blake3": {}, "tables_blake3": { "class": hex("classes") }, "warnings": [],
    })
}

fn linkage() -> Value {
    let options = &comparison()["options"];
    json!({
        "tool": "striae", "version": "0.1.0", "started": "2026-11-26T19:00:00Z", "seconds": 61.0,
        "modalities": [{
            "name": "toolmarks",
            "parts": [{ "name": "archive.h5:/toolmarks", "rows": 400, "values_blake3": hex("references"),
            "exhibits_blake3": hex("exhibits") }],
            "options": options, "result": "old/nearest.h5", "result_blake3": hex("result"), "model": "marks-lr.h5",
            "model_blake3": hex("model"),
        }],
        "rule": "independent", "limit": 2.0, "alone": 4.0, "contradiction": 1.0, "statements": ["H1: …"], "exhibits": 400,
        "candidates": 900, "links": 110,
        "series": 31, "next_series": 32, "pairs_all": 79_800, "pairs_compared": 7980,
        "added_to": ["before.h5", hex("before")], "changes": ["S1 grew"],
        "warnings": [], "result_blake3": hex("linkage"),
    })
}

fn cells() -> Value {
    json!({
        "tool": "striae", "version": "0.1.0", "command": "cells", "result": "nearest.h5",
        "result_of_links_blake3": hex("result"), "links": 110,
        "cells": [8, 8], "turn_degrees": 30.0, "marking": { "highpass": "500um" }, "specimens": "/mnt/scans",
        "inputs": [{ "name": "archive.h5:/toolmarks", "values_blake3": hex("references") }], "result_blake3": hex("cells"),
    })
}

fn all_records() -> Vec<(&'static str, Value)> {
    vec![
        ("top-k", comparison()),
        ("collection", collection()),
        ("likelihood-ratio", ratio_model()),
        ("applied", applied()),
        ("linkage", linkage()),
        ("cells", cells()),
    ]
}

fn made_of(kind: &str, name: &str, record: &Value, inputs: &[Input]) -> Manifest {
    Manifest::new(&Run { kind, name, file: &file(name), record, inputs })
}

fn made(kind: &str, record: &Value) -> Manifest {
    let mut inputs = inputs::of_record(record);
    for input in &mut inputs {
        input.file = Some(file(&input.name));
    }
    made_of(kind, "out.h5", record, &inputs)
}

/// Pointers of all leaves; empty lists and objects are leaves.
fn leaves(value: &Value) -> Vec<String> {
    let inner: Vec<(String, &Value)> = match value {
        Value::Object(fields) => fields.iter().map(|(k, v)| (k.replace('~', "~0").replace('/', "~1"), v)).collect(),
        Value::Array(all) => all.iter().enumerate().map(|(n, v)| (n.to_string(), v)).collect(),
        _ => Vec::new(),
    };
    if inner.is_empty() {
        return vec![String::new()];
    }
    inner.into_iter().flat_map(|(key, v)| leaves(v).into_iter().map(move |rest| format!("/{key}{rest}"))).collect()
}

/// Another value of its kind.
fn flipped(value: &Value) -> Value {
    match value {
        Value::String(text) => format!("{text}x").into(),
        Value::Number(n) => n.as_u64().map_or_else(|| json!(n.as_f64().unwrap() + 0.5), |n| json!(n + 1)),
        Value::Bool(b) => (!b).into(),
        Value::Null => json!(1),
        Value::Array(_) => json!(["x"]),
        Value::Object(_) => json!({ "x": 1 }),
    }
}

fn with(value: &Value, path: &str, new: Value) -> Value {
    let mut all = value.clone();
    *all.pointer_mut(path).unwrap() = new;
    all
}

/// All that is wrong with a value as an in-toto Statement v1, by the words of its specification.
fn faults_of_statement(value: &Value) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut say = |right: bool, what: &str| {
        if !right {
            wrong.push(what.to_owned());
        }
    };
    let text = |value: &Value, key: &str| value[key].as_str().is_some_and(|t| !t.is_empty());
    say(value["_type"] == "https://in-toto.io/Statement/v1", "_type");
    say(value["predicateType"].as_str().is_some_and(|t| t.contains(':') && !t.contains(' ')), "predicateType");
    say(value["predicate"].is_object(), "predicate");
    let subjects = value["subject"].as_array().cloned().unwrap_or_default();
    say(!subjects.is_empty(), "subject");
    let names: BTreeSet<&str> = subjects.iter().filter_map(|s| s["name"].as_str()).collect();
    say(names.len() == subjects.len(), "names of subjects");
    let hex = |digest: &Value| {
        let all = digest.as_object().filter(|all| !all.is_empty());
        all.is_some_and(|all| {
            all.values().all(|v| {
                v.as_str().is_some_and(|t| t.len() == 64 && t.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b)))
            })
        })
    };
    for subject in &subjects {
        say(hex(&subject["digest"]), "digest of subject");
        say(subject["digest"]["sha256"].is_string(), "sha256 of subject");
    }
    for half in ["reproducible", "run"] {
        for input in value["predicate"][half]["inputs"].as_array().unwrap_or(&Vec::new()) {
            say(text(input, "name"), "name of input");
            say(hex(&input["digest"]) || text(input, "uri"), "digest, or address, of input");
            say(input.get("annotations").is_none_or(Value::is_object), "annotations");
            let known = ["name", "uri", "digest", "content", "downloadLocation", "mediaType", "annotations"];
            say(input.as_object().unwrap().keys().all(|key| known.contains(&key.as_str())), "fields of input");
        }
    }
    wrong
}

#[test]
fn every_manifest_is_an_in_toto_statement() {
    for (kind, record) in all_records() {
        for manifest in [made(kind, &record), made_of(kind, "out.h5:/group", &record, &inputs::of_record(&record))] {
            assert_eq!(faults_of_statement(manifest.value()), Vec::<String>::new(), "{kind}");
            assert_eq!(manifest.blake3(), blake3::hash(&manifest.bytes()).to_hex().as_str());
            assert_eq!(manifest.reproducible_blake3(), manifest.reproducible_computed());
            assert_eq!(Manifest::parse(&manifest.bytes(), 1).unwrap(), manifest);
        }
    }
    // The checker finds what is missing.
    let right = made("top-k", &comparison());
    for path in [
        "/_type",
        "/predicateType",
        "/predicate",
        "/subject",
        "/subject/0/digest",
        "/subject/0/digest/sha256",
        "/predicate/run/inputs/1/digest",
    ] {
        assert_ne!(faults_of_statement(&with(right.value(), path, Value::Null)), Vec::<String>::new(), "{path}");
    }
}

#[test]
fn every_field_of_a_record_is_in_the_manifest() {
    let mut counted = 0;
    for (kind, record) in all_records() {
        let before = made(kind, &record);
        for path in leaves(&record) {
            let changed = with(&record, &path, flipped(&record.pointer(&path).cloned().unwrap()));
            let after = made(kind, &changed);
            assert_ne!(before.blake3(), after.blake3(), "{kind}: {path} is nowhere in the manifest");
            counted += 1;
        }
    }
    assert!(counted > 140, "{counted}");
}

#[test]
fn a_rerun_has_the_same_digest() {
    // Fields that say when, where and by what: all else defines the result.
    let elsewhere = |path: &str| {
        let name = path.ends_with("/name") && !path.starts_with("/modalities/0/name");
        let named = ["/result", "/model", "/input", "/made_of"].contains(&path)
            || ["/modalities/0/result", "/modalities/0/model", "/options/applied", "/added_to/0"].contains(&path);
        let resources = ["memory", "tile", "screening"].iter().any(|o| path.ends_with(&format!("/options/{o}")));
        let run = ["commit", "started", "seconds", "effort", "devices", "threads", "tile", "strategy", "warnings", "specimens"];
        name || named
            || resources
            || run.iter().any(|field| path == format!("/{field}") || path.starts_with(&format!("/{field}/")))
    };
    let mut kept = 0;
    for (kind, record) in all_records() {
        let before = made(kind, &record);
        for path in leaves(&record) {
            let changed = with(&record, &path, flipped(&record.pointer(&path).cloned().unwrap()));
            let same = before.reproducible_blake3() == made(kind, &changed).reproducible_blake3();
            assert_eq!(same, elsewhere(&path), "{kind}: {path}");
            kept += usize::from(same);
        }
    }
    assert!(kept > 40, "{kept}");
    // Files at hand or not, moved or not.
    let record = comparison();
    let (one, other) = (made("top-k", &record), made_of("top-k", "moved.h5", &record, &inputs::of_record(&record)));
    assert_eq!(one.reproducible_blake3(), other.reproducible_blake3());
    assert_ne!(one.blake3(), other.blake3());
    // What it comes to, so that a change of the format is seen.
    assert_eq!(one.reproducible_blake3(), "2fae2cd28e69b5aae96f1f38dcedb9f1f69e91db191fcd280b8a1eeddd1110e5");
}

#[test]
fn times_are_told() {
    let manifest = made("top-k", &comparison());
    // 2.5 + 10 + 1.25 seconds later.
    assert_eq!(manifest.value()["predicate"]["run"]["ended"], "2026-11-26T18:00:13Z");
    assert_eq!(made("linkage", &linkage()).value()["predicate"]["run"]["ended"], "2026-11-26T19:01:01Z");
    assert!(made("collection", &collection()).value()["predicate"]["run"].get("ended").is_none());
    assert_eq!(made("linkage", &linkage()).value()["predicate"]["run"]["commit"], "unknown");
}

#[test]
fn each_changed_leaf_is_named() {
    let mut counted = 0;
    for (kind, record) in all_records() {
        let right = chain_of(vec![made(kind, &record)], vec![]);
        let manifest = &right.manifests()[0];
        for path in leaves(manifest.value()) {
            let was = manifest.value().pointer(&path).cloned().unwrap();
            let changed = with(manifest.value(), &path, flipped(&was));
            counted += 1;
            match Chain::read(&canonical::bytes(&changed)) {
                Ok(read) => {
                    let found = read.differences(&right);
                    // An empty list or object that is filled shows at what it is filled with.
                    let under = |p: &str| p == path || (p.starts_with(&format!("{path}/")) && !was.is_string());
                    assert!(!found.is_empty() && found.iter().all(|d| under(&d.path)), "{kind}: {path}: {found:?}");
                    let light = path == "/subject/0/name" || (kind == "collection" && path.starts_with("/subject"));
                    assert_eq!(speaks_against(&found), !light, "{kind}: {path}");
                    assert!(found[0].to_string().contains(": recorded ") && found[0].to_string().contains(", found "));
                    let half = path.starts_with("/predicate/reproducible");
                    assert_eq!(!read.breaks().is_empty(), half, "{kind}: {path}: {:?}", read.breaks());
                }
                Err(Error::Shape { path: said, .. }) => assert!(path.starts_with(&said), "{kind}: {path}: {said}"),
                Err(other) => panic!("{kind}: {path}: {other}"),
            }
            // Taken away.
            let (parent, key) = path.rsplit_once('/').unwrap();
            let mut without = manifest.value().clone();
            let Some(Value::Object(fields)) = without.pointer_mut(parent) else { continue };
            fields.remove(key);
            match Chain::read(&canonical::bytes(&without)) {
                Ok(read) => {
                    let found = read.differences(&right);
                    assert_eq!(found.len(), 1, "{kind}: {path}: {found:?}");
                    assert!(found[0].path == path && found[0].recorded.is_none(), "{kind}: {path}: {found:?}");
                }
                Err(Error::Shape { .. }) => {}
                Err(other) => panic!("{kind}: {path}: {other}"),
            }
        }
    }
    assert!(counted > 250, "{counted}");
    // Something more than was there.
    let right = chain_of(vec![made("top-k", &comparison())], vec![]);
    let mut more = right.manifests()[0].value().clone();
    more["predicate"]["run"]["a/b"] = 1.into();
    let found = Chain::read(&canonical::bytes(&more)).unwrap().differences(&right);
    assert_eq!((found.len(), found[0].path.as_str(), found[0].half()), (1, "/predicate/run/a~1b", Half::Run));
    assert_eq!(found[0].found, None);
}

#[test]
fn only_one_spelling_is_read() {
    let manifest = made("top-k", &comparison());
    let text = String::from_utf8(manifest.bytes()).unwrap();
    let refused = |changed: &str| match Chain::read(changed.as_bytes()) {
        Err(Error::Spelling { line: 1, at }) => at,
        other => panic!("{other:?}"),
    };
    assert!(Chain::read(text.as_bytes()).is_ok());
    // A second key that hides the first, room between, a number and a letter written otherwise, keys out of order.
    refused(&text.replacen("\"kind\":\"top-k\"", "\"kind\":\"links\",\"kind\":\"top-k\"", 1));
    assert_eq!(refused(&text.replacen("{\"_type\"", "{ \"_type\"", 1)), 1);
    refused(&text.replacen("0.5", "5e-1", 1));
    refused(&text.replacen("ccf", "\\u0063cf", 1));
    assert!(matches!(canonical::parse(br#"{"b":1,"a":2}"#, 1), Err(Error::Spelling { at: 2, .. })));
    for (bytes, part) in [
        (&b""[..], "no manifest"),
        (b"\n\n", "no manifest"),
        (b"{", "line 1: no JSON"),
        (b"[]", "/_type is nothing"),
        (b"3\n", "/_type"),
    ] {
        let said = Chain::read(bytes).unwrap_err().to_string();
        assert!(said.contains(part), "{said}");
    }
    let twice = format!("{text}\n{text}\n");
    assert!(matches!(Chain::read(twice.as_bytes()), Err(Error::Twice { line: 2 })));
    // A float stays one, and the largest whole number is not rounded.
    let value = json!({ "b": 2.0, "a": [u64::MAX, -1, 1e300, 0.1], "é": null });
    assert_eq!(canonical::bytes(&value), "{\"a\":[18446744073709551615,-1,1e+300,0.1],\"b\":2.0,\"é\":null}".as_bytes());
}

fn chain_of(asked: Vec<Manifest>, inputs: Vec<Manifest>) -> Chain {
    Chain::new(asked, inputs)
}

/// An archive, a ranking and a dense result of it, a model of the latter, and the linkage of the ranking by the model.
fn whole() -> Chain {
    let linked = |record: &Value, of: &[(&str, &Manifest)]| {
        let mut inputs = inputs::of_record(record);
        for input in &mut inputs {
            if let Some((_, manifest)) = of.iter().find(|(role, _)| *role == input.role) {
                input.manifest = Some(manifest.link());
                input.file = Some(file(manifest.name()));
            }
        }
        inputs
    };
    let archive = made_of("collection", "archive.h5:/toolmarks", &collection(), &[]);
    let ranking = comparison();
    let ranking = made_of("top-k", "nearest.h5", &ranking, &linked(&ranking, &[("reference", &archive)]));
    let mut dense = comparison();
    dense["result_blake3"] = hex("dense").into();
    dense["options"]["mode"] = "dense".into();
    let dense = made_of("dense", "scores.h5", &dense, &linked(&dense, &[("query", &archive), ("reference", &archive)]));
    let record = ratio_model();
    let model = made_of("likelihood-ratio", "marks-lr.h5", &record, &linked(&record, &[("rows", &dense)]));
    let record = linkage();
    let of = [("toolmarks: rows 1", &archive), ("toolmarks: ranking", &ranking), ("toolmarks: model", &model)];
    let top = made_of("linkage", "links.h5", &record, &linked(&record, &of));
    Chain::new(vec![top], vec![archive.clone(), ranking, model, dense, archive])
}

#[test]
fn a_whole_chain_holds_and_is_read_again() {
    let chain = whole();
    assert_eq!(chain.manifests().len(), 5);
    assert_eq!(chain.breaks(), vec![]);
    let again = Chain::read(&chain.bytes()).unwrap();
    assert_eq!(again, chain);
    assert_eq!(again.differences(&chain), vec![]);
    assert_eq!(chain.bytes(), whole().bytes());
    let text = String::from_utf8(chain.bytes()).unwrap();
    assert_eq!(blake3::hash(text.lines().next().unwrap().as_bytes()).to_hex().as_str(), chain.manifests()[0].blake3());
}

#[test]
fn a_change_anywhere_breaks_the_chain_above_it() {
    let right = whole();
    let lines: Vec<String> = String::from_utf8(right.bytes()).unwrap().lines().map(str::to_owned).collect();
    let mut counted = 0;
    for (n, manifest) in right.manifests().iter().enumerate() {
        for path in leaves(manifest.value()) {
            let was = manifest.value().pointer(&path).cloned().unwrap();
            let changed = canonical::bytes(&with(manifest.value(), &path, flipped(&was)));
            let mut tampered = lines.clone();
            tampered[n] = String::from_utf8(changed).unwrap();
            let read = match Chain::read(tampered.join("\n").as_bytes()) {
                Ok(read) => read,
                Err(Error::Shape { line, path: said, .. }) => {
                    assert!(line == n + 1 && path.starts_with(&said));
                    continue;
                }
                Err(other) => panic!("{path}: {other}"),
            };
            counted += 1;
            let differences = read.differences(&right);
            let renamed = path == "/subject/0/name" && n > 0;
            let said = differences
                .iter()
                .any(|d| (d.path == path || d.path.starts_with(&format!("{path}/"))) && d.of == read.manifests()[n].name());
            assert!(said || renamed, "{} {path}: {differences:?}", manifest.name());
            let breaks = read.breaks();
            // The first line is nobody's input: its run half is held by a signature, or by the files.
            assert!(n == 0 || !breaks.is_empty(), "{} {path}", manifest.name());
            if n > 0 && !renamed {
                let there = |b: &super::Break| b.trail.last().unwrap().contains(manifest.name());
                let own = read.manifests()[n].blake3();
                let other = |b: &super::Break| matches!(&b.fault, Fault::Missing { other: Some(other), .. } if other == own);
                assert!(breaks.iter().any(|b| there(b) && other(b)), "{} {path}: {breaks:?}", manifest.name());
            }
        }
        // Left out.
        if n > 0 {
            let mut fewer = lines.clone();
            fewer.remove(n);
            let breaks = Chain::read(fewer.join("\n").as_bytes()).unwrap().breaks();
            assert!(
                breaks.iter().all(|b| matches!(b.fault, Fault::Missing { other: None, .. })) && !breaks.is_empty(),
                "{breaks:?}"
            );
            assert!(breaks[0].to_string().contains("links.h5 > ") && breaks[0].to_string().ends_with("is not there"));
        }
    }
    assert!(counted > 200, "{counted}");
}

#[test]
fn an_archive_that_grew_does_not_speak_against_results() {
    let right = whole();
    let again = |archive: &FileDigests, record: &Value| {
        let grown = Manifest::new(&Run { kind: "collection", name: "archive.h5:/toolmarks", file: archive, record, inputs: &[] });
        let ranking = comparison();
        let mut inputs = inputs::of_record(&ranking);
        (inputs[1].manifest, inputs[1].file) = (Some(grown.link()), Some(archive.clone()));
        Chain::new(vec![made_of("top-k", "nearest.h5", &ranking, &inputs)], vec![grown])
    };
    let grown = right.differences(&again(&file("more"), &collection()));
    // Its file, told with the archive and with the ranking.
    assert!(grown.len() >= 5, "{grown:?}");
    assert!(!speaks_against(&grown), "{grown:?}");
    // Another exhibit beside the same values is another archive.
    let mut record = collection();
    record["columns_blake3"]["exhibit"] = hex("others").into();
    let changed = right.differences(&again(&file("more"), &record));
    let column = "/predicate/reproducible/result/columns_blake3/exhibit";
    assert!(changed.iter().any(|d| d.grave && d.path == column && d.of == "archive.h5:/toolmarks"), "{changed:?}");
}

#[test]
fn a_chain_that_was_forged_with_care_disagrees_with_itself() {
    // The ranking's manifest is made anew of another result, and the linkage's link to it put right: what the linkage says of the
    // ranking is then another digest.
    let right = whole();
    let of = |name: &str| right.manifests().iter().find(|m| m.name() == name).unwrap();
    let mut other = comparison();
    other["result_blake3"] = hex("another result").into();
    let forged = made_of("top-k", "nearest.h5", &other, &inputs::of_record(&other));
    let record = linkage();
    let mut inputs = inputs::of_record(&record);
    let ranking = inputs.iter_mut().find(|i| i.role == "toolmarks: ranking").unwrap();
    (ranking.manifest, ranking.file) = (Some(forged.link()), Some(file("nearest.h5")));
    let top = made_of("linkage", "links.h5", &record, &inputs);
    let chain = Chain::new(vec![top], vec![forged]);
    let breaks = chain.breaks();
    assert_eq!(breaks.len(), 1, "{breaks:?}");
    let said = breaks[0].to_string();
    assert!(said.starts_with("links.h5 > toolmarks: ranking (old/nearest.h5): result_blake3: recorded "), "{said}");
    // A reproducible half that was changed with its digest left as it was.
    let mut value = of("nearest.h5").value().clone();
    value["predicate"]["reproducible"]["configuration"]["options"]["metric"] = "pearson".into();
    let chain = Chain::read(&canonical::bytes(&value)).unwrap();
    assert!(chain.breaks().iter().any(|b| matches!(b.fault, Fault::Changed { .. })));
}

#[test]
fn several_results_and_moved_ones() {
    let (a, b) = (made_of("top-k", "a.h5", &comparison(), &[]), made_of("cells", "b.h5", &cells(), &[]));
    let both = Chain::new(vec![a.clone(), b.clone()], vec![]);
    assert_eq!(both.breaks(), vec![]);
    assert_eq!(both.differences(&Chain::new(vec![b.clone()], vec![])), vec![]);
    let unknown = both.differences(&Chain::new(vec![made_of("cells", "c.h5", &cells(), &[]), b], vec![]));
    assert_eq!((unknown.len(), unknown[0].of.as_str(), unknown[0].recorded.as_ref()), (1, "c.h5", None));
    let moved = Chain::new(
        vec![Manifest::new(&Run { kind: "top-k", name: "moved.h5", file: &file("a.h5"), record: &comparison(), inputs: &[] })],
        vec![],
    );
    let found = Chain::new(vec![a], vec![]).differences(&moved);
    assert_eq!((found.len(), found[0].half()), (1, Half::Name));
    assert!(!speaks_against(&found));
}

#[test]
fn inputs_of_every_kind_of_record() {
    let roles = |record: &Value| inputs::of_record(record).into_iter().map(|i| (i.role, i.name)).collect::<Vec<_>>();
    let told = |all: &[(&str, &str)]| all.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect::<Vec<_>>();
    assert_eq!(roles(&comparison()), told(&[("query", "new/archive.h5:/toolmarks"), ("reference", "archive.h5:/toolmarks")]));
    assert_eq!(roles(&ratio_model()), told(&[("rows", "scores.h5")]));
    assert_eq!(roles(&applied()), told(&[("rows", "new.h5:/spectra"), ("model", "folder/model.h5")]));
    assert_eq!(roles(&cells()), told(&[("result", "nearest.h5"), ("query", "archive.h5:/toolmarks")]));
    let linked = [
        ("toolmarks: rows 1", "archive.h5:/toolmarks"),
        ("toolmarks: ranking", "old/nearest.h5"),
        ("toolmarks: model", "marks-lr.h5"),
        ("added to", "before.h5"),
    ];
    assert_eq!(roles(&linkage()), told(&linked));
    assert_eq!(roles(&json!({ "made_of": "a.h5:/raw" })), told(&[("rows", "a.h5:/raw")]));
    // Records that say anything.
    for record in
        [json!(null), json!([]), json!({ "inputs": 3, "modalities": [1, {}], "input": [], "options": 7, "added_to": ["x"] })]
    {
        assert!(inputs::of_record(&record).len() < 5);
        made("top-k", &record);
    }
    let twice = json!({ "modalities": [{ "name": "a", "parts": [] }, { "name": "a", "parts": [] }] });
    let roles: BTreeSet<String> = inputs::of_record(&twice).into_iter().map(|i| i.role).collect();
    assert_eq!(roles.len(), 4);
}

/// All that is wrong with a crate by RO-Crate 1.1 and Process Run Crate 0.5: what they say MUST or SHOULD be.
fn faults_of_crate(bytes: &[u8], files: &[FileEntry]) -> Vec<String> {
    let all: Value = serde_json::from_slice(bytes).unwrap();
    let mut wrong = Vec::new();
    let graph = all["@graph"].as_array().unwrap();
    let of = |id: &str| graph.iter().find(|e| e["@id"] == id);
    let mut say = |right: bool, what: String| {
        if !right {
            wrong.push(what);
        }
    };
    let refs = |value: &Value| -> Vec<String> {
        let all = value.as_array().cloned().unwrap_or_else(|| vec![value.clone()]);
        all.iter().filter_map(|v| v["@id"].as_str().map(str::to_owned)).collect()
    };
    let contexts = [ro_crate::CRATE, "https://w3id.org/ro/terms/workflow-run"].map(|c| format!("{c}/context"));
    say(contexts.iter().all(|c| all["@context"].as_array().unwrap().iter().any(|found| found == c)), "@context".into());
    let ids: BTreeSet<&str> = graph.iter().filter_map(|e| e["@id"].as_str()).collect();
    say(ids.len() == graph.len(), "every @id once".into());
    say(graph.iter().all(|e| e["@type"].is_string()), "@type".into());
    let descriptor = of("ro-crate-metadata.json").unwrap();
    say(descriptor["@type"] == "CreativeWork" && refs(&descriptor["about"]) == ["./"], "descriptor".into());
    say(refs(&descriptor["conformsTo"]) == ["https://w3id.org/ro/crate/1.1"], "descriptor's conformsTo".into());
    let root = of("./").unwrap();
    say(root["@type"] == "Dataset", "root's type".into());
    for key in ["name", "description", "datePublished"] {
        say(root[key].as_str().is_some_and(|t| !t.is_empty()), format!("root's {key}"));
    }
    say(refs(&root["conformsTo"]) == ["https://w3id.org/ro/wfrun/process/0.5"], "root's conformsTo".into());
    for id in refs(&root["conformsTo"]).iter().chain(&refs(&root["license"])) {
        say(of(id).is_some_and(|e| e["@type"] == "CreativeWork" && e["name"].is_string()), format!("{id} as a CreativeWork"));
    }
    let parts = refs(&root["hasPart"]);
    for file in files {
        let found = graph.iter().find(|e| e["@type"] == "File" && e["name"] == file.path.as_str());
        let right = found.is_some_and(|e| {
            parts.contains(&e["@id"].as_str().unwrap().to_owned())
                && e["sha256"] == file.sha256.as_str()
                && e["contentSize"] == file.bytes.to_string().as_str()
                && e["encodingFormat"].is_string()
        });
        say(right, format!("file {}", file.path));
    }
    say(parts.len() == files.len(), "hasPart".into());
    let actions: Vec<&Value> = graph.iter().filter(|e| e["@type"] == "CreateAction").collect();
    say(!actions.is_empty(), "an action".into());
    for action in actions {
        let id = action["@id"].as_str().unwrap().to_owned();
        say(refs(&root["mentions"]).contains(&id), format!("{id} mentioned by the root"));
        say(action["name"].is_string() && action["description"].is_string(), format!("{id}: name, description"));
        let time = |t: &Value| t.as_str().is_some_and(|t| t.len() == 25 && t.ends_with("+00:00"));
        say(time(&action["startTime"]) && time(&action["endTime"]), format!("{id}: times"));
        let tools = refs(&action["instrument"]);
        say(tools.len() == 1, format!("{id}: one instrument"));
        for tool in tools {
            let right = of(&tool).is_some_and(|e| {
                e["@type"] == "SoftwareApplication"
                    && e["name"].is_string()
                    && e["softwareVersion"].is_string()
                    && e.get("version").is_none()
            });
            say(right, format!("{id}: instrument {tool}"));
        }
        say(!refs(&action["result"]).is_empty(), format!("{id}: a result"));
        for what in refs(&action["object"]).into_iter().chain(refs(&action["result"])) {
            say(of(&what).is_some_and(|e| e["@type"] == "File" || e["@type"] == "CreativeWork"), format!("{id}: {what}"));
        }
        for agent in refs(&action["agent"]) {
            say(of(&agent).is_some_and(|e| e["@type"] == "Organization" && e["name"].is_string()), format!("{id}: agent"));
        }
    }
    wrong
}

fn entry(path: &str, seed: &str) -> FileEntry {
    FileEntry { path: path.to_owned(), bytes: file(seed).bytes, sha256: file(seed).sha256 }
}

#[test]
fn a_folder_is_a_process_run_crate() {
    let chain = whole();
    // Of the run's files two are in the folder, one of them under another name.
    let files = [entry("links.h5", "links.h5"), entry("rankings/nearest über.h5", "nearest.h5"), entry("report.html", "page")];
    // An import does not say when it was: its action has no times.
    let timed: Vec<Manifest> = chain.manifests().iter().filter(|m| m.kind() != "collection").cloned().collect();
    let chain_timed = Chain::new(timed, vec![]);
    let folder = Folder {
        name: "Run of 26 November",
        description: "Links of toolmarks",
        files: &files,
        chain: &chain_timed,
        url: None,
        agent: Some("A laboratory"),
        license: None,
        dated: None,
    };
    let bytes = metadata(&folder).unwrap();
    assert_eq!(faults_of_crate(&bytes, &files), Vec::<String>::new());
    assert!(bytes == metadata(&folder).unwrap());
    let text = String::from_utf8(bytes.clone()).unwrap();
    // Of all runs the last end.
    assert!(text.contains("\"datePublished\":\"2026-11-26T19:01:01+00:00\""), "{text}");
    assert!(text.contains("\"@id\":\"rankings/nearest%20%C3%BCber.h5\"") && text.contains("\"alternateName\":\"nearest.h5\""));
    assert!(text.contains("\"name\":\"scores.h5\"") && text.contains("Not in this folder"));
    // The order of files and of manifests shows in nothing.
    let (mut turned, mut others) = (files.clone(), chain.manifests().to_vec());
    turned.reverse();
    others.reverse();
    let of = |files: &[FileEntry], chain: &Chain| metadata(&Folder { files, chain, ..folder.clone() }).unwrap();
    assert!(of(&files, &chain) == of(&turned, &Chain::new(others, vec![])));
    // The checker finds what is missing.
    for (with, without) in [
        ("\"instrument\":", "\"tool\":"),
        ("wfrun/process/0.5", "wfrun/process/0.4"),
        ("\"mentions\":", "\"says\":"),
        ("\"datePublished\":", "\"date\":"),
        ("\"softwareVersion\":", "\"release\":"),
        ("\"CreateAction\"", "\"Action\""),
        ("\"sha256\":", "\"sha\":"),
        ("\"result\":", "\"out\":"),
        ("\"endTime\":", "\"end\":"),
    ] {
        assert!(text.contains(with), "{with}");
        assert_ne!(faults_of_crate(text.replace(with, without).as_bytes(), &files), Vec::<String>::new(), "{with}");
    }
    let dated = |license| Folder { license: Some(license), ..folder.clone() };
    let licensed = metadata(&dated("https://example.org/terms")).unwrap();
    assert_eq!(faults_of_crate(&licensed, &files), Vec::<String>::new());
    assert!(String::from_utf8(licensed).unwrap().contains("\"license\":{\"@id\":\"https://example.org/terms\"}"));
    let twice = [files[0].clone(), files[0].clone()];
    assert!(matches!(metadata(&Folder { files: &twice, ..folder.clone() }), Err(Error::Name { .. })));
    let archive = Chain::new(vec![made("collection", &collection())], vec![]);
    assert!(matches!(metadata(&Folder { chain: &archive, ..folder.clone() }), Err(Error::Undated)));
    assert!(metadata(&Folder { chain: &archive, dated: Some("2026-11-26T20:00:00Z"), ..folder }).is_ok());
}
