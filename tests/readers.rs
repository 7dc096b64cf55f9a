//! Readers of instruments' files: the real ones of `../shared/data/spectra` (ignored where absent), and thousands of damaged ones, none of
//! which may end in a panic or take long.

#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stderr, reason = "a failure here is a failed test")]

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::time::Instant;
use striae::spectrum::read::{Content, Error, Hints, Quantity, read};

fn shared(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data/spectra").join(name)
}

fn load(path: &Path, hints: &Hints) -> Result<Content, Error> {
    read(&path.file_name().unwrap().to_string_lossy(), &std::fs::read(path).unwrap(), hints)
}

#[test]
#[cfg_attr(not(shared_data), ignore = "the real data is not here")]
fn every_file_of_formats_loads_with_axis_and_unit_or_is_refused_by_name() {
    let folder = shared("formats");
    // Name, quantity, unit, points, first and last x, first y, unit of y: by eye and NumPy from the files' own text and bytes.
    for (name, quantity, unit, points, ends, first, y) in [
        ("fitr_nitrocellulose.jdx", Quantity::Wavenumber, "cm-1", 7154, (7498.994, 599.91952), 0.6897301, "reflectance"),
        ("raman_atacamit.spc", Quantity::Wavenumber, "cm-1", 559, (117.77999115, 1050.0), 218.71998596, "absorbance"),
        ("ftir_pva_without_header.csv", Quantity::Unknown, "", 0, (674.9918, f64::NAN), 0.01356988, ""),
        ("raman_hdpe.csv", Quantity::Wavenumber, "", 0, (301.04, f64::NAN), 26.0, "intensity"),
    ] {
        let Content::Spectra(all) = load(&folder.join(name), &Hints::default()).unwrap_or_else(|e| panic!("{name}: {e}")) else {
            panic!("{name}")
        };
        let s = &all[0];
        let (x0, x1) = (s.axis.values[0], s.axis.values[s.axis.values.len() - 1]);
        eprintln!("{name}: {} points, {x0} … {x1} {}, first {}, {:?}", s.values.len(), s.axis.unit, s.values[0], s.unit);
        assert_eq!((all.len(), s.axis.quantity, s.axis.unit.as_str(), s.unit.as_str()), (1, quantity, unit, y), "{name}");
        assert!(points == 0 || s.values.len() == points, "{name}: {}", s.values.len());
        assert!((x0 - ends.0).abs() < 1e-5 && (ends.1.is_nan() || (x1 - ends.1).abs() < 1e-5), "{name}: {x0} {x1}");
        assert!((s.values[0] - first).abs() < 1e-6 * first.abs(), "{name}: {}", s.values[0]);
    }
    let told = Hints { axis_unit: Some("cm-1".into()), value_unit: Some("absorbance".into()), layout: None };
    let Content::Spectra(all) = load(&folder.join("ftir_pva_without_header.csv"), &told).unwrap() else { panic!("a curve") };
    assert_eq!((all[0].axis.unit.as_str(), all[0].unit.as_str()), ("cm-1", "absorbance"));
    for (name, word) in [("ftir_ps.0", "OPUS"), ("ftir_polyethylene_reflectance_adjustment_not_working.spa", "SPA")] {
        let error = load(&folder.join(name), &Hints::default()).unwrap_err();
        assert!(matches!(error, Error::Refused { .. }) && error.to_string().contains(word), "{name}: {error}");
    }
}

#[test]
#[cfg_attr(not(shared_data), ignore = "the real data is not here")]
fn mass_spectra_of_all_formats_load() {
    let folder = shared("ms");
    // Spectra and peaks, counted with grep in the files.
    for (name, spectra, first_mz) in [
        ("Hydrogen_chloride.msp", 1, 35.0),
        ("MoNA-export-GC-MS-first10.msp", 10, 51.0),
        ("massbank_five_spectra.msp", 5, 135.0),
        ("pesticides.mgf", 76, 0.0),
        ("testdata.mgf", 30, 66.137428),
        ("testdata.mzml", 0, 0.0),
        ("gnps_spectra.json", 0, 0.0),
    ] {
        let Content::Peaks(all) = load(&folder.join(name), &Hints::default()).unwrap_or_else(|e| panic!("{name}: {e}")) else {
            panic!("{name}")
        };
        eprintln!("{name}: {} spectra, {} peaks in the first, precursor {:?}", all.len(), all[0].mz.len(), all[0].precursor_mz);
        assert!(spectra == 0 || all.len() == spectra, "{name}: {}", all.len());
        assert!(first_mz == 0.0 || all[0].mz[0] == first_mz, "{name}: {}", all[0].mz[0]);
        assert!(all.iter().all(|l| l.mz.is_sorted() && l.mz.len() == l.intensity.len()), "{name}");
    }
    let mut found = 0;
    let mut folders = vec![folder.join("fentanyl_ei")];
    while let Some(at) = folders.pop() {
        for entry in std::fs::read_dir(at).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|e| e.eq_ignore_ascii_case("msp")) {
                let Content::Peaks(all) = load(&path, &Hints::default()).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
                else {
                    panic!("peaks")
                };
                found += all.len();
            }
        }
    }
    assert_eq!(found, 109);
}

#[test]
fn mzml_ends_where_its_index_does_and_says_what_its_points_are() {
    let (name, plain) = seeds().pop().unwrap();
    let text = String::from_utf8(plain).unwrap();
    let body = text.split_once("?>").unwrap().1;
    let index: String = (0..100)
        .map(|n| format!("<offset idRef=\"controllerType=0 controllerNumber=1 scan={n}\">{n}</offset>"))
        .collect::<Vec<_>>()
        .concat();
    let indexed = format!(
        "<?xml version=\"1.0\"?><indexedmzML xmlns=\"http://psi.hupo.org/ms/mzml\">{body}<indexList count=\"1\"><index name=\"spectrum\">{index}</index></indexList></indexedmzML>"
    );
    let Content::Peaks(all) = read(name, indexed.as_bytes(), &Hints::default()).unwrap() else { panic!("peaks") };
    assert_eq!((all.len(), all[0].mz[0]), (1, 10.0));
    let cut = &indexed[..indexed.find("</spectrumList>").unwrap()];
    assert!(read(name, cut.as_bytes(), &Hints::default()).unwrap_err().to_string().contains("cut off"));
    let silent = text.replace(r#"<cvParam cvRef="MS" accession="MS:1000127" name="centroid spectrum"/>"#, "");
    assert!(read(name, silent.as_bytes(), &Hints::default()).unwrap_err().to_string().contains("does not say"));
}

/// Small files of every format, written here.
fn seeds() -> Vec<(&'static str, Vec<u8>)> {
    let jcamp = "##TITLE=t\n##JCAMP-DX=4.24\n##DATA TYPE=INFRARED SPECTRUM\n##XUNITS=1/CM\n##YUNITS=ABSORBANCE\n##XFACTOR=1\n##YFACTOR=1\n##FIRSTX=400\n##LASTX=409\n##NPOINTS=10\n##XYDATA=(X++(Y..Y))\n";
    let mut spc = vec![0_u8; 512];
    spc[1] = 0x4b;
    spc[3] = 0x80;
    spc[4] = 3;
    spc[16..24].copy_from_slice(&2.0_f64.to_le_bytes());
    spc[24] = 1;
    spc.extend([0; 44]);
    let mzml = r#"<?xml version="1.0"?><mzML xmlns="http://psi.hupo.org/ms/mzml"><run id="r"><spectrumList count="1"><spectrum index="0" id="s" defaultArrayLength="1"><cvParam cvRef="MS" accession="MS:1000511" name="ms level" value="2"/><cvParam cvRef="MS" accession="MS:1000127" name="centroid spectrum"/><binaryDataArrayList count="2"><binaryDataArray encodedLength="12"><cvParam accession="MS:1000523" cvRef="MS" name="64-bit float"/><cvParam accession="MS:1000576" cvRef="MS" name="no compression"/><cvParam accession="MS:1000514" cvRef="MS" name="m/z array"/><binary>AAAAAAAAJEA=</binary></binaryDataArray><binaryDataArray encodedLength="12"><cvParam accession="MS:1000523" cvRef="MS" name="64-bit float"/><cvParam accession="MS:1000576" cvRef="MS" name="no compression"/><cvParam accession="MS:1000515" cvRef="MS" name="intensity array"/><binary>AAAAAAAAFEA=</binary></binaryDataArray></binaryDataArrayList></spectrum></spectrumList></run></mzML>"#;
    vec![
        ("a.jdx", format!("{jcamp}400AJT%jX\n409c\n##END=\n").into_bytes()),
        ("a.jdx", format!("{jcamp}400 1 2 3 3 2\n405 1 0 -1 -2 -3\n##END=\n").into_bytes()),
        ("a.jdx", b"##TITLE=m\n##DATA TYPE=MASS SPECTRUM\n##NPOINTS=2\n##PEAK TABLE=(XY..XY)\n58,10 42,5\n##END=".to_vec()),
        ("a.spc", spc),
        ("a.csv", b"id,source,400,410,420\nA,x,1,2,3\nB,y,3,2,2\n".to_vec()),
        ("a.csv", b"wavenumber (cm-1);absorbance\n400;0,5\n410;0,25\n".to_vec()),
        ("a.mgf", b"BEGIN IONS\nTITLE=a\nPEPMASS=100.5 300\n50.5 10\n40 5\nEND IONS\n".to_vec()),
        ("a.msp", b"Name: A\nPrecursorMZ: 58.2\nNum Peaks: 3\n40 3; 41 67;\n43 2 \"C\"\n\n".to_vec()),
        ("a.json", br#"[{"spectrum_id":"S1","peaks_json":"[[3,1],[2,5]]"}]"#.to_vec()),
        ("a.mzML", mzml.as_bytes().to_vec()),
    ]
}

#[test]
fn damaged_files_end_in_an_error_or_in_numbers_and_never_in_a_panic() {
    for (name, seed) in seeds() {
        read(name, &seed, &Hints::default()).unwrap_or_else(|e| panic!("the seed {name}: {e}"));
    }
    let mut files = seeds();
    for name in ["formats/fitr_nitrocellulose.jdx", "formats/raman_atacamit.spc", "formats/raman_hdpe.csv", "ms/testdata.mgf"] {
        // Besides the seeds, where it is there.
        files.extend(std::fs::read(shared(name)).ok().map(|bytes| (name.rsplit('/').next().unwrap(), bytes)));
    }
    let mut state = 0x9E37_79B9_7F4A_7C15_u64;
    let mut next = |below: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((state >> 33) as usize) % below.max(1)
    };
    let quiet = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| {}));
    let (started, mut tried, mut slowest) = (Instant::now(), 0, 0.0_f64);
    let words: [&[u8]; 12] =
        [b"9999999999", b"-1", b"1e308", b"nan", b"##", b"\0", b"=", b"\n", b",", b"\"", b"Z99999999", b"\xff\xff\xff\xff"];
    let mut broken = Vec::new();
    'all: for round in 0.. {
        for (n, (name, seed)) in files.iter().enumerate() {
            let mut bytes = seed.clone();
            for _ in 0..=next(4) {
                let at = next(bytes.len());
                match next(6) {
                    0 => bytes.truncate(at),
                    1 => bytes[at..].iter_mut().take(1).for_each(|b| *b = next(256) as u8),
                    2 => drop(bytes.splice(at..at, words[next(words.len())].iter().copied())),
                    3 => drop(bytes.splice(at..(at + next(20)).min(bytes.len()), std::iter::empty())),
                    4 => {
                        let other = &files[next(files.len())].1;
                        let from = next(other.len());
                        let part = other[from..(from + next(200)).min(other.len())].to_vec();
                        drop(bytes.splice(at..at, part));
                    }
                    _ => bytes[at..].iter_mut().take(1).for_each(|b| *b = b"0123456789.-+"[next(13)]),
                }
                if bytes.is_empty() {
                    break;
                }
            }
            let from = Instant::now();
            if catch_unwind(AssertUnwindSafe(|| read(name, &bytes, &Hints::default()))).is_err() {
                broken.push(format!(
                    "{name} (file {n}, round {round}): {:?}",
                    String::from_utf8_lossy(&bytes[..bytes.len().min(400)])
                ));
            }
            slowest = slowest.max(from.elapsed().as_secs_f64());
            tried += 1;
        }
        if started.elapsed().as_secs() >= 10 || broken.len() > 3 {
            break 'all;
        }
    }
    std::panic::set_hook(quiet);
    assert!(broken.is_empty(), "{broken:#?}");
    assert!(tried > 5_000, "{tried}");
    assert!(slowest < 2.0, "{slowest}");
}
