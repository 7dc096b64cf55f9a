//! How well descriptors find the silhouettes of MPEG-7 (35 classes of 20): the bull's-eye score, the share of a query's class, itself included, among the
//! 40 nearest, over all queries.

use striae::logo::descriptor::{Descriptor, Extractor};
use striae::logo::segment::Segment;
use striae::picture::decode::{Limits, decode};

use super::turns::All;
use rayon::prelude::*;

type Distances = Vec<Vec<f64>>;

fn euclidean(rows: &[Vec<f32>]) -> Distances {
    let d = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(x, y)| f64::from(x - y) * f64::from(x - y)).sum::<f64>().sqrt();
    rows.par_iter().map(|a| rows.iter().map(|b| d(a, b)).collect()).collect()
}

/// 1 − the best correlation over turns; the score is symmetric, so half of the pairs is enough.
fn turned(rows: &[Vec<f32>], angles: usize) -> Distances {
    let turns = All::new(rows, angles);
    let below: Distances =
        (0..rows.len()).into_par_iter().map(|i| (0..i).map(|j| 1.0 - turns.score(i, &turns, j)).collect()).collect();
    let n = rows.len();
    (0..n).map(|i| (0..n).map(|j| if i == j { 0.0 } else { below[i.max(j)][i.min(j)] }).collect()).collect()
}

fn mean(d: &Distances) -> f64 {
    d.iter().flatten().sum::<f64>() / (d.len() * (d.len() - 1)) as f64
}

/// The sum of distances over their means.
fn together(all: &[(&Distances, f64)]) -> Distances {
    let n = all[0].0.len();
    let scaled: Vec<(&Distances, f64)> = all.iter().map(|(d, w)| (*d, w / mean(d))).collect();
    (0..n).map(|i| (0..n).map(|j| scaled.iter().map(|(d, w)| w * d[i][j]).sum()).collect()).collect()
}

fn bulls_eye(d: &Distances, classes: &[String]) -> f64 {
    let of = |i: usize| {
        let mut order: Vec<usize> = (0..d.len()).collect();
        order.sort_by(|a, b| d[i][*a].total_cmp(&d[i][*b]).then(a.cmp(b)));
        order[..40].iter().filter(|j| classes[**j] == classes[i]).count()
    };
    (0..d.len()).into_par_iter().map(of).sum::<usize>() as f64 / (20 * d.len()) as f64
}

#[test]
#[cfg_attr(not(shared_data), ignore = "the real data is not here")]
fn bulls_eye_of_each_descriptor_and_of_all() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data/logos/mpeg7");
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|f| f.unwrap().path()).collect();
    files.sort();
    assert_eq!(files.len(), 700);
    let class = |f: &std::path::PathBuf| f.file_stem().unwrap().to_str().unwrap().split('-').next().unwrap().to_owned();
    let classes: Vec<String> = files.iter().map(class).collect();
    let segment = Segment::default();
    let extractor = Extractor::new(segment.side).unwrap();
    let kinds: Vec<Descriptor> = Descriptor::ALL.into_iter().filter(|d| *d != Descriptor::Lbp).collect();
    let rows: Vec<Vec<Vec<f32>>> = files
        .par_iter()
        .map(|file| {
            let picture = decode(&std::fs::read(file).unwrap(), &Limits::default()).unwrap();
            let shape = segment.find(&picture).unwrap();
            kinds.iter().map(|kind| extractor.of(&shape, *kind).unwrap()).collect()
        })
        .collect();
    let distances: Vec<Distances> = kinds
        .iter()
        .enumerate()
        .map(|(k, kind)| {
            let rows: Vec<Vec<f32>> = rows.iter().map(|r| r[k].clone()).collect();
            if *kind == Descriptor::LogPolar { turned(&rows, extractor.rings().angles) } else { euclidean(&rows) }
        })
        .collect();
    let of = |kind: Descriptor| &distances[kinds.iter().position(|k| *k == kind).unwrap()];
    println!("alone       bull's-eye  mean distance");
    for kind in &kinds {
        println!("{:<12}{:.4}      {:.4}", kind.name(), bulls_eye(of(*kind), &classes), mean(of(*kind)));
    }
    let weights = [(Descriptor::Zernike, 1.0), (Descriptor::LogPolar, 1.0), (Descriptor::Contour, 2.0), (Descriptor::Hog, 0.5)];
    let extra = [(Descriptor::Fourier, 1.0), (Descriptor::Hu, 0.25), (Descriptor::Phash, 0.25)];
    let sum = |which: &[(Descriptor, f64)]| {
        bulls_eye(&together(&which.iter().map(|(kind, w)| (of(*kind), *w)).collect::<Vec<_>>()), &classes)
    };
    let best = sum(&weights);
    println!("together    {best:.4}      the sum of distances over their means, weights {weights:?}");
    for left_out in weights {
        let rest: Vec<_> = weights.into_iter().filter(|w| *w != left_out).collect();
        println!("- {:<10}{:.4}", left_out.0.name(), sum(&rest));
    }
    for added in extra {
        let more: Vec<_> = weights.into_iter().chain([added]).collect();
        println!("+ {:<10}{:.4}      weight {}", added.0.name(), sum(&more), added.1);
    }
    assert!(best >= 0.79, "{best}");
    assert!(bulls_eye(of(Descriptor::Shape), &classes) >= 0.765);
    assert!(bulls_eye(of(Descriptor::Zernike), &classes) >= 0.75);
    assert!(bulls_eye(of(Descriptor::LogPolar), &classes) >= 0.73);
}
