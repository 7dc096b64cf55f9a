//! A likelihood-ratio model in its file, and in a linkage.

use super::super::scored::Level;
use super::super::{Refused, Voice, collection};
use super::measured::Measured;
use super::{KIND, Options, Quality, kept};
use crate::archive::Address;
use crate::archive::model::{ModelRecord, NewModel, StoredModel};
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

    /// A new model, with its quality.
    pub(super) fn new(model: LrModel, recipe: String, level: Level, quality: &Quality) -> anyhow::Result<Self> {
        let mut new = Self { model, recipe, level, blake3: String::new(), cross: quality.sentence(), ratios: kept(&quality.lrs) };
        new.blake3 = new.parts()?.digest();
        Ok(new)
    }

    /// Writes it, with `more` of how it was made; `record` says what it was made of.
    pub(super) fn store(
        &self,
        options: &Options,
        target: &Address,
        more: &[(&str, String)],
        mut record: ModelRecord,
    ) -> anyhow::Result<()> {
        let said = [
            ("kind", KIND.to_owned()),
            ("bounds", options.bounds.clone()),
            ("folds", options.folds.to_string()),
            ("seed", options.seed.to_string()),
            ("deals", options.deals.to_string()),
            ("quality", self.cross.clone()),
            ("statement", self.sentence()),
        ];
        record.options = said.iter().chain(more).map(|(key, text)| ((*key).to_owned(), text.clone())).collect();
        record.model_blake3.clone_from(&self.blake3);
        NewModel::create(target, KIND, Some(&self.parts()?), &[], &record, options.overwrite)?.finish(&record)?;
        Ok(())
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
            "{result} has other scores of {metric} than the model was made of ({}): a ratio of other scores means nothing. Calibrate on scores that were made the same way",
            differences(recipe, &self.recipe)
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

/// What differs between how two lots of scores were made, in words: "max_lag: none here, 26 in the model".
pub(super) fn differences(here: &str, model: &str) -> String {
    let flat = |text: &str| -> BTreeMap<String, String> {
        let mut all = BTreeMap::new();
        let Ok(serde_json::Value::Object(fields)) = serde_json::from_str(text) else { return all };
        for (key, value) in fields {
            match value {
                serde_json::Value::Object(inner) => all.extend(inner.into_iter().map(|(k, v)| (k, v.to_string()))),
                serde_json::Value::Null => {}
                other => drop(all.insert(key, other.to_string())),
            }
        }
        all
    };
    let (here, model) = (flat(here), flat(model));
    let keys: std::collections::BTreeSet<&String> = here.keys().chain(model.keys()).collect();
    let none = "none".to_owned();
    let told = |key: &String| {
        let name = if key == "fitted_blake3" { "what the preparation learnt" } else { key };
        format!("{name}: {} here, {} in the model", here.get(key).unwrap_or(&none), model.get(key).unwrap_or(&none))
    };
    let all: Vec<String> = keys.into_iter().filter(|k| here.get(*k) != model.get(*k)).map(told).collect();
    // Null and absent are the same to a person; an older version wrote them otherwise.
    if all.is_empty() { "made by another version of this program: calibrate anew".into() } else { all.join("; ") }
}

/// Holds a model to its digest, and to the result or table that it was made of.
pub fn verify(address: &Address, stored: &StoredModel, input: Option<&String>, voice: Voice) -> anyhow::Result<()> {
    StoredLr::of_parts(&stored.parts, &address.to_string())?;
    let name = input.unwrap_or(&stored.record.input);
    let then = &stored.record.columns_blake3;
    let model = StoredLr::of_parts(&stored.parts, name)?.model;
    let (mut changed, mut unseen) = (None, None);
    let now = if matches!(model.calibrator(), Calibrator::TwoLevel(_)) {
        let truth = &model.statement().truth;
        let measured = Measured::read(name, truth)?;
        // An earlier version kept no digest of it.
        let same = then.get(truth).is_none_or(|digest| *digest == measured.truth_blake3);
        changed = (!same).then(|| format!("{name}, column {truth}"));
        measured.values_blake3
    } else if !super::super::scored::is_table(name) {
        let mut result = StoredResult::open(&Address::parse(name), &collection::reading()?)?;
        match super::super::scored::changed(&result.record, then) {
            Ok(found) => changed = found,
            Err(why) => unseen = Some(format!("not looked at: {why:#}")),
        }
        result.digest()?
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
    let columns = unseen.unwrap_or_else(|| match then.keys().cloned().collect::<Vec<_>>().join(", ") {
        names if names.is_empty() => names,
        names => format!("{names}: as recorded"),
    });
    if let Some(changed) = changed {
        return Err(Refused::input(format!(
            "{changed} is not the one that the model was made with, or was changed since: its pairs are others now. Find the collection as it was, or calibrate anew"
        )));
    }
    if voice.json {
        println!(
            "{}",
            serde_json::json!({
                "model": address.to_string(), "digest": stored.record.model_blake3, "input": name, "values_blake3": now, "columns": columns,
            })
        );
    } else if !voice.quiet {
        println!("digest    {}: as recorded", stored.record.model_blake3);
        println!("input     {name}: as recorded");
        if !columns.is_empty() {
            println!("columns   {columns}");
        }
    }
    Ok(())
}
