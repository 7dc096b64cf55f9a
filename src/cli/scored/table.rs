//! Labelled scores of a table of another program.

use super::{Codes, Labelled, Level, Options, UNKNOWN};
use crate::cli::Refused;
use crate::evaluate::Pair;
use crate::metric::Closer;

/// Reads a table.
#[allow(clippy::too_many_lines, reason = "one line after the other, each with what can be wrong with it")]
pub(super) fn read(name: &str, options: &Options) -> anyhow::Result<Labelled> {
    let bytes = std::fs::read(name).map_err(|e| Refused::input(format!("{name}: cannot be read: {e}")))?;
    let delimiter = if name.to_lowercase().ends_with(".tsv") { b'\t' } else { b',' };
    let mut reader = csv::ReaderBuilder::new().delimiter(delimiter).trim(csv::Trim::All).from_reader(&bytes[..]);
    let refuse = |text: String| Refused::input(format!("{name}: {text}"));
    let header: Vec<String> = reader.headers().map_err(|e| refuse(e.to_string()))?.iter().map(str::to_owned).collect();
    let place = |column: &str| {
        header
            .iter()
            .position(|h| h == column)
            .ok_or_else(|| refuse(format!("it has no column {column:?}; it has {}", header.join(", "))))
    };
    let Some(score_name) = &options.score else {
        return Err(Refused::usage(format!(
            "{name} is a table: name its column of scores with --score; it has {}",
            header.join(", ")
        )));
    };
    let score_at = place(score_name)?;
    let same_at = options.same.as_deref().map(place).transpose()?;
    let source_at = match &options.sources[..] {
        [] => None,
        [a, b] => Some((place(a)?, place(b)?)),
        other => return Err(Refused::usage(format!("--sources {}: name two columns, such as weapon1,weapon2", other.join(",")))),
    };
    let out_of_at = options.out_of.as_deref().map(place).transpose()?;
    if same_at.is_none() && source_at.is_none() {
        return Err(Refused::usage(format!("{name}: say what is of the same source, with --same COLUMN or --sources A,B")));
    }
    let sign = if options.smaller_is_closer { -1.0 } else { 1.0 };
    let (mut codes, mut pairs, mut out_of, mut missing) = (Codes::default(), Vec::new(), Vec::new(), 0);
    for (row, record) in reader.records().enumerate() {
        let line = row + 2;
        let record = record.map_err(|e| refuse(e.to_string()))?;
        let field = |at: usize| record.get(at).unwrap_or_default();
        if matches!(field(score_at), "" | "NA" | "NaN" | "nan") {
            missing += 1;
            continue;
        }
        let number = |at: usize, what: &str| -> anyhow::Result<f64> {
            field(at)
                .parse()
                .ok()
                .filter(|x: &f64| x.is_finite())
                .ok_or_else(|| refuse(format!("line {line}: {what} is {:?}; allowed are finite numbers", field(at))))
        };
        let score = sign * number(score_at, score_name)?;
        let said = match same_at.map(field) {
            None => None,
            Some("1" | "true" | "True" | "TRUE" | "same" | "H1" | "h1" | "km" | "KM") => Some(true),
            Some("0" | "false" | "False" | "FALSE" | "different" | "H2" | "h2" | "knm" | "KNM") => Some(false),
            Some(other) => {
                return Err(refuse(format!(
                    "line {line}: {} is {other:?}; allowed are 1, true, same, H1 and 0, false, different, H2",
                    options.same.as_deref().unwrap_or_default()
                )));
            }
        };
        let (a, b) = match source_at {
            // Without names: one source for what is the same, two for what is not.
            None => (0, u32::from(said == Some(false))),
            Some((a, b)) => (codes.one(field(a).to_owned()), codes.one(field(b).to_owned())),
        };
        if a == UNKNOWN || b == UNKNOWN {
            return Err(refuse(format!("line {line}: the source of an item is empty; name both")));
        }
        if said.is_some_and(|said| said != (a == b)) {
            return Err(refuse(format!(
                "line {line}: {} says {}, and its sources are {} and {}: one of the two is wrong",
                options.same.as_deref().unwrap_or_default(),
                if said == Some(true) { "the same source" } else { "different sources" },
                field(source_at.map_or(0, |s| s.0)),
                field(source_at.map_or(0, |s| s.1)),
            )));
        }
        if let Some(at) = out_of_at {
            let n = number(at, "the number that a count is out of")?;
            anyhow::ensure!(
                n >= 1.0 && n.fract() == 0.0 && n <= f64::from(u32::MAX) && score >= 0.0 && score <= n && score.fract() == 0.0,
                refuse(format!("line {line}: {score} out of {n}: allowed are whole numbers, 0 to as many as they are out of"))
            );
            out_of.push(n as u32);
        }
        pairs.push(Pair { score, a, b });
    }
    let mut notes = Vec::new();
    if missing > 0 {
        notes.push(format!("{missing} lines have no score and are left out"));
    }
    let items = codes.names.len();
    let recipe = serde_json::json!({ "table": score_name, "smaller_is_closer": options.smaller_is_closer }).to_string();
    Ok(Labelled {
        columns_blake3: std::collections::BTreeMap::new(),
        input: name.to_owned(),
        metric: score_name.clone(),
        recipe,
        closer: if options.smaller_is_closer { Closer::Smaller } else { Closer::Larger },
        pairs,
        out_of: out_of_at.map(|_| out_of),
        sources: codes.names,
        items,
        unlisted: None,
        ranks: None,
        k: None,
        level: Level::Item,
        rule: "pairs as the table lists them".into(),
        blake3: blake3::hash(&bytes).to_hex().to_string(),
        notes,
    })
}
