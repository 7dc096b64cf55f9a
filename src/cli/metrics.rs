//! `striae metrics`: what scores there are.

use super::Voice;
use crate::metric::{self, Closer, peaks::PeakMetric};

/// Lists the metrics: formula, range, symmetry, backends, domain, source
#[derive(Debug, clap::Args)]
pub struct Options {}

pub fn run(voice: Voice) {
    if voice.json {
        let all: Vec<_> = metric::all()
            .iter()
            .map(|m| {
                let i = m.info();
                let closer = if i.closer == Closer::Larger { "larger" } else { "smaller" };
                serde_json::json!({
                    "name": i.name, "formula": i.formula, "closer": closer, "range": [bound(i.range.0), bound(i.range.1)],
                    "domain": i.domain, "symmetric": true, "backends": ["cpu", "gpu"], "source": i.source,
                })
            })
            .collect();
        let lists = PeakMetric::ALL.iter().map(|m| {
            serde_json::json!({
                "name": m.name(), "formula": m.formula(), "closer": "larger", "range": ["0", "1"],
                "domain": "peak lists", "symmetric": true, "backends": ["cpu"], "source": m.source(),
            })
        });
        let beside = BESIDE.iter().map(|b| {
            serde_json::json!({
                "name": b.name, "formula": b.formula, "closer": "larger", "range": [bound(b.range.0), bound(b.range.1)],
                "domain": "pairs that ccf found (--rescore)", "symmetric": b.symmetric, "combined": b.combined,
                "backends": ["cpu"], "source": b.source,
            })
        });
        let all: Vec<_> = all.into_iter().chain(lists).chain(beside).collect();
        println!("{}", serde_json::Value::from(all));
        return;
    }
    for metric in metric::all() {
        let i = metric.info();
        let closer = if i.closer == Closer::Larger { "similarity" } else { "distance" };
        println!("{}\n{:15} {}", i.name, "", i.formula);
        println!("{:15} {closer}, {} … {}; symmetric; cpu, gpu; for {}", "", bound(i.range.0), bound(i.range.1), i.domain);
        println!("{:15} {}\n", "", i.source);
    }
    for m in PeakMetric::ALL {
        println!("{}\n{:15} {}", m.name(), "", m.formula());
        println!(
            "{:15} similarity, 0 … 1; symmetric; cpu; for peak lists (indptr, mz, intensity)\n{:15} {}\n",
            "",
            "",
            m.source()
        );
    }
    println!("Beside the score of ccf, of the pairs that were found (--rescore):\n");
    for b in &BESIDE {
        println!("{}\n{:15} {}", b.name, "", b.formula);
        let symmetry = if b.symmetric { "symmetric".into() } else { format!("not symmetric: {}", b.combined) };
        println!("{:15} similarity, {} … {}; {symmetry}; cpu", "", bound(b.range.0), bound(b.range.1));
        println!("{:15} {}\n", "", b.source);
    }
}

/// What `--rescore` computes.
struct Beside {
    name: &'static str,
    formula: &'static str,
    range: (f64, f64),
    symmetric: bool,
    /// How the two directions of one that is not symmetric make one score.
    combined: &'static str,
    source: &'static str,
}

const BESIDE: [Beside; 2] = [
    Beside {
        name: "relative-distance",
        formula: "1 − Σ(aᵢ−bᵢ)²/Σ(aᵢ+bᵢ)² of the overlap, each less its mean",
        range: (f64::NEG_INFINITY, 1.0),
        symmetric: true,
        combined: "",
        source: "relative profile distance of striated marks",
    },
    Beside {
        name: "cmps",
        formula: "segments of one profile that find one place on the other",
        range: (0.0, f64::INFINITY),
        symmetric: false,
        combined: "each profile is cut up in turn, the larger score counts",
        source: "doi:10.1016/j.forsciint.2019.109964",
    },
];

fn bound(x: f64) -> String {
    if x == f64::INFINITY {
        "∞".into()
    } else if x == f64::NEG_INFINITY {
        "−∞".into()
    } else {
        format!("{x}")
    }
}
