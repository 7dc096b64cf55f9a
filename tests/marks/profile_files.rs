//! The readers of profiles on real files: 300 of pliers, as text, and NumPy arrays of two laboratories.
//!
//! What is expected was computed with NumPy, once.

use striae::toolmark::profile::{Hints, Profile, read, read_surface_npy};
use striae::toolmark::unit::LengthUnit;

/// Where the files are.
const FILES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/data/toolmarks");

fn all(folder: &str) -> Vec<(String, Vec<u8>)> {
    let mut found: Vec<_> = std::fs::read_dir(format!("{FILES}/{folder}"))
        .unwrap()
        .map(|f| f.unwrap())
        .map(|f| (f.file_name().into_string().unwrap(), std::fs::read(f.path()).unwrap()))
        .collect();
    found.sort();
    found
}

fn range(profile: &Profile) -> (f64, f64) {
    profile.heights_um().iter().fold((f64::MAX, f64::MIN), |(low, high), h| (low.min(*h), high.max(*h)))
}

#[test]
#[cfg_attr(not(shared_data), ignore = "the real data is not here")]
fn pliers_are_read_as_text() {
    let files = all("pliers");
    let mut points = 0;
    for (name, bytes) in &files {
        let profile = read(name, bytes, &Hints::default()).unwrap();
        let spacing = profile.spacing_um().unwrap();
        assert!((0.6899..0.6901).contains(&spacing), "{name}: {spacing}");
        assert!(profile.measured().iter().all(|m| *m) && profile.notes().len() == 2, "{name}");
        points += profile.heights_um().len();
        if name == "K1Z2A1N03L2.txt" {
            let heights = profile.heights_um();
            assert_eq!((heights.len(), heights[0], heights[1539]), (1540, 0.20232, 0.12505));
            assert_eq!(range(&profile), (-0.93004, 1.09048));
            assert!((spacing - 0.6900137719298245).abs() < 1e-12);
        }
    }
    assert_eq!((files.len(), points), (300, 447_390));
}

#[test]
#[cfg_attr(not(shared_data), ignore = "the real data is not here")]
fn profiles_are_read_from_numpy() {
    let files: Vec<_> = all("nfi_profile_pairs").into_iter().filter(|(n, _)| n.starts_with("sample")).collect();
    let hints = Hints { height_unit: Some(LengthUnit::Metre), spacing_um: Some(3.5), ..Hints::default() };
    let mut points = 0;
    for (name, bytes) in &files {
        assert!(read(name, bytes, &Hints::default()).is_err(), "no unit: {name}");
        let profile = read(name, bytes, &hints).unwrap();
        points += profile.heights_um().len();
        let ends = |p: &Profile| (p.heights_um().len(), p.heights_um()[0], p.heights_um()[p.heights_um().len() - 1]);
        match name.as_str() {
            "sample_02_comp.npy" => {
                assert_eq!(ends(&profile), (406, 0.5177163375248252, -1.3622229870650768));
                assert_eq!(range(&profile), (-1.523982007270859, 1.4015901961219568));
            }
            "sample_22_ref.npy" => {
                assert_eq!(ends(&profile), (959, 0.015043901463318472, 0.9816093096360724));
                assert_eq!(range(&profile), (-1.2293559823726525, 1.5100236683401795));
            }
            _ => {}
        }
    }
    assert_eq!((files.len(), points), (34, 21_773));
}

#[test]
#[cfg_attr(not(shared_data), ignore = "the real data is not here")]
fn surfaces_are_read_from_numpy() {
    let of = |name: &str| {
        let bytes = std::fs::read(format!("{FILES}/striation_baselines/files_with_nans/{name}/input_data.npy")).unwrap();
        read_surface_npy(&bytes, LengthUnit::Metre, (1.5, 2.5)).unwrap()
    };
    // Fortran order, with holes.
    let s = of("heavy_dropouts");
    assert_eq!((s.rows(), s.columns(), s.spacing_um()), (120, 150, (1.5, 2.5)));
    assert_eq!((s.at(3, 17), s.at(118, 5)), (Some(14.401777063252384), Some(16.25882998370043)));
    assert_eq!(s.count_measured(), 120 * 150 - 895);
    let s = of("wide_surface");
    assert_eq!((s.rows(), s.columns()), (80, 300));
    assert_eq!((s.at(3, 17), s.at(78, 5)), (Some(16.41163539932085), Some(17.044853416999338)));
    assert_eq!(s.count_measured(), 80 * 300 - 800);
}
