//! The program as people use it: what it prints, what it leaves behind, and the exit codes.

#![allow(clippy::expect_used, clippy::panic, clippy::print_stderr, reason = "a test that cannot go on says why and stops")]

#[path = "support/python.rs"]
mod python;

use assert_cmd::Command;
use std::os::unix::process::CommandExt as _;
use std::path::Path;

fn striae(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_striae"));
    command.current_dir(folder).env("STRIAE_CACHE", folder.join("cache"));
    command
}

/// Runs it and answers the exit code, standard output and standard error.
fn run(folder: &Path, arguments: &str) -> (i32, String, String) {
    let done = striae(folder).args(arguments.split_whitespace()).output().expect("the program runs");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (done.status.code().unwrap_or(-1), text(&done.stdout), text(&done.stderr))
}

fn ok(folder: &Path, arguments: &str) -> String {
    let (code, out, err) = run(folder, arguments);
    assert_eq!(code, 0, "striae {arguments}: {out}{err}");
    out
}

fn json(folder: &Path, arguments: &str) -> serde_json::Value {
    serde_json::from_str(&ok(folder, arguments)).expect("one JSON document")
}

fn digest(folder: &Path, arguments: &str) -> String {
    json(folder, arguments)["result_blake3"].as_str().expect("a digest").to_owned()
}

#[test]
fn the_digest_hangs_on_nothing_but_the_question() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    ok(folder, "simulate --exhibits 1500 --seed 3 --spectrum-width 200 -o a.h5");
    let gpu = striae::backend::gpu::list();
    if gpu.is_empty() {
        assert!(std::env::var("STRIAE_REQUIRE_GPU").is_err(), "STRIAE_REQUIRE_GPU=1, but there is no GPU");
        eprintln!("IGNORED for the GPU: none was found");
    }
    let backends: &[&str] = if gpu.is_empty() { &["cpu"] } else { &["cpu", "gpu"] };
    for what in
        ["--metric pearson --top-k 7", "--metric euclidean --top-k 3 --exclude exhibit", "--metric cosine --threshold 0.999"]
    {
        let mut seen = Vec::new();
        for backend in backends {
            for memory in ["64MiB", "2GiB"] {
                for (threads, tile) in [(1, "192x384"), (2, "64x64"), (2, "256x128")] {
                    seen.push(digest(
                        folder,
                        &format!(
                            "compare a.h5:/spectra {what} --backend {backend} --memory {memory} -j {threads} --tile {tile} --overwrite --json -o out.h5"
                        ),
                    ));
                }
            }
        }
        assert!(seen.iter().all(|d| *d == seen[0]), "{what}: {seen:?}");
    }
}

#[test]
fn a_result_is_verified_and_a_changed_one_is_not() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    ok(folder, "simulate --exhibits 400 --only spectra,logos --spectrum-width 100 -o a.h5");
    for (what, out) in [
        ("a.h5:/spectra --metric cosine --top-k 5", "ranking.h5"),
        ("a.h5:/spectra --metric pearson --threshold 0.99", "links.h5"),
        ("a.h5:/logos --metric euclidean --dense --exclude exhibit", "dense.h5"),
        ("a.h5:/logos a.h5:/logos --metric manhattan --top-k 2", "named-twice.h5"),
    ] {
        ok(folder, &format!("compare {what} --backend cpu -o {out}"));
        let said = ok(folder, &format!("verify {out} --all"));
        assert!(said.contains("recomputed 400 of 400"), "{said}");
        assert!(ok(folder, &format!("info {out}")).contains("Result of a comparison"));
    }
    // One score changed in its last bit: the file's digest tells.
    let mut bytes = std::fs::read(folder.join("ranking.h5")).expect("there");
    let score = json(folder, "info --json ranking.h5");
    assert_eq!(score["options"]["metric"], "cosine");
    let seen: serde_json::Value = serde_json::from_str(&python::run("h5py_read.py", &folder.join("ranking.h5"))).expect("JSON");
    let first = seen["scores"]["values"][0][0].as_f64().expect("a score").to_le_bytes();
    let at = bytes.windows(8).position(|w| w == first).expect("the score is in the file");
    bytes[at] ^= 1;
    std::fs::write(folder.join("changed.h5"), &bytes).expect("written");
    let (code, _, err) = run(folder, "verify changed.h5");
    assert!(code == 3 && err.contains("changed or damaged"), "{code} {err}");
    // Another archive under the same name.
    ok(folder, "simulate --exhibits 400 --seed 8 --only spectra,logos --spectrum-width 100 --overwrite -o a.h5");
    let (code, _, err) = run(folder, "verify ranking.h5");
    assert!(code == 3 && err.contains("not what was compared"), "{code} {err}");
}

#[test]
fn input_that_cannot_be_compared_ends_with_3_and_says_where() {
    let files = python::files();
    let folder = files.path();
    for (input, says) in [
        ("bad.h5:/nan", ["bad.h5:/nan", "row 17", "feature 3"]),
        ("bad.h5:/named", ["bad.h5:/named", "row 21", "\"brick 21\""]),
        ("bad.h5:/infinity", ["bad.h5:/infinity", "row 5", "feature 2"]),
        ("bad.h5:/zero", ["bad.h5:/zero", "row 9", "zero"]),
        ("bad.h5:/one", ["bad.h5", "/one", "one dimension"]),
        ("bad.h5:/three", ["bad.h5", "/three", "3 dimensions"]),
        ("bad.h5:/nothing", ["bad.h5", "/nothing", "there is no"]),
        ("bad.h5:/twice", ["bad.h5", "\"same\" occurs twice", "rows 4 and 30"]),
        ("bad.h5:/big", ["bad.h5", "row 3", "9007199254740993"]),
        ("truncated.h5:/gzip", ["truncated.h5", "truncated", ""]),
        ("text.h5", ["text.h5", "not an HDF5 file", ""]),
        ("absent.h5:/x", ["absent.h5", "no such file", ""]),
        ("stored.h5:/gzip bad.h5:/narrow", ["12 features", "7", "bad.h5:/narrow"]),
    ] {
        let (code, out, err) = run(folder, &format!("compare {input} --metric cosine --top-k 3 --backend cpu -o out.h5"));
        assert_eq!(code, 3, "{input}: {out}{err}");
        for part in says {
            assert!(err.contains(part), "{input}: {err}");
        }
        assert!(!folder.join("out.h5").exists(), "{input} left a result");
        let (_, out, _) = run(folder, &format!("compare {input} --metric cosine --top-k 3 --backend cpu -o out.h5 --json"));
        assert_eq!(serde_json::from_str::<serde_json::Value>(&out).expect("JSON")["exit"], 3);
    }
    // The row can be left out, and is listed.
    ok(folder, "compare bad.h5:/nan --metric cosine --top-k 3 --backend cpu --invalid skip -o skipped.h5");
    let record = json(folder, "info --json skipped.h5");
    assert_eq!(record["inputs"][0]["left_out"][0][0], 17);
    ok(folder, "verify skipped.h5 --all");
}

#[test]
fn wrong_usage_ends_with_2_and_says_what_is_allowed() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    ok(folder, "simulate --exhibits 200 --only logos -o a.h5");
    for (arguments, says) in [
        ("compare a.h5 --metric cosine -o o.h5", "--top-k"),
        ("compare a.h5 --metric cosine --top-k 3 --dense -o o.h5", "cannot be used with"),
        ("compare a.h5 --metric nothing --top-k 3 -o o.h5", "manhattan"),
        ("compare a.h5 --metric cosine --top-k 0 -o o.h5", "give 1 or more"),
        ("compare a.h5 --metric cosine --threshold 2 -o o.h5", "lies between -1 and 1"),
        ("compare a.h5 --metric cosine --top-k 3 --memory 1MiB -o o.h5", "--memory"),
        ("compare a.h5 --metric cosine --top-k 3 --memory lots -o o.h5", "allowed are KiB"),
        ("compare a.h5 --metric cosine --top-k 3 -o a.h5 --overwrite", "also an input"),
        ("compare a.h5 --metric cosine --top-k 3 --backend cpu --device x -o o.h5", "leave one out"),
        ("simulate --exhibits 0 -o b.h5", "give from 1"),
        ("simulate --exhibits 5 --logo-width 3 -o b.h5", "give from 16"),
        ("frobnicate", "unrecognized subcommand"),
    ] {
        let (code, out, err) = run(folder, arguments);
        assert_eq!(code, 2, "{arguments}: {out}{err}");
        assert!(err.contains(says), "{arguments}: {err}");
    }
    let (code, _, err) = run(folder, "compare a.h5 --metric cosine --top-k 3 -o no/such/folder/o.h5");
    assert!(code == 2 && err.contains("there is no folder no/such/folder; make it"), "{code} {err}");
    std::fs::create_dir(folder.join("results")).expect("made");
    let (code, _, err) = run(folder, "compare a.h5 --metric cosine --top-k 3 -o results");
    assert!(code == 2 && err.contains("results: this is a folder"), "{code} {err}");
    std::fs::write(folder.join("there.h5"), "mine").expect("written");
    let (code, _, err) = run(folder, "compare a.h5 --metric cosine --top-k 3 -o there.h5");
    assert!(code == 2 && err.contains("--overwrite"), "{code} {err}");
    assert_eq!(std::fs::read(folder.join("there.h5")).expect("still there"), b"mine");
}

#[test]
fn what_was_mistyped_or_has_moved_is_said_with_what_to_do() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    ok(folder, "simulate --exhibits 60 --only spectra --spectrum-width 64 -o a.h5");
    let compare = "--metric pearson --top-k 2 --backend cpu";
    ok(folder, &format!("compare a.h5:/spectra {compare} -o near.h5"));
    ok(folder, &format!("compare a.h5:/spectra {compare} --shard 1/3 -o part.h5"));
    for (arguments, code, says) in [
        ("verify part.h5", 3, "this is shard 1/3 of a comparison; striae merge checks it"),
        ("verify near.h5 --sample 0", 2, "--sample 0 looks at nothing; give 1 or more, or --all"),
        ("compare a.h5:spectra --metric pearson -k 2 -o o.h5", 3, "no such file; did you mean a.h5:/spectra?"),
        ("compare near.h5 --metric pearson -k 2 -o o.h5", 3, "this is a result of striae (top-k), no collection"),
        ("compare a.h5 --metric hamming -k 2 -o o.h5", 3, "hamming compares packed bits"),
        ("manifest a.h5:spectra -o a.jsonl", 3, "did you mean a.h5:/spectra?"),
    ] {
        let (got, out, err) = run(folder, arguments);
        assert!(got == code && err.contains(says) && !err.contains("Some("), "{arguments}: {got} {out}{err}");
    }
    let (_, _, err) = run(folder, "compare b.h5:spectra --metric pearson -k 2 -o o.h5");
    assert!(err.contains("no such file") && !err.contains("did you mean"), "{err}");
    std::fs::rename(folder.join("a.h5"), folder.join("b.h5")).expect("moved");
    let hint = "the record names it; say where it is now: --input FILE.h5:/path";
    let (code, _, err) = run(folder, "verify near.h5");
    assert!(code == 3 && err.contains("a.h5: there is no such file") && err.contains(hint), "{code} {err}");
    let (code, _, err) = run(folder, "verify near.h5 --input c.h5:/spectra");
    assert!(code == 3 && err.contains("c.h5: there is no such file") && !err.contains(hint), "{code} {err}");
    ok(folder, "verify near.h5 --input b.h5:/spectra");
}

#[test]
fn a_limit_on_the_size_of_files_is_named_from_the_first_byte_on() {
    let folder = tempfile::tempdir().expect("a folder");
    for limit in [1, 4, 8] {
        let script = format!("ulimit -f {limit}; exec \"$0\" simulate --exhibits 20 --only spectra --spectrum-width 64 -o a.h5");
        let mut shell = std::process::Command::new("sh");
        let done =
            shell.current_dir(folder.path()).args(["-c", &script, env!("CARGO_BIN_EXE_striae")]).output().expect("a shell");
        let err = String::from_utf8_lossy(&done.stderr);
        assert!(done.status.code() == Some(1) && err.contains("a.h5: the system allows no file as large"), "{limit}: {err}");
        assert_eq!(std::fs::read_dir(folder.path()).expect("a folder").count(), 0, "{limit}");
    }
}

#[test]
fn the_demo_finds_what_it_should() {
    let folder = tempfile::tempdir().expect("a folder");
    let said = ok(folder.path(), "demo --exhibits 600 --backend cpu");
    assert!(said.contains("57 of 60"), "{said}");
    assert!(folder.path().join("striae-demo/archive.h5").exists());
    let found = json(folder.path(), "demo --exhibits 600 --backend cpu --json");
    assert_eq!(found["coffee"], serde_json::json!({ "queries": 60, "first": 57 }));
    let rate = |of: &str| found[of]["first"].as_f64().expect("n") / found[of]["queries"].as_f64().expect("n");
    assert!(rate("spectra") > 0.9 && rate("logos") > 0.9, "{found}");
}

#[test]
fn simulated_archives_open_in_h5py_and_are_the_same_again() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    ok(folder, "simulate --exhibits 300 --seed 5 -o a.h5");
    ok(folder, "simulate --exhibits 300 --seed 5 -o b.h5 -q");
    // HDF5 notes the second in which it made an object, with a checksum: eight bytes for each of the file's heads may differ, and
    // no number does.
    let (a, b) = (std::fs::read(folder.join("a.h5")).expect("there"), std::fs::read(folder.join("b.h5")).expect("there"));
    let differ = a.iter().zip(&b).filter(|(a, b)| a != b).count();
    assert!(a.len() == b.len() && differ <= 200, "{differ} of {} bytes differ", a.len());
    let digest = |archive: &str| {
        let command =
            format!("compare {archive}:/toolmarks --metric euclidean --top-k 3 --backend cpu --overwrite -o digest.h5 --json");
        let record: serde_json::Value = serde_json::from_str(&ok(folder, &command)).expect("JSON");
        (record["inputs"][0]["values_blake3"].clone(), record["result_blake3"].clone())
    };
    assert_eq!(digest("a.h5"), digest("b.h5"));
    let seen: serde_json::Value = serde_json::from_str(&python::run("h5py_read.py", &folder.join("a.h5"))).expect("JSON");
    assert_eq!(seen["spectra/values"]["shape"], serde_json::json!([300, 1024]));
    assert_eq!(seen["spectra/axis"]["attributes"]["unit"], "cm-1");
    assert_eq!(seen["toolmarks/exhibit"]["values"][3], "E0003");
    assert!(ok(folder, "info a.h5").contains("Can be compared: a.h5:/logos, a.h5:/spectra, a.h5:/toolmarks"));
    assert!(ok(folder, "info a.h5:/logos").contains("300 rows × 64 features, f32"));
}

#[test]
fn helps_lists_and_generated_files() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    for command in ["compare", "info", "verify", "simulate", "demo", "generate"] {
        let said = ok(folder, &format!("{command} --help"));
        assert!(said.contains("Examples:"), "{command}: {said}");
    }
    let metrics = ok(folder, "metrics");
    for metric in striae::metric::all() {
        assert!(metrics.contains(metric.info().formula), "{metrics}");
    }
    assert!(
        json(folder, "metrics --json")
            .as_array()
            // relative-distance and cmps stand beside the scores of ccf.
            .is_some_and(|all| { all.len() == striae::metric::all().len() + striae::metric::peaks::PeakMetric::ALL.len() + 2 })
    );
    assert!(ok(folder, "devices").contains("--backend auto"));
    assert!(json(folder, "devices --json")["cpu"]["name"].is_string());
    for shell in ["bash", "zsh", "fish"] {
        assert!(ok(folder, &format!("generate completions {shell}")).contains("striae"));
    }
    ok(folder, "generate man man");
    let page = std::fs::read_to_string(folder.join("man/striae-compare.1")).expect("a page");
    assert!(page.contains("top\\-k"), "{page}");
    let all: Vec<_> = std::fs::read_dir(folder.join("man")).expect("pages").collect();
    assert!(all.len() >= 8, "{all:?}");
}

#[test]
fn a_gpu_is_tuned_once_and_used_so_afterwards() {
    if striae::backend::gpu::list().is_empty() {
        assert!(std::env::var("STRIAE_REQUIRE_GPU").is_err(), "STRIAE_REQUIRE_GPU=1, but there is no GPU");
        eprintln!("IGNORED, nothing was tested: no GPU was found");
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    ok(folder, "simulate --exhibits 700 --only spectra --spectrum-width 100 -o a.h5");
    let compare = "compare a.h5 --metric pearson --top-k 4 --backend gpu --overwrite --json -o out.h5";
    let shapes = |record: &serde_json::Value| record["devices"][0]["shapes"].as_str().expect("said").to_owned();
    let before = json(folder, compare);
    assert!(shapes(&before).contains("not tuned"), "{before}");
    let found = json(folder, "devices --tune --json");
    let choices = found["tuning"]["choices"].as_array().expect("choices");
    assert!(choices.len() >= 6, "{found}");
    for choice in choices {
        let tried = choice["tried"].as_array().expect("what was tried");
        let best =
            tried.iter().filter(|t| t["refused"].is_null()).map(|t| t["gflops"].as_f64().expect("a rate")).fold(0.0, f64::max);
        let taken = tried.iter().find(|t| t["shape"] == choice["shape"]).expect("one of them");
        assert_eq!(taken["gflops"].as_f64(), Some(best), "{choice}");
        assert!(taken["error"].as_f64() > Some(0.0) && taken["error"].as_f64() <= taken["allowed"].as_f64(), "{taken}");
    }
    let after = json(folder, compare);
    assert!(shapes(&after).starts_with("tuned ") && !shapes(&after).contains("not tuned"), "{after}");
    assert_eq!(before["result_blake3"], after["result_blake3"]);
    // A tuning of another driver is not used, and said so.
    let file = found["file"].as_str().expect("a file");
    let text = std::fs::read_to_string(file).expect("kept");
    let fingerprint = found["tuning"]["fingerprint"].as_str().expect("a fingerprint");
    std::fs::write(file, text.replace(fingerprint, &"0".repeat(64))).expect("written");
    let (code, _, err) = run(folder, &compare.replace("--json ", ""));
    assert!(code == 0 && err.contains("is not a tuning of this GPU"), "{err}");
    assert!(shapes(&json(folder, compare)).contains("not tuned"));
    let (code, _, err) = run(folder, "devices --tune --device nothing-of-the-sort");
    assert!(code != 0 && err.contains("no GPU is called"), "{err}");
}

#[test]
fn whoever_stops_all_processes_of_a_run_hears_no_word_of_a_damaged_file() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    ok(folder, "simulate --exhibits 60000 --only spectra --spectrum-width 512 -o a.h5");
    let mut stopped = 0;
    for wait in (40..640).step_by(30) {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_striae"));
        let arguments = "compare a.h5 --metric pearson --top-k 5 --memory 128MiB --backend cpu -o out.h5";
        command.current_dir(folder).args(arguments.split_whitespace()).stderr(std::process::Stdio::piped()).process_group(0);
        let running = command.spawn().expect("starts");
        std::thread::sleep(std::time::Duration::from_millis(wait));
        let pid = rustix::process::Pid::from_child(&running);
        let _ = rustix::process::kill_process_group(pid, rustix::process::Signal::TERM);
        let ended = running.wait_with_output().expect("ends");
        let said = String::from_utf8_lossy(&ended.stderr).into_owned();
        // Before it could listen it is ended by the signal itself.
        assert!(matches!(ended.status.code(), Some(0 | 4) | None), "after {wait} ms: {:?} {said}", ended.status);
        stopped += u32::from(ended.status.code() == Some(4));
        for left in ["out.h5", "out.h5.journal"] {
            let _ = std::fs::remove_file(folder.join(left));
        }
    }
    assert!(stopped > 5, "{stopped}");
}

/// Waits until a file is there.
fn awaited(file: &Path) {
    for _ in 0..3_000 {
        if file.exists() {
            return;
        }
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    panic!("no {}", file.display())
}

#[test]
fn an_output_is_one_runs_from_its_start_on_and_stops_while_lags_are_looked_at() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    ok(folder, "simulate --exhibits 150 --only toolmarks --mark-width 512 -o a.h5");
    let compare = "compare a.h5 --metric ccf --top-k 10 --rescore cmps -o out.h5";
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_striae"));
    command.current_dir(folder).args(compare.split_whitespace());
    let running = command.stdout(std::process::Stdio::null()).stderr(std::process::Stdio::piped()).spawn().expect("starts");
    awaited(&folder.join("out.h5.journal.new"));
    for again in [compare.to_owned(), format!("{compare} --resume"), format!("{compare} --overwrite")] {
        let (code, _, said) = run(folder, &again);
        assert!(code == 1 && said.contains("another process is writing it"), "{again}: {code} {said}");
    }
    // All pairs are compared when the journal is there; what stands beside the scores takes longer.
    awaited(&folder.join("out.h5.journal"));
    let (code, _, said) = run(folder, compare);
    assert!(code == 1 && said.contains("another process is writing it"), "{code} {said}");
    let pid = rustix::process::Pid::from_child(&running);
    let _ = rustix::process::kill_process(pid, rustix::process::Signal::INT);
    let ended = running.wait_with_output().expect("ends");
    let said = String::from_utf8_lossy(&ended.stderr).into_owned();
    assert!(ended.status.code() == Some(4) && said.contains("interrupted with 100.0 % done"), "{:?} {said}", ended.status);
    // Another run of that output is told what lies there.
    let (code, _, said) = run(folder, compare);
    assert!(code == 2 && said.contains("--resume"), "{code} {said}");
    let seconds = |file: &str| json(folder, &format!("info {file} --json"))["effort"]["explain_seconds"].as_f64();
    ok(folder, &format!("{compare} --resume"));
    assert!(seconds("out.h5") > Some(0.0));
    ok(folder, "verify out.h5 --sample 2");
    ok(folder, "compare a.h5:/toolmarks --metric cosine --top-k 2 -o both.h5:/cosine");
    let (code, _, said) = run(folder, "compare a.h5:/toolmarks --metric dot --top-k 2 -o both.h5:/dot --overwrite");
    assert!(code == 2 && said.contains("both.h5 holds another result (/cosine)"), "{code} {said}");
    ok(folder, "compare a.h5:/toolmarks --metric cosine --top-k 3 -o both.h5:/cosine --overwrite");
}

#[test]
fn an_interrupted_run_ends_with_4_and_goes_on() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    ok(folder, "simulate --exhibits 60000 --only spectra --spectrum-width 512 -o a.h5");
    let names = || -> Vec<String> {
        let all = std::fs::read_dir(folder).expect("a folder").map(|e| e.expect("an entry").file_name());
        let mut all: Vec<String> = all.map(|name| name.into_string().expect("a name")).collect();
        all.sort();
        all
    };
    for mode in ["--top-k 5", "--threshold 0.9999", "--dense"] {
        let arguments = format!("compare a.h5 --metric pearson {mode} --backend cpu -o out.h5");
        // Machines differ: too early there is nothing to commit yet, too late it is through.
        let caught = [700, 500, 900, 350, 1200, 250, 1600, 2400, 4000].into_iter().any(|wait| {
            let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_striae"));
            command.current_dir(folder).args(arguments.split_whitespace()).stderr(std::process::Stdio::piped()).process_group(0);
            let mut running = command.spawn().expect("starts");
            std::thread::sleep(std::time::Duration::from_millis(wait));
            // As a terminal and schedulers do: all processes of the run, and one of them a second time.
            let pid = rustix::process::Pid::from_child(&running);
            let _ = rustix::process::kill_process_group(pid, rustix::process::Signal::INT);
            std::thread::sleep(std::time::Duration::from_millis(5));
            let _ = rustix::process::kill_process(pid, rustix::process::Signal::INT);
            let code = running.wait().expect("ends").code();
            let left = names();
            match code {
                Some(0) => std::fs::remove_file(folder.join("out.h5")).expect("it is through"),
                // The dense result needs 14 GB, which the disk may not have.
                Some(1) if mode == "--dense" => assert_eq!(left, ["a.h5"]),
                Some(4) if left.len() == 1 => assert_eq!(left, ["a.h5"]),
                Some(4) => {
                    // The journal, and what the dense result has so far.
                    assert!(left.contains(&"out.h5.journal".to_owned()), "{left:?}");
                    assert_eq!(left.len(), if mode == "--dense" { 3 } else { 2 }, "{left:?}");
                    return true;
                }
                other => panic!("{mode}: {other:?}"),
            }
            false
        });
        assert!(caught || mode == "--dense", "{mode}");
        if mode == "--dense" {
            continue;
        }
        let (refused, _, said) = run(folder, &arguments);
        assert!(refused == 2 && said.contains("--resume"), "{said}");
        ok(folder, &format!("{arguments} --resume"));
        ok(folder, &arguments.replace("out.h5", "whole.h5"));
        let digest = |file: &str| json(folder, &format!("info {file} --json"))["result_blake3"].clone();
        assert!(digest("out.h5").is_string());
        assert_eq!(digest("out.h5"), digest("whole.h5"), "{mode}");
        for file in ["out.h5", "whole.h5"] {
            std::fs::remove_file(folder.join(file)).expect("it is there");
        }
        assert_eq!(names(), ["a.h5"]);
    }
}

#[test]
fn profiles_that_fit_say_where() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    // The same signature from sample 0, 7 and 15 on, and a foreign one; of different lengths.
    let n = 200;
    let sample = |i: usize, seed: usize| f64::from(((i * i * 7919 + i * 31 * seed) % 1009) as u32);
    let starts = [(0, n, 1), (7, n - 20, 1), (15, n, 1), (0, n, 5)];
    let values: Vec<f64> = starts
        .iter()
        .flat_map(|&(start, length, seed)| (0..n).map(move |i| if i < length { sample(start + i, seed) } else { f64::NAN }))
        .collect();
    let file = hdf5::File::create(folder.join("p.h5")).expect("a file");
    let group = file.create_group("marks").expect("a group");
    let values = ndarray::Array2::from_shape_vec((4, n), values).expect("a matrix");
    group.new_dataset_builder().with_data(&values).create("values").expect("values");
    let axis: Vec<f64> = (0..n).map(|i| 1.5 * i as f64).collect();
    let axis = group.new_dataset_builder().with_data(&axis).create("axis").expect("an axis");
    let unit: hdf5::types::VarLenUnicode = "um".parse().expect("text");
    axis.new_attr::<hdf5::types::VarLenUnicode>().create("unit").expect("a unit").write_scalar(&unit).expect("written");
    drop((axis, group, file));
    let options = "--metric ccf --min-overlap 150um --rescore cmps,relative-distance --overwrite";
    let made = json(folder, &format!("compare p.h5:/marks {options} -k 2 --json -o o.h5"));
    assert_eq!(made["options"]["settings"]["min_overlap"]["samples"], 100);
    let read = |name: &str| hdf5::File::open(folder.join("o.h5")).expect("a result").dataset(name).expect(name);
    let whole = |name: &str| read(name).read_raw::<i64>().expect("numbers");
    assert_eq!(whole("neighbors")[..2], [1, 2]);
    // Sample 7 of the first lies beside sample 0 of the second.
    assert_eq!((&whole("lags")[..2], &whole("overlaps")[..2]), (&[7, 15][..], &[180, 185][..]));
    assert_eq!(whole("lags")[2], -7);
    assert_eq!(whole("cmps")[..2], [4, 4]);
    assert_eq!(read("cmps_votes").shape(), [4, 2, 4]);
    assert!(read("relative_distance").read_raw::<f64>().expect("numbers")[..2].iter().all(|d| (d - 1.0).abs() < 1e-12));
    ok(folder, "verify o.h5");
    let links = json(folder, &format!("compare p.h5:/marks {options} --threshold 0.99 --json -o o.h5"));
    assert_eq!(links["links"], 3);
    assert_eq!((whole("query"), whole("reference"), whole("lag")), (vec![0, 0, 1], vec![1, 2, 2], vec![7, 15, 8]));
    ok(folder, "verify o.h5");
    // What stands beside the scores has a digest, too.
    let file = folder.join("o.h5");
    let bytes: Vec<u8> = whole("lag").iter().flat_map(|lag| lag.to_le_bytes()).collect();
    let mut changed = std::fs::read(&file).expect("there");
    let at = changed.windows(bytes.len()).position(|w| w == bytes).expect("the lags are in the file");
    changed[at] ^= 1;
    std::fs::write(folder.join("changed.h5"), &changed).expect("written");
    let (code, _, err) = run(folder, "verify changed.h5");
    assert!(code == 3 && err.contains("lags") && err.contains("changed or damaged"), "{code} {err}");
    for (wrong, says) in [
        ("--metric cosine --min-overlap 0.5", "is for --metric ccf"),
        ("--metric ccf --min-overlap 2.5", "whole samples"),
        ("--metric ccf --stretch 3", "0.5 to 2"),
        ("--metric ccf --stretch nfi --stretch-side reference", "needs a reference"),
        ("--metric ccf --stretch-side reference", "give --stretch"),
        ("--metric cosine --stretch-side reference", "is for --metric ccf"),
        ("--metric mahalanobis", "needs --covariance"),
        ("--metric minkowski --p 0.5", "1 to 32"),
    ] {
        let (code, _, err) = run(folder, &format!("compare p.h5:/marks {wrong} -k 1 -o w.h5"));
        assert!(code == 2 && err.contains(says), "{wrong}: {code} {err}");
    }
    let (code, _, err) = run(folder, "compare p.h5:/marks --metric ccf --rescore cmps --dense -o w.h5");
    assert!(code == 2 && err.contains("--rescore") && err.contains("--top-k"), "{code} {err}");
}

/// A file with rows, weights in both shapes, a covariance and packed bits.
fn with_tables(file: &Path, heavy: f64) {
    use striae::archive::write::{Kind, Layout, Writer};
    let layout = Layout::default()
        .dataset("/x", &[4, 3], Kind::F64)
        .dataset("/w", &[3], Kind::F64)
        .dataset("/row", &[1, 3], Kind::F64)
        .dataset("/short", &[2], Kind::F64)
        .dataset("/cov", &[3, 3], Kind::F64);
    let writer = Writer::create(file, &layout, true).expect("made");
    writer.put("/x", 0, &[0.0, 0.0, 0.0, 1.0, 2.0, 3.0, 4.0, 0.0, 1.0, 2.0, 2.0, 8.0]).expect("written");
    writer.put("/w", 0, &[1.0, 0.25, heavy]).expect("written");
    writer.put("/row", 0, &[1.0, 0.25, heavy]).expect("written");
    writer.put("/short", 0, &[1.0, 2.0]).expect("written");
    writer.put("/cov", 0, &[4.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 16.0]).expect("written");
    writer.finish().expect("complete");
}

#[test]
fn metrics_take_their_tables_from_archives() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    with_tables(&folder.join("t.h5"), 4.0);
    // Of rows 0 and 1, by hand.
    for (metric, expected) in [
        ("weighted-euclidean --weights t.h5:/w", 38f64.sqrt()),
        ("weighted-euclidean --weights t.h5:/row", 38f64.sqrt()),
        ("mahalanobis --covariance t.h5:/cov", (0.25f64 + 4.0 + 9.0 / 16.0).sqrt()),
        ("minkowski --p 3", 36f64.cbrt()),
    ] {
        ok(folder, &format!("compare t.h5:/x --metric {metric} --threshold 100 --backend cpu --overwrite -o o.h5"));
        let score = hdf5::File::open(folder.join("o.h5")).and_then(|f| f.dataset("score")?.read_raw::<f64>()).expect("scores");
        assert_eq!(score.len(), 6);
        assert!((score[0] / expected - 1.0).abs() < 1e-14, "{metric}: {} {expected}", score[0]);
        assert!(ok(folder, "verify o.h5 --all").contains("recomputed 4 of 4"), "{metric}");
    }
    for (metric, code, says) in [
        ("weighted-euclidean --weights t.h5:/short", 3, "3 features"),
        ("mahalanobis --covariance t.h5:/w", 2, "--covariance t.h5:/w"),
        ("weighted-euclidean --weights t.h5:/none", 3, "/none"),
        ("cosine --weights t.h5:/w", 2, "is for --metric weighted-euclidean"),
    ] {
        let (got, _, err) = run(folder, &format!("compare t.h5:/x --metric {metric} -k 1 -o w.h5"));
        assert!(got == code && err.contains(says), "{metric}: {got} {err}");
    }
    // A table that was changed since is no longer what the result was made with.
    ok(folder, "compare t.h5:/x --metric weighted-euclidean --weights t.h5:/w -k 2 --overwrite -o o.h5");
    with_tables(&folder.join("t.h5"), 5.0);
    let (_, _, err) = run(folder, "verify o.h5");
    assert!(err.contains("t.h5:/w") && err.contains("not those that the result was made with"), "{err}");
}

#[test]
fn the_way_of_screening_can_be_told_and_is_explained() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    ok(folder, "simulate --exhibits 2000 --seed 3 --only spectra --spectrum-width 300 -o a.h5");
    let ask = "compare a.h5:/spectra --metric pearson --top-k 7 --backend cpu --overwrite -o out.h5";
    let plain = json(folder, &format!("{ask} --screen plain --json"));
    assert_eq!(plain["strategy"]["bound"], "plain");
    for way in ["head=8", "head", "half", "bytes", "auto"] {
        let record = json(folder, &format!("{ask} --screen {way} --trace trace.json --json"));
        assert_eq!(record["result_blake3"], plain["result_blake3"], "{way}");
        assert!(record["strategy"]["share"].as_f64().is_some_and(|share| share < 0.5), "{record}");
        ok(folder, "verify out.h5");
        let trace: serde_json::Value =
            serde_json::from_slice(&std::fs::read(folder.join("trace.json")).expect("a trace")).expect("JSON");
        let spans = trace["traceEvents"].as_array().expect("spans");
        for what in ["read", "survey", "choose", "prepare", "screen", "refine", "settle"] {
            assert!(spans.iter().any(|s| s["name"] == what && s["dur"].as_f64().is_some_and(|d| d >= 0.0)), "{what}");
        }
    }
    let said = ok(folder, &format!("{ask} --screen head --explain"));
    for text in ["plan      head of", "tried on the sample", "all 300 numbers", "passed the bound: expected", "scored exactly"] {
        assert!(said.contains(text), "{text}: {said}");
    }
    assert!(ok(folder, ask).contains("screened  by"));
    for (arguments, code, text) in [
        (format!("{ask} --screen sideways"), 2, "no way of screening"),
        (format!("{ask} --screen head=0"), 2, "from 1 to 4096"),
        (ask.replace("pearson", "manhattan") + " --screen bytes", 2, "inner product"),
        (format!("{ask} --trace nowhere/trace.json"), 1, "cannot write the trace"),
    ] {
        let (found, _, err) = run(folder, &arguments);
        assert!(found == code && err.contains(text), "{arguments}: {found} {err}");
    }
}
