//! `striae calibrate --show`: what a model is, and the ratio of a score.

use super::{Options, StoredLr, measured};
use crate::cli::{Refused, Voice};
use crate::evaluate::lr::{Calibrator, Count, Evidence, Limited};

/// How strongly a ratio supports a proposition, in words: the scale of ENFSI (Guideline for Evaluative Reporting, 2015), of the printed number, as in the report.
fn in_words(log10_lr: f64) -> String {
    let towards = if log10_lr > 0.0 { "H1" } else { "H2" };
    let strength = match libm::round(100.0 * log10_lr.abs()) / 100.0 {
        x if x < 0.3 => return "inconclusive".into(),
        x if x < 1.0 => "weak",
        x if x < 2.0 => "moderate",
        x if x < 3.0 => "moderately strong",
        x if x < 4.0 => "strong",
        x if x < 6.0 => "very strong",
        _ => "extremely strong",
    };
    format!("{strength} support for {towards}")
}

pub(super) fn run(options: &Options, voice: Voice) -> anyhow::Result<()> {
    let stored = StoredLr::open(&options.result)?;
    let mut found = Vec::new();
    for text in &options.at {
        let refuse = || Refused::usage(format!("--at {text}: give a score, or a count such as 12/30"));
        let evidence = match text.split_once('/') {
            Some((k, n)) => {
                Evidence::Count(Count { k: k.trim().parse().map_err(|_| refuse())?, n: n.trim().parse().map_err(|_| refuse())? })
            }
            None => Evidence::Score(text.parse().map_err(|_| refuse())?),
        };
        found.push((text.clone(), stored.model.log10_lr(evidence)?));
    }
    if let (Some(control), Some(recovered)) = (&options.control, &options.recovered) {
        let Calibrator::TwoLevel(model) = stored.model.calibrator() else {
            return Err(Refused::usage("--control and --recovered are for models of two levels; this one takes scores (--at)"));
        };
        let (x, y) =
            (measured::named(control, model.moments().columns())?, measured::named(recovered, model.moments().columns())?);
        let ratio = stored.model.log10_lr(Evidence::Measured { control: &x, recovered: &y })?;
        found.push((format!("{control} with {recovered}"), ratio));
    }
    if voice.json {
        let ratios: Vec<_> = found
            .iter()
            .map(|(at, l)| serde_json::json!({ "at": at, "log10_lr": l.value.0, "limited": format!("{:?}", l.limited) }))
            .collect();
        println!(
            "{}",
            serde_json::json!({ "model": options.result, "statement": stored.model.statement(), "said": stored.sentence(), "ratios": ratios })
        );
        return Ok(());
    }
    println!("model     {}", options.result);
    println!("          {}", stored.sentence());
    for (at, l) in found {
        let cut = if l.limited == Limited::No { "" } else { ", cut to the limit" };
        println!("score     {at}: log10 LR {:.2}, {}{cut}", l.value.0, in_words(l.value.0));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::in_words;

    #[test]
    fn a_bound_belongs_to_the_stronger_word() {
        let said = [0.0, 0.294, 0.296, -1.0, 1.994, 3.996, -4.0, 6.0].map(in_words);
        let expected = [
            "inconclusive",
            "inconclusive",
            "weak support for H1",
            "moderate support for H2",
            "moderate support for H1",
            "very strong support for H1",
            "very strong support for H2",
            "extremely strong support for H1",
        ];
        assert_eq!(said, expected);
    }
}
