//! `striae model`: chemometric models of a collection, saved and applied to new rows.

mod apply;
pub mod check;
mod classifier;
mod input;
mod pca;
mod picture;
mod regression;
mod structure;

use super::Voice;
use crate::chemometrics::hca::Linkage;
use crate::chemometrics::knn::Distance;
use crate::chemometrics::limits::Rule;
use crate::chemometrics::regression::Method;
use crate::chemometrics::validate::{Choice, Plan};
use crate::chemometrics::{Scaling, Solver};
use std::path::PathBuf;

/// Chemometric models: PCA with limits, PCR, PLS, PLS-DA, OPLS, LDA, k-NN, SIMCA, clustering, curve resolution
///
/// Everything that a model learns of its training rows (also by --prepare) is stored in it and applied unchanged to new rows. Rows that
/// belong together (an exhibit measured thrice) are kept together in validation where the collection says so.
#[derive(Debug, clap::Args)]
pub struct Options {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    Pca(pca::Options),
    Pls(regression::Regression),
    Plsda(classifier::PlsDa),
    Opls(regression::Opls),
    Lda(classifier::Lda),
    Knn(classifier::Knn),
    Simca(classifier::Simca),
    Hca(structure::Hca),
    Mcr(structure::Mcr),
    Apply(apply::Options),
}

/// Rows, preparation and target of every model.
#[derive(Clone, Debug, clap::Args)]
pub struct Common {
    /// Collection to model: FILE.h5:/path
    pub input: String,
    /// Model to write: FILE.h5, or FILE.h5:/group
    #[arg(long, short)]
    pub output: PathBuf,
    /// Replace it if it is there
    #[arg(long)]
    pub overwrite: bool,
    /// Steps done to each row first, as of striae prepare; learnt of the training rows alone
    #[arg(long, value_name = "STEPS")]
    pub prepare: Option<String>,
    /// Folder for pictures, each as SVG and PNG
    #[arg(long, value_name = "FOLDER")]
    pub plot: Option<PathBuf>,
    /// Most memory to use
    #[arg(long, default_value = "2GiB", value_name = "SIZE", value_parser = super::memory::parse)]
    pub memory: u64,
}

/// What is done to features.
#[derive(Clone, Debug, clap::Args)]
pub struct Scale {
    /// Features: none, centre, autoscale, pareto
    #[arg(long, default_value = "centre", value_parser = parse_scaling)]
    pub scale: Scaling,
}

/// Who decomposes.
#[derive(Clone, Debug, clap::Args)]
pub struct Library {
    /// Library that decomposes: faer, or lapack where it was built in (a second opinion)
    #[arg(long, default_value = "faer", value_parser = parse_solver)]
    pub solver: Solver,
}

/// How far from a model rows may be.
#[derive(Clone, Debug, clap::Args)]
pub struct Borders {
    /// Limits of T² and Q: moments and robust (both distances together, DD-SIMCA), classic, chi2
    #[arg(long, default_value = "moments", value_parser = parse_rule)]
    pub limits: Rule,
    /// Share of good rows that are called extreme; by SIMCA, that are not accepted
    #[arg(long, default_value_t = 0.05)]
    pub alpha: f64,
    /// Chance that any good row is called an outlier
    #[arg(long, default_value_t = 0.01)]
    pub gamma: f64,
}

/// How many components a model keeps.
#[derive(Clone, Debug, clap::Args)]
pub struct Choosing {
    /// Most components that are tried, fewer where the rows have no more; how many are kept is chosen by validation
    #[arg(long, short = 'a', default_value = "10", value_parser = parse_count)]
    pub components: usize,
    /// Keep all of them and choose none
    #[arg(long, conflicts_with = "choose")]
    pub all: bool,
    /// How the number of components is chosen: smallest, one-error, wold
    #[arg(long, default_value = "one-error", value_parser = parse_choice)]
    pub choose: Choice,
}

impl Choosing {
    /// The number of components by the errors of rows with 1, 2, … of them.
    pub fn pick(&self, errors: &[Vec<f64>]) -> usize {
        if self.all { errors.len() } else { self.choose.choose(errors) }
    }

    pub fn name(&self) -> &'static str {
        if self.all { "all" } else { self.choose.name() }
    }
}

/// How a model is validated.
#[derive(Clone, Debug, clap::Args)]
pub struct Validation {
    /// Folds: loo, venetian=K, blocks=K, random=K, grouped; unless given, grouped where groups are known, else loo up to 50 rows and
    /// venetian=10 beyond
    #[arg(long, value_name = "HOW", value_parser = parse_plan)]
    pub validate: Option<Plan>,
    /// Column whose rows stay together; exhibit, where there is one, unless given
    #[arg(long, value_name = "COLUMN")]
    pub group: Option<String>,
    /// Random orders of the labels that the model is held against
    #[arg(long, default_value = "0", value_name = "N", value_parser = parse_permutations)]
    pub permutations: usize,
    /// Seed of random folds and orders
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
}

fn names<T>(all: impl Iterator<Item = &'static str>, text: &str, found: Option<T>) -> Result<T, String> {
    found.ok_or_else(|| format!("{text:?} is not known; give {}", all.collect::<Vec<_>>().join(", ")))
}

fn parse_permutations(text: &str) -> Result<usize, String> {
    text.parse().ok().filter(|&n| n <= 1_000_000).ok_or_else(|| format!("{text:?} is no whole number from 0 to 1000000"))
}

/// A whole number from 1.
fn parse_count(text: &str) -> Result<usize, String> {
    text.parse().ok().filter(|&n| n > 0).ok_or_else(|| format!("{text:?} is no whole number from 1"))
}

fn parse_scaling(text: &str) -> Result<Scaling, String> {
    names(Scaling::ALL.iter().map(|s| s.name()), text, Scaling::by_name(text))
}

fn parse_solver(text: &str) -> Result<Solver, String> {
    let all = [Solver::Faer, Solver::Lapack];
    names(all.iter().map(|s| s.name()), text, all.into_iter().find(|s| s.name() == text))
}

fn parse_plan(text: &str) -> Result<Plan, String> {
    Plan::parse(text).map_err(|e| e.to_string())
}

fn parse_choice(text: &str) -> Result<Choice, String> {
    names(["smallest", "one-error", "wold"].into_iter(), text, Choice::by_name(text))
}

fn parse_rule(text: &str) -> Result<Rule, String> {
    names(Rule::ALL.iter().map(|r| r.name()), text, Rule::by_name(text))
}

fn parse_distance(text: &str) -> Result<Distance, String> {
    names(Distance::ALL.iter().map(|d| d.name()), text, Distance::by_name(text))
}

fn parse_linkage(text: &str) -> Result<Linkage, String> {
    names(Linkage::ALL.iter().map(|l| l.name()), text, Linkage::by_name(text))
}

fn parse_method(text: &str) -> Result<Method, String> {
    names(["simpls", "nipals", "pcr"].into_iter(), text, Method::by_name(text))
}

pub fn run(options: &Options, voice: Voice) -> anyhow::Result<()> {
    match &options.what {
        What::Pca(o) => pca::run(o, voice),
        What::Pls(o) => regression::regression(o, voice),
        What::Plsda(o) => classifier::plsda(o, voice),
        What::Opls(o) => regression::opls(o, voice),
        What::Lda(o) => classifier::lda(o, voice),
        What::Knn(o) => classifier::knn(o, voice),
        What::Simca(o) => classifier::simca(o, voice),
        What::Hca(o) => structure::hca(o, voice),
        What::Mcr(o) => structure::mcr(o, voice),
        What::Apply(o) => apply::run(o, voice),
    }
}
