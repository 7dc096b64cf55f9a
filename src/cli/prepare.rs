//! `striae prepare`: spectra as a recipe makes them, in a collection of their own.

use super::making::{self, Making};
use super::progress::Progress;
use super::{Refused, Voice, alike, collection, plots};
use crate::archive::new_collection::{Plan, is_taken};
use crate::archive::{Address, Collection, NewCollection};
use crate::compare::{Observer as _, RowSource as _};
use crate::matrix::{Element, Values};
use crate::report::plot::{Figure, Panel, Spectra};
use crate::spectrum::prepared::{Prepared, fit};
use crate::spectrum::transform::catalogue::{Kind, STEPS};
use crate::spectrum::transform::{Fitted, Recipe};
use std::path::PathBuf;
use std::sync::Arc;

/// Bytes of prepared rows that are written together.
const PIECE: usize = 8 << 20;

/// Prepares the spectra (rows) of a collection by a recipe: scatter, smoothing, baseline, scaling, parts of the axis
///
/// Means and reference spectra are learnt of all rows of the collection and stored with the result, so that later material is prepared
/// exactly so: striae prepare NEW --like EARLIER. Ids, exhibits, sources and other columns come along.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  striae prepare archive.h5:/spectra --recipe \"snv | savgol(window=15, poly=2, deriv=1)\" -o prepared.h5:/spectra
  striae prepare archive.h5:/profiles --recipe \"sum | root(4)\" -o prepared.h5:/profiles
  striae prepare archive.h5:/spectra --recipe-file nir.toml -o prepared.h5
  striae prepare new.h5:/spectra --like prepared.h5:/spectra -o new-prepared.h5:/spectra
  striae prepare --list")]
pub struct Options {
    /// Collection to prepare: FILE.h5:/path
    #[arg(required_unless_present = "list")]
    input: Option<String>,
    /// Steps in order, separated by |
    #[arg(long, value_name = "STEPS", conflicts_with_all = ["recipe_file", "like"])]
    recipe: Option<String>,
    /// The same from a file: one line, or TOML with a [[step]] each
    #[arg(long, value_name = "FILE", conflicts_with = "like")]
    recipe_file: Option<PathBuf>,
    /// Prepare as this collection was prepared, with what was learnt then
    #[arg(long, value_name = "FILE.h5:/path")]
    like: Option<String>,
    /// Collection to write: FILE.h5:/path; a file that is there is added to
    #[arg(long, short, required_unless_present = "list")]
    output: Option<String>,
    /// Replace the collection if it is there
    #[arg(long)]
    overwrite: bool,
    /// Store f32 and not f64: half the room, seven digits
    #[arg(long)]
    f32: bool,
    /// Folder for a picture of raw and prepared spectra, as SVG and PNG
    #[arg(long, value_name = "FOLDER")]
    plot: Option<PathBuf>,
    /// Show all steps with their parameters
    #[arg(long)]
    list: bool,
}

/// The recipe that options name.
fn recipe(options: &Options) -> anyhow::Result<Recipe> {
    let text = match (&options.recipe, &options.recipe_file) {
        (Some(text), _) => text.clone(),
        (None, Some(file)) => super::import::files::text(file)?,
        (None, None) => {
            return Err(Refused::usage(
                "what is to be done? Give --recipe, --recipe-file or --like; striae prepare --list shows the steps",
            ));
        }
    };
    Recipe::parse(&text).map_err(|e| Refused::usage(e.to_string()))
}

/// A collection with its own recipe fitted, or with one that was fitted before.
pub fn fitted(source: &mut Collection, recipe: &Recipe, progress: &Progress) -> anyhow::Result<Fitted> {
    let axis = source.axis()?.map(|(axis, _)| axis).filter(|a| a.iter().all(|x| x.is_finite()));
    if recipe.needs_fit() {
        progress.phase("learn", source.rows() as u64);
    }
    let names = source.features()?;
    Ok(fit(recipe, axis.as_deref(), names.as_deref(), source, progress)?)
}

/// Refuses rows on another axis, or of other features, than the recipe was fitted with. `unit`: of the axis then, where it is known.
pub fn same_axis(source: &mut Collection, fitted: &Fitted, unit: Option<&str>) -> anyhow::Result<()> {
    alike::same_features(source, fitted.names_in())?;
    alike::same_axes(source, fitted.axis_in(), unit, "the earlier preparation", false)
}

/// Refuses to make of absorbances what is made of transmittances, and the other way round.
pub fn sensible(source: &Collection, recipe: &Recipe) -> anyhow::Result<()> {
    let Some(unit) = source.attribute("value_unit") else { return Ok(()) };
    let step = |name: &str| recipe.steps.iter().any(|step| step.spec.name == name);
    if step(unit) {
        return Err(Refused::input(format!("{}: its values are {unit} already; leave the step {unit} out", source.name())));
    }
    if unit == "transmittance %" && (step("absorbance") || step("transmittance")) {
        return Err(Refused::input(format!(
            "{}: its values are transmittances in per cent; absorbances are made of those from 0 to 1. Divide them by 100 before they are imported",
            source.name()
        )));
    }
    Ok(())
}

/// What a collection says beside its values, for another one of the same rows.
pub fn plan_of(source: &mut Collection) -> anyhow::Result<Plan> {
    let mut plan = Plan { rows: source.rows(), ..Plan::default() };
    let others = source.others().to_vec();
    for name in ["id", "exhibit", "source"] {
        // A column that is not there is none.
        if let Ok(texts) = source.texts_of(name) {
            plan.columns.push((name.to_owned(), texts));
        }
    }
    // Columns of foreign files whose names mean something here are left behind.
    let comes = |name: &str| !["id", "exhibit", "source"].contains(&name) && !is_taken(name);
    for (name, numbers) in others.into_iter().filter(|(n, _)| comes(n)) {
        let texts = source.texts_of(&name)?;
        if numbers {
            plan.numbers.push((name, texts.iter().map(|t| t.parse().unwrap_or(f64::NAN)).collect()));
        } else {
            plan.columns.push((name, texts));
        }
    }
    Ok(plan)
}

pub fn run(options: &Options, voice: Voice) -> anyhow::Result<()> {
    if options.list {
        list(voice);
        return Ok(());
    }
    let (Some(input), Some(output)) = (&options.input, &options.output) else {
        return Err(Refused::usage("give a collection and -o"));
    };
    let target = Address::parse(output);
    let mut making = Making::new(serde_json::json!({ "f32": options.f32 }));
    let asked = if options.like.is_some() { None } else { Some(recipe(options)?) };
    let mut source = collection::open(input)?;
    source.check_ids()?;
    if super::compare::same_file(&source.address().file, &target.file) && source.address().inner == target.inner {
        return Err(Refused::usage(format!("{target}: this is the input; name another collection")));
    }
    let progress = Progress::new(voice.quiet || voice.json);
    let mut unit_then = None;
    let fitted = match (&options.like, asked) {
        (Some(like), _) => {
            let mut earlier = collection::open(like)?;
            let Some(json) = earlier.note("preparation")? else {
                return Err(Refused::input(format!(
                    "{like}: it was not made by striae prepare, so there is nothing to do alike"
                )));
            };
            unit_then = earlier.axis()?.and_then(|(_, unit)| unit);
            Fitted::from_json(&json).map_err(|e| Refused::input(format!("{like}: {e}")))?
        }
        (None, Some(recipe)) => fitted(&mut source, &recipe, &progress)?,
        (None, None) => return Err(Refused::usage("give --recipe or --like")),
    };
    same_axis(&mut source, &fitted, unit_then.as_deref())?;
    sensible(&source, fitted.recipe())?;
    let mut plan = plan_of(&mut source)?;
    let unit = source.axis()?.and_then(|(_, unit)| unit);
    plan.width = fitted.widths().1;
    plan.axis = fitted.axis_out().map(|a| (a.to_vec(), unit));
    plan.features = fitted.names_out().map(<[String]>::to_vec);
    plan.attributes = vec![
        ("recipe".into(), fitted.recipe().to_string()),
        ("made_by".into(), concat!("striae prepare ", env!("CARGO_PKG_VERSION")).into()),
        ("made_of".into(), source.name()),
    ];
    // Rings are rings where no feature was left out.
    let rings = (plan.width == source.width()).then_some("angles");
    for name in ["axis_quantity", "interpolation", "non_detect"].into_iter().chain(rings) {
        if let Some(text) = source.attribute(name) {
            plan.attributes.push((name.to_owned(), text.to_owned()));
        }
    }
    plan.texts = vec![("preparation".into(), fitted.to_json())];
    plan.later = vec![(making::NAME.into(), making.room())];
    let element = if options.f32 { Element::F32 } else { Element::F64 };
    let line = fitted.recipe().to_string();
    let mut prepared = Prepared::new(source, Arc::new(fitted), false)?;
    let (rows, width) = (prepared.rows(), prepared.width());
    if let Some(folder) = &options.plot {
        plots::folder(folder)?;
    }
    let writer = NewCollection::create(&target, element, &plan, options.overwrite)?;
    progress.phase("prepare", rows as u64);
    let step = (PIECE / (width * 8)).max(1);
    for start in (0..rows).step_by(step) {
        let end = (start + step).min(rows);
        let values = prepared.read(start..end).map_err(crate::compare::Error::from)?;
        let values = match (values, element) {
            (Values::F64(v), Element::F32) => Values::F32(v.into_iter().map(|x| x as f32).collect()),
            (values, _) => values,
        };
        writer.put(start, &values)?;
        progress.advance(end as u64)?;
    }
    if let Some(digest) = prepared.digest() {
        making.say("made_of_blake3", digest);
    }
    if let Some(folder) = &options.plot {
        picture(&mut prepared, &plan, folder)?;
    }
    writer.note(making::NAME, &making.text())?;
    writer.finish()?;
    progress.clear();
    if voice.json {
        println!("{}", serde_json::json!({ "output": target.to_string(), "rows": rows, "width": width, "recipe": line }));
    } else if !voice.quiet {
        println!("prepared  {rows} rows: {line}");
        println!("stored    {target} ({rows} × {width})");
    }
    Ok(())
}

/// Rows that are drawn at most; of more every so-many-th.
const MOST_DRAWN: usize = 500;

/// Raw spectra above prepared ones.
fn picture(prepared: &mut Prepared<Collection>, plan: &Plan, folder: &std::path::Path) -> anyhow::Result<()> {
    let rows = prepared.rows();
    let every = rows.div_ceil(MOST_DRAWN).max(1);
    let (mut before, mut after) = (Vec::new(), Vec::new());
    for row in (0..rows).step_by(every) {
        let take = |values: Values, into: &mut Vec<f64>| match values {
            Values::F32(v) => into.extend(v.into_iter().map(f64::from)),
            Values::F64(v) => into.extend(v),
        };
        take(prepared.inner.read(row..row + 1).map_err(crate::compare::Error::from)?, &mut before);
        take(prepared.read(row..row + 1).map_err(crate::compare::Error::from)?, &mut after);
    }
    let unit = plan.axis.as_ref().and_then(|(_, unit)| unit.clone()).unwrap_or_default();
    let (d, e) = prepared.fitted().widths();
    let points = |n: usize| (0..n).map(|i| i as f64).collect::<Vec<f64>>();
    let at = prepared.fitted().axis_in().map_or_else(|| points(d), <[f64]>::to_vec);
    let later = prepared.fitted().axis_out().map_or_else(|| points(e), <[f64]>::to_vec);
    let (axis_title, descending) = (plots::axis_title(&unit), plots::falls(&unit));
    let sources = plan.columns.iter().find(|(name, _)| name == "source").map(|(_, texts)| texts);
    let different = sources.map_or(0, |s| s.iter().collect::<std::collections::HashSet<_>>().len());
    let classes: Vec<&str> = match sources {
        Some(sources) if different <= 8 => sources.iter().step_by(every).map(String::as_str).collect(),
        _ => Vec::new(),
    };
    let panel = |title, at, value_title, values| Panel { title, at, axis_title, unit: &unit, descending, value_title, values };
    let panels = [panel("raw", &at[..], "Value", &before[..]), panel("prepared", &later[..], "Value", &after[..])];
    let figure = Spectra { panels: &panels, classes: &classes, most: 100 };
    plots::save(folder, "spectra", &prepared.fitted().recipe().to_string(), &Figure::Spectra(&figure))
}

fn list(voice: Voice) {
    let allowed = |kind: &Kind| match kind {
        Kind::Count(range) => format!("{} … {}", range.start(), range.end()),
        Kind::Number(low, high) if low.is_infinite() && high.is_infinite() => "a number".into(),
        Kind::Number(low, high) if high.is_infinite() => format!("above {low}"),
        Kind::Number(low, high) => format!("above {low}, below {high}"),
        Kind::Word(words) => words.join(", "),
        Kind::Places => "ranges such as 650..1800, names of features".into(),
    };
    if voice.json {
        let all: Vec<_> = STEPS
            .iter()
            .map(|s| {
                let params: Vec<_> = s
                    .params
                    .iter()
                    .map(|p| serde_json::json!({ "name": p.name, "allowed": allowed(&p.kind), "default": p.default, "help": p.help }))
                    .collect();
                serde_json::json!({ "name": s.name, "help": s.help, "learns": s.fitted, "parameters": params })
            })
            .collect();
        println!("{}", serde_json::Value::from(all));
        return;
    }
    for step in STEPS {
        println!("{:<14}{}{}", step.name, step.help, if step.fitted { " (learns)" } else { "" });
        for p in step.params {
            let default = p.default.map_or("must be given".to_owned(), |d| format!("default {d}"));
            println!("    {:<14}{}: {}; {default}", p.name, p.help, allowed(&p.kind));
        }
    }
}
