//! The loop of a comparison: survey, plan, then block by block prepare, screen, select, refine. It calls; others compute.

use super::block::{Block, Form, read};
use super::counted::Counted;
use super::dense::{DenseSink, DenseStore};
use super::error::Error;
use super::job::{Exclude, Job, Mode, Screening};
use super::lagged::LaggedSink;
use super::links::{Found, LinkSink, Links};
use super::pairing::Pairing;
use super::plan::{Cut, Plan, Sizes, Step, cut_again, tiles};
use super::select::{Ranking, RankingSink};
use super::source::{ExhibitNames, RowSource};
use super::strategy::{Strategy, Trial, sample_rows, widest_head};
use super::survey::{Survey, survey};
use crate::backend::cpu::Cpu;
use crate::backend::{Backend, Device, Screen, Sink, Tile, TileShape};
use crate::matrix::Matrix;
use crate::metric::{Frame, ccf::Stretched};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64};
use std::time::Instant;

/// Who watches a run. All calls may come from any thread.
pub trait Observer: Sync {
    /// A phase begins that will take `total` units (rows, then pairs).
    fn phase(&self, name: &str, total: u64);
    /// Units of the phase that are done.
    fn progress(&self, done: u64);
    /// Something that the person should know and the record keeps.
    fn warn(&self, text: &str);
    /// Whether the run is to end.
    fn stop(&self) -> bool {
        false
    }
    /// Something that began at `from` has just ended on this thread: `read`, `survey`, `choose`, `prepare`, `screen`, `refine`, or
    /// `settle`: refining what is left when all tiles are through. Preparing and settling run on all threads, though one has the span.
    fn span(&self, _what: &'static str, _from: Instant) {}
}

/// Nobody watches.
#[derive(Debug)]
pub struct Unwatched;

impl Observer for Unwatched {
    fn phase(&self, _: &str, _: u64) {}
    fn progress(&self, _: u64) {}
    fn warn(&self, _: &str) {}
}

/// What a comparison needs.
pub struct Comparison<'a> {
    pub job: Job,
    pub query: &'a mut dyn RowSource,
    /// `None`: the queries are compared with themselves.
    pub reference: Option<&'a mut dyn RowSource>,
    pub backend: Box<dyn Backend>,
    pub observer: &'a dyn Observer,
    /// Where links that do not fit into memory are kept meanwhile.
    pub spool: PathBuf,
    /// Where dense scores go; needed for [`Mode::Dense`].
    pub dense: Option<&'a dyn DenseStore>,
}

/// What a comparison found.
#[derive(Debug)]
pub enum Answer {
    TopK {
        k: usize,
        neighbors: Vec<i64>,
        scores: Vec<f64>,
    },
    Links(Links),
    /// Stored already; scores are off by this much at most.
    Dense {
        tolerance: f64,
    },
}

/// One compared collection, for the record.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Input {
    pub name: String,
    pub rows: usize,
    /// Features; 0 for peak lists.
    pub width: usize,
    /// All peaks together, for peak lists.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub peaks: Option<u64>,
    /// BLAKE3 of the content: see [`super::survey`].
    pub values_blake3: String,
    /// Rows left out because the metric is not defined for them.
    pub left_out: Vec<(usize, String)>,
}

/// How much was done, and how long it took.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Effort {
    /// Pairs that the job asks about.
    pub pairs: u64,
    /// Pairs scored exactly in f64.
    pub refined: u64,
    pub blocks: usize,
    pub survey_seconds: f64,
    pub compare_seconds: f64,
}

/// What came out of a comparison.
#[derive(Debug)]
pub struct Outcome {
    pub answer: Answer,
    pub inputs: Vec<Input>,
    pub devices: Vec<Device>,
    pub tile: TileShape,
    /// How pairs were screened.
    pub strategy: Strategy,
    pub warnings: Vec<String>,
    pub effort: Effort,
}

/// A block in memory, and its number.
type Slot = Option<(usize, Block)>;

/// Where rows come from.
struct Sources<'a> {
    query: &'a mut dyn RowSource,
    reference: Option<&'a mut dyn RowSource>,
}

impl Sources<'_> {
    fn of(&mut self, references: bool) -> &mut dyn RowSource {
        match &mut self.reference {
            Some(reference) if references => &mut **reference,
            _ => &mut *self.query,
        }
    }
}

/// Rows of a block that were read while others were compared.
struct Ahead {
    of_reference: bool,
    index: usize,
    rows: Matrix,
}

/// The job's mode, with what it gathers.
enum Gathering<'a> {
    Ranking(Ranking),
    Links(f64, Found),
    Dense(&'a dyn DenseStore, Mutex<Option<String>>, AtomicU32),
}

/// What stays the same through the whole loop.
struct Run<'a> {
    job: Job,
    observer: &'a dyn Observer,
    query_survey: Survey,
    reference_survey: Option<Survey>,
    form: Form,
    strategy: Strategy,
    plan: Plan,
    backend: Box<dyn Backend>,
    tile: TileShape,
    devices: Vec<Device>,
    warnings: Vec<String>,
    gathering: Gathering<'a>,
    stop: AtomicBool,
    refined: AtomicU64,
    passed: AtomicU64,
    tested: AtomicU64,
    half_pairs: AtomicU64,
    key: u64,
}

impl Comparison<'_> {
    /// Runs the comparison.
    ///
    /// # Errors
    /// See [`Error`]. Nothing is stored then, but what [`DenseStore`] has received.
    pub fn run(self) -> Result<Outcome, Error> {
        let Self { job, query, mut reference, mut backend, observer, spool, dense } = self;
        backend.fit(job.options.memory);
        let started = Instant::now();
        if job.options.settings.stretch_side == Stretched::Reference && reference.is_none() {
            return Err(Error::Option(
                "--stretch-side reference needs a reference collection: with itself, either profile of a pair is the reference"
                    .into(),
            ));
        }
        let sizes = sizes(&job, query, reference.as_deref(), backend.as_ref())?;
        let plan = Plan::new(&sizes)?;
        let whole = plan.queries.len() == 1 && plan.references.as_ref().is_none_or(|r| r.len() == 1);

        let element = reference.as_ref().map_or(query.element(), |r| r.element().join(query.element()));
        let rows = query.rows() as u64;
        let mut names = ExhibitNames::default();
        observer.phase("survey", rows + reference.as_ref().map_or(0, |r| r.rows() as u64));
        let partners = reference.as_ref().map_or(query.rows(), |r| r.rows());
        let sampled = sample_rows(&job, query.rows(), partners, query.width());
        let mut query_survey = survey(&job, query, whole, sampled, element, observer, 0)?;
        let mut reference_survey = match reference.as_deref_mut() {
            Some(r) => Some(survey(&job, r, whole, sampled, element, observer, rows)?),
            None => None,
        };
        if job.options.exclude != Exclude::None {
            query_survey.exhibits = Some(exhibits(query, &mut names)?);
            if let (Some(survey), Some(reference)) = (&mut reference_survey, reference.as_deref_mut()) {
                survey.exhibits = Some(exhibits(reference, &mut names)?);
            }
        }
        let mut sources = Sources { query, reference };
        let mut run = Run::new(job, observer, (query_survey, reference_survey), plan, backend, &spool, dense)?;
        let survey_seconds = started.elapsed().as_secs_f64();
        let started = Instant::now();
        run.blocks(&mut sources)?;
        let mut outcome = run.finish()?;
        outcome.effort.survey_seconds = survey_seconds;
        outcome.effort.compare_seconds = started.elapsed().as_secs_f64();
        Ok(outcome)
    }
}

fn exhibits(source: &mut dyn RowSource, names: &mut ExhibitNames) -> Result<Vec<u32>, Error> {
    source.exhibits(names)?.ok_or_else(|| Error::NoExhibits(source.name()))
}

fn sizes(job: &Job, query: &dyn RowSource, reference: Option<&dyn RowSource>, backend: &dyn Backend) -> Result<Sizes, Error> {
    let width = query.width();
    let mut element = query.element();
    if let Some(reference) = reference {
        if reference.width() != width {
            return Err(Error::Widths {
                query: query.name(),
                query_width: width,
                reference: reference.name(),
                reference_width: reference.width(),
            });
        }
        element = element.join(reference.element());
    }
    let embedded = job.metric.embedded_width(width);
    let partners = reference.map_or(query.rows(), RowSource::rows);
    let (per_query, pending, settling) = match job.options.mode {
        Mode::TopK(k) => {
            (Ranking::bytes_per_query(k, partners), Ranking::pending_bytes(k, partners), Ranking::settling_bytes(k, partners))
        }
        _ => (0, 0, 0),
    };
    Ok(Sizes {
        queries: query.rows(),
        references: reference.map(RowSource::rows),
        row_bytes: Block::bytes_per_row(width, job.metric, element, widest_head(job, embedded))
            + backend.row_bytes(embedded)
            + pending,
        raw_bytes: width * element.bytes(),
        query_bytes: per_query + Survey::bytes_per_row(),
        reference_bytes: Survey::bytes_per_row(),
        // Pieces being read, and links that are not yet on disk.
        scratch: backend.scratch_bytes(embedded)
            + tile_bytes(job)
            + (16 << 20)
            + rayon::current_num_threads() * (Block::scratch(embedded, widest_head(job, embedded)) + settling)
            + if pending == 0 { links_in_memory(job) * 48 } else { 0 },
        memory: job.options.memory,
    })
}

/// The tile that was asked for, or the one that suits the backend.
fn tile(job: &Job, form: &Form, rows: usize, backend: &dyn Backend) -> TileShape {
    job.options.tile.unwrap_or_else(|| match form.axes {
        Some(_) => backend.tile_for(form.frame.screened_width(), rows, job.options.k()),
        None if job.options.mode == Mode::Dense => backend.dense_tile(),
        None => backend.tile(),
    })
}

/// What a tile that somebody asked for takes beyond the backend's own.
fn tile_bytes(job: &Job) -> usize {
    let side = job.options.tile.map_or(0, |tile| tile.rows.max(tile.cols));
    if side > 1024 { (rayon::current_num_threads() + 4) * side * side * 4 } else { 0 }
}

/// Links held before they go to disk: a sixteenth of the memory.
fn links_in_memory(job: &Job) -> usize {
    usize::try_from(job.options.memory / 16 / 48).unwrap_or(1 << 20).clamp(1 << 12, 1 << 24)
}

impl<'a> Run<'a> {
    #[allow(clippy::too_many_arguments, reason = "called once, to bring together what the loop holds")]
    fn new(
        job: Job,
        observer: &'a dyn Observer,
        (mut query_survey, mut reference_survey): (Survey, Option<Survey>),
        plan: Plan,
        mut backend: Box<dyn Backend>,
        spool: &std::path::Path,
        dense: Option<&'a dyn DenseStore>,
    ) -> Result<Self, Error> {
        let partners = reference_survey.as_ref().unwrap_or(&query_survey);
        let largest = query_survey.largest.max(partners.largest);
        // Should the device fail, the CPU goes on with the same frame.
        let embedded = job.metric.embedded_width(query_survey.width);
        let depth = backend.depth(embedded).max(Cpu::new().depth(embedded));
        let frame = Frame::new(job.metric, partners.mean(), largest, depth);
        let gathering = match job.options.mode {
            Mode::TopK(k) => Gathering::Ranking(Ranking::new(k, job.metric.info().closer, &query_survey)),
            Mode::Threshold(threshold) => Gathering::Links(threshold, Found::new(links_in_memory(&job), spool)),
            Mode::Dense => {
                if !job.metric.dense_exact() && frame.largest_score() > f64::from(f32::MAX) {
                    return Err(Error::DenseRange { largest: frame.largest_score() });
                }
                let Some(store) = dense else {
                    return Err(Error::Sink("a dense comparison needs a store for its scores".into()));
                };
                Gathering::Dense(store, Mutex::new(None), AtomicU32::new(0))
            }
        };
        let trial = Trial {
            job: &job,
            frame: &frame,
            rows: &query_survey,
            cols: reference_survey.as_ref().unwrap_or(&query_survey),
            symmetric: reference_survey.is_none(),
            pairs: plan.pairs(),
        };
        let from = Instant::now();
        let (form, strategy) = trial.choose(backend.as_mut());
        observer.span("choose", from);
        let asked = match job.options.screening {
            Screening::Bytes => Some("bytes"),
            Screening::Half => Some("half"),
            Screening::Head(_) => Some("head"),
            Screening::Auto | Screening::Plain => None,
        };
        let mut warnings = Vec::new();
        if let Some(asked) = asked.filter(|asked| *asked != strategy.bound) {
            let text = format!("--screen {asked} was not followed: {}; the result is the same", strategy.why);
            observer.warn(&text);
            warnings.push(text);
        }
        for survey in [Some(&mut query_survey), reference_survey.as_mut()].into_iter().flatten() {
            survey.sample = None;
        }
        let tile = tile(&job, &form, query_survey.rows, backend.as_ref());
        let devices = vec![backend.device()];
        observer.phase("compare", plan.pairs());
        Ok(Self {
            job,
            observer,
            query_survey,
            reference_survey,
            form,
            strategy,
            plan,
            backend,
            tile,
            devices,
            warnings,
            gathering,
            stop: AtomicBool::new(false),
            refined: AtomicU64::new(0),
            passed: AtomicU64::new(0),
            tested: AtomicU64::new(0),
            half_pairs: AtomicU64::new(0),
            key: 0,
        })
    }

    /// Goes through all pairs of blocks. While one pair is compared the rows of the next block are read.
    fn blocks(&mut self, sources: &mut Sources<'_>) -> Result<(), Error> {
        let (mut a, mut b): (Slot, Slot) = (None, None);
        let mut ahead = None;
        let references = self.plan.references.is_some();
        let steps = self.plan.steps();
        for (n, &step) in steps.iter().enumerate() {
            let next = |a, b| steps.get(n + 1).and_then(|next| next.reads(a, b, references));
            match step {
                Step::Diagonal(i) => {
                    // Block 0 becomes `a`; the others are in memory as `b` when their turn comes.
                    let slot = if i == 0 { &mut a } else { &mut b };
                    let mut block = self.take(slot, i, false, sources, &mut ahead)?;
                    let held = |slot: &Slot| slot.as_ref().map(|(held, _)| *held);
                    let next = if i == 0 { next(Some(0), held(&b)) } else { next(held(&a), Some(i)) };
                    ahead = self.compare_and_read(&mut block, None, true, sources, next)?;
                    *(if i == 0 { &mut a } else { &mut b }) = Some((i, block));
                }
                Step::Pair(i, j) => {
                    if !references && b.as_ref().is_some_and(|(held, _)| *held == i) {
                        a = b.take();
                    }
                    let mut rows = self.take(&mut a, i, false, sources, &mut ahead)?;
                    let mut cols = self.take(&mut b, j, references, sources, &mut ahead)?;
                    // The first visit to a block of queries gives them their floors.
                    let last = self.plan.references.as_ref().map_or(0, |r| r.len() - 1);
                    let first_visit = references && j == if i % 2 == 0 { 0 } else { last };
                    let next = next(Some(i), Some(j));
                    ahead = self.compare_and_read(&mut rows, Some(&mut cols), first_visit, sources, next)?;
                    (a, b) = (Some((i, rows)), Some((j, cols)));
                }
            }
        }
        Ok(())
    }

    /// Compares, and meanwhile reads the block that is named by `next`.
    fn compare_and_read(
        &mut self,
        a: &mut Block,
        b: Option<&mut Block>,
        first: bool,
        sources: &mut Sources<'_>,
        next: Option<(bool, usize)>,
    ) -> Result<Option<Ahead>, Error> {
        let Some((of_reference, index)) = next else {
            return self.compare(a, b, first).map(|()| None);
        };
        let (survey, blocks) = match (&self.reference_survey, &self.plan.references) {
            (Some(survey), Some(blocks)) if of_reference => (survey, blocks),
            _ => (&self.query_survey, &self.plan.queries),
        };
        let (rows, element, observer) = (blocks[index].clone(), survey.element, self.observer);
        let source = sources.of(of_reference);
        std::thread::scope(|scope| {
            let reader = std::thread::Builder::new().name("reader".into());
            let reader = reader
                .spawn_scoped(scope, move || read(source, element, rows, observer))
                .map_err(|e| Error::Sink(format!("no thread can be started to read: {e}")))?;
            self.compare(a, b, first)?;
            match reader.join() {
                Ok(rows) => rows.map(|rows| Some(Ahead { of_reference, index, rows })),
                Err(_) => Err(Error::Sink("the thread that reads has failed".into())),
            }
        })
    }

    /// The block that a slot holds, or else the one that it is to hold: the old one is dropped before the new one is prepared.
    fn take(
        &mut self,
        slot: &mut Slot,
        index: usize,
        of_reference: bool,
        sources: &mut Sources<'_>,
        ahead: &mut Option<Ahead>,
    ) -> Result<Block, Error> {
        if let Some((held, mut block)) = slot.take()
            && held == index
        {
            self.suit(&mut block);
            return Ok(block);
        }
        self.key += 1;
        let (survey, blocks) = match (&mut self.reference_survey, &self.plan.references) {
            (Some(survey), Some(blocks)) if of_reference => (survey, blocks),
            _ => (&mut self.query_survey, &self.plan.queries),
        };
        let matrix = match (survey.kept.take(), ahead.take()) {
            (Some(kept), _) => kept,
            (None, Some(ahead)) if (ahead.of_reference, ahead.index) == (of_reference, index) => ahead.rows,
            _ => read(sources.of(of_reference), survey.element, blocks[index].clone(), self.observer)?,
        };
        let from = Instant::now();
        let known = survey.known(blocks[index].clone());
        let mut block = Block::prepare(matrix, blocks[index].start, known, &self.form, self.key);
        self.suit(&mut block);
        self.observer.span("prepare", from);
        Ok(block)
    }

    /// Compares two blocks, or one with itself. `first`: the rows have no floors yet.
    fn compare(&mut self, a: &mut Block, mut b: Option<&mut Block>, first: bool) -> Result<(), Error> {
        let cut = match (&self.gathering, b.is_some()) {
            (Gathering::Ranking(_), false) => Cut::RankedDiagonal,
            (Gathering::Ranking(_), true) => Cut::Rectangle { seed: first },
            (Gathering::Links(..), false) => Cut::Diagonal,
            (Gathering::Links(..), true) => Cut::Rectangle { seed: false },
            (Gathering::Dense(..), false) => Cut::AllDiagonal,
            (Gathering::Dense(..), true) => Cut::All,
        };
        let cols = b.as_ref().map_or(a.operand.rows, |b| b.operand.rows);
        let seed = self.backend.seed_side(self.job.options.k());
        let (seeds, rest) = tiles(a.operand.rows, cols, self.tile, seed, cut);
        for batch in [seeds, rest] {
            let mut todo = batch;
            while let Err(stopped) = self.screen(a, b.as_deref(), &todo) {
                // A device failed. What it delivered stands; the processor does the rest, in tiles that suit it.
                let left = todo.split_off(stopped.done.min(todo.len()));
                let text = format!("{stopped}; the CPU does the rest, with the same result");
                self.observer.warn(&text);
                self.warnings.push(text);
                self.backend = Box::new(Cpu::new());
                self.devices.push(self.backend.device());
                self.tile = tile(&self.job, &self.form, self.query_survey.rows, self.backend.as_ref());
                todo = cut_again(&left, self.tile);
                self.suit(a);
                if let Some(b) = &mut b {
                    self.suit(b);
                }
            }
            if self.observer.stop() {
                return Err(Error::Stopped);
            }
        }
        match &self.gathering {
            Gathering::Ranking(ranking) => {
                let from = Instant::now();
                RankingSink { pairing: self.pairing(a, b.as_deref()), ranking }.settle();
                self.observer.span("settle", from);
            }
            Gathering::Links(_, found) => found.check()?,
            Gathering::Dense(_, fault, _) => {
                let mut fault = fault.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
                if let Some(text) = fault.take() {
                    return Err(Error::Sink(text));
                }
            }
        }
        Ok(())
    }

    /// Brings a block into a form that the backend multiplies: a device may have failed since it was prepared.
    fn suit(&mut self, block: &mut Block) {
        if block.operand.halves.is_some() && self.backend.halves_depth(block.operand.stride).is_none() {
            self.key += 1;
            block.operand.widen();
            block.operand.key = self.key;
        }
    }

    fn pairing<'b>(&'b self, a: &'b Block, b: Option<&'b Block>) -> Pairing<'b> {
        Pairing {
            frame: &self.form.frame,
            row_survey: &self.query_survey,
            col_survey: self.reference_survey.as_ref().unwrap_or(&self.query_survey),
            a,
            b: b.unwrap_or(a),
            symmetric: self.reference_survey.is_none(),
            stop: &self.stop,
            refined: &self.refined,
        }
    }

    fn screen(&mut self, a: &Block, b: Option<&Block>, tiles: &[Tile]) -> Result<(), crate::backend::Stopped> {
        // The backend is borrowed apart from the rest, which the sink reads.
        let mut backend = std::mem::replace(&mut self.backend, Box::new(Cpu::new()));
        let pairing = self.pairing(a, b);
        let screen = Screen::of(&self.form.frame);
        let symmetric = pairing.symmetric && b.is_none();
        let lagged = match &self.gathering {
            Gathering::Dense(..) => None,
            _ => self.job.metric.lagged(),
        };
        let mut go = |sink: &dyn Sink| {
            let second = lagged.map(|second| LaggedSink { inner: sink, second, pairing });
            let sink = second.as_ref().map_or(sink, |second| second as &dyn Sink);
            let (observer, half_pairs, passed, tested) = (self.observer, &self.half_pairs, &self.passed, &self.tested);
            let counted = Counted { inner: sink, observer, half_pairs, passed, tested, square: symmetric, began: Instant::now() };
            backend.screen(screen, &a.operand, &b.unwrap_or(a).operand, tiles, &counted)
        };
        let answer = match &self.gathering {
            Gathering::Ranking(ranking) => go(&RankingSink { pairing, ranking }),
            Gathering::Links(threshold, found) => go(&LinkSink::new(pairing, *threshold, self.job.metric.info().closer, found)),
            Gathering::Dense(store, fault, largest) => go(&DenseSink { pairing, store: *store, fault, largest }),
        };
        self.backend = backend;
        answer
    }

    fn finish(self) -> Result<Outcome, Error> {
        let Self {
            query_survey,
            reference_survey,
            form,
            mut strategy,
            plan,
            tile,
            devices,
            mut warnings,
            gathering,
            refined,
            passed,
            tested,
            ..
        } = self;
        let frame = form.frame;
        // Tiles that set the floors hand over all pairs; where there were no others, all passed.
        let (passed, tested) = (passed.into_inner(), tested.into_inner());
        strategy.share = if tested == 0 { 1.0 } else { passed as f64 / tested as f64 };
        let answer = match gathering {
            Gathering::Ranking(mut ranking) => {
                let (neighbors, scores) = ranking.take();
                Answer::TopK { k: ranking.k(), neighbors, scores }
            }
            Gathering::Links(_, found) => Answer::Links(found.finish()?),
            Gathering::Dense(_, _, largest) if frame.metric().dense_exact() => {
                // Exact scores, rounded to f32.
                let largest = f64::from(f32::from_bits(largest.into_inner()));
                Answer::Dense { tolerance: largest * f64::from(f32::EPSILON) / 2.0 * 1.001 + f64::from(f32::MIN_POSITIVE) }
            }
            Gathering::Dense(..) => Answer::Dense { tolerance: frame.worst_tolerance() },
        };
        let input = |survey: Survey| Input {
            name: survey.name,
            rows: survey.rows,
            width: survey.width,
            peaks: None,
            values_blake3: survey.digest,
            left_out: survey.skipped,
        };
        let pairs = plan.pairs();
        let blocks = plan.queries.len() + plan.references.as_ref().map_or(0, Vec::len);
        let inputs: Vec<Input> = [Some(query_survey), reference_survey].into_iter().flatten().map(input).collect();
        for input in &inputs {
            if !input.left_out.is_empty() {
                warnings.push(format!("{}: {} rows left out as invalid", input.name, input.left_out.len()));
            }
        }
        let effort = Effort { pairs, refined: refined.into_inner(), blocks, ..Effort::default() };
        Ok(Outcome { answer, inputs, devices, tile, strategy, warnings, effort })
    }
}
