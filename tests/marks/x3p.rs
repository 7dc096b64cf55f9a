//! The X3P reader on real files: thirteen, of instruments, of the standard's samples and of other programs.
//!
//! What is expected was computed without it: `unzip`, and Python's `struct` with the formulas of `toolmark::x3p`, once.

use striae::toolmark::unit::LengthUnit;
use striae::toolmark::x3p::{About, Checksums, Error, Mask, Options, X3p, read, write};

/// Where the files are.
const FILES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/data/toolmarks/x3p");

fn bytes(name: &str) -> Vec<u8> {
    std::fs::read(format!("{FILES}/{name}.x3p")).unwrap()
}

fn strict(name: &str) -> Result<X3p, Error> {
    read(&bytes(name), &Options::default())
}

fn lenient(name: &str) -> X3p {
    read(&bytes(name), &Options { checksums: Checksums::Lenient, ..Options::default() }).unwrap()
}

struct Expected {
    name: &'static str,
    size: (usize, usize),
    spacing: (f64, f64),
    measured: usize,
    first: (usize, f64),
    last: (usize, f64),
    range: (f64, f64),
    mean: f64,
    warnings: &'static [&'static str],
}

const EXPECTED: [Expected; 9] = [
    Expected {
        name: "HFSCP-BA-B11-L1",
        size: (976, 341),
        spacing: (1.935, 1.935),
        measured: 329547,
        first: (0, -11.377111434936522),
        last: (332721, -55.39331054687499),
        range: (-56.475868225097656, 46.426116943359375),
        mean: 0.4949894480653723,
        warnings: &[],
    },
    Expected {
        name: "ISO5436-sample1_bin",
        size: (4, 4),
        spacing: (16015.999999999998, 16015.999999999998),
        measured: 15,
        first: (0, 486219.120804151),
        last: (15, -215696.638464903),
        range: (-808368.5716828301, 1047596.0256614201),
        mean: 291925.8327248042,
        warnings: &["which no surface does"],
    },
    Expected {
        name: "ISO5436-sample4_bin",
        size: (4, 4),
        spacing: (16015.999999999998, 16015.999999999998),
        measured: 15,
        first: (0, 486000.0),
        last: (15, -215999.99999999997),
        range: (-808000.0, 1048000.0),
        mean: 292000.00000000006,
        warnings: &["which no surface does"],
    },
    Expected {
        name: "KautschukInfiniteFocus",
        size: (860, 634),
        spacing: (2.279984215, 2.2797945189999997),
        measured: 539944,
        first: (1409, 2.439256377329002),
        last: (543518, -4.701643320004223),
        range: (-9.590286936145276, 16.094123566290364),
        mean: 0.018921794772037148,
        warnings: &[],
    },
    Expected {
        name: "circle",
        size: (259, 259),
        spacing: (0.8765432099999998, 0.8765432099999998),
        measured: 67081,
        first: (0, 195000000.0),
        last: (67080, 195000000.0),
        range: (0.0, 247000000.0),
        mean: 192626943.54586247,
        warnings: &["which no surface does"],
    },
    Expected {
        name: "csafe-logo",
        size: (741, 419),
        spacing: (0.645000000000095, 0.645),
        measured: 310479,
        first: (0, 0.39999999999999986),
        last: (310478, 0.39999999999999986),
        range: (0.2078431372549019, 0.8274509803921565),
        mean: 0.42006709556751287,
        // Its heights are metres already: 0.2 to 0.8 µm on a field of 0.5 mm. Taken by its Increment they would be 10⁻¹² m.
        warnings: &["the MD5 of \"csafe-logo/main.xml\" is 478a53a5eba1607c2c1f5e4acce01cfb", "it is not used"],
    },
    Expected {
        name: "pyramid",
        size: (5, 5),
        spacing: (1e6, 1e6),
        measured: 25,
        first: (0, 2e6),
        last: (24, 2e6),
        range: (2e6, 1e7),
        mean: 3.6e6,
        warnings: &[],
    },
    Expected {
        name: "sample-land",
        size: (918, 256),
        spacing: (2.58, 2.58),
        measured: 209716,
        first: (0, -54.21108289738186),
        last: (234714, -77.63397297821939),
        range: (-79.47348058223724, 52.49858077149838),
        mean: -0.535206834754757,
        warnings: &[],
    },
    Expected {
        name: "testing",
        size: (30, 20),
        spacing: (27499.9996026357, 27499.9996026357),
        measured: 600,
        first: (0, 8962.339721620083),
        last: (599, -32.500898669240996),
        range: (-23818.902671337128, 8962.339721620083),
        mean: -9498.989882540627,
        warnings: &[],
    },
];

#[test]
#[cfg_attr(not(shared_data), ignore = "the real data is not here")]
fn heights_are_those_of_the_files() {
    for e in &EXPECTED {
        let X3p { surface, warnings, .. } = if e.name == "csafe-logo" { lenient(e.name) } else { strict(e.name).unwrap() };
        assert_eq!((surface.columns(), surface.rows()), e.size, "{}", e.name);
        assert_eq!(surface.spacing_um(), e.spacing, "{}", e.name);
        assert_eq!(surface.count_measured(), e.measured, "{}", e.name);
        let heights: Vec<(usize, f64)> = surface
            .heights_um()
            .iter()
            .zip(surface.measured())
            .enumerate()
            .filter(|(_, (_, m))| **m)
            .map(|(i, (h, _))| (i, *h))
            .collect();
        assert_eq!(heights[0], e.first, "{}", e.name);
        assert_eq!(heights[heights.len() - 1], e.last, "{}", e.name);
        let range = heights.iter().fold((f64::MAX, f64::MIN), |(low, high), (_, h)| (low.min(*h), high.max(*h)));
        assert_eq!(range, e.range, "{}", e.name);
        // Python adds exactly, this does not.
        let mean = heights.iter().map(|(_, h)| h).sum::<f64>() / heights.len() as f64;
        assert!((mean - e.mean).abs() <= 1e-9 * (range.1 - range.0), "{}: {mean}", e.name);
        assert_eq!(warnings.len(), e.warnings.len(), "{}: {warnings:?}", e.name);
        for (warning, words) in warnings.iter().zip(e.warnings) {
            assert!(warning.contains(words), "{}: {warning}", e.name);
        }
    }
}

#[test]
#[cfg_attr(not(shared_data), ignore = "the real data is not here")]
fn the_bit_that_is_not_set_is_not_measured() {
    let sample = strict("ISO5436-sample1_bin").unwrap().surface;
    assert_eq!(sample.measured().iter().position(|m| !m), Some(7));
    assert_eq!(sample.at(1, 3), None);
}

#[test]
#[cfg_attr(not(shared_data), ignore = "the real data is not here")]
fn a_wrong_checksum_refuses_where_it_must() {
    match strict("csafe-logo") {
        Err(Error::Checksum { entry, place, got, said }) => {
            assert_eq!((entry.as_str(), place.as_str()), ("csafe-logo/main.xml", "md5checksum.hex"));
            assert_eq!((got.as_str(), said.as_str()), ("478a53a5eba1607c2c1f5e4acce01cfb", "51f0b43f25b587b72aa51b954c2134eb"));
        }
        other => panic!("{other:?}"),
    }
}

#[test]
#[cfg_attr(not(shared_data), ignore = "the real data is not here")]
fn kinds_that_are_not_read_are_refused_by_name() {
    for (name, words) in [
        ("ISO5436-sample1", "heights as text"),
        ("ISO5436-sample2", "point clouds"),
        ("ISO5436-sample3", "absolute y axis"),
        ("ISO5436-sample4", "heights as text"),
    ] {
        match strict(name) {
            Err(Error::Refused { what, .. }) => assert!(what.contains(words), "{name}: {what}"),
            other => panic!("{name}: {other:?}"),
        }
    }
}

#[test]
#[cfg_attr(not(shared_data), ignore = "the real data is not here")]
fn metadata_is_in_the_files_words() {
    let land = strict("sample-land").unwrap().metadata;
    for (key, text) in [
        ("date", "2018-09-15T17:46:09"),
        ("creator", "CSAFE, Connor Hegenreter"),
        ("manufacturer", "Sensofar"),
        ("model", "Sneox1"),
        ("serial", "350262016"),
        ("probing", "Nikon - EPI 20X"),
        ("probing_type", "NonContacting"),
        ("revision", "ISO5436 - 2000"),
        ("feature_type", "SUR"),
        ("origin", "NW"),
        ("comment", "Downsampled by software, mask created by Heike Hofmann with fix3p"),
    ] {
        assert_eq!(land[key], text, "{key}");
    }
    assert_eq!(strict("testing").unwrap().metadata["date"], "N/A");
    assert_eq!(strict("ISO5436-sample1_bin").unwrap().metadata["model"], "µSurf X");
    assert!(!strict("circle").unwrap().metadata.contains_key("serial"));
}

#[test]
#[cfg_attr(not(shared_data), ignore = "the real data is not here")]
fn the_mask_of_a_land_names_its_regions() {
    let land = strict("sample-land").unwrap();
    let annotation = land.annotation.unwrap();
    let regions: Vec<_> = annotation.regions.iter().map(|r| (r.name.as_str(), r.points)).collect();
    let expected = [
        ("break-off", 20900),
        ("right groove", 21497),
        ("left groove", 20366),
        ("no striae", 14158),
        ("no striations", 0),
        ("vertical change in striations", 0),
    ];
    assert_eq!(regions, expected);
    assert_eq!(annotation.index.len() - regions.iter().map(|r| r.1).sum::<usize>(), 158_087);
    let kept = annotation.excluded(&land.surface, |r| r.name.ends_with("groove"));
    // Grooves may hold points that were not measured anyway.
    assert!(kept.count_measured() < land.surface.count_measured());
    assert!(kept.count_measured() >= land.surface.count_measured() - 21497 - 20366);
    let ignored = read(&bytes("sample-land"), &Options { mask: Mask::Ignore, ..Options::default() }).unwrap();
    assert!(ignored.annotation.is_none() && ignored.surface == land.surface);
}

#[test]
#[cfg_attr(not(shared_data), ignore = "the real data is not here")]
fn surfaces_are_written_and_read_again() {
    for e in &EXPECTED {
        let before = lenient(e.name).surface;
        let about = About { date: "2026-01-31T12:00:00".into(), ..About::default() };
        let after = read(&write(&before, &about).unwrap(), &Options::default()).unwrap().surface;
        assert_eq!(after.measured(), before.measured(), "{}", e.name);
        for (a, b) in after.heights_um().iter().zip(before.heights_um()) {
            assert!(a == b || *a == b.next_up() || *a == b.next_down(), "{}: {a} {b}", e.name);
        }
    }
}

#[test]
#[cfg_attr(not(shared_data), ignore = "the real data is not here")]
fn a_unit_that_the_caller_gives_is_taken() {
    let options = Options { height_unit: Some(LengthUnit::Nanometre), ..Options::default() };
    let circle = read(&bytes("circle"), &options).unwrap();
    assert_eq!(circle.surface.heights_um()[0], 0.195);
    assert!(circle.warnings.len() == 1 && circle.warnings[0].contains("as you said"), "{:?}", circle.warnings);
}

/// How long a megapixel takes; run by hand: `cargo test --release --test x3p -- --ignored --nocapture speed`.
#[test]
#[ignore = "a measurement"]
fn speed_of_a_megapixel() {
    for e in EXPECTED.iter().filter(|e| e.size.0 * e.size.1 > 60_000) {
        let (file, options) = (bytes(e.name), Options { checksums: Checksums::Lenient, ..Options::default() });
        let mut best = f64::MAX;
        for _ in 0..20 {
            let start = std::time::Instant::now();
            std::hint::black_box(read(&file, &options).unwrap());
            best = best.min(start.elapsed().as_secs_f64());
        }
        println!("{:24} {:6.2} ms a file, {:6.2} ms a megapixel", e.name, best * 1e3, best * 1e9 / (e.size.0 * e.size.1) as f64);
    }
}
