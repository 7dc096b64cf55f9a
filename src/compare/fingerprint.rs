//! Whose a journal, a shard or a result is: content of the inputs and all options that decide what comes out, compared field by field. Memory, device, threads, tiles and ways of
//! screening decide nothing, and are not in it.

use super::job::{Exclude, Invalid, Mode, Options, Preparation};
use super::outcome::Input;
use super::shard::Shard;
use crate::metric::Settings;
use serde::{Deserialize, Serialize};

/// Content of a collection.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Content {
    pub rows: usize,
    pub width: usize,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub peaks: Option<u64>,
    pub values_blake3: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub labels_blake3: Option<String>,
}

/// All that decides what comes out of a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Fingerprint {
    pub version: String,
    /// The commit that the program was built of, where its build could tell: two builds of one version may compute otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
    pub metric: String,
    pub settings: Settings,
    pub mode: Mode,
    pub exclude: Exclude,
    pub invalid: Invalid,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prepare: Option<Preparation>,
    pub queries: Content,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub references: Option<Content>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shard: Option<Shard>,
}

/// Something that is not as it was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    pub field: String,
    pub then: String,
    pub now: String,
}

impl Fingerprint {
    /// Of a run of this program with these options and inputs.
    #[must_use]
    pub fn now(options: &Options, inputs: &[Input], shard: Option<Shard>) -> Self {
        Self::new((env!("CARGO_PKG_VERSION"), crate::built::commit()), options, inputs, shard)
    }

    /// Of a run of a program of this version and commit.
    #[must_use]
    pub fn new((version, commit): (&str, Option<String>), options: &Options, inputs: &[Input], shard: Option<Shard>) -> Self {
        let content = |input: &Input| Content {
            rows: input.rows,
            width: input.width,
            peaks: input.peaks,
            values_blake3: input.values_blake3.clone(),
            labels_blake3: input.labels_blake3.clone(),
        };
        let queries = inputs.first().map_or_else(
            || Content { rows: 0, width: 0, peaks: None, values_blake3: String::new(), labels_blake3: None },
            content,
        );
        Self {
            version: version.to_owned(),
            commit,
            metric: options.metric.clone(),
            settings: options.settings.clone(),
            mode: options.mode,
            exclude: options.exclude,
            invalid: options.invalid,
            prepare: options.prepare.clone(),
            queries,
            references: inputs.get(1).map(content),
            shard,
        }
    }

    /// The first field in which `now` is another, by its path; none where both are the same.
    #[must_use]
    pub fn difference(&self, now: &Self) -> Option<Difference> {
        let value = |of: &Self| serde_json::to_value(of).unwrap_or(serde_json::Value::Null);
        differ(String::new(), &value(self), &value(now))
    }
}

fn differ(path: String, then: &serde_json::Value, now: &serde_json::Value) -> Option<Difference> {
    use serde_json::Value;
    if let (Value::Object(a), Value::Object(b)) = (then, now) {
        let names: std::collections::BTreeSet<&String> = a.keys().chain(b.keys()).collect();
        return names.into_iter().find_map(|name| {
            let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
            differ(path, a.get(name).unwrap_or(&Value::Null), b.get(name).unwrap_or(&Value::Null))
        });
    }
    let said = |value: &Value| match value {
        Value::Null => "not given".to_owned(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    (then != now).then(|| Difference { field: path, then: said(then), now: said(now) })
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    #[test]
    fn what_decides_a_result_is_in_it() {
        let options = Options::new("cosine", Mode::TopK(5));
        let field = |change: &dyn Fn(&mut Options)| {
            let mut other = options.clone();
            change(&mut other);
            let of = |options: &Options| Fingerprint::now(options, &[], None);
            of(&options).difference(&of(&other)).map(|difference| difference.field)
        };
        let preparation = Preparation { recipe: "snv".into(), fitted_blake3: "00".into() };
        assert_eq!(field(&|o| o.exclude = Exclude::Mark).as_deref(), Some("exclude"));
        assert_eq!(field(&|o| o.invalid = Invalid::Skip).as_deref(), Some("invalid"));
        assert_eq!(field(&|o| o.mode = Mode::Threshold(0.5)).as_deref(), Some("mode.threshold"));
        assert_eq!(field(&|o| o.metric = "pearson".into()).as_deref(), Some("metric"));
        assert_eq!(field(&|o| o.prepare = Some(preparation.clone())).as_deref(), Some("prepare"));
        assert_eq!(field(&|o| o.settings.max_lag = Some(3)).as_deref(), Some("settings.max_lag"));
        // What costs time or memory and changes nothing is not.
        assert_eq!(field(&|o| o.memory = 1 << 20), None);
        assert_eq!(field(&|o| o.screening = crate::compare::Screening::Plain), None);
    }

    /// Of a small run.
    pub(in super::super) fn fingerprint() -> Fingerprint {
        let input = Input {
            name: "a.h5:/x".into(),
            rows: 10,
            width: 4,
            peaks: None,
            values_blake3: "abc".into(),
            labels_blake3: None,
            left_out: Vec::new(),
        };
        Fingerprint::new(("0.1.0", None), &Options::new("cosine", Mode::TopK(5)), &[input], None)
    }

    #[test]
    fn a_difference_is_named_by_its_field() {
        let then = fingerprint();
        assert_eq!(then.difference(&then), None);
        let field = |change: &dyn Fn(&mut Fingerprint)| {
            let mut now = fingerprint();
            change(&mut now);
            let found = then.difference(&now).unwrap();
            (found.field, found.then, found.now)
        };
        let said = |a: &str, b: &str, c: &str| (a.to_owned(), b.to_owned(), c.to_owned());
        assert_eq!(field(&|f| f.mode = Mode::TopK(6)), said("mode.top-k", "5", "6"));
        assert_eq!(field(&|f| f.queries.values_blake3 = "abd".into()), said("queries.values_blake3", "abc", "abd"));
        assert_eq!(field(&|f| f.exclude = Exclude::Exhibit), said("exclude", "none", "exhibit"));
        let shard = Shard { index: 2, count: 3 };
        assert_eq!(field(&|f| f.shard = Some(shard)).0, "shard");
        assert_eq!(field(&|f| f.references = Some(f.queries.clone())).0, "references");
    }
}
