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
        let all: Vec<_> = all.into_iter().chain(lists).collect();
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
    for (name, formula, kind, source) in BESIDE {
        println!("{name}\n{:15} {formula}\n{:15} {kind}; cpu\n{:15} {source}\n", "", "", "");
    }
}

/// What `--rescore` computes.
const BESIDE: [(&str, &str, &str, &str); 2] = [
    (
        "relative-distance",
        "1 − Σ(aᵢ−bᵢ)²/Σ(aᵢ+bᵢ)² of the overlap, each less its mean",
        "similarity, −∞ … 1; symmetric; for profiles",
        "relative profile distance of striated marks",
    ),
    (
        "cmps",
        "segments of one profile that find one place on the other",
        "similarity, 0 … segments; not symmetric: each profile is cut up in turn, the larger score counts",
        "doi:10.1016/j.forsciint.2019.109964",
    ),
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
