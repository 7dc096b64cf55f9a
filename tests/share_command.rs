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

    /// Column and pseudonym, and the name that they lead back to.
    fn table(&self, file: &str) -> HashMap<(String, String), String> {
        let rows = csv::Reader::from_path(self.path(file)).unwrap().into_records().map(|row| row.unwrap());
        rows.map(|row| ((row[0].to_owned(), row[1].to_owned()), row[2].to_owned())).collect()
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
const KEYS: &str = "--to bern/lyon.pub --keys bern/bern.keys --pseudonyms bern/pseudonyms.key";
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

/// A collection of five rows without ids, with numbers from `first` on.
fn bare(file: &Path, group: &str, first: u32) -> Vec<f64> {
    let values: Vec<f64> = (first..first + 15).map(f64::from).collect();
    let plan = Plan { rows: 5, width: 3, ..Plan::default() };
    let address = Address { file: file.to_owned(), inner: Some(group.into()) };
    let new = NewCollection::create(&address, Element::F64, &plan, false).unwrap();
    new.put(0, &Values::F64(values.clone())).unwrap();
    new.finish().unwrap();
    values
}

/// What is made in a folder while something runs: names, and whether they are folders.
#[cfg(target_os = "linux")]
fn made_in(folder: &Path, run: impl FnOnce()) -> Vec<(String, bool)> {
    use rustix::fs::inotify;
    let watch = inotify::init(inotify::CreateFlags::NONBLOCK | inotify::CreateFlags::CLOEXEC).unwrap();
    inotify::add_watch(&watch, folder, inotify::WatchFlags::CREATE | inotify::WatchFlags::MOVED_TO).unwrap();
    run();
    let mut buffer = [std::mem::MaybeUninit::uninit(); 4096];
    let mut events = inotify::Reader::new(&watch, &mut buffer);
    let mut made = Vec::new();
    while let Ok(event) = events.next() {
        let name = event.file_name().unwrap().to_str().unwrap().to_owned();
        made.push((name, event.events().contains(inotify::ReadFlags::ISDIR)));
    }
    made
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
    let table = houses.table("bern/ids.csv");
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
    refused(&good[..good.len() / 2], IMPORT, &format!("and has {}. Get it again from where it came", good.len() / 2));
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
    assert!(houses.files("bern").iter().all(|f| !f.contains(".part") && !f.starts_with('.')));

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
fn keys_and_files_that_were_mixed_up_are_named() {
    let houses = Houses::new();
    houses.run(&format!("{EXPORT} -o lyon/in.striae"));
    let said = houses.refused(&IMPORT.replace("--from lyon/bern.pub", "--from lyon/lyon.pub"), 3);
    for file in ["bern/bern.pub", "lyon/lyon.pub"] {
        let shown = houses.json(&format!("keys show {file}"));
        for what in ["fingerprint", "signs_as"] {
            assert!(said.contains(shown[what].as_str().unwrap()), "{what} of {file} in {said}");
        }
    }
    let said = houses.refused(&IMPORT.replace("lyon/bern.pub", "lyon/lyon.keys"), 3);
    assert!(said.contains("lyon/lyon.keys is a file of secret keys; its public half (lyon/lyon.pub) is needed here"), "{said}");
    let said = houses.refused(&IMPORT.replace("lyon/lyon.keys", "lyon/bern.pub"), 3);
    assert!(said.contains("lyon/bern.pub holds public keys alone; the file of secret keys (lyon/bern.keys)"), "{said}");
    let said = houses.refused(&IMPORT.replace("lyon/lyon.keys", "nix.keys"), 3);
    assert!(said.contains("nix.keys: there is no such file") && said.matches("nix.keys").count() == 1, "{said}");
    assert!(
        houses.refused(&IMPORT.replace("lyon/in.striae", "lyon"), 3).contains("lyon: this is a folder; a bundle is one file")
    );
    assert!(!houses.path("lyon/bern.h5").exists());
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
    let values = bare(&houses.path("bern/bare.h5"), "/a/b", 0);
    houses.run(&format!("export bern/peaks.h5:/ms bern/bare.h5:/a/b {KEYS} --table bern/ids.csv -o lyon/in.striae"));
    houses.run(IMPORT);
    let came = std::fs::read(houses.path("lyon/bern.h5")).unwrap();
    assert!(!holds(&came, "substance") && !holds(&came, "library"));
    // Rows are led back by their numbers.
    let table = std::fs::read_to_string(houses.path("bern/ids.csv")).unwrap();
    let mut came = houses.open("lyon/bern.h5", "/b");
    let ids = came.ids().unwrap().unwrap();
    let Values::F64(got) = came.read(0..5).unwrap() else { panic!("f64") };
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

#[cfg(target_os = "linux")]
#[test]
fn nothing_in_clear_touches_the_folder_of_the_bundle() {
    let houses = Houses::new();
    for folder in ["stick", "safe", "work"] {
        std::fs::create_dir(houses.path(folder)).unwrap();
    }
    let export = format!("{EXPORT} --table safe/ids.csv -o stick/out.striae --overwrite");
    let made = |folder: &str, args: &str| made_in(&houses.path(folder), || drop(houses.run(args)));
    for (folder, name) in [("stick", "out.striae"), ("safe", "ids.csv")] {
        let found = made(folder, &export);
        assert!(!found.is_empty() && found.iter().all(|(made, is_folder)| made.starts_with(name) && !is_folder), "{found:?}");
        assert_eq!(houses.files(folder), BTreeSet::from([name.to_owned()]));
    }
    // What lies in clear lies beside the archive, under a name that nobody knows before, or where it was asked for.
    let is_workshop = |name: &str| name.strip_prefix(".striae-export-").is_some_and(|token| token.len() == 32);
    let there = houses.files("bern");
    let (first, second) = (made("bern", &export), made("bern", &export));
    assert!(matches!(&first[..], [(name, true)] if is_workshop(name)), "{first:?}");
    assert_ne!(first, second);
    let elsewhere = format!("{export} --work work");
    assert!(made("bern", &elsewhere).is_empty());
    let found = made("work", &elsewhere);
    assert!(matches!(&found[..], [(name, true)] if is_workshop(name)), "{found:?}");
    assert_eq!((houses.files("bern"), houses.files("work")), (there, BTreeSet::new()));
    // A link leads to the archive itself.
    std::os::unix::fs::symlink(houses.path("bern/archive.h5"), houses.path("stick/archive.h5")).unwrap();
    let linked = export.replace("bern/archive.h5", "stick/archive.h5");
    let found = made("stick", &linked);
    assert!(found.iter().all(|(_, is_folder)| !is_folder), "{found:?}");
}

#[test]
fn table_and_work_go_where_they_are_asked_for_or_it_is_said() {
    let houses = Houses::new();
    // Another file system than that of the bundle, where one is at hand.
    if let Ok(other) = tempfile::tempdir_in("/dev/shm") {
        let table = other.path().join("ids.csv");
        houses.run(&format!("{EXPORT} --table {} -o bern/out.striae", table.display()));
        assert_eq!(std::fs::metadata(&table).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(std::fs::read_dir(other.path()).unwrap().count(), 1);
    }
    for work in ["bern/archive.h5", "bern/nowhere"] {
        let said = houses.refused(&format!("{EXPORT} --work {work} -o lyon/in.striae"), 2);
        assert!(said.contains("Give --work FOLDER") && said.contains(work), "{said}");
    }
    let mode = |mode| std::fs::set_permissions(houses.path("bern"), std::fs::Permissions::from_mode(mode)).unwrap();
    mode(0o555);
    // Whoever may write everywhere is not kept from it.
    let kept = std::fs::File::create(houses.path("bern/trial")).is_err();
    if kept {
        let said = houses.refused(&format!("{EXPORT} -o lyon/in.striae"), 2);
        assert!(said.contains("Give --work FOLDER"), "{said}");
        assert!(!houses.path("lyon/in.striae").exists());
    }
    houses.run(&format!("{EXPORT} --work lyon -o lyon/in.striae"));
    mode(0o755);
    assert!(
        houses.refused(&EXPORT.replace("archive.h5", "absent.h5").replace("export", "export -o lyon/x"), 3).contains("absent.h5")
    );
}

#[test]
fn what_a_killed_run_left_goes_at_the_next_and_a_live_one_stays() {
    let houses = Houses::new();
    let leave = |house: &str, digit: &str| {
        let folder = houses.path(house).join(format!(".striae-export-{}", digit.repeat(32)));
        std::fs::create_dir(&folder).unwrap();
        std::fs::write(folder.join("0.h5"), "in clear").unwrap();
        (std::fs::File::create(folder.join("lock")).unwrap(), folder)
    };
    let part = houses.path("bern").join(format!("ids.csv.{}.part", "a".repeat(32)));
    std::fs::write(&part, "half a table").unwrap();
    let export = format!("{EXPORT} --table bern/ids.csv -o lyon/in.striae");
    for (house, args) in [("bern", export.as_str()), ("lyon", IMPORT)] {
        let (held, live) = leave(house, "a");
        held.try_lock().unwrap();
        let (closed, dead) = leave(house, "b");
        drop(closed);
        houses.run(args);
        assert!(!dead.exists(), "nobody holds it: {house}");
        assert_eq!(std::fs::read(live.join("0.h5")).unwrap(), b"in clear", "another run is at it: {house}");
    }
    assert!(!part.exists() && houses.path("bern/ids.csv").exists());
}

#[test]
fn the_name_of_a_collection_goes_and_its_path_stays() {
    let houses = Houses::new();
    bare(&houses.path("bern/case.h5"), "/2024-0815-Meier/toolmarks", 0);
    bare(&houses.path("bern/case.h5"), "/2025-0001/toolmarks", 100);
    let export = format!("export bern/case.h5:/2024-0815-Meier/toolmarks bern/case.h5:/2025-0001/toolmarks {KEYS} --overwrite");
    let made = houses.json(&format!("{export} -o lyon/in.striae"));
    assert_eq!(made["names"], serde_json::json!(["toolmarks", "toolmarks-2"]));
    assert!(!made["manifest"].to_string().contains("Meier"), "{made}");
    let took = houses.json(IMPORT);
    assert_eq!(took["stored"], serde_json::json!(["lyon/bern.h5:/toolmarks", "lyon/bern.h5:/toolmarks-2"]));
    assert!(!holds(&std::fs::read(houses.path("lyon/bern.h5")).unwrap(), "Meier"));
    let said = houses.run(&format!("{export} --name marks,others/marks -o lyon/in.striae"));
    assert!(said.contains("names     marks, others/marks go as they are"), "{said}");
    let took = houses.json(IMPORT);
    assert_eq!(took["stored"], serde_json::json!(["lyon/bern.h5:/marks", "lyon/bern.h5:/others/marks"]));
    for (names, part) in [
        ("marks", "for 2 collections"),
        ("a,b,c", "for 2 collections"),
        ("marks,marks", "another's name"),
        ("marks/two,marks", "lie inside"),
        ("marks,../x", "allowed are letters"),
    ] {
        let said = houses.refused(&format!("{export} --name {names} -o lyon/other.striae"), 2);
        assert!(said.contains("--name") && said.contains(part), "{said}");
    }
    assert!(!houses.path("lyon/other.striae").exists());
}

#[test]
fn rows_without_ids_are_led_back_to_their_own_collection() {
    let houses = Houses::new();
    let values =
        [("one", 0), ("two", 100)].map(|(group, first)| bare(&houses.path("bern/bare.h5"), &format!("/{group}/marks"), first));
    let export = |names: &str, bundle: &str| {
        let collections = "bern/bare.h5:/one/marks bern/bare.h5:/two/marks";
        houses
            .run(&format!("export {collections} {KEYS} --name {names} --table bern/ids.csv --overwrite -o lyon/{bundle}.striae"));
        houses.run(&IMPORT.replace("lyon/in", &format!("lyon/{bundle}")).replace("lyon/bern.h5", &format!("lyon/{bundle}.h5")));
    };
    export("first,second", "in");
    let table = houses.table("bern/ids.csv");
    let mut ids = Vec::new();
    for (name, values) in ["first", "second"].into_iter().zip(&values) {
        let mut came = houses.open("lyon/in.h5", &format!("/{name}"));
        let own = came.ids().unwrap().unwrap();
        let Values::F64(got) = came.read(0..5).unwrap() else { panic!("f64") };
        for (row, id) in got.chunks(3).zip(&own) {
            let back = &table[&("id".to_owned(), id.clone())];
            let (collection, number) = back.split_once('#').unwrap();
            let number: usize = number.parse().unwrap();
            assert_eq!((collection, row), (name, &values[3 * number..3 * number + 3]));
        }
        ids.extend(own);
    }
    assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), 10, "row 2 of one is not row 2 of the other");
    // The same names another year: the same pseudonyms. Ids that are there do not hang on names.
    export("first,second", "again");
    export("first,third", "other");
    let again: Vec<String> = ["/first", "/second"].iter().flat_map(|name| houses.ids("lyon/again.h5", name)).collect();
    assert_eq!(again, ids);
    assert_eq!(houses.ids("lyon/other.h5", "/first"), ids[..5]);
    assert!(houses.ids("lyon/other.h5", "/third").iter().all(|id| !ids.contains(id)));
    houses.run(&format!("{EXPORT} --overwrite -o lyon/in.striae"));
    houses.run(IMPORT);
    houses.run(&format!("{EXPORT} --name other --overwrite -o lyon/in.striae"));
    houses.run(IMPORT);
    assert_eq!(houses.ids("lyon/bern.h5", "/spectra"), houses.ids("lyon/bern.h5", "/other"));
}

#[test]
fn a_bundle_changes_nothing_inside_a_collection_that_is_there() {
    let houses = Houses::new();
    let bring = |name: &str| drop(houses.run(&format!("{EXPORT} --name {name} --overwrite -o lyon/in.striae")));
    bring("spectra");
    houses.run(IMPORT);
    houses.run(&format!("{IMPORT} --into partners/bern"));
    let before = std::fs::read(houses.path("lyon/bern.h5")).unwrap();
    for (name, part) in [
        ("spectra/id", "inside /spectra"),
        ("spectra/new", "inside /spectra"),
        ("spectra/values/deep", "inside /spectra"),
        ("partners", "holds /partners/bern/spectra"),
        ("partners/bern", "holds /partners/bern/spectra"),
        ("partners/bern/spectra/exhibit", "inside /partners/bern/spectra"),
    ] {
        bring(name);
        let said = houses.refused(&format!("{IMPORT} --overwrite"), 2);
        assert!(said.contains(part) && said.contains("--into"), "{said}");
        houses.refused(IMPORT, 2);
        assert!(std::fs::read(houses.path("lyon/bern.h5")).unwrap() == before, "{name} changed the archive");
    }
    houses.run(&format!("{IMPORT} --into elsewhere"));
    // Collections of the same names are replaced where that was asked for.
    bring("spectra");
    houses.run(&format!("{IMPORT} --overwrite"));
    assert_eq!(houses.ids("lyon/bern.h5", "/spectra"), houses.ids("lyon/bern.h5", "/elsewhere/partners/bern/spectra/exhibit"));
}
