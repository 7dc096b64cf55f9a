//! Two laboratories share descriptors, as people type it: nothing but numbers and pseudonyms leaves, links are led back, and
//! what was tampered with is refused.

#![allow(clippy::expect_used, clippy::unwrap_used, clippy::panic, reason = "a failure here is a failed test")]

use assert_cmd::Command;
use serde_json::Value;
use std::collections::{BTreeSet, HashMap};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use striae::archive::new_collection::Plan;
use striae::archive::result::StoredResult;
use striae::archive::{Address, Collection, NewCollection, Reading};
use striae::compare::RowSource as _;
use striae::draw::Stream;
use striae::matrix::{Element, Values};

/// More than a chunk of age, so that a change late in a bundle is told from one at its beginning.
const WIDTH: usize = 1024;

/// A folder with two laboratories in it: bern/ and lyon/.
struct Houses(tempfile::TempDir);

impl Houses {
    /// Bern has 40 spectra of eight sources, Lyon 30 of the same ones; both have keys, and each the other's public one.
    fn new() -> Self {
        let houses = Self(tempfile::tempdir().unwrap());
        for (n, name) in ["bern", "lyon"].into_iter().enumerate() {
            std::fs::create_dir(houses.path(name)).unwrap();
            archive(&houses.path(&format!("{name}/archive.h5")), name, [40, 30][n], n as u64);
            houses.run(&format!("keys new {name} -o {name}/{name}.keys"));
        }
        houses.run("keys pseudonyms -o bern/pseudonyms.key");
        std::fs::copy(houses.path("bern/bern.pub"), houses.path("lyon/bern.pub")).unwrap();
        std::fs::copy(houses.path("lyon/lyon.pub"), houses.path("bern/lyon.pub")).unwrap();
        houses
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn output(&self, args: &str) -> std::process::Output {
        let mut command = Command::cargo_bin("striae").unwrap();
        command.current_dir(self.0.path()).args(args.split_whitespace()).output().unwrap()
    }

    fn run(&self, args: &str) -> String {
        let out = self.output(args);
        assert!(out.status.success(), "striae {args}\n{}", String::from_utf8_lossy(&out.stderr));
        String::from_utf8(out.stdout).unwrap()
    }

    fn json(&self, args: &str) -> Value {
        serde_json::from_str(&self.run(&format!("{args} --json"))).unwrap()
    }

    /// What it says when it refuses.
    fn refused(&self, args: &str, code: i32) -> String {
        let out = self.output(args);
        assert_eq!(out.status.code(), Some(code), "striae {args}: {}", String::from_utf8_lossy(&out.stderr));
        String::from_utf8(out.stderr).unwrap()
    }

    /// What lies in a laboratory's folder.
    fn files(&self, name: &str) -> BTreeSet<String> {
        let names = std::fs::read_dir(self.path(name)).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap());
        names.collect()
    }

    fn ids(&self, file: &str, group: &str) -> Vec<String> {
        self.open(file, group).ids().unwrap().unwrap()
    }

    fn open(&self, file: &str, group: &str) -> Collection {
        Collection::open(&Address { file: self.path(file), inner: Some(group.into()) }, &Reading::Direct).unwrap()
    }

    /// The neighbours of each query, by their ids, and the scores.
    fn ranking(&self, result: &str, reference: &[String]) -> Vec<(String, f64)> {
        let mut found = StoredResult::open(&Address { file: self.path(result), inner: None }, &Reading::Direct).unwrap();
        let (neighbours, scores) = found.ranking(0..30).unwrap();
        neighbours.iter().zip(scores).map(|(&n, score)| (reference[usize::try_from(n).unwrap()].clone(), score)).collect()
    }
}

const EXPORT: &str =
    "export bern/archive.h5:/spectra --to bern/lyon.pub --keys bern/bern.keys --pseudonyms bern/pseudonyms.key --keep source";
const IMPORT: &str = "import bundle lyon/in.striae --keys lyon/lyon.keys --from lyon/bern.pub -o lyon/bern.h5";

fn archive(file: &Path, laboratory: &str, rows: usize, seed: u64) {
    let mut bases = Stream::new(7, "sources", 0);
    let sources: Vec<Vec<f64>> = (0..8).map(|_| (0..WIDTH).map(|_| bases.normal()).collect()).collect();
    let mut draw = Stream::new(seed, "rows", 0);
    let values: Vec<f32> = (0..rows)
        .flat_map(|i| sources[i % 8].iter().map(|x| x + 0.1 * draw.normal()).collect::<Vec<_>>())
        .map(|x| x as f32)
        .collect();
    let column = |text: &dyn Fn(usize) -> String| (0..rows).map(text).collect::<Vec<_>>();
    let plan = Plan {
        rows,
        width: WIDTH,
        axis: Some(((0..WIDTH).map(|k| 4000.0 - 2.0 * k as f64).collect(), Some("1/cm".into()))),
        columns: vec![
            ("id".into(), column(&|i| format!("{laboratory}-case-{:04}-item", rows - i))),
            ("exhibit".into(), column(&|i| format!("{laboratory}-exhibit-{:03}", i / 2))),
            ("source".into(), column(&|i| if i == 3 { String::new() } else { format!("{laboratory}-source-{}", i % 8) })),
            ("date".into(), column(&|i| format!("2026-02-{:02}", 1 + i % 28))),
            ("place".into(), column(&|_| "Interlaken-Ost".into())),
            ("file".into(), column(&|i| format!("/evidence/2026/scan{i}.x3p"))),
        ],
        numbers: vec![("latitude".into(), (0..rows).map(|i| 46.5 + i as f64).collect())],
        attributes: vec![
            ("compare_by".into(), "pearson".into()),
            ("value_unit".into(), "absorbance".into()),
            ("made_of".into(), "/evidence/secret-operation.h5".into()),
        ],
        texts: vec![("marking".into(), "{\"who\":\"Sgt. Meier\"}".into())],
        ..Plan::default()
    };
    let address = Address { file: file.to_owned(), inner: Some("/spectra".into()) };
    let new = NewCollection::create(&address, Element::F32, &plan, false).unwrap();
    new.put(0, &Values::F32(values)).unwrap();
    new.finish().unwrap();
}

fn holds(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|w| w == text.as_bytes())
}

#[test]
fn two_archives_are_compared_and_never_leave_their_houses() {
    let houses = Houses::new();
    let made = houses.json(&format!("{EXPORT} --table bern/ids.csv -o bern/out.striae"));
    assert_eq!(made["manifest"]["collections"][0]["rows"], 40);
    assert_eq!(made["manifest"]["collections"][0]["columns"], serde_json::json!(["id", "exhibit", "source"]));
    let left: Vec<&str> = made["left_here"].as_array().unwrap().iter().map(|l| l.as_str().unwrap()).collect();
    for name in ["date", "place", "file", "latitude"] {
        assert!(left.contains(&name), "{name} in {left:?}");
    }
    std::fs::copy(houses.path("bern/out.striae"), houses.path("lyon/in.striae")).unwrap();
    let took = houses.json(IMPORT);
    assert_eq!(took["stored"][0], "lyon/bern.h5:/spectra");
    assert_eq!(took["manifest"]["sender"]["name"], "bern");

    // What came has numbers and pseudonyms, and nothing else that was in the archive.
    let (bundle, came) =
        (std::fs::read(houses.path("lyon/in.striae")).unwrap(), std::fs::read(houses.path("lyon/bern.h5")).unwrap());
    for text in
        ["case-00", "exhibit-0", "bern-source", "2026-02-", "Interlaken", "scan1", "secret-operation", "Meier", "latitude"]
    {
        assert!(!holds(&bundle, text) && !holds(&came, text), "{text} left the house");
        assert!(holds(&std::fs::read(houses.path("bern/archive.h5")).unwrap(), text), "{text} was never there");
    }
    let mut shared = houses.open("lyon/bern.h5", "/spectra");
    assert_eq!((shared.rows(), shared.width(), shared.element()), (40, WIDTH, Element::F32));
    assert_eq!(shared.attribute("compare_by"), Some("pearson"));
    assert!(shared.attribute("shared_by").unwrap().starts_with("bern ("));
    assert_eq!(shared.axis().unwrap().unwrap().1.as_deref(), Some("1/cm"));
    let ids = shared.ids().unwrap().unwrap();
    assert!(ids.is_sorted(), "the order of rows says nothing of when they came in");

    // The partner's links, led back by the sender.
    houses.run("compare lyon/archive.h5:/spectra lyon/bern.h5:/spectra --metric pearson --top-k 3 -o lyon/links.h5");
    houses.run("compare lyon/archive.h5:/spectra bern/archive.h5:/spectra --metric pearson --top-k 3 -o bern/direct.h5");
    let table: HashMap<(String, String), String> = csv::Reader::from_path(houses.path("bern/ids.csv"))
        .unwrap()
        .records()
        .map(|row| row.unwrap())
        .map(|row| ((row[0].to_owned(), row[1].to_owned()), row[2].to_owned()))
        .collect();
    assert_eq!(std::fs::metadata(houses.path("bern/ids.csv")).unwrap().permissions().mode() & 0o777, 0o600);
    let through: Vec<(String, f64)> = houses
        .ranking("lyon/links.h5", &ids)
        .into_iter()
        .map(|(pseudonym, score)| (table[&("id".to_owned(), pseudonym)].clone(), score))
        .collect();
    let direct = houses.ranking("bern/direct.h5", &houses.ids("bern/archive.h5", "/spectra"));
    assert_eq!(through, direct, "the same links with the same scores as if both archives had been in one house");
    assert_eq!(through.len(), 90);

    // Exhibits and sources are together as they were.
    let original: HashMap<String, [String; 2]> = {
        let mut own = houses.open("bern/archive.h5", "/spectra");
        let (e, s) = (own.texts_of("exhibit").unwrap(), own.texts_of("source").unwrap());
        own.ids().unwrap().unwrap().into_iter().zip(e.into_iter().zip(s)).map(|(id, (e, s))| (id, [e, s])).collect()
    };
    for (n, column) in ["exhibit", "source"].into_iter().enumerate() {
        for (id, pseudonym) in ids.iter().zip(shared.texts_of(column).unwrap()) {
            let name = &original[&table[&("id".to_owned(), id.clone())]][n];
            let back = table.get(&(column.to_owned(), pseudonym.clone()));
            assert!(if name.is_empty() { pseudonym.is_empty() } else { back == Some(name) }, "{column} {pseudonym}");
        }
    }
    houses.run("compare lyon/bern.h5:/spectra --metric pearson --exclude exhibit --top-k 2 -o lyon/within.h5");

    // Next year the same names have the same pseudonyms; with another key, others.
    houses.run(&format!("{EXPORT} -o bern/again.striae"));
    houses.run("keys pseudonyms -o bern/other.key");
    houses.run(&format!("{} -o bern/other.striae", EXPORT.replace("pseudonyms.key", "other.key")));
    for (name, same) in [("again", true), ("other", false)] {
        houses.run(&IMPORT.replace("lyon/in", &format!("bern/{name}")).replace("lyon/bern.h5", &format!("lyon/{name}.h5")));
        let later = houses.ids(&format!("lyon/{name}.h5"), "/spectra");
        assert_eq!(later == ids, same);
        assert!(same || later.iter().all(|id| !ids.contains(id)));
    }
}

#[test]
fn what_was_tampered_with_is_refused_and_nothing_stays() {
    let houses = Houses::new();
    houses.run(&format!("{EXPORT} -o bern/out.striae"));
    let good = std::fs::read(houses.path("bern/out.striae")).unwrap();
    let before = houses.files("lyon");
    let refused = |bytes: &[u8], args: &str, part: &str| {
        std::fs::write(houses.path("lyon/in.striae"), bytes).unwrap();
        let said = houses.refused(args, 3);
        assert!(said.contains(part), "{part} in {said}");
        std::fs::remove_file(houses.path("lyon/in.striae")).unwrap();
        assert_eq!(houses.files("lyon"), before, "nothing stays of what was refused");
    };
    for at in [40, 300, 700, good.len() / 2, good.len() - 1] {
        let mut changed = good.clone();
        changed[at] ^= 1;
        refused(&changed, IMPORT, "in.striae: ");
    }
    let mut late = good.clone();
    let end = late.len() - 5;
    late[end] ^= 1;
    refused(&late, IMPORT, "collection spectra");
    refused(&good[..good.len() - 1000], IMPORT, "collection spectra");
    refused(&[&good[..], b"more"].concat(), IMPORT, "in.striae: ");
    refused(b"", IMPORT, "no bundle");
    refused(&std::fs::read(houses.path("bern/archive.h5")).unwrap(), IMPORT, "no bundle");
    // Signed by another, for another.
    refused(&good, &IMPORT.replace("--from lyon/bern.pub", "--from lyon/lyon.pub"), "signature");
    refused(&good, &IMPORT.replace("lyon/lyon.keys", "bern/bern.keys"), "encrypted for somebody else");
    refused(&good, &format!("{IMPORT} --limit 1KiB"), "allowed are 1024");
    // A public line that somebody changed.
    let line = std::fs::read_to_string(houses.path("lyon/bern.pub")).unwrap();
    std::fs::write(houses.path("forged.pub"), line.replace(" bern", " Bern")).unwrap();
    refused(&good, &IMPORT.replace("lyon/bern.pub", "forged.pub"), "fingerprint");
    // An archive that is there stays as it is.
    std::fs::write(houses.path("lyon/in.striae"), &good).unwrap();
    houses.run(IMPORT);
    let stored = std::fs::read(houses.path("lyon/bern.h5")).unwrap();
    assert!(houses.refused(IMPORT, 2).contains("--into"));
    let mut changed = good;
    let middle = changed.len() / 2;
    changed[middle] ^= 1;
    std::fs::write(houses.path("lyon/in.striae"), &changed).unwrap();
    houses.refused(&format!("{IMPORT} --overwrite"), 3);
    assert_eq!(std::fs::read(houses.path("lyon/bern.h5")).unwrap(), stored);
}

#[test]
fn what_may_not_leave_is_refused_by_name() {
    let houses = Houses::new();
    for column in ["date", "place", "latitude", "file"] {
        let said = houses.refused(&format!("{} -o bern/out.striae", EXPORT.replace("source", column)), 2);
        assert!(said.contains(column) && said.contains("never shared"), "{said}");
    }
    let said = houses.refused(&format!("{} -o bern/out.striae", EXPORT.replace("--keep source", "--keep case")), 2);
    assert!(said.contains("none of the collections"), "{said}");
    let without = EXPORT.replace("--pseudonyms bern/pseudonyms.key ", "");
    assert!(houses.refused(&format!("{without} -o bern/out.striae"), 2).contains("--pseudonyms"));
    houses.refused("keys new bern -o bern/bern.keys", 2);
    houses.refused(&format!("{} -o bern/out.striae", EXPORT.replace("lyon.pub", "lyon.key")), 3);
    assert!(!houses.path("bern/out.striae").exists());
    assert!(houses.files("bern").iter().all(|f| !f.contains("parts")));

    // Where ids are agreed on, they go as they are; the columns that stay do not change by that.
    houses.run(&format!("{without} --keep-ids -o lyon/in.striae"));
    houses.run(&format!("{IMPORT} --into partners/bern"));
    assert_eq!(houses.ids("lyon/bern.h5", "/partners/bern/spectra"), houses.ids("bern/archive.h5", "/spectra"));
    assert!(!holds(&std::fs::read(houses.path("lyon/bern.h5")).unwrap(), "Interlaken"));

    // Keys that others can read are used, and said so.
    std::fs::set_permissions(houses.path("bern/bern.keys"), std::fs::Permissions::from_mode(0o644)).unwrap();
    let out = houses.output(&format!("{EXPORT} -o bern/warned.striae"));
    assert!(out.status.success() && String::from_utf8_lossy(&out.stderr).contains("chmod 600"));
    let shown = houses.run("keys show bern/bern.keys");
    assert!(shown.contains("fingerprint") && !shown.contains("AGE-SECRET"), "{shown}");
    assert_eq!(shown, houses.run("keys show bern/bern.pub"));
}

#[test]
fn peak_lists_and_collections_without_ids_are_shared_too() {
    let houses = Houses::new();
    let spectrum = |i: i32| {
        let (precursor, low, high) = (200 + i, 60 + i, 80 + 2 * i);
        format!("Name: substance {i}\nPrecursorMZ: {precursor}\nNum Peaks: 3\n50.1 10\n{low}.2 100\n{high}.3 40\n\n")
    };
    let spectra: Vec<String> = (0..6).map(spectrum).collect();
    std::fs::write(houses.path("bern/library.msp"), spectra.concat()).unwrap();
    houses.run("import spectra bern/library.msp -o bern/peaks.h5 --collection ms");
    let values: Vec<f64> = (0..15).map(f64::from).collect();
    let plan = Plan { rows: 5, width: 3, ..Plan::default() };
    let new = NewCollection::create(
        &Address { file: houses.path("bern/bare.h5"), inner: Some("/a/b".into()) },
        Element::F64,
        &plan,
        false,
    )
    .unwrap();
    new.put(0, &Values::F64(values.clone())).unwrap();
    new.finish().unwrap();
    let keys = "--to bern/lyon.pub --keys bern/bern.keys --pseudonyms bern/pseudonyms.key --table bern/ids.csv";
    houses.run(&format!("export bern/peaks.h5:/ms bern/bare.h5:/a/b {keys} -o lyon/in.striae"));
    houses.run(IMPORT);
    let came = std::fs::read(houses.path("lyon/bern.h5")).unwrap();
    assert!(!holds(&came, "substance") && !holds(&came, "library"));
    // Rows are led back by their numbers.
    let table = std::fs::read_to_string(houses.path("bern/ids.csv")).unwrap();
    let mut bare = houses.open("lyon/bern.h5", "/a/b");
    let ids = bare.ids().unwrap().unwrap();
    let Values::F64(got) = bare.read(0..5).unwrap() else { panic!("f64") };
    for (row, id) in got.chunks(3).zip(&ids) {
        let line = table.lines().find(|l| l.contains(id)).unwrap();
        let number: usize = line.rsplit('#').next().unwrap().parse().unwrap();
        assert_eq!(row, &values[3 * number..3 * number + 3]);
    }
    // A library with what came of it: every spectrum is the first of itself.
    houses.run("compare bern/peaks.h5:/ms lyon/bern.h5:/ms --metric cosine-greedy --tolerance 0.01 --top-k 1 -o best.h5");
    let mut best = StoredResult::open(&Address { file: houses.path("best.h5"), inner: None }, &Reading::Direct).unwrap();
    let (neighbours, scores) = best.ranking(0..6).unwrap();
    assert!(scores.iter().all(|s| (s - 1.0).abs() < 1e-12), "{scores:?}");
    assert_eq!(neighbours.iter().collect::<BTreeSet<_>>().len(), 6);
    assert!(houses.refused(&format!("{} --overwrite", IMPORT.replace("in.striae", "none.striae")), 3).contains("none.striae"));
}
