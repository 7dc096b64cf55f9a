//! Manifests of results as people ask for them: the chain down to the archive, what a rerun keeps, what tampering shows, a
//! folder as an RO-Crate.

#![allow(clippy::expect_used, clippy::unwrap_used, clippy::panic, reason = "a failure here is a failed test")]

use assert_cmd::Command;
use serde_json::Value;
use std::path::PathBuf;
use striae::archive::result::StoredResult;
use striae::archive::{Address, Reading};
use striae::compare::Job;

struct Desk(tempfile::TempDir);

impl Desk {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn command(&self, args: &str) -> Command {
        let mut command = Command::cargo_bin("striae").unwrap();
        command.current_dir(self.0.path()).args(args.split_whitespace());
        command
    }

    fn run(&self, args: &str) -> String {
        let out = self.command(args).output().unwrap();
        assert!(
            out.status.success(),
            "striae {args}\n{}{}",
            String::from_utf8_lossy(&out.stdout),
            String::from_utf8_lossy(&out.stderr)
        );
        String::from_utf8(out.stdout).unwrap()
    }

    /// What it says, in both streams, when it refuses.
    fn refused(&self, args: &str, code: i32) -> String {
        let out = self.command(args).output().unwrap();
        assert_eq!(out.status.code(), Some(code), "striae {args}: {}", String::from_utf8_lossy(&out.stderr));
        String::from_utf8(out.stdout).unwrap() + &String::from_utf8(out.stderr).unwrap()
    }

    fn lines(&self, name: &str) -> Vec<Value> {
        let text = std::fs::read_to_string(self.path(name)).unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    fn bytes(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.path(name)).unwrap()
    }
}

/// An archive, a ranking of it, a model of its dense result, and their linkage.
fn linked() -> Desk {
    let desk = Desk::new();
    desk.run("simulate --exhibits 160 --mark-width 128 --spectrum-width 64 --seed 11 -o archive.h5");
    desk.run("compare archive.h5:/spectra --metric pearson --top-k 5 -o nearest.h5");
    desk.run("compare archive.h5:/spectra --metric pearson --dense -o scores.h5");
    desk.run("calibrate scores.h5 --truth source --population simulated --ridge 0.001 --bounds elub -o lr.h5");
    desk.run("link nearest.h5 --lr lr.h5 --limit 1 -o links.h5");
    desk
}

fn reproducible(statement: &Value) -> &str {
    statement["predicate"]["reproducibleDigest"]["blake3"].as_str().unwrap()
}

fn named<'a>(all: &'a [Value], name: &str) -> &'a Value {
    all.iter().find(|s| s["subject"][0]["name"] == name).unwrap_or_else(|| panic!("no manifest of {name}"))
}

#[test]
fn a_linkage_is_chained_down_to_its_archive() {
    let desk = linked();
    let said = desk.run("manifest links.h5 -o links.jsonl");
    assert!(said.contains("manifest  links.h5 (linkage)") && said.contains("input     lr.h5 (likelihood-ratio)"), "{said}");
    let all = desk.lines("links.jsonl");
    assert_eq!(all.len(), 5);
    assert_eq!(all[0]["subject"][0]["name"], "links.h5");
    let text = String::from_utf8(desk.bytes("links.jsonl")).unwrap();
    for (line, statement) in text.lines().zip(&all) {
        assert_eq!(statement["_type"], "https://in-toto.io/Statement/v1");
        let name = statement["subject"][0]["name"].as_str().unwrap();
        let file = desk.bytes(name.split(":/").next().unwrap());
        assert_eq!(statement["subject"][0]["digest"]["blake3"], blake3::hash(&file).to_hex().as_str(), "{name}");
        // Whoever refers to it does so by the digest of the line.
        let digest = blake3::hash(line.as_bytes()).to_hex().to_string();
        let refers = |s: &&Value| {
            let inputs = s["predicate"]["run"]["inputs"].as_array().unwrap();
            inputs.iter().any(|i| i["annotations"]["manifest"]["digest"]["blake3"] == digest.as_str())
        };
        let expected = match name {
            "links.h5" => 0,
            // The linkage, the ranking and the dense result are all of it.
            "archive.h5:/spectra" => 3,
            _ => 1,
        };
        assert_eq!(all.iter().filter(refers).count(), expected, "{name}");
    }
    let ranking = named(&all, "nearest.h5");
    assert_eq!(ranking["predicate"]["reproducible"]["configuration"]["options"]["metric"], "pearson");
    assert!(ranking["predicate"]["run"]["devices"][0]["driver"].is_string());
    // The archive's own digest is the one that the ranking recorded of what it compared.
    let archive = named(&all, "archive.h5:/spectra");
    assert_eq!(
        archive["predicate"]["reproducible"]["result"]["values_blake3"],
        ranking["predicate"]["reproducible"]["inputs"][0]["digest"]["values_blake3"]
    );

    assert!(desk.run("manifest links.h5 --check links.jsonl").contains("5 manifests: all as recorded"));
    desk.run("manifest links.h5 -o again.jsonl");
    assert_eq!(desk.bytes("links.jsonl"), desk.bytes("again.jsonl"));
    assert!(desk.refused("manifest links.h5 -o links.jsonl", 2).contains("--overwrite"));
    assert!(desk.refused("manifest links.h5 -o nearest.h5 --overwrite", 2).contains("also an input"));
    std::fs::write(desk.path("table.csv"), "a,b\n1,2\n").unwrap();
    desk.refused("manifest table.csv -o t.jsonl", 3);
}

#[test]
fn a_rerun_has_the_same_digest() {
    let desk = linked();
    desk.run("manifest nearest.h5 -o first.jsonl");
    desk.run("compare archive.h5:/spectra --metric pearson --top-k 5 -o nearest.h5 --overwrite --threads 1 --memory 512MiB");
    desk.run("manifest nearest.h5 -o second.jsonl");
    let (first, second) = (desk.lines("first.jsonl"), desk.lines("second.jsonl"));
    assert_eq!(reproducible(&first[0]), reproducible(&second[0]));
    assert_ne!(first[0], second[0]);
    // It is another file nevertheless, and the check says which half differs.
    let said = desk.refused("manifest nearest.h5 --check first.jsonl", 3);
    assert!(said.contains("/subject/0/digest/blake3") && said.contains("/predicate/run/resources/memory"), "{said}");
    assert!(said.contains("is as recorded") && !said.contains("/predicate/reproducible/"), "{said}");
    // Another result is another digest, and the linkage of the first one does not pass it by.
    desk.run("manifest links.h5 -o before.jsonl");
    desk.run("compare archive.h5:/spectra --metric pearson --top-k 4 -o nearest.h5 --overwrite");
    desk.run("manifest nearest.h5 -o third.jsonl");
    assert_ne!(reproducible(&first[0]), reproducible(&desk.lines("third.jsonl")[0]));
    let said = desk.refused("manifest links.h5 -o after.jsonl", 3);
    assert!(said.contains("spectra: ranking (nearest.h5)") && said.contains("result_blake3"), "{said}");
    assert!(!desk.path("after.jsonl").exists());
    let said = desk.refused("manifest links.h5 --check before.jsonl", 3);
    assert!(said.contains("nearest.h5: /predicate/reproducible/configuration/options/mode/top-k: recorded 5, found 4"), "{said}");
}

#[test]
fn collections_say_of_which_files_and_how_they_were_made() {
    let desk = Desk::new();
    let table = |shift: f64| {
        let row = |x: f64| {
            format!(
                "{x}{}\n",
                (0..6).map(|s| format!(",{}", (x / 7.0 + f64::from(s) * shift).sin())).collect::<Vec<_>>().concat()
            )
        };
        let head = format!("nm{}\n", (0..6).map(|s| format!(",s{s}")).collect::<Vec<_>>().concat());
        head + &(0..40).map(|k| row(400.0 + 2.0 * f64::from(k))).collect::<String>()
    };
    std::fs::write(desk.path("scan.csv"), table(0.5)).unwrap();
    std::fs::write(desk.path("known.csv"), "id,source\nscan#1,a\n").unwrap();
    let import = "import spectra scan.csv --layout columns --unit nm --axis 402..470:2 --interpolate pchip --metadata known.csv";
    let made = |archive: &str| {
        desk.run(&format!("{import} -o {archive}"));
        desk.run(&format!("prepare {archive}:/spectra --recipe snv -o {archive}:/prepared"));
        desk.run(&format!("compare {archive}:/prepared --metric pearson --top-k 2 -o of-{archive}"));
        desk.run(&format!("manifest of-{archive} -o {archive}.jsonl"));
        desk.lines(&format!("{archive}.jsonl"))
    };
    let all = made("a.h5");
    let spectra = named(&all, "a.h5:/spectra");
    let (configuration, run) = (&spectra["predicate"]["reproducible"]["configuration"], &spectra["predicate"]["run"]);
    assert_eq!(configuration["options"]["axis"], "402..470:2");
    assert_eq!(configuration["options"]["interpolate"], "pchip");
    let files = &configuration["files"];
    assert_eq!((files["count"].as_u64(), files["bytes"].as_u64()), (Some(1), Some(table(0.5).len() as u64)));
    assert_eq!(configuration["metadata_blake3"], blake3::hash(&desk.bytes("known.csv")).to_hex().as_str());
    for when in ["started", "ended", "seconds", "threads", "commit"] {
        assert!(!run[when].is_null(), "{when} in {run}");
    }
    assert!(configuration["options"].get("files").is_none() && configuration["options"].get("output").is_none());
    // What was prepared is chained to what it was prepared of, by the digest of its values.
    let prepared = named(&all, "a.h5:/prepared");
    assert_eq!(
        prepared["predicate"]["reproducible"]["inputs"][0]["digest"]["values_blake3"],
        spectra["predicate"]["reproducible"]["result"]["values_blake3"]
    );
    let info: Value = serde_json::from_str(&desk.run("info a.h5:/spectra --json")).unwrap();
    assert_eq!(info["making"]["files"], *files);
    assert!(desk.run("info a.h5:/spectra").contains(files["blake3"].as_str().unwrap()));

    // The same again has the same digest, other files and other options have another.
    let digests = |all: &[Value], archive: &str| {
        ["spectra", "prepared"].map(|group| reproducible(named(all, &format!("{archive}:/{group}"))).to_owned())
    };
    assert_eq!(digests(&made("b.h5"), "b.h5"), digests(&all, "a.h5"));
    std::fs::write(desk.path("scan.csv"), table(0.5) + "\n").unwrap();
    assert_ne!(digests(&made("c.h5"), "c.h5")[0], digests(&all, "a.h5")[0]);
}

#[test]
fn a_model_of_ratios_holds_to_the_labels_that_it_was_made_of() {
    let desk = Desk::new();
    for seed in [11, 12] {
        desk.run(&format!("simulate --exhibits 160 --only spectra --spectrum-width 64 --seed {seed} -o a{seed}.h5"));
        desk.run(&format!("compare a{seed}.h5 --metric pearson --dense -o s{seed}.h5"));
    }
    desk.run("calibrate s11.h5 --truth source --population simulated --ridge 0.001 --level exhibit -o lr.h5");
    desk.run("manifest lr.h5 -o lr.jsonl");
    let model = &desk.lines("lr.jsonl")[0]["predicate"];
    let options = &model["reproducible"]["configuration"]["options"];
    for (name, text) in [("truth", "source"), ("level", "exhibit"), ("ridge", "0.001")] {
        assert_eq!(options[name], text, "{options}");
    }
    let columns = model["reproducible"]["inputs"][0]["annotations"]["columns_blake3"].as_object().unwrap();
    assert_eq!(columns.keys().collect::<Vec<_>>(), ["exhibit", "source"]);
    assert!(desk.run("verify lr.h5").contains("exhibit, source: as recorded"));
    // What it was tested on is an input too; the two share the names of their sources, so that it is refused as a test.
    assert!(
        desk.refused("calibrate s11.h5 --truth source --population p --ridge 0.001 --test s12.h5 -o t.h5", 3).contains("shares")
    );
    // A label that is another now: the pairs of the model would be others.
    let mut bytes = desk.bytes("a11.h5");
    let is_source = |at: usize| bytes[at] == b'B' && bytes[at + 1..at + 5].iter().all(u8::is_ascii_digit);
    let at = (0..bytes.len() - 12).find(|&at| is_source(at) && is_source(at + 7)).expect("sources, one after the other");
    bytes[at + 4] ^= 1;
    std::fs::write(desk.path("a11.h5"), &bytes).unwrap();
    assert!(desk.refused("verify lr.h5", 3).contains("column source"));
    std::fs::remove_file(desk.path("a11.h5")).unwrap();
    assert!(desk.run("verify lr.h5").contains("columns   not looked at"));
}

/// Changes a number of a file where these numbers stand one after the other.
fn forge<const N: usize>(desk: &Desk, name: &str, numbers: &[[u8; N]]) {
    let mut bytes = desk.bytes(name);
    let pattern = numbers.concat();
    let at = bytes.windows(pattern.len()).position(|w| w == pattern).expect("the numbers are there");
    bytes[at] ^= 1;
    std::fs::write(desk.path(name), bytes).unwrap();
}

#[test]
fn nobody_signs_for_what_was_changed_beside_scores_or_in_a_shard() {
    let desk = Desk::new();
    desk.run("simulate --exhibits 60 --only toolmarks --mark-width 200 --seed 3 -o a.h5");
    desk.run("compare a.h5 --metric ccf --max-lag 20 --top-k 3 -o lags.h5");
    for shard in 1..=3 {
        desk.run(&format!("compare a.h5 --metric ccf --max-lag 20 --top-k 3 --shard {shard}/3 -o part-{shard}.h5"));
    }
    let one = ["lags.h5", "part-2.h5"];
    for file in one {
        desk.run(&format!("manifest {file} -o {file}.jsonl"));
    }
    desk.run("merge part-1.h5 part-2.h5 part-3.h5 -o whole.h5");
    desk.run("manifest whole.h5 -o whole.jsonl");
    // One run or three parts: what defines the result is the same.
    assert_eq!(reproducible(&desk.lines("whole.jsonl")[0]), reproducible(&desk.lines("lags.h5.jsonl")[0]));

    let mut stored = StoredResult::open(&Address::parse(&desk.path("lags.h5").display().to_string()), &Reading::Direct).unwrap();
    let job = Job::new(stored.record.options.clone()).unwrap();
    let columns = striae::compare::explain::columns(&job, 200);
    let lags = stored.beside(&columns[0], 0, 4).unwrap();
    forge(&desk, "lags.h5", &lags.iter().map(|lag| (*lag as i64).to_le_bytes()).collect::<Vec<_>>());
    assert!(desk.refused("manifest lags.h5 -o forged.jsonl", 3).contains("what stands beside the scores"));
    assert!(desk.refused("verify lags.h5", 3).contains("beside the scores"));

    let scores: Vec<[u8; 8]> = stored.ranking(0..60).unwrap().1.iter().map(|score| score.to_le_bytes()).collect();
    // A score that a shard has too, wherever it stands there.
    let bytes = desk.bytes("part-2.h5");
    let held =
        scores.iter().find(|score| bytes.windows(8).any(|w| w == *score)).expect("some of the best are the second shard's");
    forge(&desk, "part-2.h5", &[*held]);
    assert!(desk.refused("manifest part-2.h5 -o forged.jsonl", 3).contains("the stored shard"));
    let said = desk.refused("merge part-1.h5 part-2.h5 part-3.h5 -o forged.h5", 3);
    assert!(said.contains("part-2.h5") && said.contains("Compare shard 2/3 again"), "{said}");
    assert!(!desk.path("forged.h5").exists() && !desk.path("forged.jsonl").exists());
}

#[test]
fn tampering_is_named() {
    let desk = linked();
    desk.run("manifest links.h5 -o links.jsonl");
    let text = String::from_utf8(desk.bytes("links.jsonl")).unwrap();
    let tampered = |from: &str, to: &str| {
        assert!(text.contains(from), "{from}");
        std::fs::write(desk.path("tampered.jsonl"), text.replacen(from, to, 1)).unwrap();
        desk.refused("manifest links.h5 --check tampered.jsonl", 3)
    };
    let said = tampered("\"limit\":1.0", "\"limit\":0.5");
    assert!(said.contains("links.h5: /predicate/reproducible/configuration/limit: recorded 0.5, found 1.0"), "{said}");
    assert!(said.contains("something in it was changed"), "{said}");
    // Within the manifest of an input: the field is named, and where the chain breaks.
    let said = tampered("\"bounds\":\"elub\"", "\"bounds\":\"none\"");
    assert!(
        said.contains("lr.h5: /predicate/reproducible/configuration/options/bounds: recorded \"none\", found \"elub\""),
        "{said}"
    );
    assert!(said.contains("links.h5 > spectra: model (lr.h5)"), "{said}");
    let said = tampered("\"kind\":\"linkage\"", "\"kind\":\"linkage\",\"kind\":\"linkage\"");
    assert!(said.contains("not in canonical form"), "{said}");
    let lines: Vec<&str> = text.lines().collect();
    std::fs::write(desk.path("fewer.jsonl"), lines[..lines.len() - 1].join("\n")).unwrap();
    assert!(desk.refused("manifest links.h5 --check fewer.jsonl", 3).contains("is not there"));

    // A score in the file: the result is not what its record says, and its bytes are not those of the manifest.
    desk.run("manifest nearest.h5 -o nearest.jsonl");
    let address = Address { file: desk.path("nearest.h5"), inner: None };
    let best = StoredResult::open(&address, &Reading::Direct).unwrap().ranking(7..8).unwrap().1[0];
    let mut bytes = desk.bytes("nearest.h5");
    let at = bytes.windows(8).position(|w| w == best.to_le_bytes()).unwrap();
    bytes[at] ^= 1;
    std::fs::write(desk.path("nearest.h5"), &bytes).unwrap();
    assert!(desk.refused("manifest nearest.h5 -o new.jsonl", 3).contains("changed or damaged"));
    let said = desk.refused("manifest nearest.h5 --check nearest.jsonl", 3);
    assert!(said.contains("/subject/0/digest/blake3") && said.contains("changed   "), "{said}");
}

#[test]
fn archives_grow_and_move() {
    let desk = linked();
    desk.run("manifest nearest.h5 -o nearest.jsonl");
    // Another collection in the archive: its bytes are others, what was compared is not.
    desk.run("prepare archive.h5:/spectra --recipe snv -o archive.h5:/snv");
    let said = desk.run("manifest nearest.h5 --check nearest.jsonl");
    assert!(
        said.contains("note      archive.h5:/spectra: /subject/0/digest/blake3") && said.contains(": as recorded, but for "),
        "{said}"
    );
    // A prepared collection is chained to what it was made of.
    desk.run("manifest archive.h5:/snv -o snv.jsonl");
    let all = desk.lines("snv.jsonl");
    assert_eq!((all.len(), &all[1]["subject"][0]["name"]), (2, &Value::from("archive.h5:/spectra")));

    std::fs::create_dir(desk.path("attic")).unwrap();
    std::fs::rename(desk.path("archive.h5"), desk.path("attic/archive.h5")).unwrap();
    let said = desk.run("manifest nearest.h5 -o alone.jsonl");
    assert!(said.contains("archive.h5:/spectra is not there"), "{said}");
    assert_eq!(desk.lines("alone.jsonl").len(), 1);
    assert!(desk.run("manifest nearest.h5 --check nearest.jsonl --inputs attic").contains(": as recorded, but for "));
    // Another name of the result is no fault.
    std::fs::rename(desk.path("nearest.h5"), desk.path("renamed.h5")).unwrap();
    assert!(desk.run("manifest renamed.h5 --check nearest.jsonl --inputs attic").contains("/subject/0/name"));
}

#[test]
fn a_folder_becomes_a_crate() {
    let desk = linked();
    std::fs::create_dir_all(desk.path("run/tables")).unwrap();
    for name in ["nearest.h5", "links.h5"] {
        std::fs::copy(desk.path(name), desk.path(&format!("run/{name}"))).unwrap();
    }
    std::fs::write(desk.path("run/tables/links.csv"), "a,b\n").unwrap();
    let make = "manifest links.h5 -o run/manifest.jsonl --ro-crate run --agent Laboratory";
    assert!(!desk.run(make).contains("none of the results"));
    let first = desk.bytes("run/ro-crate-metadata.json");
    let found: Value = serde_json::from_slice(&first).unwrap();
    let graph = found["@graph"].as_array().unwrap();
    let of = |id: &str| graph.iter().find(|e| e["@id"] == id).unwrap_or_else(|| panic!("no {id}"));
    assert_eq!(of("./")["conformsTo"]["@id"], "https://w3id.org/ro/wfrun/process/0.5");
    assert_eq!(of("./")["hasPart"].as_array().unwrap().len(), 4);
    for name in ["nearest.h5", "links.h5", "tables/links.csv", "manifest.jsonl"] {
        assert_eq!(of(name)["contentSize"], desk.bytes(&format!("run/{name}")).len().to_string());
    }
    let actions: Vec<&Value> = graph.iter().filter(|e| e["@type"] == "CreateAction").collect();
    assert_eq!(actions.len(), 5);
    let link = actions.iter().find(|a| a["result"]["@id"] == "links.h5").unwrap();
    assert!(link["object"].as_array().unwrap().iter().any(|o| o["@id"] == "nearest.h5"));
    assert!(link["startTime"].is_string() && link["endTime"].is_string());
    assert!(desk.refused(make, 2).contains("--overwrite"));
    desk.run(&format!("{make} --overwrite"));
    assert_eq!(first, desk.bytes("run/ro-crate-metadata.json"));
    assert!(desk.refused("manifest links.h5 --ro-crate nowhere", 3).contains("no such folder"));
    std::fs::create_dir(desk.path("empty")).unwrap();
    let said = desk.run("manifest links.h5 -o empty/manifest.jsonl --ro-crate empty");
    assert!(said.contains("note      none of the results is in empty"), "{said}");
}

#[test]
fn a_check_says_whose_signature_is_missing_and_what_the_file_is_about() {
    let desk = Desk::new();
    desk.run("simulate --exhibits 60 --only spectra --spectrum-width 64 --seed 3 -o a.h5");
    for (k, name) in [(2, "near"), (3, "other")] {
        desk.run(&format!("compare a.h5 --metric pearson --top-k {k} --backend cpu -o {name}.h5"));
    }
    for name in ["bern", "lyon"] {
        desk.run(&format!("keys new {name} -o {name}.keys"));
    }
    let said = desk.refused("manifest near.h5 --signed-by bern.pub -o near.jsonl", 2);
    assert!(said.contains("--signed-by goes with --check; to sign, give --sign KEYS"), "{said}");
    assert!(!desk.path("near.jsonl").exists());
    desk.run("manifest near.h5 --sign bern.keys -o near.jsonl");
    let said = desk.run("manifest near.h5 --check near.jsonl --signed-by bern.pub");
    assert!(said.contains("2 manifests: all as recorded"), "{said}");
    let shown = |file: &str| -> Value { serde_json::from_str(&desk.run(&format!("keys show {file} --json"))).unwrap() };
    let (bern, lyon) = (shown("bern.pub"), shown("lyon.pub"));
    let said = desk.refused("manifest near.h5 --check near.jsonl --signed-by lyon.pub", 3);
    for text in [&bern["signs_as"], &lyon["signs_as"], &lyon["fingerprint"], &lyon["name"]] {
        assert!(said.contains(text.as_str().unwrap()), "{text} in {said}");
    }
    let said = desk.refused("manifest near.h5 --check near.jsonl --signed-by bern.keys", 3);
    assert!(said.contains("bern.keys is a file of secret keys") && said.contains("Never send .keys"), "{said}");

    let check = "manifest other.h5 --check near.jsonl --signed-by bern.pub";
    let said = desk.refused(check, 3);
    assert!(said.starts_with("note      near.jsonl is about near.h5; nothing in it is about other.h5\n"), "{said}");
    let last = said.lines().last().unwrap();
    assert!(last.contains(" things are not as its manifests say. Get") && !last.contains("recorded"), "{last}");
    assert!(desk.refused(&format!("{check} -q"), 3).contains(" things are not as its manifests say, the first is near.h5: /"));
}
