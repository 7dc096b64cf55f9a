//! `striae import toolmarks`, `import logos`, `show` and `cells` as people call them: files made here, so that they run everywhere.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a failure here is a failed test")]

use image::{DynamicImage, ImageBuffer, ImageFormat, Luma};
use std::io::Cursor;
use std::path::{Path, PathBuf};
use std::process::Output;
use striae::draw::Stream;
use striae::logo::stamp::{Logo, View, photograph};
use striae::picture::grey::Grey;
use striae::toolmark::impression::{Die, Impression};
use striae::toolmark::scene::{Camera, Light, Wear, relief, render};
use striae::toolmark::simulate;
use striae::toolmark::surface::Surface;
use striae::toolmark::x3p::{About, write};

fn striae(args: &[&str]) -> Output {
    std::process::Command::new(env!("CARGO_BIN_EXE_striae")).args(args).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn done(args: &[&str]) -> String {
    let output = striae(args);
    assert!(output.status.success(), "{args:?}: {}{}", text(&output.stdout), text(&output.stderr));
    text(&output.stdout)
}

/// Exit code and what was said of it.
fn failed(args: &[&str]) -> (i32, String) {
    let output = striae(args);
    assert!(!output.status.success(), "{args:?} succeeded: {}", text(&output.stdout));
    (output.status.code().unwrap(), text(&output.stderr))
}

fn opened(result: &str) -> striae::archive::result::StoredResult {
    striae::archive::result::StoredResult::open(&striae::archive::Address::parse(result), &striae::archive::Reading::Direct)
        .unwrap()
}

struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn at(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn path(&self, name: &str) -> String {
        self.at(name).to_str().unwrap().to_owned()
    }

    fn write(&self, name: &str, bytes: &[u8]) -> String {
        std::fs::create_dir_all(self.at(name).parent().unwrap()).unwrap();
        std::fs::write(self.at(name), bytes).unwrap();
        self.path(name)
    }
}

/// A striated surface of a press: windows of its signature, leaning, with noise and gaps.
fn striated(press: u64, mark: u64) -> Surface {
    let profile = simulate::signature(700, &mut Stream::new(1, "press", press));
    let mut draw = Stream::new(1, "mark", 10 * press + mark);
    let (columns, rows) = (500usize, 90usize);
    let start = 60.0 + 15.0 * mark as f64;
    let mut heights = Vec::new();
    for r in 0..rows {
        for c in 0..columns {
            let at = start + c as f64 - 0.02 * r as f64;
            let (i, f) = (at as usize, at.fract());
            let z = profile[i] + f * (profile[i + 1] - profile[i]);
            heights.push(if draw.uniform() < 0.05 { f64::NAN } else { 10.0 + 0.01 * c as f64 + z + 0.1 * draw.normal() });
        }
    }
    Surface::of_finite(columns, rows, (1.5, 2.0), heights).unwrap()
}

fn x3p(surface: &Surface) -> Vec<u8> {
    write(surface, &About { date: "2026-01-31T12:00:00".into(), creator: "Laboratory".into(), ..About::default() }).unwrap()
}

fn png(picture: &Grey) -> Vec<u8> {
    let (w, h) = (picture.width() as u32, picture.height() as u32);
    let byte = |x, y| Luma([(255.0 * picture.at(y as usize, x as usize).clamp(0.0, 1.0)).round() as u8]);
    let image: DynamicImage = ImageBuffer::from_fn(w, h, byte).into();
    let mut out = Cursor::new(Vec::new());
    image.write_to(&mut out, ImageFormat::Png).unwrap();
    out.into_inner()
}

fn picture_is_drawn(path: &Path) {
    let bytes = std::fs::read(path).unwrap();
    assert!(bytes.starts_with(b"\x89PNG") || bytes.starts_with(b"<svg"), "{}", path.display());
    assert!(bytes.len() > 5000, "{} is empty", path.display());
}

#[test]
fn surfaces_become_a_collection_that_finds_its_presses() {
    let folder = Folder::new();
    for press in 0..4 {
        for mark in 0..2 {
            folder.write(&format!("scans/P{press}_M{mark}.x3p"), &x3p(&striated(press, mark)));
        }
    }
    folder.write("scans/broken.x3p", b"PK\x03\x04 nothing");
    let (scans, archive) = (folder.path("scans"), folder.path("archive.h5"));
    let columns = "(?<source>P\\d)_(?<mark>M\\d)";
    let output = striae(&["import", "toolmarks", &scans, "-o", &archive, "--columns", columns, "--keep", "creator"]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert!(text(&output.stdout).contains("imported  8 marks of 9 files, 1 left out"));
    assert!(text(&output.stderr).contains("broken.x3p"), "{}", text(&output.stderr));
    // Nothing is written with --strict, and what is there is not replaced unasked.
    let (code, said) = failed(&["import", "toolmarks", &scans, "-o", &folder.path("strict.h5"), "--strict"]);
    assert!(code == 3 && said.contains("broken.x3p") && !folder.at("strict.h5").exists(), "{code} {said}");
    let again = failed(&["import", "toolmarks", &scans, "-o", &archive, "--columns", columns]);
    assert!(again.1.contains("--overwrite"), "{}", again.1);

    let info = done(&["info", &archive]);
    for column in ["contrast", "angle_deg", "missing_share", "length", "source", "mark", "digest", "creator"] {
        assert!(info.contains(&format!("/toolmarks/{column} ")), "{column}: {info}");
    }
    let (marks, nearest) = (format!("{archive}:/toolmarks"), folder.path("nearest.h5"));
    done(&["compare", &marks, "--metric", "ccf", "--top-k", "1", "-o", &nearest, "-q"]);
    assert!(done(&["verify", &nearest]).contains("every score and every place the same"));
    let mut found = striae::archive::result::StoredResult::open(
        &striae::archive::Address::parse(&nearest),
        &striae::archive::Reading::Direct,
    )
    .unwrap();
    let (partners, scores) = found.ranking(0..8).unwrap();
    // In the order of names, the two marks of a press stand beside each other.
    assert_eq!(partners, [1, 0, 3, 2, 5, 4, 7, 6]);
    assert!(scores.iter().all(|s| *s > 0.8), "{scores:?}");

    for (name, items) in [("one.png", &["P0_M0"][..]), ("two.svg", &["P0_M0", "P0_M1"]), ("row.png", &["#3"])] {
        let picture = folder.path(name);
        let mut args = vec!["show", &marks];
        args.extend(items);
        args.extend(["-o", &picture]);
        done(&args);
        picture_is_drawn(&folder.at(name));
    }
    let svg = std::fs::read_to_string(folder.at("two.svg")).unwrap();
    assert_eq!(svg.matches("class=\"specimen\"").count(), 2);
    assert!(svg.contains("class=\"overlap\"") && svg.contains("ccf 0."));
    let (code, said) = failed(&["show", &marks, "P0", "-o", &folder.path("x.png")]);
    assert!(code == 3 && said.contains("P0_M0"), "{said}");
    assert_eq!(failed(&["show", &marks, "P0_M0", "-o", "x.tif"]).0, 2);
    // A specimen that is another now is not drawn, and said so.
    folder.write("scans/P0_M0.x3p", &x3p(&striated(3, 5)));
    let output = striae(&["show", &marks, "P0_M0", "-o", &folder.path("changed.svg")]);
    assert!(
        output.status.success() && text(&output.stderr).contains("not the file that was imported"),
        "{}",
        text(&output.stderr)
    );
}

#[test]
fn settings_and_what_is_no_mark_are_refused_in_words() {
    let folder = Folder::new();
    let one = folder.write("one.x3p", &x3p(&striated(1, 0)));
    let mut draw = Stream::new(1, "noise", 0);
    let noise = Surface::of_finite(300, 80, (1.5, 1.5), (0..24_000).map(|_| draw.normal()).collect()).unwrap();
    let noise = folder.write("noise.x3p", &x3p(&noise));
    let out = folder.path("out.h5");
    let import = |more: &[&str]| {
        let mut args = vec!["import", "toolmarks", &one, "-o", &out];
        args.extend(more);
        failed(&args)
    };
    for (args, words) in [
        (&["--level", "cone"][..], "plane, sphere, poly2"),
        (&["--highpass", "5um", "--lowpass", "9um"], "nothing would pass"),
        (&["--spikes", "0.5"], "1 and more"),
        (&["--crop", "10..5,0..9"], "x0..x1,y0..y1"),
        (&["--columns", "P\\d"], "named group"),
        (&["--max-lean", "80"], "0 to 45"),
        (&["--height-unit", "ell"], "m, mm, um, nm"),
    ] {
        let (code, said) = import(args);
        assert!(code == 2 && said.contains(words), "{args:?}: {code} {said}");
    }
    let (code, said) = import(&["--crop", "9000..9100,0..50"]);
    assert!(code == 3 && said.contains("holds no point"), "{said}");
    let (code, said) = failed(&["import", "toolmarks", &noise, "-o", &out]);
    assert!(code == 3 && said.contains("no striations") && said.contains("--mark pressed"), "{said}");
    done(&["import", "toolmarks", &noise, "-o", &out, "--least-contrast", "0", "-q"]);
    assert_eq!(failed(&["import", "toolmarks", &folder.path("nowhere"), "-o", &out]).0, 3);
}

#[test]
fn profiles_are_taken_as_they_are_and_brought_to_one_spacing() {
    let folder = Folder::new();
    let profile = simulate::signature(400, &mut Stream::new(1, "press", 7));
    let lines = |step: f64| -> String {
        let n = ((profile.len() - 1) as f64 / step) as usize;
        let at = |k: usize| {
            let x = k as f64 * step;
            let i = (x as usize).min(profile.len() - 2);
            profile[i] + (x - i as f64) * (profile[i + 1] - profile[i])
        };
        let line = |k: usize| format!("{} {}", k as f64 * step, at(k));
        (0..n).map(line).collect::<Vec<_>>().join("\n")
    };
    let (a, b) = (folder.write("a.txt", lines(1.0).as_bytes()), folder.write("b.txt", lines(0.5).as_bytes()));
    let archive = folder.path("p.h5");
    done(&["import", "toolmarks", &a, &b, "-o", &archive, "-q"]);
    let (marks, result) = (format!("{archive}:/toolmarks"), folder.path("r.h5"));
    done(&["compare", &marks, "--metric", "ccf", "--threshold", "0.9", "--min-overlap", "100um", "-o", &result, "-q"]);
    let found =
        striae::archive::result::StoredResult::open(&striae::archive::Address::parse(&result), &striae::archive::Reading::Direct);
    assert_eq!(found.unwrap().kind, striae::archive::result::StoredKind::Links { count: 1 }, "the two are one profile");
    // An array says neither unit nor spacing.
    let mut npy = b"\x93NUMPY\x01\0\x46\0{'descr': '<f8', 'fortran_order': False, 'shape': (399,), }           \n".to_vec();
    npy.truncate(80);
    npy[8..10].copy_from_slice(&70u16.to_le_bytes());
    npy.extend(profile[..399].iter().flat_map(|h| (1e-6 * h).to_le_bytes()));
    let c = folder.write("c.npy", &npy);
    let (code, said) = failed(&["import", "toolmarks", &c, "-o", &archive, "--overwrite"]);
    assert!(code == 3 && said.contains("unit"), "{said}");
    done(&["import", "toolmarks", &c, "-o", &archive, "--overwrite", "--height-unit", "m", "--scale", "1um", "-q"]);
}

#[test]
fn photographs_give_rows_and_their_readings() {
    let folder = Folder::new();
    let mut draw = Stream::new(1, "photographs", 0);
    let press = simulate::signature(2500, &mut draw);
    for n in 0..2 {
        let surface = relief(&press, 0.0, (1000, 700), 3.0, &Wear::default(), &mut draw).unwrap();
        let light = Light { azimuth_deg: 0.0, elevation_deg: 30.0, ambient: 0.2 };
        let camera =
            Camera { width: 500, height: 350, um_per_px: 5.0, angle_deg: 90.0, off_um: (0.0, 0.0), noise: 0.01, vignette: 0.2 };
        let picture = render(&surface, &light, &camera, &mut draw).unwrap();
        folder.write(&format!("photo{n}.png"), &png(&picture));
    }
    let (a, b, out) = (folder.path("photo0.png"), folder.path("photo1.png"), folder.path("p.h5"));
    done(&["import", "toolmarks", &a, &b, "--scale", "5um", "--readings", "-o", &out, "--collection", "photographs", "-q"]);
    let info = done(&["info", &out]);
    assert!(info.contains("/photographs/striated_share      8"), "two photographs in four readings: {info}");
    let plain = folder.write("plain.png", &png(&Grey::new(300, 200, vec![0.5; 60_000]).unwrap()));
    let (code, said) = failed(&["import", "toolmarks", &plain, "-o", &out]);
    assert!(code == 3 && said.contains("no striations"), "{said}");
    // Shades and heights are no rows of one collection.
    let scan = folder.write("scan.x3p", &x3p(&striated(1, 0)));
    let output = striae(&["import", "toolmarks", &a, &b, &scan, "--scale", "5um", "-o", &folder.path("m.h5")]);
    assert!(output.status.success() && text(&output.stderr).contains("collection of its own"), "{}", text(&output.stderr));
}

#[test]
fn logos_are_found_however_they_lie() {
    let folder = Folder::new();
    for logo in 0..5u64 {
        let shape = Logo::new(&mut Stream::new(1, "logo", logo));
        for view in 0..2u64 {
            let mut draw = Stream::new(1, "view", 10 * logo + view);
            let placed = if view == 0 { View::CLEAN } else { View { mirrored: logo == 2, ..View::CLEAN }.placed(&mut draw) };
            folder.write(&format!("stamps/L{logo}_{view}.png"), &png(&photograph(&shape, &placed, 220, &mut draw).unwrap()));
        }
    }
    folder.write("stamps/empty.png", &png(&Grey::new(120, 120, vec![0.7; 14_400]).unwrap()));
    let (stamps, archive) = (folder.path("stamps"), folder.path("logos.h5"));
    let columns = "(?<exhibit>L\\d)_";
    let output =
        striae(&["import", "logos", &stamps, "-o", &archive, "--descriptor", "shape,logpolar,phash", "--columns", columns]);
    // The empty picture's name has no such group either.
    assert!(output.status.success() && text(&output.stderr).contains("empty.png"), "{}", text(&output.stderr));
    for (descriptor, more) in [("logpolar", &["--metric", "logpolar", "--mirror"][..]), ("shape", &["--metric", "euclidean"])] {
        let (rows, result) = (format!("{archive}:/logos/{descriptor}"), folder.path(&format!("{descriptor}.h5")));
        let mut args = vec!["compare", &rows, "--top-k", "1", "-o", &result, "-q"];
        args.extend(more);
        done(&args);
        done(&["verify", &result, "--all"]);
        let reading = striae::archive::Reading::Direct;
        let mut found = striae::archive::result::StoredResult::open(&striae::archive::Address::parse(&result), &reading).unwrap();
        assert_eq!(found.ranking(0..10).unwrap().0, [1, 0, 3, 2, 5, 4, 7, 6, 9, 8], "{descriptor}");
        if descriptor == "logpolar" {
            let column = |name, integers| striae::compare::explain::Column { names: [name; 2], width: 1, integers };
            // The mirrored logo's two rows say so, and a turn there is a turn back.
            let mirrored = found.beside(&column("mirrored", true), 0, 10).unwrap();
            assert_eq!(mirrored[4..6], [1.0, 1.0], "{mirrored:?}");
            let turns = found.beside(&column("turns_deg", false), 0, 10).unwrap();
            assert!((turns[0] + turns[1]).rem_euclid(360.0).min((-turns[0] - turns[1]).rem_euclid(360.0)) < 1e-9, "{turns:?}");
        }
    }
    done(&[
        "compare",
        &format!("{archive}:/logos/phash"),
        "--metric",
        "hamming",
        "--top-k",
        "2",
        "-o",
        &folder.path("h.h5"),
        "-q",
    ]);
    let rows = format!("{archive}:/logos/logpolar");
    done(&["show", &rows, "L2_0", "L2_1", "--mirror", "-o", &folder.path("pair.svg")]);
    let svg = std::fs::read_to_string(folder.at("pair.svg")).unwrap();
    assert!(svg.contains("mirrored and turned") && svg.matches("class=\"specimen\"").count() == 4);
    done(&["show", &rows, "L0_0", "-o", &folder.path("one.png")]);
    picture_is_drawn(&folder.at("one.png"));
    // A covered query in its placements, against the archive: its own logo is best of all of them.
    let mut draw = Stream::new(1, "covered", 0);
    let view = View { covered: 0.15, ..View::CLEAN }.placed(&mut draw);
    let shape = Logo::new(&mut Stream::new(1, "logo", 3));
    let covered = folder.write("covered.png", &png(&photograph(&shape, &view, 220, &mut draw).unwrap()));
    let (queries, result) = (folder.path("queries.h5"), folder.path("covered.h5"));
    done(&["import", "logos", &covered, "--covered", "--descriptor", "logpolar", "-o", &queries, "-q"]);
    done(&["compare", &format!("{queries}:/logos"), &rows, "--metric", "logpolar", "--top-k", "1", "-o", &result, "-q"]);
    let (partners, scores) = opened(&result).ranking(0..41).unwrap();
    let best = (0..41).max_by(|a, b| scores[*a].total_cmp(&scores[*b])).unwrap();
    assert!([6, 7].contains(&partners[best]), "{} at {}", partners[best], scores[best]);
    // Rings stay rings when rows are prepared; rows of another metric are noticed.
    let json = done(&[
        "compare",
        &rows,
        "--metric",
        "logpolar",
        "--prepare",
        "vector",
        "--top-k",
        "1",
        "-o",
        &result,
        "--overwrite",
        "--json",
    ]);
    assert!(json.contains("\"angles\":128"), "{json}");
    let output = striae(&["compare", &rows, "--metric", "cosine", "--top-k", "1", "-o", &result, "--overwrite"]);
    assert!(text(&output.stderr).contains("made for --metric logpolar"), "{}", text(&output.stderr));
    // What is there is seen before anything is read, and no descriptor is written alone.
    let (code, said) = failed(&["import", "logos", &stamps, "-o", &archive, "--descriptor", "hu,shape"]);
    assert!(
        code == 2 && said.contains("/logos/shape is there already") && !done(&["info", &archive]).contains("/logos/hu"),
        "{said}"
    );
    let (code, said) =
        failed(&["compare", &rows, "--metric", "logpolar", "--angles", "100", "--top-k", "1", "-o", &folder.path("x.h5")]);
    assert!(code == 3 && said.contains("rings of 100 angles"), "{code} {said}");
    assert_eq!(failed(&["compare", &rows, "--metric", "cosine", "--mirror", "--top-k", "1", "-o", &folder.path("x.h5")]).0, 2);
    assert_eq!(failed(&["import", "logos", &stamps, "-o", &archive, "--descriptor", "colour"]).0, 2);
}

#[test]
fn cells_of_pressed_plates_are_counted_and_kept() {
    let folder = Folder::new();
    for die in 0..2u64 {
        let made = Die::new(200, 1, die);
        for n in 0..2u64 {
            let how = Impression {
                turned_degrees: 3.0 * n as f64,
                shift_um: (20.0 * n as f64, -15.0 * n as f64),
                ..Impression::default()
            };
            folder.write(&format!("plates/D{die}_{n}.x3p"), &x3p(&made.impress(&how, 1, 2 * die + n).unwrap()));
        }
    }
    let (plates, archive, nearest) = (folder.path("plates"), folder.path("plates.h5"), folder.path("nearest.h5"));
    let cut = ["--highpass", "none", "--lowpass", "none", "--spikes", "none"];
    let mut args = vec!["import", "toolmarks", &plates, "--mark", "pressed", "-o", &archive, "--collection", "pressed", "-q"];
    args.extend(cut);
    done(&args);
    done(&["compare", &format!("{archive}:/pressed"), "--metric", "cosine", "--top-k", "3", "-o", &nearest, "-q"]);
    let cells = ["--cells", "5x5", "--turn", "9", "--position", "12"];
    let out = folder.path("cells.h5");
    let mut args = vec!["cells", &nearest, "-o", &out];
    args.extend(cells.iter().chain(&cut));
    let said = done(&args);
    assert!(said.contains("examined  6 links, 0 not compared"), "{said}");
    assert!(done(&["verify", &out, "--sample", "2"]).contains("every count and every cell the same"));
    let count = |a: &str, b: &str| -> i64 {
        let (a, b) = (folder.path(&format!("plates/{a}.x3p")), folder.path(&format!("plates/{b}.x3p")));
        let picture = folder.path("map.png");
        let mut args = vec!["cells", &a, &b, "-o", &picture, "--json"];
        args.extend(cells.iter().chain(&cut));
        let found: serde_json::Value = serde_json::from_str(&done(&args)).unwrap();
        found["cmc"].as_i64().unwrap()
    };
    assert!(count("D0_0", "D0_1") >= 15 && count("D1_0", "D1_1") >= 15);
    assert!(count("D0_0", "D1_1") <= 6);
    // A crop is looked at alone; the same file with another content is not taken for it.
    let texture = |crop: &[&str]| {
        let out = folder.path("crop.h5");
        let mut args = vec!["import", "toolmarks", &plates, "--mark", "pressed", "-o", &out, "--overwrite", "-q"];
        args.extend(crop.iter().chain(&cut));
        done(&args);
        let reading = striae::archive::Reading::Direct;
        let mut found =
            striae::archive::Collection::open(&striae::archive::Address::parse(&format!("{out}:/toolmarks")), &reading).unwrap();
        striae::compare::RowSource::read(&mut found, 0..4).unwrap()
    };
    assert_ne!(texture(&[]), texture(&["--crop", "0..600,0..600"]));
    done(&["show", &format!("{archive}:/pressed"), "D0_0", "-o", &folder.path("pressed.png")]);
    let before = std::fs::read(folder.at("plates/D0_1.x3p")).unwrap();
    folder.write("plates/D0_1.x3p", &std::fs::read(folder.at("plates/D1_0.x3p")).unwrap());
    let mut args = vec!["cells", &nearest, "-o", &out, "--overwrite"];
    args.extend(cells.iter().chain(&cut));
    assert!(text(&striae(&args).stderr).contains("not the file that was imported"));
    folder.write("plates/D0_1.x3p", &before);
    // An id that is another mark's now: nobody's count.
    let forged = folder.path("forged.h5");
    let mut bytes = std::fs::read(folder.at("cells.h5")).unwrap();
    let at = bytes.windows(8).position(|w| w[..4] == *b"D0_0" && w[4..6] == *b"D0").expect("ids, one after the other");
    bytes[at + 1] = b'1';
    std::fs::write(&forged, bytes).unwrap();
    assert!(failed(&["verify", &forged]).1.contains("was changed or damaged"));
    // What is stored now says that it was not compared, which is so no more.
    assert_eq!(failed(&["verify", &out, "--all"]).0, 3);
    picture_is_drawn(&folder.at("map.png"));
    // A surface that is gone is named, and fails with --strict.
    std::fs::remove_file(folder.at("plates/D1_1.x3p")).unwrap();
    let mut args = vec!["cells", &nearest, "-o", &out, "--overwrite"];
    args.extend(cells.iter().chain(&cut));
    let output = striae(&args);
    assert!(output.status.success() && text(&output.stderr).contains("D1_1"), "{}", text(&output.stderr));
    args.push("--strict");
    assert_eq!(failed(&args).0, 3);
    assert_eq!(failed(&["cells", &nearest]).0, 2);
    assert_eq!(failed(&["cells", &nearest, "-o", &out, "--cells", "eight"]).0, 2);
}

#[test]
fn new_marks_are_compared_with_an_archive_of_longer_ones() {
    let folder = Folder::new();
    let profile = simulate::signature(700, &mut Stream::new(1, "press", 3));
    let lines = |from: usize, to: usize, step: f64| -> Vec<u8> {
        let line = |i: usize| format!("{} {}", (i - from) as f64 * step, profile[i]);
        (from..to).map(line).collect::<Vec<_>>().join("\n").into_bytes()
    };
    for (name, from, to) in [("A1_N1_L1", 0, 600), ("A1_N1_L2", 10, 640), ("A1_N2_L1", 40, 700)] {
        folder.write(&format!("archive/{name}.txt"), &lines(from, to, 1.0));
    }
    let new = folder.write("A1_N1_L3.txt", &lines(100, 400, 1.0));
    let (archive, query, result) = (folder.path("archive.h5"), folder.path("new.h5"), folder.path("r.h5"));
    let columns = "(?<mark>(?<source>..)_N\\d)";
    done(&["import", "toolmarks", &folder.path("archive"), "-o", &archive, "--columns", columns, "-q"]);
    done(&["import", "toolmarks", &new, "-o", &query, "--columns", columns, "-q"]);
    let (ours, theirs) = (format!("{query}:/toolmarks"), format!("{archive}:/toolmarks"));
    done(&["compare", &ours, &theirs, "--metric", "ccf", "--min-overlap", "50um", "--top-k", "3", "-o", &result, "-q"]);
    let (partners, scores) = opened(&result).ranking(0..1).unwrap();
    assert!(partners.iter().all(|p| *p >= 0) && scores.iter().all(|s| *s > 0.999), "{partners:?} {scores:?}");
    assert!(done(&["verify", &result, "--all"]).contains("every score and every place the same"));
    // Its own mark left out, and said so.
    done(&[
        "compare",
        &ours,
        &theirs,
        "--metric",
        "ccf",
        "--top-k",
        "3",
        "--exclude",
        "mark",
        "-o",
        &result,
        "--overwrite",
        "-q",
    ]);
    assert_eq!(opened(&result).ranking(0..1).unwrap().0, [2, -1, -1]);
    assert!(done(&["verify", &result]).contains("as recorded") && done(&["info", &result]).contains("partners of the same mark"));
    // A result does not replace an archive, and cells need surfaces.
    let (code, said) = failed(&["compare", &ours, &theirs, "--metric", "ccf", "--top-k", "1", "-o", &archive, "--overwrite"]);
    assert!(code != 0 && done(&["info", &archive]).contains("/toolmarks/values"), "{said}");
    let other = folder.path("other.h5");
    std::fs::copy(&archive, &other).unwrap();
    let (code, said) = failed(&["compare", &ours, &theirs, "--metric", "ccf", "--top-k", "1", "-o", &other, "--overwrite"]);
    assert!(code == 2 && said.contains("is an archive"), "{said}");
    assert!(failed(&["cells", &result, "-o", &folder.path("c.h5")]).1.contains("no surface"));
    assert_eq!(failed(&["cells", &result, "-o", &folder.path("c.png")]).0, 2);
    // A file in another unit does not make points of the others.
    folder.write("archive/A1_N9_L1.txt", &lines(0, 600, 500.0));
    let output = striae(&["import", "toolmarks", &folder.path("archive"), "-o", &archive, "--columns", columns, "--overwrite"]);
    assert!(output.status.success() && text(&output.stderr).contains("500 µm apart"), "{}", text(&output.stderr));
    let (code, said) = failed(&["import", "toolmarks", &new, "-o", &folder.path("x.h5"), "--columns", "(?<length>..)"]);
    assert!(code == 2 && said.contains("\"length\""), "{said}");
    assert_eq!(failed(&["import", "toolmarks", &new, "-o", &folder.path("x.h5"), "--spacing", "0.000001nm"]).0, 3);
    // An archive that changed since is noticed.
    folder.write("A1_N1_L3.txt", &lines(120, 420, 1.0));
    done(&["import", "toolmarks", &new, "-o", &query, "--columns", columns, "--overwrite", "-q"]);
    assert!(failed(&["cells", &result, "-o", &folder.path("c.h5")]).1.contains("not what was compared"));
}
