//! `striae metrics`: what scores there are.

use super::Voice;
use crate::metric::{self, Closer};

/// Lists the metrics: formula, domain, range, source
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
        println!("{}", serde_json::Value::from(all));
        return;
    }
    for metric in metric::all() {
        let i = metric.info();
        let closer = if i.closer == Closer::Larger { "similarity" } else { "distance" };
        println!("{:<15} {}", i.name, i.formula);
        println!("{:15} {closer}, {} … {}; for {}", "", bound(i.range.0), bound(i.range.1), i.domain);
        println!("{:15} {}\n", "", i.source);
    }
}

fn bound(x: f64) -> String {
    if x == f64::INFINITY {
        "∞".into()
    } else if x == f64::NEG_INFINITY {
        "−∞".into()
    } else {
        format!("{x}")
    }
}
