//! A likelihood-ratio model in its file, and in a linkage.

use super::super::scored::Level;
use super::super::{Refused, Voice, collection};
use super::KIND;
use super::measured::Measured;
use crate::archive::Address;
use crate::archive::model::StoredModel;
use crate::archive::result::StoredResult;
use crate::chemometrics::Parts;
use crate::evaluate::lr::{Calibrator, Log10Lr, LrModel, Lrs};
use std::collections::BTreeMap;

/// A model out of a file.
pub struct StoredLr {
    pub model: LrModel,
    /// What its scores depend on: see [`super::super::scored::Labelled::recipe`].
    pub(super) recipe: String,
    pub(super) level: Level,
    pub blake3: String,
    pub(super) cross: String,
    /// Ratios of the cross-validation, thinned: same source, different sources.
    pub(super) ratios: [Vec<f64>; 2],
}

impl StoredLr {
    pub fn open(name: &str) -> anyhow::Result<Self> {
        let address = Address::parse(name);
        let stored = StoredModel::open(&address, &collection::reading()?)?;
        Self::of_parts(&stored.parts, name)
    }

    fn of_parts(parts: &Parts, name: &str) -> anyhow::Result<Self> {
        let refuse = |text: String| Refused::input(format!("{name}: {text}"));
        if parts.texts.get("kind").is_none_or(|k| k != KIND) {
            return Err(refuse("it holds a model of another kind; likelihood ratios need one that striae calibrate made".into()));
        }
        let text = |key: &str| parts.text(key).map_err(|e| refuse(e.to_string()));
        let model = LrModel::from_json(text("lr")?).map_err(|e| refuse(e.to_string()))?;
        let level = if text("level")? == "exhibit" { Level::Exhibit } else { Level::Item };
        let ratios = serde_json::from_str(text("ratios")?).map_err(|e| refuse(format!("its ratios cannot be read: {e}")))?;
        Ok(Self {
            model,
            recipe: text("recipe")?.to_owned(),
            level,
            blake3: parts.digest(),
            cross: text("cross")?.to_owned(),
            ratios,
        })
    }

    /// All of it as one text, and back.
    pub fn to_text(&self) -> anyhow::Result<String> {
        Ok(serde_json::to_string(&self.parts()?.texts)?)
    }

    pub fn from_text(text: &str, name: &str) -> anyhow::Result<Self> {
        let texts: BTreeMap<String, String> = serde_json::from_str(text)
            .map_err(|e| Refused::input(format!("the model {name} of the linkage cannot be read: {e}")))?;
        Self::of_parts(&Parts { texts, ..Parts::default() }, name)
    }

    pub(super) fn parts(&self) -> anyhow::Result<Parts> {
        let mut parts = Parts::of(KIND);
        parts.put_text("lr", &self.model.to_json()?);
        parts.put_text("recipe", &self.recipe);
        parts.put_text("level", if self.level == Level::Exhibit { "exhibit" } else { "item" });
        parts.put_text("cross", &self.cross);
        parts.put_text("ratios", &serde_json::to_string(&self.ratios)?);
        Ok(parts)
    }

    /// The ratios of the cross-validation, by evenly spaced order statistics.
    pub fn cross_lrs(&self) -> Option<Lrs> {
        Lrs::of_log10(&self.ratios[0], &self.ratios[1]).ok()
    }

    /// Refuses scores that were made otherwise than those the model was made of.
    pub fn check(&self, recipe: &str, metric: &str, result: &str) -> anyhow::Result<()> {
        if self.recipe == recipe {
            return Ok(());
        }
        Err(Refused::input(format!(
            "{result} has scores of {metric} as {recipe}, the model was made of scores as {}: a ratio of other scores means nothing. Calibrate on scores that were made the same way",
            self.recipe
        )))
    }

    /// Notes where exhibits have several items and the model is of single ones.
    pub fn check_level(&self, name: &str, exhibit_of: &[u32], warnings: &mut Vec<String>) {
        let mut seen = exhibit_of.to_vec();
        seen.sort_unstable();
        let several = seen.windows(2).any(|w| w[0] == w[1]);
        if several && self.level == Level::Item {
            warnings.push(format!(
                "{name}: exhibits have several items, and the best pair of theirs counts, but the model was made of single pairs: its ratios are too high then; calibrate with --level exhibit"
            ));
        }
    }

    /// Propositions, population and limits in a sentence.
    pub fn sentence(&self) -> String {
        let s = self.model.statement();
        let bounds = self.model.bounds();
        // A table says neither items nor, without --sources, sources.
        let of = match (s.items, s.sources) {
            (_, 0 | 1) => String::new(),
            (items, sources) if items == sources => format!(" of {sources} sources"),
            (items, sources) => format!(" of {items} items of {sources} sources"),
        };
        let limit = |l: Option<Log10Lr>| l.map_or("none".to_owned(), |l| format!("{:.2}", l.0));
        format!(
            "H1: {}; H2: {}. Ratios of {} by {}, from {} same-source and {} different-source pairs{of} ({}); log10 LR limited to {} … {} ({}); {}",
            s.h1,
            s.h2,
            s.score,
            self.model.calibrator().name(),
            s.same_pairs,
            s.different_pairs,
            s.population,
            limit(bounds.lower),
            limit(bounds.upper),
            bounds.method.name(),
            self.cross,
        )
    }
}

/// Holds a model to its digest, and to the result or table that it was made of.
pub fn verify(address: &Address, stored: &StoredModel, input: Option<&String>, voice: Voice) -> anyhow::Result<()> {
    StoredLr::of_parts(&stored.parts, &address.to_string())?;
    let name = input.unwrap_or(&stored.record.input);
    let now = if matches!(StoredLr::of_parts(&stored.parts, name)?.model.calibrator(), Calibrator::TwoLevel(_)) {
        Measured::read(name, StoredLr::of_parts(&stored.parts, name)?.model.statement().truth.as_str())?.values_blake3
    } else if !super::super::scored::is_table(name) {
        StoredResult::open(&Address::parse(name), &collection::reading()?)?.digest()?
    } else {
        let bytes = std::fs::read(name).map_err(|e| Refused::input(format!("{name}: cannot be read: {e}")))?;
        blake3::hash(&bytes).to_hex().to_string()
    };
    if now != stored.record.values_blake3 {
        return Err(Refused::input(format!(
            "{name} has BLAKE3 {now}, the model's record says {}: this is not what it was made of, or it was changed since",
            stored.record.values_blake3
        )));
    }
    if voice.json {
        println!(
            "{}",
            serde_json::json!({ "model": address.to_string(), "digest": stored.record.model_blake3, "input": name, "values_blake3": now })
        );
    } else if !voice.quiet {
        println!("digest    {}: as recorded", stored.record.model_blake3);
        println!("input     {name}: as recorded");
    }
    Ok(())
}
