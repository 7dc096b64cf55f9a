//! HDF5 files that h5py wrote, hostile ones, and ours in h5py.

#![allow(clippy::expect_used, clippy::panic, clippy::print_stderr, reason = "a test that cannot go on says why and stops")]

#[path = "support/python.rs"]
mod python;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use striae::archive::result::{StoredKind, StoredResult, Target, write_links, write_ranking};
use striae::archive::{Address, Client, Collection, Error, Kind, Layout, Reading, Writer};
use striae::backend::Backend as _;
use striae::backend::cpu::Cpu;
use striae::compare::checkpoint::{Checkpoints, Head, Journaling, Standing};
use striae::compare::fingerprint::Fingerprint;
use striae::compare::links::Found;
use striae::compare::plan::Sides;
use striae::compare::{ExhibitNames, Input, Link, Mode, Options, Record, RowSource as _};
use striae::matrix::Element;

fn isolated() -> Reading {
    Reading::isolated(PathBuf::from(env!("CARGO_BIN_EXE_striae")))
}

fn open(folder: &Path, address: &str, reading: &Reading) -> Result<Collection, Error> {
    Collection::open(&Address::parse(&format!("{}/{address}", folder.display())), reading)
}

/// `rows` of `h5py_files.py`.
fn expected(folder: &Path) -> Vec<f64> {
    let bytes = std::fs::read(folder.join("rows.npy")).expect("written");
    let data = &bytes[bytes.len() - 40 * 12 * 8..];
    data.as_chunks().0.iter().map(|&b| i64::from_le_bytes(b) as f64).collect()
}

fn numbers(collection: &mut Collection) -> Vec<f64> {
    let all = collection.read(0..collection.rows()).expect("readable");
    match all {
        striae::matrix::Values::F32(v) => v.into_iter().map(f64::from).collect(),
        striae::matrix::Values::F64(v) => v,
    }
}

#[test]
fn every_type_and_layout_that_h5py_writes_is_read_exactly() {
    let files = python::files();
    let expected = expected(files.path());
    for reading in [isolated(), Reading::Direct] {
        for (name, element) in [
            ("u1", Element::F32),
            ("u2", Element::F32),
            ("u4", Element::F64),
            ("u8", Element::F64),
            ("i1", Element::F32),
            ("i2", Element::F32),
            ("i4", Element::F64),
            ("i8", Element::F64),
            ("f2", Element::F32),
            ("f4", Element::F32),
            ("f8", Element::F64),
            ("big_f4", Element::F32),
            ("big_i2", Element::F32),
            ("big_f8", Element::F64),
        ] {
            let mut found = open(files.path(), &format!("types.h5:/{name}"), &reading).expect(name);
            assert_eq!((found.rows(), found.width(), found.element()), (40, 12, element), "{name}");
            assert_eq!(numbers(&mut found), expected, "{name}");
        }
        for name in ["contiguous", "gzip", "lzf", "columns"] {
            let mut found = open(files.path(), &format!("stored.h5:/{name}"), &reading).expect(name);
            assert_eq!(numbers(&mut found), expected, "{name}");
            let part = found.read(13..15).expect("rows in the middle");
            assert_eq!(part.len(), 24);
        }
    }
}

#[test]
fn collections_say_who_their_rows_are() {
    let files = python::files();
    let mut marks = open(files.path(), "collection.h5", &isolated()).expect("the only collection");
    assert_eq!(marks.address().inner.as_deref(), Some("/marks"));
    assert_eq!(marks.label(3).as_deref(), Some("id-é-3"));
    assert_eq!(marks.source_names().expect("readable").expect("there")[17], "2");
    let mut names = ExhibitNames::default();
    let exhibits = marks.exhibits(&mut names).expect("readable").expect("there");
    assert_eq!((exhibits[0], exhibits[3], exhibits[4]), (0, 0, 1));
    let (axis, unit) = marks.axis().expect("readable").expect("there");
    assert_eq!((axis[0], axis[11], unit.as_deref()), (4000.0, 650.0, Some("cm-1")));
    // By its values, too.
    let mut values = open(files.path(), "collection.h5:/marks/values", &isolated()).expect("the same");
    assert_eq!(values.label(0).as_deref(), Some("id-é-0"));
}

#[test]
fn files_of_other_programs_open() {
    let files = python::files();
    let mut cells = open(files.path(), "anndata.h5ad", &isolated()).expect("X");
    assert_eq!(cells.address().inner.as_deref(), Some("/X"));
    assert_eq!(cells.label(7).as_deref(), Some("cell7"));
    assert_eq!(cells.exhibit_names().expect("readable").expect("categories")[..3], ["x", "y", "x"]);
    let mut pca = open(files.path(), "anndata.h5ad:/obsm/X_pca", &isolated()).expect("obsm");
    assert_eq!((pca.width(), pca.label(39).as_deref()), (3, Some("cell39")));
    let ann = open(files.path(), "ann.hdf5", &isolated()).expect("train");
    assert_eq!((ann.address().inner.as_deref(), ann.rows()), (Some("/train"), 40));
    assert_eq!(open(files.path(), "ann.hdf5:/test", &isolated()).expect("test").rows(), 5);
}

#[test]
fn what_cannot_be_compared_is_refused_with_the_reason() {
    let files = python::files();
    for (address, says) in [
        ("absent.h5", "no such file"),
        ("text.h5", "not an HDF5 file"),
        ("empty.h5", "not an HDF5 file"),
        ("truncated.h5", "truncated"),
        ("stored.h5:/missing", "there is no /missing"),
        ("stored.h5", "which of these is meant?"),
        ("bad.h5:/one", "one dimension"),
        ("bad.h5:/three", "3 dimensions (2 × 3 × 4)"),
        ("bad.h5:/scalar", "single number"),
        ("bad.h5:/empty", "is empty (0 × 4)"),
        ("bad.h5:/short", "/short/id has 2 entries"),
        ("types.h5:/bool", "true/false"),
        ("types.h5:/text", "holds text"),
        ("types.h5:/complex", "records of several fields"),
        ("sparse.h5ad:/X", "sparse"),
        ("peaks.h5:/ms", "peak lists"),
    ] {
        for reading in [isolated(), Reading::Direct] {
            let error = open(files.path(), address, &reading).expect_err(address);
            let text = error.to_string();
            assert!(error.is_refusal() && text.contains(says), "{address}: {text}");
            assert!(text.contains(address.split(':').next().expect("a file")), "{address}: {text}");
        }
    }
    let mut big = open(files.path(), "bad.h5:/big", &isolated()).expect("opens");
    let text = big.read(0..40).expect_err("not exact").to_string();
    assert!(text.contains("row 3, feature 4: 9007199254740993"), "{text}");
    let mut twice = open(files.path(), "bad.h5:/twice", &isolated()).expect("opens");
    let text = twice.ids().expect_err("an id occurs twice").to_string();
    assert!(text.contains("\"same\"") && text.contains("rows 4 and 30"), "{text}");
}

/// An executable that does as `body` says when it is started as a reader.
fn stand_in(folder: &Path, body: &str) -> PathBuf {
    use std::os::unix::fs::PermissionsExt as _;
    let path = folder.join("stand-in");
    std::fs::write(&path, format!("#!/bin/sh\n{body}\n")).expect("written");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).expect("executable");
    path
}

#[test]
fn a_reader_that_hangs_or_crashes_is_a_clear_refusal() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("x.h5");
    std::fs::write(&file, "whatever").expect("written");
    let exe = stand_in(folder.path(), "exec sleep 1000");
    let reading = Reading::Isolated { exe, patience: Duration::from_millis(300) };
    let started = Instant::now();
    let error = Client::open(&file, &reading).expect("starts").tree().expect_err("hangs");
    // Storage that hangs is no fault of the file's.
    assert!(matches!(error, Error::Hung { .. }) && !error.is_refusal(), "{error}");
    assert!(started.elapsed() < Duration::from_secs(5));

    let exe = stand_in(folder.path(), "kill -SEGV $$");
    let error = Client::open(&file, &Reading::isolated(exe)).expect("starts").tree().expect_err("crashes");
    let text = error.to_string();
    assert!(matches!(error, Error::Crashed { .. }) && text.contains("signal") && text.contains("x.h5"), "{text}");

    let exe = stand_in(folder.path(), "kill -KILL $$");
    let error = Client::open(&file, &Reading::isolated(exe)).expect("starts").tree().expect_err("is killed");
    assert!(matches!(error, Error::Killed { .. }) && !error.is_refusal() && error.to_string().contains("memory"), "{error}");
}

#[test]
fn damaged_files_never_take_the_program_with_them() {
    let files = python::files();
    let seed_file = std::fs::read(files.path().join("stored.h5")).expect("written");
    let damaged = files.path().join("damaged.h5");
    let mut state = 1u64;
    let mut random = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    };
    let (mut read, mut refused) = (0, 0);
    for _ in 0..150 {
        let mut bytes = seed_file.clone();
        for _ in 0..=random() % 8 {
            let at = random() as usize % bytes.len();
            bytes[at] = random() as u8;
        }
        std::fs::write(&damaged, &bytes).expect("written");
        let exe = PathBuf::from(env!("CARGO_BIN_EXE_striae"));
        let reading = Reading::Isolated { exe, patience: Duration::from_secs(5) };
        let address = Address { file: damaged.clone(), inner: Some("/gzip".into()) };
        match Collection::open(&address, &reading)
            .map_err(|e| e.to_string())
            .and_then(|mut c| c.read(0..c.rows()).map_err(|e| e.to_string()))
        {
            Ok(_) => read += 1,
            Err(text) => {
                refused += 1;
                assert!(text.contains("damaged.h5"), "{text}");
            }
        }
    }
    assert!(read > 0 && refused > 0, "{read} read, {refused} refused");
}

fn record() -> Record {
    Record {
        tool: "striae".into(),
        version: "0".into(),
        commit: None,
        options: Options::new("cosine", Mode::TopK(2)),
        inputs: vec![Input {
            name: "a.h5:/x".into(),
            rows: 2,
            width: 3,
            peaks: None,
            values_blake3: String::new(),
            labels_blake3: None,
            left_out: Vec::new(),
        }],
        devices: vec![Cpu::new().device()],
        tile: Cpu::new().tile(),
        strategy: None,
        threads: 1,
        started: "1970-01-01T00:00:00Z".into(),
        effort: striae::compare::Effort::default(),
        warnings: Vec::new(),
        result_blake3: String::new(),
        matched_blake3: None,
        beside_blake3: None,
        shard: None,
        merged: None,
        tolerance: None,
    }
}

#[test]
fn results_open_in_h5py_and_come_back() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("out.h5");
    let target = Target { address: Address { file: file.clone(), inner: None }, overwrite: false };
    let (neighbors, scores) = ([1, 2, 0, -1], [0.5, 0.25, 0.5, f64::NAN]);
    let mut made = record();
    write_ranking(&target, &mut made, 2, &neighbors, &scores, None, None).expect("written");
    let seen: serde_json::Value = serde_json::from_str(&python::run("h5py_read.py", &file)).expect("JSON");
    assert_eq!(seen["neighbors"]["values"], serde_json::json!([[1, 2], [0, -1]]));
    assert_eq!(seen["neighbors"]["dtype"], "<i8");
    assert_eq!(seen["scores"]["values"], serde_json::json!([[0.5, 0.25], [0.5, null]]));
    assert_eq!(seen["/"]["striae_kind"], "top-k");
    let text = seen["record"]["values"][0].as_str().expect("text");
    assert_eq!(serde_json::from_str::<Record>(text).expect("a record"), made);

    let mut back = StoredResult::open(&target.address, &isolated()).expect("opens");
    assert_eq!((back.kind, &back.record), (StoredKind::Ranking { rows: 2, k: 2 }, &made));
    assert_eq!(back.digest().expect("readable"), made.result_blake3);
    let again = write_ranking(&target, &mut record(), 2, &neighbors, &scores, None, None).expect_err("it is there");
    assert!(again.to_string().contains("--overwrite"), "{again}");
    let over = Target { overwrite: true, ..target };
    write_ranking(&over, &mut record(), 2, &neighbors, &scores, None, None).expect("replaced");
    assert_eq!(std::fs::read_dir(folder.path()).expect("a folder").count(), 1, "nothing else stays");
}

#[test]
fn a_result_that_is_not_of_its_record_is_refused_whatever_its_digest() {
    let folder = tempfile::tempdir().expect("a folder");
    let stored = |name: &str, links: &[(u64, u64)]| {
        let mut made = record();
        made.options.mode = Mode::Threshold(0.5);
        made.inputs[0].rows = 10;
        let found = Found::new(1 << 10, folder.path());
        found.add(&links.iter().map(|&(query, reference)| Link { query, reference, score: 0.75 }).collect::<Vec<_>>());
        let target = Target { address: Address { file: folder.path().join(name), inner: None }, overwrite: false };
        write_links(&target, &mut made, found.finish().expect("kept"), None, None).expect("written");
        StoredResult::open(&target.address, &isolated()).expect("opens").digest().map_err(|e| e.to_string())
    };
    assert!(stored("right.h5", &[(0, 1), (0, 9), (3, 4)]).is_ok());
    // Nobody looks for a query that there is not; digest and record of the file are those of what it holds.
    for (name, links) in [("beyond.h5", &[(0, 1), (11, 12)]), ("within.h5", &[(0, 1), (9, 10)]), ("turned.h5", &[(0, 1), (4, 3)])]
    {
        let why = stored(name, links).expect_err(name);
        assert!(why.contains("out of order, or of items that there are not"), "{why}");
    }
    let mut made = record();
    let target = Target { address: Address { file: folder.path().join("k.h5"), inner: None }, overwrite: false };
    write_ranking(&target, &mut made, 1, &[1, 0], &[0.5, 0.5], None, None).expect("written");
    let why = StoredResult::open(&target.address, &isolated()).expect("opens").digest().expect_err("k is 2").to_string();
    assert!(why.contains("the best 1 of each of 2 queries, and its record says the best 2 of each of 2 queries"), "{why}");
}

#[test]
fn what_a_journal_waits_for_is_not_swept() {
    let folder = tempfile::tempdir().expect("a folder");
    let target = folder.path().join("out.h5");
    let layout = Layout::default().dataset("/x", &[4], Kind::F64);
    let make = || Writer::create(&target, &layout, false).expect("made");
    let first = make();
    first.put("/x", 0, &[1f64, 2.0]).expect("written");
    let unfinished = first.sync().expect("synced");
    drop(first);
    let started = String::from("1970-01-01T00:00:00Z");
    let how = Journaling {
        path: folder.path().join("out.h5.journal"),
        interval: Duration::from_mins(1),
        began: Instant::now(),
        started: started.clone(),
        claim: None,
    };
    let fingerprint = Fingerprint::now(&Options::new("cosine", Mode::TopK(2)), &[], None);
    let head = Head { fingerprint, blocks: Sides { queries: 1, references: 0 }, started };
    let mut all = Checkpoints::new(&how, &head, None).expect("begins");
    let file = serde_json::to_value(&unfinished).expect("JSON");
    all.commit(Standing { writing: Some((2, file)), ..Standing::default() }, None, &mut |_, _| Ok(())).expect("committed");
    drop(all);
    // Another command for the same output.
    drop(make());
    let again = Writer::resume(&target, &layout, &unfinished, false).expect("it is still there");
    again.put("/x", 2, &[3f64, 4.0]).expect("written");
    drop(again);
    assert!(unfinished.is_there(&target));
    // Nobody waits for it any more.
    std::fs::remove_file(&how.path).expect("it is there");
    drop(make());
    assert!(!unfinished.is_there(&target));
}

#[test]
fn a_record_has_room_for_the_notes_of_a_thousand_shards() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut made = record();
    let note = |n: usize| {
        format!("shard {n}/1000: interrupted with 50.0 % done, and gone on with by another process; {}", "é".repeat(n))
    };
    made.warnings = (1..=1000).map(note).collect();
    let target = Target { address: Address { file: folder.path().join("many.h5"), inner: None }, overwrite: false };
    write_ranking(&target, &mut made, 2, &[1, -1, 0, -1], &[0.5, f64::NAN, 0.5, f64::NAN], None, None).expect("written");
    let back = StoredResult::open(&target.address, &isolated()).expect("opens");
    let kept = &back.record.warnings;
    assert!(kept.len() == 101 && kept[0] == note(1) && kept[50] == "900 further notes are left out here", "{kept:?}");
    assert!(kept[100].starts_with("shard 1000/1000: ") && kept[100].ends_with(" …"));
}

#[test]
fn a_file_is_complete_or_not_there() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("out.h5");
    let layout = Layout::default().dataset("/g/x", &[4, 2], Kind::F32).dataset("/none", &[0], Kind::F64);
    let writer = Writer::create(&file, &layout, false).expect("made");
    writer.put("/g/x", 0, &[1f32, 2.0, 3.0]).expect("written");
    let error = writer.finish().expect_err("five numbers are missing").to_string();
    assert!(error.contains("3 of 8"), "{error}");
    assert_eq!(std::fs::read_dir(folder.path()).expect("a folder").count(), 0);

    let writer = Writer::create(&file, &layout, false).expect("made");
    assert!(writer.put("/g/x", 6, &[1f32, 2.0, 3.0]).is_err(), "beyond the end");
    assert!(writer.put("/g/x", 0, &[1f64]).is_err(), "of another type");
    writer.put("/g/x", 0, &[1f32, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0]).expect("written");
    writer.finish().expect("complete");
    let mut back = Collection::open(&Address::parse(&format!("{}:/g/x", file.display())), &isolated()).expect("opens");
    assert_eq!(numbers(&mut back), [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0]);

    let absent = folder.path().join("no/such/folder/out.h5");
    let error = Writer::create(&absent, &layout, false).expect_err("no folder").to_string();
    assert!(error.contains("no/such/folder"), "{error}");
}

#[test]
fn files_are_written_while_other_threads_start_programs() {
    use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
    let folder = tempfile::tempdir().expect("a folder");
    let layout = Layout::default().dataset("/x", &[2], Kind::F64);
    let done = AtomicBool::new(false);
    std::thread::scope(|threads| {
        // A program being started holds every open file of ours until its `exec`, and with it the file's lock.
        for _ in 0..2 {
            threads.spawn(|| {
                while !done.load(Relaxed) {
                    let mut command = std::process::Command::new("true");
                    // Something to do between `fork` and `exec`, so that the library cannot shorten that time.
                    command.current_dir(folder.path());
                    assert!(command.status().expect("`true` is on every machine").success());
                }
            });
        }
        let failed: Vec<String> = (0..300)
            .filter_map(|n| {
                let written = Writer::create(&folder.path().join(format!("{n}.h5")), &layout, false)
                    .and_then(|writer| writer.put("/x", 0, &[1f64, 2.0]).and_then(|()| writer.finish()));
                written.err().map(|e| e.to_string())
            })
            .collect();
        done.store(true, Relaxed);
        assert!(failed.is_empty(), "{} of 300, the first: {}", failed.len(), failed[0]);
    });
}
