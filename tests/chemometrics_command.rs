//! `striae import`, `prepare` and `model` as people run them, from files to stored models and back.

#![allow(clippy::unwrap_used, clippy::panic, clippy::expect_used, reason = "a failure here is a failed test")]

use std::fmt::Write as _;
use std::path::Path;
use std::process::{Command, Output};
use striae::archive::new_collection::Plan;
use striae::archive::{Address, NewCollection};
use striae::matrix::{Element, Values};

fn striae(folder: &Path, words: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_striae")).current_dir(folder).args(words).output().unwrap()
}

/// Runs it, which must work; answers its JSON.
fn json(folder: &Path, words: &[&str]) -> serde_json::Value {
    let done = striae(folder, &[&["--json"], words].concat());
    assert!(done.status.success(), "{words:?}: {}", String::from_utf8_lossy(&done.stderr));
    serde_json::from_slice(&done.stdout).unwrap()
}

/// Runs it, which must be refused with this code; answers what it said.
fn refused(folder: &Path, code: i32, words: &[&str]) -> String {
    let done = striae(folder, words);
    assert_eq!(done.status.code(), Some(code), "{words:?}: {}", String::from_utf8_lossy(&done.stderr));
    String::from_utf8_lossy(&done.stderr).into_owned()
}

/// Sixty spectra of three substances in one table, with offsets and slopes that hide them.
fn table(folder: &Path) {
    let mut text = "id,source,exhibit,mark,content".to_owned();
    let axis: Vec<f64> = (0..80).map(|i| 1800.0 - 10.0 * f64::from(i)).collect();
    for x in &axis {
        write!(text, ",{x}").unwrap();
    }
    text.push('\n');
    for i in 0..60_u32 {
        let class = i % 3;
        let content = 1.0 + f64::from(i / 3) / 10.0;
        write!(text, "S{i:02},{},E{},M{},{content}", ["a", "b", "c"][class as usize], i / 6, i / 2).unwrap();
        for (j, _) in axis.iter().enumerate() {
            let peak = |at: f64| (-((j as f64 - at) / 4.0).powi(2)).exp();
            let noise = f64::from((i * 7919 + j as u32 * 104_729) % 1000) / 1e6;
            let y = f64::from(i % 7)
                + 0.01 * f64::from(i % 5) * j as f64
                + content * peak(20.0)
                + 2.0 * peak(35.0 + 12.0 * f64::from(class))
                + noise;
            write!(text, ",{y}").unwrap();
        }
        text.push('\n');
    }
    std::fs::write(folder.join("spectra.csv"), text).unwrap();
}

#[test]
fn partners_are_left_out_by_the_column_that_was_asked_for_prepared_or_not() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    table(at);
    json(at, &["import", "spectra", "spectra.csv", "--unit", "cm-1", "--keep", "mark", "-o", "a.h5"]);
    json(at, &["prepare", "a.h5:/spectra", "--recipe", "snv", "-o", "p.h5"]);
    let digest = |column: &str, input: &[&str], output: &str| {
        let args = [&["compare"], input, &["--metric", "pearson", "-k", "25", "--exclude", column, "-o", output]].concat();
        json(at, &args)["result_blake3"].as_str().unwrap().to_owned()
    };
    let there = digest("mark", &["a.h5:/spectra", "--prepare", "snv"], "there.h5");
    assert_eq!(there, digest("mark", &["p.h5"], "before.h5"));
    assert_ne!(there, digest("exhibit", &["a.h5:/spectra", "--prepare", "snv"], "exhibit.h5"));
    json(at, &["verify", "there.h5", "--all"]);
    json(at, &["verify", "exhibit.h5", "--all"]);
    // Another exhibit now: who was left out then is not who would be now.
    let mut bytes = std::fs::read(at.join("a.h5")).unwrap();
    let first = bytes.windows(6).position(|w| w == b"E0E0E0" || w == b"E0\0E0\0").expect("exhibits, one after the other");
    bytes[first + 1] = b'7';
    std::fs::write(at.join("a.h5"), &bytes).unwrap();
    json(at, &["verify", "there.h5", "--all"]);
    assert!(refused(at, 3, &["verify", "exhibit.h5", "--all"]).contains("column exhibit"));
}

#[test]
fn spectra_are_imported_prepared_and_compared() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    table(at);
    // The id of each row and its columns come from the table itself.
    let done = json(at, &["import", "spectra", "spectra.csv", "--unit", "cm-1", "-o", "a.h5"]);
    assert_eq!((done["spectra"].as_u64(), done["left_out"].as_array().map(Vec::len)), (Some(60), Some(0)));
    let info = json(at, &["info", "a.h5:/spectra"]);
    assert_eq!(
        (info["rows"].as_u64(), info["width"].as_u64(), info["axis"][0].as_f64(), info["axis"][2].as_str()),
        (Some(60), Some(80), Some(1800.0), Some("cm-1"))
    );
    assert_eq!((info["sources"].as_u64(), info["exhibits"].as_u64()), (Some(3), Some(10)));
    let recipe = "polynomial(order=1) | savgol(window=7, poly=2, deriv=1) | keep(1100..1700) | snv";
    let prepared = json(at, &["prepare", "a.h5:/spectra", "--recipe", recipe, "--plot", "pictures", "-o", "a.h5:/prepared"]);
    assert!(prepared["recipe"].as_str().unwrap().contains("savgol(window=7, poly=2, deriv=1, edge=interp)"));
    assert!(std::fs::read_to_string(at.join("pictures/spectra.svg")).unwrap().contains("<svg"));
    // What is there already is kept, and not written over.
    assert!(refused(at, 2, &["prepare", "a.h5:/spectra", "--recipe", "snv", "-o", "a.h5:/prepared"]).contains("--overwrite"));
    assert_eq!(json(at, &["info", "a.h5:/spectra"])["rows"].as_u64(), Some(60));
    let nearest = json(at, &["compare", "a.h5:/prepared", "--metric", "pearson", "-k", "1", "-o", "n.h5"]);
    assert_eq!(nearest["inputs"][0]["rows"].as_u64(), Some(60));
    // New rows as the earlier ones, with what was learnt then.
    let learnt = json(at, &["prepare", "a.h5:/spectra", "--recipe", "msc | autoscale", "-o", "b.h5"]);
    assert_eq!(learnt["width"].as_u64(), Some(80));
    json(at, &["prepare", "a.h5:/spectra", "--like", "b.h5", "-o", "c.h5"]);
    let digest = |file: &str| {
        json(at, &["compare", file, "--metric", "euclidean", "-k", "1", "-o", &format!("n-{file}")])["inputs"][0]["values_blake3"]
            .to_string()
    };
    assert_eq!(digest("b.h5"), digest("c.h5"));
    // A gap that a step would bridge; another axis, other units.
    let said = refused(at, 3, &["prepare", "a.h5:/spectra", "--recipe", "drop(1200..1300) | savgol(5, 2)", "-o", "x.h5"]);
    assert!(said.contains("gap from 1310 to 1190"), "{said}");
    std::fs::write(
        at.join("later.csv"),
        std::fs::read_to_string(at.join("spectra.csv")).unwrap().replacen(",1800,", ",1805,", 1),
    )
    .unwrap();
    json(at, &["import", "spectra", "later.csv", "--unit", "cm-1", "-o", "later.h5"]);
    json(at, &["import", "spectra", "spectra.csv", "--unit", "nm", "-o", "nm.h5"]);
    for (other, words) in [("later.h5", "its axis goes from"), ("nm.h5", "axis' unit is")] {
        let said = refused(at, 3, &["compare", "a.h5:/spectra", other, "--metric", "pearson", "-k", "1", "-o", "x.h5"]);
        assert!(said.contains(words), "{said}");
        let said = refused(at, 3, &["prepare", other, "--like", "b.h5", "-o", "x.h5"]);
        assert!(said.contains(words), "{said}");
    }
    for (recipe, words) in
        [("SNVV", "snv is there"), ("snvv", "snv is there"), ("asls(p=0.1)", "lam"), ("keep(9000..9100)", "holds no point")]
    {
        let code = if recipe.starts_with("keep") { 3 } else { 2 };
        assert!(refused(at, code, &["prepare", "a.h5:/spectra", "--recipe", recipe, "-o", "x.h5"]).contains(words), "{recipe}");
        assert!(!at.join("x.h5").exists());
    }
}

#[test]
fn files_that_cannot_be_read_are_left_out_and_listed() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    let inside = at.join("scans");
    std::fs::create_dir(&inside).unwrap();
    let curve =
        |from: f64| (0..50).map(|i| format!("{},{}", from + f64::from(i), f64::from(i).sin())).collect::<Vec<_>>().join("\n");
    std::fs::write(inside.join("one.csv"), format!("nm,absorbance\n{}", curve(1000.0))).unwrap();
    std::fs::write(inside.join("two.csv"), format!("nm,absorbance\n{}", curve(1004.5))).unwrap();
    std::fs::write(inside.join("bad.csv"), "nm,absorbance\n1000,x\n").unwrap();
    std::fs::write(inside.join("picture.png"), b"\x89PNG\r\n").unwrap();
    std::fs::write(inside.join("other.csv"), format!("nm,reflectance\n{}", curve(1000.0))).unwrap();
    // A folder that leads back to itself is looked into once.
    #[cfg(unix)]
    std::os::unix::fs::symlink(&inside, inside.join("again")).unwrap();
    let done = json(at, &["import", "spectra", "scans", "-o", "a.h5", "--interpolate", "pchip"]);
    assert_eq!(done["spectra"].as_u64(), Some(2));
    let why: Vec<String> = done["left_out"].as_array().unwrap().iter().map(|e| e["why"].as_str().unwrap().to_owned()).collect();
    for words in ["line 2", "picture", "reflectance"] {
        assert!(why.iter().any(|w| w.contains(words)), "{words}: {why:?}");
    }
    let info = json(at, &["info", "a.h5:/spectra"]);
    // Only what both were measured at.
    assert!(info["axis"][0].as_f64().unwrap() >= 1004.5 && info["axis"][1].as_f64().unwrap() <= 1049.0, "{info}");
    assert!(refused(at, 3, &["import", "spectra", "scans", "--strict", "-o", "b.h5"]).contains("nothing was written"));
    assert!(!at.join("b.h5").exists());
    let said = refused(at, 3, &["import", "spectra", "scans/one.csv", "--axis", "900..1000:1", "-o", "b.h5"]);
    assert!(said.contains("nothing is known beyond"), "{said}");
}

#[test]
fn more_spectra_than_memory_holds_are_imported_all_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    std::fs::create_dir(at.join("scans")).unwrap();
    // 300 curves of 4,000 numbers, 9 MiB, of which 8 MiB may wait in memory; half of them on an axis of their own.
    for n in 0..300_u32 {
        let mut text = "nm,absorbance\n".to_owned();
        for i in 0..4000_u32 {
            writeln!(text, "{},{}", f64::from(1000 + i) - f64::from(n % 2) / 4.0, (n * 31 + i * 7) % 1009).unwrap();
        }
        std::fs::write(at.join(format!("scans/s{n:03}.csv")), text).unwrap();
    }
    let digest = |file: &str, memory: &str| {
        let done = json(at, &["import", "spectra", "scans", "--axis", "1000..4998:1", "--memory", memory, "-o", file]);
        assert_eq!(done["spectra"].as_u64(), Some(300), "{done}");
        json(at, &["compare", file, "--metric", "pearson", "-k", "1", "-o", &format!("n-{file}")])["inputs"][0]["values_blake3"]
            .to_string()
    };
    assert_eq!(digest("a.h5", "64MiB"), digest("b.h5", "1GiB"));
    assert!(refused(at, 2, &["import", "spectra", "scans", "--memory", "8MiB", "-o", "c.h5"]).contains("too little"));
    let left: Vec<_> = std::fs::read_dir(at).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
    assert!(left.iter().all(|name| !name.contains("striae")), "{left:?}");
}

#[test]
fn tables_of_peaks_become_profiles() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    std::fs::write(at.join("p.csv"), "sample,source,x,y,z\nA,s,80,ND,<0.2\nB,t,70,1.5,0.4\nC,s,60,0.5,0.2\n").unwrap();
    let done = json(at, &["import", "profiles", "p.csv", "--non-detect", "0.5", "-o", "a.h5"]);
    assert_eq!((done["samples"].as_u64(), done["compounds"].as_u64(), done["non_detects"].as_u64()), (Some(3), Some(3), Some(2)));
    json(at, &["prepare", "a.h5:/profiles", "--recipe", "sum | root(4)", "-o", "a.h5:/normal"]);
    json(at, &["compare", "a.h5:/normal", "--metric", "cosine", "-k", "1", "-o", "n.h5"]);
    let listed = striae(at, &["info", "a.h5"]);
    let listed = String::from_utf8_lossy(&listed.stdout);
    assert!(listed.contains("a.h5:/profiles") && !listed.contains("a.h5:/profiles/detected"), "{listed}");
    // As many components as compounds: nothing is left off the model, and T² alone tells.
    let more =
        (0..20).map(|i| format!("S{i},s,{},{},{}", 50 + i * 7 % 13, 1 + i % 3, 1 + i * 5 % 7)).collect::<Vec<_>>().join("\n");
    std::fs::write(at.join("more.csv"), format!("sample,source,x,y,z\n{more}")).unwrap();
    json(at, &["import", "profiles", "more.csv", "-o", "more.h5"]);
    for limits in ["classic", "chi2", "moments", "robust"] {
        let made = json(at, &["model", "pca", "more.h5", "--limits", limits, "--plot", "p", "-o", &format!("{limits}.h5")]);
        assert_eq!(
            (made["components"].as_u64(), made["outliers"].as_array().map(Vec::len)),
            (Some(3), Some(0)),
            "{limits}: {made}"
        );
        assert!(made["extreme"].as_array().unwrap().len() <= 4, "{limits}: {made}");
    }
    // Ten components are tried unless told otherwise, and these rows have three.
    std::fs::write(
        at.join("pure.csv"),
        format!(
            "sample,source,x,y,z,purity\n{}",
            more.lines().enumerate().map(|(i, l)| format!("{l},{}", i % 7)).collect::<Vec<_>>().join("\n")
        ),
    )
    .unwrap();
    json(at, &["import", "profiles", "pure.csv", "--beside", "purity", "-o", "pure.h5"]);
    assert!(
        json(at, &["model", "pls", "pure.h5", "--response", "purity", "-o", "pure-pls.h5"])["components"].as_u64() <= Some(3)
    );
    // By an internal standard, which is then left out; both by name.
    json(at, &["prepare", "a.h5:/profiles", "--recipe", "internal(x) | drop(x)", "-o", "a.h5:/ratios"]);
    let show = json(at, &["info", "a.h5:/ratios"]);
    assert_eq!((show["rows"].as_u64(), show["width"].as_u64()), (Some(3), Some(2)));
    let said = refused(at, 3, &["prepare", "a.h5:/profiles", "--recipe", "internal(w)", "-o", "w.h5"]);
    assert!(said.contains("there are x, y, z"), "{said}");
    // What was learnt of these compounds is not applied to others, in whatever order.
    json(at, &["model", "pca", "a.h5:/normal", "-a", "1", "-o", "pca.h5"]);
    std::fs::write(at.join("q.csv"), "sample,source,y,x,z\nD,s,1.5,70,0.4\nE,s,1,60,0.2\n").unwrap();
    json(at, &["import", "profiles", "q.csv", "-o", "q.h5"]);
    json(at, &["prepare", "q.h5:/profiles", "--recipe", "sum | root(4)", "-o", "q.h5:/normal"]);
    for words in [
        &["prepare", "q.h5:/profiles", "--like", "a.h5:/ratios", "-o", "x.h5"][..],
        &["model", "apply", "pca.h5", "q.h5:/normal", "-o", "x.h5"],
        &["compare", "q.h5:/profiles", "a.h5:/profiles", "--prepare", "sum", "--metric", "cosine", "-k", "1", "-o", "x.h5"],
    ] {
        let said = refused(at, 3, words);
        assert!(said.contains("its feature 0 is \"y\", and was \"x\" before"), "{said}");
    }
    std::fs::write(at.join("bad.csv"), "sample,x\nA,-3\n").unwrap();
    assert!(refused(at, 3, &["import", "profiles", "bad.csv", "-o", "b.h5"]).contains("number from 0"));
}

#[test]
fn every_model_is_made_validated_stored_and_applied() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    table(at);
    json(at, &["import", "spectra", "spectra.csv", "--unit", "cm-1", "--keep", "content", "-o", "a.h5"]);
    json(at, &["prepare", "a.h5:/spectra", "--recipe", "power(0.9)", "-o", "other.h5"]);
    let prepare = "polynomial(order=1) | snv";
    for (kind, more) in [
        ("pca", &["-a", "3", "--plot", "p"][..]),
        ("plsda", &["-a", "6", "--permutations", "19", "--plot", "p"]),
        ("lda", &["-a", "6"]),
        ("knn", &["--distance", "correlation", "--scale", "none"]),
        ("simca", &["-a", "2", "--limits", "robust"]),
        ("hca", &["--linkage", "ward", "--clusters", "3", "--plot", "p"]),
    ] {
        let model = format!("{kind}.h5");
        let made = json(at, &[&["model", kind, "a.h5:/spectra", "--prepare", prepare, "-o", &model], more].concat());
        if kind == "simca" {
            // Left out with its exhibit, what is the least or the most of its class lies outside; none is taken for another's.
            let counts: Vec<Vec<u64>> = serde_json::from_value(made["confusion"].clone()).unwrap();
            assert!((0..3).all(|c| counts[c][c] >= 10 && counts[c][..3].iter().sum::<u64>() == counts[c][c]), "{made}");
        } else if let Some(accuracy) = made["accuracy"].as_f64() {
            assert!(accuracy > 0.9, "{kind}: {made}");
        }
        let checked = json(at, &["verify", &model]);
        assert_eq!(checked["digest"], made["digest"]);
        assert_eq!(json(at, &["info", &model])["record"]["model_blake3"], made["digest"]);
        assert!(refused(at, 3, &["verify", &model, "--input", "other.h5"]).contains("not what the model was made of"));
        if kind == "plsda" {
            assert!(made["p"].as_f64().unwrap() <= 0.05 + 1e-9, "{made}");
        }
        if kind == "hca" {
            assert!(refused(at, 3, &["model", "apply", &model, "a.h5:/spectra", "-o", "x.h5"]).contains("tree"));
            continue;
        }
        let applied = json(at, &["model", "apply", &model, "a.h5:/spectra", "-o", &format!("{kind}-applied.h5")]);
        assert_eq!(applied["rows"].as_u64(), Some(60));
    }
    json(at, &["model", "mcr", "a.h5:/spectra", "--prepare", "minmax", "-a", "3", "--plot", "p", "-o", "mcr.h5"]);
    for name in [
        "pca-scores",
        "pca-loadings",
        "pca-explained",
        "pca-distances",
        "plsda-scores",
        "plsda-confusion",
        "hca-dendrogram",
        "mcr-resolved",
    ] {
        let svg = std::fs::read_to_string(at.join(format!("p/{name}.svg"))).unwrap();
        assert!(svg.starts_with('<') && !svg.contains("NaN"), "{name}");
        assert!(std::fs::read(at.join(format!("p/{name}.png"))).unwrap().starts_with(b"\x89PNG"), "{name}");
    }
    // Regression needs numbers beside the values: they are texts of a column.
    let pls = json(
        at,
        &[
            "model",
            "pls",
            "a.h5:/spectra",
            "--response",
            "content",
            "--prepare",
            "polynomial(order=1)",
            "-a",
            "6",
            "--permutations",
            "9",
            "--plot",
            "p",
            "-o",
            "pls.h5",
        ],
    );
    assert!(pls["responses"][0]["r2cv"].as_f64().unwrap() > 0.95, "{pls}");
    assert!((pls["p"].as_f64().unwrap() - 0.1).abs() < 1e-12, "{pls}");
    let opls =
        &["model", "opls", "a.h5:/spectra", "--response", "content", "--orthogonal", "2", "--permutations", "9", "-o", "opls.h5"];
    assert!((json(at, opls)["p"].as_f64().unwrap() - 0.1).abs() < 1e-12);
    json(at, &["model", "apply", "pls.h5", "a.h5:/spectra", "-o", "pls-applied.h5"]);
    // The same rows by another way are the same model.
    let value = |method: &str| {
        json(at, &["model", "pca", "a.h5:/spectra", "-a", "3", "--method", method, "-o", &format!("{method}.h5")])["eigenvalues"]
            .clone()
    };
    let (svd, covariance, subspace) = (value("svd"), value("covariance"), value("subspace"));
    for k in 0..3 {
        let of = |v: &serde_json::Value| v[k].as_f64().unwrap();
        assert!((of(&svd) - of(&covariance)).abs() < 1e-9 * of(&svd) && (of(&svd) - of(&subspace)).abs() < 1e-9 * of(&svd));
    }
}

#[test]
fn what_stands_beside_a_model_is_held_to_its_digest() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    table(at);
    json(at, &["import", "spectra", "spectra.csv", "--unit", "cm-1", "--keep", "content", "-o", "a.h5"]);
    let prepare = "polynomial(order=1) | snv";
    json(at, &["model", "pca", "a.h5:/spectra", "--prepare", prepare, "-a", "3", "-o", "pca.h5"]);
    json(at, &["model", "plsda", "a.h5:/spectra", "--prepare", prepare, "-a", "6", "-o", "plsda.h5"]);
    json(at, &["model", "apply", "plsda.h5", "a.h5:/spectra", "-o", "plsda-applied.h5"]);
    // What stands beside a model is held to its digest, and so are the classes that it was made with.
    let mut bytes = std::fs::read(at.join("pca.h5")).unwrap();
    let place = bytes.windows(7).position(|w| w == b"regular").unwrap();
    bytes[place..place + 7].copy_from_slice(b"extreme");
    std::fs::write(at.join("changed.h5"), &bytes).unwrap();
    assert!(refused(at, 3, &["verify", "changed.h5"]).contains("training/flag"));
    let text = std::fs::read_to_string(at.join("spectra.csv")).unwrap().replacen("S07,b,", "S07,c,", 1);
    std::fs::write(at.join("others.csv"), text).unwrap();
    json(at, &["import", "spectra", "others.csv", "--unit", "cm-1", "--keep", "content", "-o", "others.h5"]);
    assert!(refused(at, 3, &["verify", "plsda.h5", "--input", "others.h5:/spectra"]).contains("column source"));
    // Of what models say too.
    json(at, &["verify", "plsda-applied.h5"]);
    assert_eq!(json(at, &["info", "plsda-applied.h5"])["kind"].as_str(), Some("applied"));
    // Rows of classes that are not modelled are right where none accepts them.
    let some = &[
        "model",
        "simca",
        "a.h5:/spectra",
        "--prepare",
        prepare,
        "-a",
        "2",
        "--limits",
        "robust",
        "--target",
        "a,b",
        "-o",
        "some.h5",
    ];
    let made = json(at, some);
    assert!(made["sensitivity"][2].is_null() && made["confusion"][2][3].as_u64() == Some(20), "{made}");
    assert!(made["accuracy"].as_f64().unwrap() > 0.7, "{made}");
}

#[test]
fn what_does_not_fit_a_model_is_refused_with_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    table(at);
    json(at, &["import", "spectra", "spectra.csv", "--unit", "cm-1", "-o", "a.h5"]);
    json(at, &["model", "pca", "a.h5:/spectra", "-a", "2", "-o", "m.h5"]);
    json(at, &["prepare", "a.h5:/spectra", "--recipe", "keep(1100..1700)", "-o", "short.h5"]);
    // A number that is none is told by its row, however the model is computed.
    let values = (0..40).map(|k| if k == 14 { f64::NAN } else { f64::from(k * k % 11) }).collect();
    let plan =
        Plan { rows: 10, width: 4, columns: vec![("id".into(), (0..10).map(|i| format!("R{i}")).collect())], ..Plan::default() };
    let address = Address { file: at.join("strange.h5"), inner: None };
    let strange = NewCollection::create(&address, Element::F64, &plan, false).unwrap();
    strange.put(0, &Values::F64(values)).unwrap();
    strange.finish().unwrap();
    for method in ["svd", "covariance", "subspace"] {
        let said = refused(at, 3, &["model", "pca", "strange.h5", "-a", "2", "--method", method, "-o", "x.h5"]);
        assert!(said.contains("row 3 (id \"R3\"), feature 2 is NaN"), "{method}: {said}");
    }
    // Groups that are named must be there and keep something together.
    let grouped =
        |group: &str, code: i32| refused(at, code, &["model", "plsda", "a.h5:/spectra", "--group", group, "-o", "x.h5"]);
    assert!(grouped("nope", 3).contains("has no column") && grouped("id", 3).contains("nothing that it could keep together"));
    for (code, words, said) in [
        (3, &["model", "apply", "m.h5", "short.h5", "-o", "x.h5"][..], "features and the model is of 80"),
        (3, &["model", "apply", "a.h5:/spectra", "a.h5:/spectra", "-o", "x.h5"], "no model"),
        (3, &["model", "plsda", "a.h5:/spectra", "--class", "colour", "-o", "x.h5"], "has no column"),
        (3, &["model", "pls", "a.h5:/spectra", "--response", "source", "-o", "x.h5"], "finite number"),
        (2, &["model", "pca", "a.h5:/spectra", "--scale", "odd", "-o", "x.h5"], "autoscale"),
        (2, &["model", "plsda", "a.h5:/spectra", "--validate", "kfold", "-o", "x.h5"], "venetian"),
        (2, &["model", "pca", "a.h5:/spectra", "--memory", "1MiB", "-o", "x.h5"], "too little"),
        (2, &["model", "pca", "a.h5:/spectra", "--method", "subspace", "--solver", "lapack", "-o", "x.h5"], "--method svd"),
        (2, &["model", "mcr", "a.h5:/spectra", "-a", "2", "--scale", "centre", "-o", "x.h5"], "--scale"),
        (2, &["model", "knn", "a.h5:/spectra", "--choose", "wold", "-o", "x.h5"], "--choose"),
        (2, &["model", "plsda", "a.h5:/spectra", "--choose", "wold", "--all", "-o", "x.h5"], "--all"),
        (2, &["model", "hca", "a.h5:/spectra", "--linkage", "ward", "--distance", "cosine", "-o", "x.h5"], "Euclidean"),
        (2, &["model", "pca", "a.h5:/spectra", "-o", "m.h5"], "--overwrite"),
        (2, &["model", "pca", "a.h5:/spectra", "-o", "a.h5", "--overwrite"], "input"),
    ] {
        let text = refused(at, code, words);
        assert!(text.contains(said), "{words:?}: {text}");
        assert!(!at.join("x.h5").exists());
    }
    // A changed number is found out: the first eigenvalue, by its last bit.
    let made = json(at, &["model", "pca", "a.h5:/spectra", "-a", "2", "-o", "m2.h5"]);
    let mut bytes = std::fs::read(at.join("m2.h5")).unwrap();
    let eigenvalue = made["eigenvalues"][0].as_f64().unwrap().to_le_bytes();
    let places: Vec<usize> = (0..bytes.len() - 8).filter(|&i| bytes[i..i + 8] == eigenvalue).collect();
    assert_eq!(places.len(), 1);
    bytes[places[0]] ^= 1;
    std::fs::write(at.join("changed.h5"), &bytes).unwrap();
    assert!(refused(at, 3, &["model", "apply", "changed.h5", "a.h5:/spectra", "-o", "y.h5"]).contains("changed or damaged"));
    json(at, &["model", "apply", "m2.h5", "a.h5:/spectra", "-o", "z.h5"]);
}

#[test]
fn whoever_stops_listening_is_let_go() {
    for words in [&["prepare", "--list"][..], &["metrics", "--json"]] {
        // Nobody listens from the beginning, so that it does not matter who is faster.
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let child = Command::new(env!("CARGO_BIN_EXE_striae"))
            .args(words)
            .stdout(writer)
            .stderr(std::process::Stdio::piped())
            .spawn()
            .unwrap();
        let done = child.wait_with_output().unwrap();
        assert!(
            done.status.code() == Some(141) && done.stderr.is_empty(),
            "{words:?}: {}",
            String::from_utf8_lossy(&done.stderr)
        );
    }
}

#[test]
fn rows_are_prepared_while_they_are_compared() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    table(at);
    json(at, &["import", "spectra", "spectra.csv", "--unit", "cm-1", "-o", "a.h5"]);
    // A second archive, from which what the recipe learns is learnt.
    json(at, &["prepare", "a.h5:/spectra", "--recipe", "power(0.5) | drop(1010..1030)", "-o", "half.h5"]);
    json(at, &["prepare", "a.h5:/spectra", "--recipe", "minmax | drop(1010..1030)", "-o", "other.h5"]);
    let recipe = "msc | savgol(window=7, poly=2) | centre";
    json(at, &["prepare", "half.h5", "--recipe", recipe, "-o", "half-prepared.h5"]);
    json(at, &["prepare", "other.h5", "--like", "half-prepared.h5", "-o", "other-prepared.h5"]);
    let digest = |words: &[&str]| json(at, words)["result_blake3"].as_str().unwrap().to_owned();
    for mode in [["-k", "4"], ["--threshold", "0.5"]] {
        let inline = |output: &str, sides: &[&str]| {
            let made =
                [&["compare"], sides, &["--prepare", recipe, "--metric", "cosine", "-o", output, "--overwrite"], &mode[..]];
            digest(&made.concat())
        };
        let stored = |output: &str, sides: &[&str]| {
            digest(&[&["compare"], sides, &["--metric", "cosine", "-o", output, "--overwrite"], &mode[..]].concat())
        };
        assert_eq!(inline("r1.h5", &["half.h5"]), stored("r2.h5", &["half-prepared.h5"]));
        assert_eq!(inline("r3.h5", &["other.h5", "half.h5"]), stored("r4.h5", &["other-prepared.h5", "half-prepared.h5"]));
    }
    for result in ["r1.h5", "r3.h5"] {
        assert!(json(at, &["verify", result, "--all"])["wrong"].as_array().unwrap().is_empty());
    }
    assert!(String::from_utf8_lossy(&striae(at, &["info", "r1.h5"]).stdout).contains("msc"));
    // Learnt of other rows: no longer what was compared.
    assert!(refused(at, 3, &["verify", "r1.h5", "--input", "other.h5"]).contains("learns"));
    assert!(
        refused(at, 2, &["compare", "half.h5", "--prepare", "msk", "--metric", "cosine", "-k", "1", "-o", "x.h5"])
            .contains("msc")
    );
    let lists = &["compare", "half.h5", "--prepare", "msc", "--metric", "peaks-entropy", "-k", "1", "-o", "x.h5"];
    assert!(refused(at, 2, lists).contains("--prepare"));
    // A row that cannot be prepared is named; or left out and listed.
    std::fs::write(at.join("flat.csv"), "id,1,2,3,4\nA,1,2,3,5\nB,1,1,1,1\nC,3,1,4,1\nD,5,9,2,6\n").unwrap();
    json(at, &["import", "spectra", "flat.csv", "--unit", "nm", "-o", "flat.h5"]);
    let flat = ["compare", "flat.h5", "--prepare", "snv", "--metric", "cosine", "-k", "2", "-o", "f.h5"];
    assert!(refused(at, 3, &flat).contains("\"B\""));
    assert!(!at.join("f.h5").exists());
    json(at, &[&flat[..], &["--invalid", "skip"]].concat());
    json(at, &["verify", "f.h5", "--all"]);
}

#[test]
fn tables_of_peaks_say_which_way_they_were_read() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    std::fs::write(at.join("areas.csv"), "sample,x,y,z\nS1,1,2,3\nS2,4,ND,6\n").unwrap();
    for (samples, says) in
        [("rows", "2 samples (rows) × 3 compounds, 1 non-detects"), ("columns", "3 samples (columns) × 2 compounds")]
    {
        let output = format!("{samples}.h5");
        let done = striae(at, &["import", "profiles", "areas.csv", "--samples", samples, "-o", &output]);
        let said = String::from_utf8_lossy(&done.stdout).into_owned();
        assert!(done.status.success() && said.contains(says), "{said}");
    }
    let said = refused(at, 2, &["import", "profiles", "areas.csv", "-o", "p.h5:/areas"]);
    assert!(said.contains("-o p.h5 --collection areas"), "{said}");
    for (file, says) in [("none.csv", "none.csv: there is no such file"), (".", "this is a folder")] {
        let said = refused(at, 3, &["import", "profiles", file, "-o", "p.h5"]);
        assert!(said.contains(says), "{said}");
    }
    assert!(!at.join("p.h5").exists());
}
