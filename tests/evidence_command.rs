//! From scores to evidence, links and a report, as people type it.

#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a failure here is a failed test"
)]

use assert_cmd::Command;
use serde_json::Value;
use std::path::{Path, PathBuf};
use striae::archive::new_collection::Plan;
use striae::archive::{Address, NewCollection};
use striae::matrix::{Element, Values};

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

    fn json(&self, args: &str) -> Value {
        serde_json::from_str(&self.run(&format!("{args} --json"))).unwrap()
    }

    /// What it says when it refuses.
    fn refused(&self, args: &str, code: i32) -> String {
        let out = self.command(args).output().unwrap();
        assert_eq!(out.status.code(), Some(code), "striae {args}: {}", String::from_utf8_lossy(&out.stderr));
        String::from_utf8(out.stderr).unwrap()
    }
}

fn figure(found: &Value, name: &str) -> f64 {
    let all = found["figures"].as_array().unwrap();
    all.iter().find(|f| f["name"] == name).unwrap_or_else(|| panic!("no {name}"))["value"].as_f64().unwrap()
}

fn shared() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data")
}

/// Rankings of three kinds of evidence, and their models from a labelled archive.
const KINDS: [(&str, &str); 3] = [("toolmarks", "ccf --max-lag 26"), ("logos", "pearson"), ("spectra", "pearson")];

fn simulate(desk: &Desk, rows: &str, output: &str) {
    desk.run(&format!("simulate --exhibits 420 --rows {rows} --mark-width 256 --spectrum-width 128 --seed 11 -o {output}"));
}

fn models(desk: &Desk) {
    desk.run("simulate --exhibits 500 --mark-width 256 --spectrum-width 128 --seed 12 -o ref.h5");
    for (kind, metric) in KINDS {
        desk.run(&format!("compare ref.h5:/{kind} --metric {metric} --dense -o ref-{kind}.h5"));
        desk.run(&format!(
            "calibrate ref-{kind}.h5 --truth press --population simulated --ridge 0.001 --bounds elub -o {kind}-lr.h5"
        ));
    }
}

fn rank(desk: &Desk, archive: &str, prefix: &str) {
    for (kind, metric) in KINDS {
        desk.run(&format!("compare {archive}:/{kind} --metric {metric} --top-k 8 -o {prefix}-{kind}.h5"));
    }
}

fn link(prefix: &str, output: &str) -> String {
    format!(
        "link {prefix}-toolmarks.h5 {prefix}-logos.h5 {prefix}-spectra.h5 --lr toolmarks-lr.h5 --lr logos-lr.h5 --lr spectra-lr.h5 --limit 2 -o {output}"
    )
}

#[test]
#[cfg_attr(not(shared_data), ignore = "the real data is not here")]
fn plier_marks_through_the_whole_chain() {
    let desk = Desk::new();
    let folder = shared().join("toolmarks/pliers");
    let mut import = desk.command("import toolmarks");
    import.arg(folder).args(["--columns", "(?<mark>(?<source>.{6}).{3})(?<line>.+)", "-o", "pliers.h5"]);
    let out = import.output().unwrap();
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    desk.run("compare pliers.h5:/toolmarks --metric ccf --min-overlap 0.5 --dense -o scores.h5");
    let all = desk.json("evaluate scores.h5 --exclude mark --resamples 200");
    let within = desk.json("evaluate scores.h5 --exclude mark --within line --resamples 200");
    println!("all {} within {} rank 1 {}", figure(&all, "AUC"), figure(&within, "AUC"), figure(&all, "rank 1"));
    assert!((figure(&all, "AUC") - 0.8792).abs() < 1e-4 && (figure(&within, "AUC") - 0.9635).abs() < 1e-4);
    assert!((figure(&all, "rank 1") - 0.9767).abs() < 1e-4);
    assert_eq!((within["same"].as_u64(), within["different"].as_u64()), (Some(1350), Some(13_500)));
    assert_eq!(all["same"].as_u64().unwrap() + all["different"].as_u64().unwrap(), 44_550);
    for f in within["figures"].as_array().unwrap().iter().filter(|f| f["name"] == "AUC") {
        let (low, value, high) = (f["low"].as_f64().unwrap(), f["value"].as_f64().unwrap(), f["high"].as_f64().unwrap());
        assert!(low < value && value < high && high - low > 0.005, "{low} {value} {high}");
    }
    let made =
        desk.json("calibrate scores.h5 --exclude mark --within line --population pliers --bounds elub --plot pictures -o lr.h5");
    let (cllr, least) = (made["cllr"].as_f64().unwrap(), made["cllr_min"].as_f64().unwrap());
    println!("Cllr {cllr} least {least} {}", made["how"]);
    assert!(least <= cllr && cllr < 0.7, "{cllr} {least}");
    assert!(made["how"].as_str().unwrap().contains("cross-validated over 5 parts of the sources"));
    for picture in ["tippett", "ece", "pav", "log10-lr"] {
        assert!(desk.path(&format!("pictures/{picture}.svg")).exists());
    }
    // A ratio comes with all that belongs to it.
    let said = desk.run("calibrate --show lr.h5 --at 0.9");
    for part in ["H1:", "H2:", "pliers", "limited to", "cross-validated", "support"] {
        assert!(said.contains(part), "{part} in {said}");
    }
    desk.run("verify lr.h5");
}

#[test]
fn what_comes_in_later_gives_the_links_of_a_whole_run() {
    let desk = Desk::new();
    models(&desk);
    simulate(&desk, "0..400", "archive.h5");
    simulate(&desk, "400..420", "new.h5");
    simulate(&desk, "0..420", "all.h5");
    rank(&desk, "archive.h5", "old");
    rank(&desk, "all.h5", "all");
    let before = desk.json(&link("old", "before.h5"));
    let whole = desk.json(&link("all", "whole.h5"));
    let added = desk.json("link --add new.h5 before.h5 -o added.h5");
    assert!(whole["links"].as_u64().unwrap() > 100 && before["links"] != whole["links"]);
    assert_eq!(
        (&added["links"], &added["series"], &added["candidates"]),
        (&whole["links"], &whole["series"], &whole["candidates"])
    );
    assert!(added["pairs_compared"].as_u64().unwrap() * 5 < added["pairs_all"].as_u64().unwrap());
    // The same links with the same bytes; only names of series are older.
    let table = |name: &str| {
        desk.run(&format!("report {name}.h5 --csv {name}"));
        std::fs::read_to_string(desk.path(&format!("{name}/links.csv"))).unwrap()
    };
    let (one, other) = (table("whole"), table("added"));
    let unnamed = |text: &str| {
        let mut rows = csv::Reader::from_reader(text.as_bytes());
        let kept: Vec<usize> =
            rows.headers().unwrap().iter().enumerate().filter(|(_, h)| !h.contains("series")).map(|(i, _)| i).collect();
        rows.records().map(|r| kept.iter().map(|&i| r.as_ref().unwrap()[i].to_owned()).collect::<Vec<_>>()).collect::<Vec<_>>()
    };
    assert!(one.lines().count() > 100);
    assert_eq!(unnamed(&one), unnamed(&other));
    for name in ["whole", "added"] {
        assert!(desk.run(&format!("verify {name}.h5")).contains("the same"));
    }
    assert!(!added["changes"].as_array().unwrap().is_empty());
    assert!(desk.refused("link --add new.h5 added.h5 -o twice.h5", 3).contains("already"));

    let found = desk.json("evaluate added.h5 --truth press");
    println!("{found}");
    assert!(found["series"]["false_link_share"].as_f64().unwrap() < 0.05);
    assert!(found["series"]["b_cubed_precision"].as_f64().unwrap() > 0.8);

    desk.run("report added.h5 -o report.html --drawings 4 --parquet tables --graphml links.graphml --gexf links.gexf");
    let page = std::fs::read_to_string(desk.path("report.html")).unwrap();
    assert!(page.contains("H1") && page.contains("Content-Security-Policy") && !page.contains("https://"));
    assert!(!page.to_lowercase().contains(" match "));
    for file in ["tables/links.parquet", "tables/exhibits.parquet", "links.graphml", "links.gexf"] {
        assert!(std::fs::metadata(desk.path(file)).unwrap().len() > 1000, "{file}");
    }
    assert!(desk.refused("report added.h5 -o report.html", 2).contains("--overwrite"));
}

#[test]
fn marks_are_left_out_and_exhibits_are_linked() {
    let desk = Desk::new();
    let n = 16;
    let id: Vec<String> = (0..n).map(|i| format!("i{i:02}")).collect();
    let exhibit: Vec<String> = (0..n).map(|i| format!("E{}", i / 2)).collect();
    let mark: Vec<String> = (0..n).map(|i| format!("M{}", i / 2)).collect();
    let source: Vec<String> = (0..n).map(|i| format!("S{}", i / 4)).collect();
    let mut draw = striae::draw::Stream::new(1, "marks", 0);
    let bases: Vec<Vec<f64>> = (0..4).map(|_| (0..40).map(|_| draw.normal()).collect()).collect();
    let values: Vec<f32> =
        (0..n).flat_map(|i| bases[i / 4].iter().map(|x| x + 0.7 * draw.normal()).collect::<Vec<_>>()).map(|x| x as f32).collect();
    let plan = Plan {
        rows: n,
        width: 40,
        columns: vec![("id".into(), id), ("exhibit".into(), exhibit), ("mark".into(), mark), ("source".into(), source)],
        ..Plan::default()
    };
    let address = Address { file: desk.path("marks.h5"), inner: Some("/marks".into()) };
    let new = NewCollection::create(&address, Element::F32, &plan, false).unwrap();
    let kept = values.clone();
    new.put(0, &Values::F32(values)).unwrap();
    new.finish().unwrap();
    desk.run("compare marks.h5:/marks --metric pearson --exclude mark --dense -o all.h5");
    desk.run("compare marks.h5:/marks --metric pearson --exclude mark --top-k 4 -o top.h5");
    desk.run("calibrate all.h5 --level exhibit --exclude mark --folds 2 --ridge 0.01 --population three --bounds none -o lr.h5");
    let found = desk.json("link top.h5 --lr lr.h5 --limit 0 -o links.h5");
    assert_eq!(found["exhibits"].as_u64(), Some(8));
    desk.run("report links.h5 --csv tables");
    let table = std::fs::read_to_string(desk.path("tables/exhibits.csv")).unwrap();
    assert!(table.contains("E0") && !table.contains("M0"), "{table}");
    // Of each pair of exhibits the best of four pairs of items, listed or not.
    desk.run("link top.h5 --lr lr.h5 --limit=-10 -o wide.h5");
    let linkage = striae::archive::linkage::Linkage::open(
        &Address { file: desk.path("wide.h5"), inner: None },
        &striae::archive::Reading::Direct,
    )
    .unwrap();
    let (a, b) = (linkage.whole("links/a").unwrap(), linkage.whole("links/b").unwrap());
    let pearson = |i: usize, j: usize| {
        let row = |i: usize| kept[i * 40..(i + 1) * 40].iter().map(|x| f64::from(*x)).collect::<Vec<f64>>();
        striae::metric::by_name("pearson").unwrap().define(&row(i), &row(j))
    };
    assert!(a.len() > 8);
    for (l, score) in linkage.numbers("links/marks_score").unwrap().iter().enumerate() {
        let (x, y) = (a[l] as usize, b[l] as usize);
        let best =
            [(0, 0), (0, 1), (1, 0), (1, 1)].map(|(i, j)| pearson(2 * x + i, 2 * y + j)).into_iter().fold(f64::MIN, f64::max);
        assert_eq!(*score, best, "link {l}");
    }
    let counted = desk.json("evaluate all.h5 --level exhibit --exclude mark --resamples 0");
    assert_eq!((counted["same"].as_u64(), counted["different"].as_u64()), (Some(4), Some(24)));
    // The best of four within a source, by hand, beats every pair between sources as often as the AUC says.
    let of = |x: usize, y: usize| {
        [(0, 0), (0, 1), (1, 0), (1, 1)].map(|(i, j)| pearson(2 * x + i, 2 * y + j) as f32).into_iter().fold(f32::MIN, f32::max)
    };
    let (mut same, mut other) = (Vec::new(), Vec::new());
    for x in 0..8 {
        for y in x + 1..8 {
            (if x / 2 == y / 2 { &mut same } else { &mut other }).push(of(x, y));
        }
    }
    let wins =
        same.iter().map(|s| other.iter().filter(|o| s > *o).count()).sum::<usize>() as f64 / (same.len() * other.len()) as f64;
    assert!((figure(&counted, "AUC") - wins).abs() < 1e-12, "{wins}");
    // Nothing that goes in may be written over.
    for target in ["top.h5", "lr.h5"] {
        assert!(desk.refused(&format!("link top.h5 --lr lr.h5 -o {target} --overwrite"), 2).contains("also an input"));
    }
    assert!(desk.refused("link top.h5 --lr lr.h5 -o marks.h5 --overwrite", 2).contains("archive"));
    assert!(desk.refused("link top.h5 top.h5 --lr lr.h5 --lr lr.h5 -o l.h5", 2).contains("twice"));
    assert!(desk.refused("calibrate all.h5 --population x -o all.h5 --overwrite", 2).contains("also an input"));
}

#[test]
fn a_changed_linkage_is_refused() {
    let desk = Desk::new();
    models(&desk);
    simulate(&desk, "0..200", "archive.h5");
    rank(&desk, "archive.h5", "old");
    desk.run(&link("old", "links.h5"));
    let mut bytes = std::fs::read(desk.path("links.h5")).unwrap();
    // A ratio somewhere in the middle of the numbers: all 8-byte patterns of the first link's.
    let out = desk.json("info links.h5");
    assert!(out["links"].as_u64().unwrap() > 0);
    let at = bytes.len() / 2;
    bytes[at] ^= 1;
    std::fs::write(desk.path("links.h5"), bytes).unwrap();
    let said = desk.refused("verify links.h5", 3);
    assert!(said.contains("changed or damaged") || said.contains("differences"), "{said}");

    // What is said of the links is under a digest too: another limit in the record.
    desk.run(&format!("{} --overwrite", link("old", "links.h5")));
    let mut bytes = std::fs::read(desk.path("links.h5")).unwrap();
    let place = bytes.windows(11).position(|w| w == b"\"limit\": 2.").unwrap();
    bytes[place + 9] = b'1';
    std::fs::write(desk.path("changed.h5"), bytes).unwrap();
    assert!(desk.refused("verify changed.h5", 3).contains("the record was changed"));

    // Collections that were moved are found where they are said to be, and only if they are the same.
    std::fs::rename(desk.path("archive.h5"), desk.path("moved.h5")).unwrap();
    desk.refused("verify links.h5", 3);
    let elsewhere = |file: &str| KINDS.map(|(kind, _)| format!("--input {file}:/{kind}")).join(" ");
    assert!(desk.run(&format!("verify links.h5 {}", elsewhere("moved.h5"))).contains("the same"));
    simulate(&desk, "1..201", "other.h5");
    assert!(desk.refused(&format!("verify links.h5 {}", elsewhere("other.h5")), 3).contains("changed since"));
    desk.run(&format!("evaluate links.h5 --truth press {}", elsewhere("moved.h5")));
}

#[test]
fn a_linkage_that_was_made_up_is_found_out() {
    use striae::archive::linkage::{Entries, Linkage, write};
    let desk = Desk::new();
    models(&desk);
    simulate(&desk, "0..150", "archive.h5");
    rank(&desk, "archive.h5", "old");
    desk.run(&link("old", "links.h5"));
    let open = |name: &str| Address { file: desk.path(name), inner: None };
    let true_one = Linkage::open(&open("links.h5"), &striae::archive::Reading::Direct).unwrap();
    assert!(true_one.numbers("links/log10_lr").unwrap().iter().all(|lr| *lr >= 2.0));
    // Each with digests that fit it.
    let made_up = |name: &str, change: &dyn Fn(&mut Entries)| {
        let (mut columns, mut record) = (true_one.columns.clone(), true_one.record.clone());
        change(&mut columns.get_mut(name).unwrap().entries);
        let _ = std::fs::remove_file(desk.path("made.h5"));
        write(&open("made.h5"), &mut record, &columns, false).unwrap();
        desk.refused("verify made.h5 --all", 3)
    };
    let add = |entries: &mut Entries| {
        let Entries::Numbers(all) = entries else { panic!("numbers") };
        let at = all.iter().position(|x| x.is_finite()).unwrap();
        all[at] += 0.125;
    };
    for column in ["links/toolmarks_score", "links/logos_log10_lr", "links/log10_lr"] {
        let said = made_up(column, &add);
        assert!(said.contains("computed anew"), "{column}: {said}");
    }
    let said = made_up("links/toolmarks_query", &|entries| {
        let Entries::Whole(all) = entries else { panic!("whole numbers") };
        all[0] = (all[0] + 1) % 150;
    });
    assert!(said.contains("not of its exhibits"), "{said}");
    let said = made_up("exhibits/series", &|entries| {
        let Entries::Whole(all) = entries else { panic!("whole numbers") };
        all.fill(-1);
    });
    assert!(said.contains("series"), "{said}");
    let said = made_up("links/a", &|entries| {
        let Entries::Whole(all) = entries else { panic!("whole numbers") };
        all[0] = 1_000_000;
    });
    assert!(said.contains("links/a holds 1000000"), "{said}");
    let said = made_up("links/b", &|entries| {
        let Entries::Whole(all) = entries else { panic!("whole numbers") };
        all.pop();
    });
    assert!(said.contains("entries"), "{said}");
}

#[test]
fn ratios_of_different_propositions_are_not_added() {
    let desk = Desk::new();
    models(&desk);
    simulate(&desk, "0..100", "archive.h5");
    rank(&desk, "archive.h5", "old");
    desk.run("calibrate ref-spectra.h5 --truth source --population simulated --ridge 0.001 -o batches-lr.h5");
    let mixed = "link old-toolmarks.h5 old-spectra.h5 --lr toolmarks-lr.h5 --lr batches-lr.h5 --limit 1 -o mixed.h5";
    let said = desk.refused(mixed, 3);
    assert!(said.contains("same press") && said.contains("same source") && !desk.path("mixed.h5").exists(), "{said}");
    // A model of scores that were made otherwise is refused by what differs.
    desk.run("compare archive.h5:/toolmarks --metric ccf --max-lag 20 --top-k 5 -o other.h5");
    let said = desk.refused("link other.h5 --lr toolmarks-lr.h5 -o l.h5", 3);
    assert!(said.contains("max_lag: 20 here, 26 in the model"), "{said}");
}

#[test]
fn what_would_say_too_much_is_refused() {
    let desk = Desk::new();
    desk.run("simulate --exhibits 300 --only logos --seed 3 -o a.h5");
    desk.run("compare a.h5:/logos --metric pearson --dense -o all.h5");
    desk.run("compare a.h5:/logos --metric pearson --top-k 5 -o top.h5");
    desk.run("compare a.h5:/logos --metric cosine --top-k 5 -o cosine.h5");
    let population = "--truth press --population simulated";
    assert!(desk.refused(&format!("calibrate top.h5 {population} -o lr.h5"), 2).contains("--dense"));
    assert!(desk.refused("calibrate all.h5 --truth press -o lr.h5", 2).contains("--population"));
    // The same sources once more are no test.
    assert!(desk.refused(&format!("calibrate all.h5 {population} --test all.h5 -o lr.h5"), 3).contains("shares"));
    desk.run(&format!("calibrate all.h5 {population} -o lr.h5"));
    assert!(desk.refused("link cosine.h5 --lr lr.h5 -o l.h5", 3).contains("made the same way"));
    assert!(desk.refused("link top.h5 -o l.h5", 2).contains("--lr"));
    assert!(desk.refused("link all.h5 --lr lr.h5 -o l.h5", 3).contains("--top-k"));
    assert!(desk.refused("evaluate all.h5 --truth colour", 3).contains("colour"));
    // Other sources are one.
    desk.run("simulate --exhibits 300 --only logos --seed 4 -o b.h5");
    desk.run("compare b.h5:/logos --metric pearson --threshold 0.9 -o links.h5");
    let cut = desk.json("evaluate links.h5 --truth source");
    let auc = cut["figures"].as_array().unwrap().iter().find(|f| f["name"] == "AUC").unwrap();
    desk.run("compare b.h5:/logos --metric pearson --dense -o dense.h5");
    let all = desk.json("evaluate dense.h5 --truth source --exclude case --resamples 0");
    let listed = desk.run("evaluate links.h5 --truth source --exclude case");
    let told: Vec<u64> = listed
        .lines()
        .find(|l| l.contains("of the same source"))
        .unwrap()
        .split(|c: char| !c.is_ascii_digit())
        .filter_map(|n| n.parse().ok())
        .collect();
    // Listed and unlisted pairs together are all pairs.
    assert_eq!((told[0] + told[2], told[1] + told[3]), (all["same"].as_u64().unwrap(), all["different"].as_u64().unwrap()));
    desk.run("compare b.h5:/logos --metric pearson --top-k 299 -o ranked.h5");
    let ranked = desk.json("evaluate ranked.h5 --truth source --exclude case --resamples 0");
    for name in ["rank 1", "rank 5"] {
        assert!((figure(&ranked, name) - figure(&all, name)).abs() < 1e-12, "{name}");
    }
    assert!((figure(&ranked, "mAP@299") - figure(&all, "mAP")).abs() < 1e-6);
    let whole = figure(&desk.json("evaluate dense.h5 --truth source --resamples 0"), "AUC");
    assert!(auc["value"].as_f64().unwrap() <= whole && whole <= auc["at_most"].as_f64().unwrap_or(1.0));
}

#[test]
#[cfg_attr(not(shared_data), ignore = "the real data is not here")]
fn tables_of_other_programs() {
    let desk = Desk::new();
    let table = |name: &str| shared().join(format!("lr/nfi_scores/{name}.csv")).display().to_string();
    let about = "--same hypothesis --sources weapon1,weapon2";
    let shear = desk.json(&format!("evaluate {} --score ccf {about} --resamples 200", table("aperture_shear")));
    assert!((figure(&shear, "AUC") - 0.9997).abs() < 1e-4 && (figure(&shear, "Cllr_min") - 0.0215).abs() < 1e-4);
    for method in ["kde", "logistic", "pav"] {
        let made = desk.json(&format!(
            "calibrate {} --score accf {about} --method {method} --population Glock -o {method}.h5",
            table("breech_face_impression")
        ));
        let cllr = made["cllr"].as_f64().unwrap();
        println!("{method}: {cllr}");
        assert!((0.4..0.7).contains(&cllr), "{method} {cllr}");
    }
    let made = desk.json(&format!(
        "calibrate {} --score cmc --out-of n {about} --method beta-binomial --population Glock -o cmc.h5",
        table("breech_face_impression")
    ));
    println!("beta-binomial: {}", made["cllr"]);
    assert!(made["cllr"].as_f64().unwrap() < 0.5);
    assert!(desk.run("calibrate --show cmc.h5 --at 20/30").contains("support for H1"));
}

#[test]
fn a_study_goes_on_where_it_was() {
    let desk = Desk::new();
    let coffee = Path::new(env!("CARGO_MANIFEST_DIR")).join("datasets/coffee.h5");
    let study = |more: &str| {
        format!(
            "collection = '{}:/coffee'\nresamples = 200\nfolds = 2\n[[prepare]]\nname = 'raw'\n[[prepare]]\nname = 'snv'\nrecipe = 'snv'\n[[metric]]\nname = 'pearson'\n[[metric]]\nname = 'euclidean'\n{more}",
            coffee.display()
        )
    };
    std::fs::write(desk.path("study.toml"), study("")).unwrap();
    let first = desk.json("bench study.toml -o study --by AUC --csv table.csv");
    assert_eq!((first["computed"].as_u64(), first["known"].as_u64()), (Some(4), Some(0)));
    let cells = first["cells"].as_array().unwrap();
    let of = |c: &Value, name: &str| {
        c["figures"].as_array().unwrap().iter().find(|f| f["name"] == name).unwrap()["value"].as_f64().unwrap()
    };
    let auc: Vec<f64> = cells.iter().map(|c| of(c, "AUC")).collect();
    assert!(auc.windows(2).all(|w| w[0] >= w[1]), "{auc:?}");
    let pearson = cells.iter().find(|c| c["metric"] == "pearson" && c["preparation"] == "raw").unwrap();
    assert!((of(pearson, "rank 1") - 0.95).abs() < 1e-9);
    // Distances of standardised rows rank as their correlation does, but for scores that f32 cannot tell apart.
    let snv = |metric: &str| cells.iter().find(|c| c["metric"] == metric && c["preparation"] == "snv").unwrap();
    assert!((of(snv("pearson"), "AUC") - of(snv("euclidean"), "AUC")).abs() < 1e-3);
    let again = desk.json("bench study.toml -o study");
    assert_eq!((again["computed"].as_u64(), &again["cells"]), (Some(0), &first["cells"]));
    std::fs::write(desk.path("study.toml"), study("[[metric]]\nname = 'cosine'\n")).unwrap();
    let more = desk.json("bench study.toml -o study");
    assert_eq!((more["computed"].as_u64(), more["known"].as_u64()), (Some(2), Some(4)));
    assert!(std::fs::read_to_string(desk.path("table.csv")).unwrap().lines().count() == 5);
    std::fs::write(desk.path("wrong.toml"), study("colour = 1\n")).unwrap();
    assert!(desk.refused("bench wrong.toml -o study", 3).contains("colour"));
}
