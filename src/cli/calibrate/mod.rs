//! `striae calibrate`: from scores to likelihood ratios; and the model that comes of it, wherever it is used.

mod levels;
mod measured;
mod show;
mod stored;

pub use stored::{StoredLr, verify};

use super::compare::{refuse_archive, refuse_inputs};
use super::progress::Progress;
use super::scored::{self, Labelled, Level};
use super::{Refused, Voice, collection, evidence_plots};
use crate::archive::Address;
use crate::archive::model::ModelRecord;
use crate::archive::result::Target;
use crate::archive::write::check_target;
use crate::evaluate::lr::two_level::Kind;
use crate::evaluate::lr::validate::{Folds, Pair, cross_validate};
use crate::evaluate::lr::{
    Bandwidth, BetaBinomial, Bounds, Calibrator, Cllr, Count, Error, Evidence, Kde, Log10Lr, Logistic, LrModel, Lrs, Orientation,
    Pav, Scores, Statement, Transform, Truth, cllr_min, dev_pav, logistic, tippett,
};
use crate::metric::Closer;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Instant;

/// Scores of a class that a kernel density keeps.
const MOST_KERNELS: usize = 2_000;
/// Ratios of a kind that are kept for pictures.
const MOST_RATIOS: usize = 1_000;
/// The kind of the model in its file.
pub const KIND: &str = "likelihood-ratio";

/// Makes a likelihood-ratio model of labelled scores
///
/// Takes all scores of labelled items with each other (striae compare --dense, or a table of another program), and finds how much more probable a score is if both items are of one
/// source. How good the ratios are is measured by cross-validation over sources: no model is tested on a source that it has seen. The model holds its propositions, population and
/// limits, and no ratio is shown without them.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  striae compare reference.h5:/toolmarks --metric ccf --dense -o scores.h5
  striae calibrate scores.h5 --truth press --population 'presses of the reference collection' -o marks-lr.h5
  striae calibrate scores.csv --score accf --same hypothesis --sources weapon1,weapon2 --method kde \\
      --population 'Glock pistols' --plot pictures -o accf-lr.h5
  striae calibrate cmc.csv --score cmc --out-of n --same hypothesis --method beta-binomial --population 'Glock pistols' -o cmc-lr.h5
  striae calibrate --show marks-lr.h5 --at 0.83          # one score's ratio, with all that belongs to it")]
pub struct Options {
    /// A result with all scores, or a table (.csv); of models of two levels: a collection; with --show: a model
    result: String,
    /// Say what a model is, and with --at the ratio of a score
    #[arg(long, conflicts_with_all = ["output", "population"])]
    show: bool,
    /// With --show: a score; K/N for counts
    #[arg(long, value_name = "SCORE", allow_negative_numbers = true, requires = "show")]
    at: Vec<String>,
    /// With --show, of a model of two levels: rows of the control, FILE.h5:/path#ID,ID
    #[arg(long, value_name = "ROWS", requires = "recovered")]
    control: Option<String>,
    /// With --show: rows of the recovered item
    #[arg(long, value_name = "ROWS", requires = "control")]
    recovered: Option<String>,
    #[command(flatten)]
    labelled: scored::Options,
    /// How scores become ratios
    #[arg(long, value_enum, default_value = "logistic")]
    method: Method,
    /// kde: silverman, multivariate ((4/((p+2)m))^(1/(p+4))), bolck ((4/((2p+1)m))^(1/(p+4))), or a number in units of the scores
    #[arg(long, default_value = "silverman", value_name = "RULE")]
    bandwidth: String,
    /// kde: map scores to the line first
    #[arg(long, value_enum, default_value = "none")]
    transform: TransformChoice,
    /// logistic: a ridge, for scores that are separable
    #[arg(long, default_value_t = 0.0)]
    ridge: f64,
    /// Limits of the ratios: elub, invariance, none, or two log10 LRs such as -2,4
    #[arg(long, default_value = "elub", value_name = "LIMITS", allow_hyphen_values = true)]
    bounds: String,
    /// What H1 says [default: the two are of the same TRUTH]
    #[arg(long, value_name = "TEXT")]
    h1: Option<String>,
    /// What H2 says [default: the two are of different TRUTH]
    #[arg(long, value_name = "TEXT")]
    h2: Option<String>,
    /// The population that the labelled items stand for, in words
    #[arg(long, value_name = "TEXT", required_unless_present = "show")]
    population: Option<String>,
    /// Parts that sources are dealt to for cross-validation
    #[arg(long, default_value_t = 5)]
    folds: usize,
    /// Seed of the deal
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Deals that Cllr is told over, from the seed on: with few sources it is as much the deal's as the scores'
    #[arg(long, default_value_t = 5)]
    deals: u64,
    /// A further result or table to test the model on; refused if it shares a source with the training
    #[arg(long, value_name = "RESULT")]
    test: Option<String>,
    /// Folder for pictures: Tippett, ECE, PAV, histogram
    #[arg(long, value_name = "FOLDER")]
    plot: Option<PathBuf>,
    /// File to write
    #[arg(long, short, value_name = "MODEL.h5", required_unless_present = "show")]
    output: Option<String>,
    /// Replace it if it is there
    #[arg(long)]
    overwrite: bool,
}

impl Options {
    /// What of it belongs to models of scores, for a record.
    fn of_scores(&self) -> Vec<(&'static str, String)> {
        match self.method {
            Method::Kde => {
                vec![("bandwidth", self.bandwidth.clone()), ("transform", format!("{:?}", self.transform).to_lowercase())]
            }
            Method::Logistic => vec![("ridge", self.ridge.to_string())],
            _ => Vec::new(),
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Method {
    /// Logistic regression, both classes of equal weight
    Logistic,
    /// Kernel densities of the two classes
    Kde,
    /// Pool adjacent violators
    Pav,
    /// Beta-binomial distributions of counts
    BetaBinomial,
    /// Of repeated measurements (a collection): normal within and between sources (Aitken & Lucy 2004)
    Normal,
    /// Of repeated measurements: kernel density between sources (Aitken & Lucy 2004)
    Kernel,
    /// Of repeated measurements: kernel density between sources in the form of Bolck et al. 2009
    Bolck,
}

impl Method {
    /// Of models of two levels: which.
    const fn levels(self) -> Option<Kind> {
        match self {
            Self::Normal => Some(Kind::Normal),
            Self::Kernel => Some(Kind::Kernel),
            Self::Bolck => Some(Kind::Bolck),
            _ => None,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum TransformChoice {
    None,
    /// ln(s/(1−s)), for scores from 0 to 1
    Logit01,
    /// ln((1+s)/(1−s)), for scores from −1 to 1
    Logit11,
}

/// A score, or a count and what it is out of.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Observed {
    score: f64,
    out_of: u32,
}

impl Observed {
    fn evidence(self, model: &Calibrator) -> Evidence<'static> {
        match model {
            Calibrator::BetaBinomial(_) => Evidence::Count(Count { k: self.score as u32, n: self.out_of }),
            _ => Evidence::Score(self.score),
        }
    }
}

/// Ratios as a model keeps them.
fn kept(lrs: &Lrs) -> [Vec<f64>; 2] {
    [lrs.same(), lrs.different()].map(|all| thinned(all.iter().map(|l| l.0).filter(|l| l.is_finite()).collect(), MOST_RATIOS))
}

/// Evenly spaced order statistics, where there are too many.
fn thinned(mut scores: Vec<f64>, most: usize) -> Vec<f64> {
    if scores.len() <= most {
        return scores;
    }
    scores.sort_unstable_by(f64::total_cmp);
    let n = scores.len();
    (0..most).map(|i| scores[(2 * i + 1) * n / (2 * most)]).collect()
}

fn split<T>(pairs: &[Pair<Observed>], of: impl Fn(Observed) -> T) -> (Vec<T>, Vec<T>) {
    let (same, different): (Vec<_>, Vec<_>) = pairs.iter().partition(|p| p.truth() == Truth::SameSource);
    let take = |all: Vec<&Pair<Observed>>| all.into_iter().map(|p| of(p.evidence)).collect();
    (take(same), take(different))
}

fn fit(options: &Options, pairs: &[Pair<Observed>]) -> Result<Calibrator, Error> {
    let scores = |most: usize| {
        let (same, different) = split(pairs, |o| o.score);
        Scores::new(thinned(same, most), thinned(different, most))
    };
    Ok(match options.method {
        Method::Logistic => {
            let with = logistic::Options { ridge: options.ridge, ..logistic::Options::default() };
            Calibrator::Logistic(Logistic::fit(&scores(usize::MAX)?, with)?)
        }
        Method::Kde => {
            let transform = match options.transform {
                TransformChoice::None => Transform::None,
                TransformChoice::Logit01 => Transform::Logit01,
                TransformChoice::Logit11 => Transform::Logit11,
            };
            Calibrator::Kde(Kde::fit(&scores(MOST_KERNELS)?, Bandwidth::by_name(&options.bandwidth)?, transform)?)
        }
        Method::Pav => Calibrator::Pav(Pav::fit(&scores(usize::MAX)?)),
        Method::Normal | Method::Kernel | Method::Bolck => {
            return Err(Error::Evidence {
                model: "two-level",
                needs: "a collection of measurements".into(),
                got: "scores".into(),
            });
        }
        Method::BetaBinomial => {
            let (same, different) = split(pairs, |o| Count { k: o.score as u32, n: o.out_of });
            Calibrator::BetaBinomial(BetaBinomial::fit(&same, &different)?)
        }
    })
}

fn limits(text: &str, lrs: &Lrs) -> anyhow::Result<Bounds> {
    Ok(match text {
        "elub" => Bounds::elub(lrs),
        "invariance" | "iv" => Bounds::invariance(lrs),
        "none" => Bounds::NONE,
        other => {
            let two = other.split_once(',').and_then(|(a, b)| Some((a.trim().parse().ok()?, b.trim().parse().ok()?)));
            let Some((low, high)) = two else {
                return Err(Refused::usage(format!(
                    "--bounds {other}: give elub, invariance, none, or two log10 LRs such as -2,4"
                )));
            };
            Bounds::given(Log10Lr(low), Log10Lr(high))?
        }
    })
}

fn observed(labelled: &Labelled) -> Vec<Pair<Observed>> {
    let out_of = |i: usize| labelled.out_of.as_ref().map_or(0, |n| n[i]);
    labelled
        .pairs
        .iter()
        .enumerate()
        .map(|(i, p)| Pair { evidence: Observed { score: p.score, out_of: out_of(i) }, a: p.a, b: p.b })
        .collect()
}

/// How good ratios are.
pub struct Quality {
    pub lrs: Lrs,
    pub cllr: Cllr,
    pub dev_pav: Option<f64>,
    pub how: String,
    /// Cllr of each deal of the sources, where there were several.
    pub over: Vec<f64>,
}

impl Quality {
    pub fn of(lrs: Lrs, how: String) -> Self {
        Self { cllr: Cllr::of(&lrs), dev_pav: dev_pav(&lrs), lrs, how, over: Vec::new() }
    }

    pub fn sentence(&self) -> String {
        let m = tippett::misleading(&self.lrs);
        format!(
            "Cllr {:.4} (discrimination {:.4}, calibration {:.4}){}; {:.2} % of same-source pairs below LR 1, {:.2} % of others above; {}",
            self.cllr.cllr,
            self.cllr.min,
            self.cllr.cal(),
            self.dev_pav.map_or(String::new(), |d| format!(", devPAV {d:.4}")),
            100.0 * m.same,
            100.0 * m.different,
            self.how
        )
    }
}

/// What a method makes of labelled pairs: the calibrator, its limits, and how good it is on sources that it has not seen.
fn calibrated(options: &Options, labelled: &Labelled, notes: &mut Vec<String>) -> anyhow::Result<(Calibrator, Bounds, Quality)> {
    let pairs = observed(labelled);
    let calibrator = fit(options, &pairs)?;
    let ratio = |model: &Calibrator, o: Observed| model.log10_lr(o.evidence(model));
    let all = || -> Result<Lrs, Error> {
        let (mut same, mut different) = (Vec::new(), Vec::new());
        for p in &pairs {
            (if p.truth() == Truth::SameSource { &mut same } else { &mut different }).push(ratio(&calibrator, p.evidence)?);
        }
        Lrs::new(same, different)
    };
    if !labelled.has_sources() {
        notes.push("the table names no sources (--sources), so that ratios could not be cross-validated: figures are of the training pairs, and too good".into());
        let lrs = all()?;
        let bounds = limits(&options.bounds, &lrs)?;
        let cut = bounded(&lrs, &bounds)?;
        return Ok((calibrator, bounds, Quality::of(cut, "on the training pairs themselves".into())));
    }
    let deal = |seed: u64| -> anyhow::Result<(Lrs, Bounds, usize)> {
        let folds = Folds::deal(&pairs, options.folds, 1, seed)?;
        let held = cross_validate(&pairs, &folds, |train| fit(options, train), |m, o| ratio(m, o))?;
        // Limits are of ratios that no model had seen the sources of.
        let lrs = held.lrs()?;
        let bounds = limits(&options.bounds, &lrs)?;
        Ok((bounded(&lrs, &bounds)?, bounds, held.untested))
    };
    let (lrs, bounds, untested) = deal(options.seed)?;
    let mut over = vec![Cllr::of(&lrs).cllr];
    for more in 1..options.deals {
        over.push(Cllr::of(&deal(options.seed.wrapping_add(more))?.0).cllr);
    }
    let (least, greatest) = ends(&over);
    let deals = if over.len() > 1 {
        format!("; over {} deals of the sources Cllr goes from {least:.4} to {greatest:.4}", over.len())
    } else {
        String::new()
    };
    let how = format!(
        "cross-validated over {} parts of the sources ({untested} pairs between parts untested; limits are of these same ratios){deals}",
        options.folds
    );
    Ok((calibrator, bounds, Quality { over, ..Quality::of(lrs, how) }))
}

/// The least and the greatest.
pub fn ends(all: &[f64]) -> (f64, f64) {
    all.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(least, greatest), x| (least.min(*x), greatest.max(*x)))
}

/// Cllr of logistic regression, cross-validated over parts of the sources: how good ratios of these scores can be expected to be.
pub fn cllr_of(labelled: &Labelled, folds: usize, seed: u64) -> anyhow::Result<f64> {
    anyhow::ensure!(labelled.has_sources(), "the sources have no names");
    let pairs = observed(labelled);
    let folds = Folds::deal(&pairs, folds, 1, seed)?;
    let fit = |train: &[Pair<Observed>]| {
        let (same, different) = split(train, |o| o.score);
        let scores = Scores::new(same, different)?;
        Logistic::fit(&scores, logistic::Options::default())
    };
    let held = cross_validate(&pairs, &folds, fit, |m, o: Observed| m.log10_lr(&[o.score]))?;
    Ok(Cllr::of(&held.lrs()?).cllr)
}

fn bounded(lrs: &Lrs, bounds: &Bounds) -> Result<Lrs, Error> {
    let cut = |all: &[Log10Lr]| all.iter().map(|l| bounds.apply(*l).value).collect();
    Lrs::new(cut(lrs.same()), cut(lrs.different()))
}

/// Tests a model on another labelled result; refuses one with sources that the model has seen.
fn tested(options: &Options, name: &str, trained: &Labelled, model: &LrModel) -> anyhow::Result<(Quality, String)> {
    let labelled = scored::read(name, &scored::Options { input: Vec::new(), ..options.labelled.clone() })?;
    if !trained.has_sources() || !labelled.has_sources() {
        return Err(Refused::usage(
            "--test needs the names of the sources on both sides (--sources), to see that none is shared",
        ));
    }
    let seen: std::collections::BTreeSet<&String> = trained.sources.iter().collect();
    let shared: Vec<&str> = labelled.sources.iter().filter(|s| seen.contains(s)).map(String::as_str).collect();
    if !shared.is_empty() {
        return Err(Refused::input(format!(
            "--test {name} shares {} sources with the training ({}{}): such a test says too much; test on sources that the model has not seen",
            shared.len(),
            shared[..shared.len().min(10)].join(", "),
            if shared.len() > 10 { " …" } else { "" }
        )));
    }
    if labelled.recipe != trained.recipe {
        let what = stored::differences(&labelled.recipe, &trained.recipe);
        return Err(Refused::input(format!(
            "--test {name} has other scores than the training ({what}); compare both the same way"
        )));
    }
    let (mut same, mut different) = (Vec::new(), Vec::new());
    for p in observed(&labelled) {
        let value = model.calibrator().log10_lr(p.evidence.evidence(model.calibrator()))?;
        (if p.truth() == Truth::SameSource { &mut same } else { &mut different }).push(model.bounds().apply(value).value);
    }
    Ok((Quality::of(Lrs::new(same, different)?, format!("tested on {name}")), labelled.blake3))
}

pub fn run(options: &Options, voice: Voice) -> anyhow::Result<()> {
    if options.show {
        return show::run(options, voice);
    }
    let (Some(output), Some(population)) = (&options.output, &options.population) else {
        return Err(Refused::usage("give --population and -o"));
    };
    let (started, clock) = (collection::now(), Instant::now());
    let target = Address::parse(output);
    let inputs = std::iter::once(&options.result).chain(&options.test).chain(&options.labelled.input).map(String::as_str);
    refuse_inputs(&target.file, inputs)?;
    if target.inner.is_none() {
        refuse_archive(&Target { address: target.clone(), overwrite: options.overwrite })?;
    }
    check_target(&target.file, options.overwrite)?;
    if let Some(folder) = &options.plot {
        super::plots::folder(folder)?;
    }
    if let Some(kind) = options.method.levels() {
        for (given, option) in [
            (options.test.is_some(), "--test"),
            (!options.labelled.exclude.is_empty(), "--exclude"),
            (!options.labelled.within.is_empty(), "--within"),
            (options.labelled.level == Level::Exhibit, "--level"),
        ] {
            if given {
                return Err(Refused::usage(format!("{option} is for scores; a model of two levels is made of measurements")));
            }
        }
        return levels::run(options, kind, &target, population, started, clock, voice);
    }
    let mut labelled = scored::read(&options.result, &options.labelled)?;
    if labelled.unlisted.is_some() || labelled.k.is_some() {
        return Err(Refused::usage(format!(
            "{} lists only the best pairs; ratios need the scores of all pairs, the low ones too: compare with --dense",
            options.result
        )));
    }
    if options.method == Method::BetaBinomial && labelled.out_of.is_none() {
        return Err(Refused::usage("--method beta-binomial is for counts: a table with --out-of says how many each is out of"));
    }
    let (same, different) = labelled.counts();
    if same == 0 || different == 0 {
        return Err(Refused::input(format!(
            "{}: {same} pairs of the same {} and {different} of different ones; both kinds are needed",
            options.result, options.labelled.truth
        )));
    }
    let progress = Progress::new(voice.quiet || voice.json);
    let mut notes = std::mem::take(&mut labelled.notes);
    if options.method == Method::Kde && same.max(different) > MOST_KERNELS {
        notes.push(format!("of each kind {MOST_KERNELS} evenly spaced order statistics stand for all scores of the densities"));
    }
    let (calibrator, bounds, quality) = calibrated(options, &labelled, &mut notes)?;
    progress.clear();
    let truth = &options.labelled.truth;
    let what = if labelled.level == Level::Exhibit { "exhibits" } else { "items" };
    let statement = Statement {
        h1: options.h1.clone().unwrap_or_else(|| format!("the two {what} are of the same {truth}")),
        h2: options.h2.clone().unwrap_or_else(|| format!("the two {what} are of different {truth}")),
        population: population.clone(),
        truth: truth.clone(),
        score: labelled.metric.clone(),
        sources: labelled.sources.len().max(1) as u64,
        items: labelled.items.max(1) as u64,
        same_pairs: same as u64,
        different_pairs: different as u64,
    };
    let orientation = if labelled.closer == Closer::Larger { Orientation::LargerIsCloser } else { Orientation::SmallerIsCloser };
    let model = LrModel::new(statement, orientation, calibrator, bounds)?;
    let stored = StoredLr::new(model, labelled.recipe.clone(), labelled.level, &quality)?;
    let test = options.test.as_ref().map(|name| tested(options, name, &labelled, &stored.model)).transpose()?;
    let (test, test_blake3) = test.unzip();
    let mut record = ModelRecord::new(options.result.clone(), labelled.pairs.len(), 1, BTreeMap::new(), started);
    record.values_blake3.clone_from(&labelled.blake3);
    record.columns_blake3.clone_from(&labelled.columns_blake3);
    record.warnings.clone_from(&notes);
    record.seconds = clock.elapsed().as_secs_f64();
    let mut more = options.labelled.said();
    more.extend(options.of_scores());
    more.extend([("method", stored.model.calibrator().name().to_owned()), ("pairs", labelled.rule.clone())]);
    more.extend(test.iter().map(|test| ("test", test.sentence())));
    more.extend(options.test.clone().map(|name| ("tested_on", name)));
    more.extend(test_blake3.map(|digest| ("tested_blake3", digest)));
    stored.store(options, &target, &more, record)?;
    if let Some(folder) = &options.plot {
        evidence_plots::calibration(folder, &labelled, test.as_ref().unwrap_or(&quality))?;
    }
    say(options, &labelled, &stored, &quality, test.as_ref(), &notes, &target, voice)
}

#[allow(clippy::too_many_arguments, reason = "all that is said at the end")]
fn say(
    options: &Options,
    labelled: &Labelled,
    stored: &StoredLr,
    quality: &Quality,
    test: Option<&Quality>,
    notes: &[String],
    target: &Address,
    voice: Voice,
) -> anyhow::Result<()> {
    let scores = {
        let (same, different) = labelled.split();
        Scores::new(same, different)?
    };
    let b = stored.model.bounds();
    if voice.json {
        println!(
            "{}",
            serde_json::json!({
                "output": target.to_string(), "method": stored.model.calibrator().name(), "statement": stored.model.statement(),
                "cllr": quality.cllr.cllr, "cllr_min": quality.cllr.min, "cllr_cal": quality.cllr.cal(), "dev_pav": quality.dev_pav,
                "cllr_over_deals": quality.over, "cllr_min_of_scores": cllr_min(&scores), "how": quality.how, "bounds": [b.lower.map(|l| l.0), b.upper.map(|l| l.0)],
                "test": test.map(|t| serde_json::json!({ "cllr": t.cllr.cllr, "cllr_min": t.cllr.min, "dev_pav": t.dev_pav })),
                "notes": notes, "model_blake3": stored.blake3,
            })
        );
        return Ok(());
    }
    if voice.quiet {
        return Ok(());
    }
    let (same, different) = labelled.counts();
    println!("pairs     {}: {same} of the same source, {different} of different ones", labelled.rule);
    println!("H1        {}", stored.model.statement().h1);
    println!("H2        {}", stored.model.statement().h2);
    println!("method    {}", stored.model.calibrator().name());
    println!("quality   {}", quality.sentence());
    if let Some(test) = test {
        println!("test      {}", test.sentence());
    }
    let limit = |l: Option<Log10Lr>| l.map_or("no limit".to_owned(), |l| format!("{:.3}", l.0));
    println!("limits    log10 LR from {} to {} ({})", limit(b.lower), limit(b.upper), b.method.name());
    for note in notes {
        println!("note      {note}");
    }
    if let Some(folder) = &options.plot {
        println!("drawn     {}", folder.display());
    }
    println!("stored    {target}");
    println!("digest    {}", stored.blake3);
    Ok(())
}
