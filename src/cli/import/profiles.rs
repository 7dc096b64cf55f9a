//! `striae import profiles`: tables of peak areas.

use super::files::{target, unreadable};
use crate::archive::NewCollection;
use crate::archive::new_collection::Plan;
use crate::cli::making::{self, Making, Seen};
use crate::cli::{Refused, Voice};
use crate::matrix::{Element, Values};
use crate::spectrum::profiles::{self, Orientation, Substitute};
use std::path::PathBuf;

/// Tables of peak areas: samples by compounds, with non-detects
#[derive(Debug, clap::Args, serde::Serialize)]
#[command(after_help = "Examples:
  striae import profiles impurities.csv -o archive.h5
  striae import profiles impurities.csv --samples columns --non-detect 0.5 -o archive.h5")]
pub struct Options {
    /// CSV, TSV or semicolons
    #[serde(skip)]
    file: PathBuf,
    /// Archive to write; one that is there is added to
    #[arg(long, short)]
    #[serde(skip)]
    output: PathBuf,
    #[arg(long, value_name = "NAME", default_value = "profiles")]
    #[serde(skip)]
    collection: String,
    /// Replace the collection if it is there
    #[arg(long)]
    #[serde(skip)]
    overwrite: bool,
    /// Where the samples are: rows, columns
    #[arg(long, default_value = "rows", value_parser = ["rows", "columns"])]
    samples: String,
    /// Columns (or rows, with --samples columns) that describe samples and are no compounds, beside exhibit, source, case, batch and the like
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    beside: Vec<String>,
    /// What stands for a non-detect: 0, or a share of its limit (else of the compound's smallest value)
    #[arg(long, default_value_t = 0.0, value_name = "SHARE")]
    non_detect: f64,
}

pub fn run(options: &Options, voice: Voice) -> anyhow::Result<()> {
    if !(0.0..=1.0).contains(&options.non_detect) {
        return Err(Refused::usage(format!("--non-detect is {}; give 0, or a share of the limit up to 1", options.non_detect)));
    }
    let target = target(&options.output, &options.collection)?;
    let mut making = Making::new(serde_json::to_value(options)?);
    let bytes =
        std::fs::read(&options.file).map_err(|e| Refused::input(format!("{}: {}", options.file.display(), unreadable(&e))))?;
    let seen = Seen::default();
    seen.note(&options.file, &bytes);
    making.say("files", seen.said(std::slice::from_ref(&options.file)));
    let text = String::from_utf8(bytes).unwrap_or_else(|e| e.into_bytes().iter().map(|&b| char::from(b)).collect());
    let orientation = if options.samples == "columns" { Orientation::Columns } else { Orientation::Rows };
    let substitute = if options.non_detect > 0.0 { Substitute::Share(options.non_detect) } else { Substitute::Zero };
    let found = profiles::read(text.trim_start_matches('\u{feff}'), orientation, substitute, &options.beside)
        .map_err(|e| Refused::input(format!("{}: {e}", options.file.display())))?;
    let (n, d) = (found.samples.len(), found.compounds.len());
    let missing = found.detected.iter().filter(|d| !**d).count();
    let mut columns = vec![("id".to_owned(), found.samples)];
    columns.extend(found.columns.into_iter().filter(|(name, _)| name != "id"));
    let plan = Plan {
        rows: n,
        width: d,
        features: Some(found.compounds),
        columns,
        attributes: vec![
            ("made_by".into(), concat!("striae import profiles ", env!("CARGO_PKG_VERSION")).into()),
            (
                "non_detect".into(),
                if options.non_detect > 0.0 { format!("{} of the limit", options.non_detect) } else { "0".into() },
            ),
        ],
        later: vec![(making::NAME.into(), making.room())],
        mask: true,
        ..Plan::default()
    };
    let writer = NewCollection::create(&target, Element::F64, &plan, options.overwrite)?;
    writer.put(0, &Values::F64(found.values))?;
    let mask: Vec<u8> = found.detected.iter().map(|&d| u8::from(d)).collect();
    writer.put_mask(0, &mask)?;
    writer.note(making::NAME, &making.text())?;
    writer.finish()?;
    if voice.json {
        println!("{}", serde_json::json!({ "output": target.to_string(), "samples": n, "compounds": d, "non_detects": missing }));
    } else if !voice.quiet {
        println!("imported  {n} samples ({}) × {d} compounds, {missing} non-detects", options.samples);
        println!("stored    {target}");
    }
    Ok(())
}
