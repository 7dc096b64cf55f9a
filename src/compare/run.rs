//! The loop of a comparison: survey, plan, then block by block prepare, screen, select, refine. It calls; others compute.

use super::block::{Block, Form, Stand, read};
use super::checkpoint::{Begun, Checkpoints, Head, Journaling, Standing, Within, Writing};
use super::dense::DenseStore;
use super::error::Error;
use super::fingerprint::Fingerprint;
use super::job::{Exclude, Job, Mode, Screening};
use super::keep::Resumed;
use super::links::Found;
use super::observer::Observer;
use super::order::is_whole;
use super::outcome::{Answer, Effort, Input, Outcome};
use super::pace::Pace;
use super::plan::{Plan, Seed, Sizes, Step};
use super::select::Ranking;
use super::shard::Shard;
use super::source::{ExhibitNames, RowSource};
use super::strategy::{Strategy, Trial, sample_rows, widest_head};
use super::survey::{Survey, survey};
use crate::backend::cpu::Cpu;
use crate::backend::{Backend, Device, TileShape};
use crate::matrix::Matrix;
use crate::metric::{Frame, ccf::Stretched};
use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64};
use std::time::Instant;

/// Opens the device of a run once more, after it failed.
pub type Again<'a> = dyn Fn() -> Option<Box<dyn Backend>> + Sync + 'a;

/// How a run lasts, and which part of the whole it is.
#[derive(Default)]
pub struct Terms<'a> {
    /// Of all pairs those of a shard.
    pub shard: Option<Shard>,
    /// Where it commits; nowhere, if not given.
    pub journal: Option<Journaling>,
    /// What an earlier process committed.
    pub begun: Option<Begun>,
    pub again: Option<&'a Again<'a>>,
}

impl std::fmt::Debug for Terms<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Terms").field("shard", &self.shard).field("journal", &self.journal).finish_non_exhaustive()
    }
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
    pub terms: Terms<'a>,
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
pub(super) enum Gathering<'a> {
    Ranking(Ranking),
    Links(f64, Found),
    Dense(&'a dyn DenseStore, Mutex<Option<String>>, AtomicU32),
}

/// What stays the same through the whole loop.
pub(super) struct Run<'a> {
    pub(super) job: Job,
    pub(super) observer: &'a dyn Observer,
    pub(super) query_survey: Survey,
    pub(super) reference_survey: Option<Survey>,
    pub(super) form: Form,
    pub(super) strategy: Strategy,
    pub(super) plan: Plan,
    pub(super) backend: Box<dyn Backend>,
    /// What the frame's bounds allow for.
    pub(super) depth: usize,
    pub(super) again: Option<&'a Again<'a>>,
    pub(super) reopened: usize,
    pub(super) tile: TileShape,
    pub(super) devices: Vec<Device>,
    pub(super) warnings: Vec<String>,
    pub(super) gathering: Gathering<'a>,
    pub(super) checkpoints: Option<Checkpoints>,
    /// Whether the last commit was one.
    pub(super) committed: bool,
    /// Tiles of the step under way may be found already.
    comparing: bool,
    pub(super) pace: Option<Pace>,
    /// Rows have partners from an earlier process, and no floors yet.
    pub(super) lifting: bool,
    /// Of scores that earlier processes stored.
    pub(super) tolerance: f64,
    pub(super) stop: AtomicBool,
    pub(super) refined: AtomicU64,
    pub(super) passed: AtomicU64,
    pub(super) tested: AtomicU64,
    pub(super) half_pairs: AtomicU64,
    pub(super) key: u64,
}

impl Comparison<'_> {
    /// Runs the comparison.
    ///
    /// # Errors
    /// See [`Error`]. Nothing is stored then, but what [`DenseStore`] has received, and the journal.
    pub fn run(self) -> Result<Outcome, Error> {
        let held = self.terms.begun.as_ref().and_then(|begun| {
            let standing = begun.standing.as_ref()?;
            Some((self.terms.journal.as_ref()?.path.display().to_string(), standing.percent()))
        });
        self.go().map_err(|error| match (error, held) {
            (Error::Stopped, Some((path, percent))) => Error::Interrupted { path, percent, lost: false },
            (error, _) => error,
        })
    }

    fn go(self) -> Result<Outcome, Error> {
        let Self { job, query, mut reference, mut backend, observer, spool, dense, terms } = self;
        let Terms { shard, journal, begun, again } = terms;
        backend.fit(job.options.memory);
        let started = Instant::now();
        if job.options.settings.stretch_side == Stretched::Reference && reference.is_none() {
            return Err(Error::Option(
                "--stretch-side reference needs a reference collection: with itself, either profile of a pair is the reference"
                    .into(),
            ));
        }
        if shard.is_some() && job.options.mode == Mode::Dense {
            return Err(Error::Option("--shard is for --top-k and --threshold: all scores of --dense stand in one file".into()));
        }
        let sizes = sizes(&job, query, reference.as_deref(), backend.as_ref())?;
        let plan = match &begun {
            None => Plan::new(&sizes, shard)?,
            Some(begun) => {
                // What is wrong with the options is said before what is wrong with the memory; what the rows hold is seen later.
                begun.check_options(&job.options, shard)?;
                let plan = Plan::with(sizes.queries, sizes.references, shard, begun.head.blocks);
                sizes.check(&plan)?;
                plan
            }
        };
        let whole = plan.is_whole(&sizes);

        let (query_survey, reference_survey) = surveyed(&job, query, &mut reference, whole, observer)?;
        let checkpoints = match journal {
            None => None,
            Some(how) => {
                let inputs: Vec<Input> = std::iter::once(&query_survey).chain(&reference_survey).map(Survey::input).collect();
                let fingerprint = Fingerprint::now(&job.options, &inputs, shard);
                if let Some(begun) = &begun {
                    begun.check(&fingerprint)?;
                }
                Some((how.clone(), Head { fingerprint, blocks: plan.sides, started: how.started }))
            }
        };
        let mut sources = Sources { query, reference };
        let mut run = Run::new(job, observer, (query_survey, reference_survey), plan, backend, &spool, dense)?;
        run.again = again;
        let resumed = begun.as_ref().map(|begun| run.restore(begun)).transpose()?.unwrap_or_default();
        run.checkpoints = checkpoints.map(|(how, head)| Checkpoints::new(&how, &head, begun)).transpose()?;
        run.suit_tile();
        let survey_seconds = started.elapsed().as_secs_f64();
        let started = Instant::now();
        let written = resumed.writing.clone();
        let all_before = resumed.step == run.plan.steps.len();
        run.blocks(&mut sources, resumed)?;
        let steps = run.plan.steps.len();
        // What is written is committed on top of that all is compared: without that commit there is nothing to go on with.
        let mut whole = run.committed || all_before;
        if !whole && run.checkpoints.as_ref().is_some_and(Checkpoints::has_begun) {
            run.commit(steps, None);
            whole = run.committed;
        }
        let standing = Standing { writing: written, ..run.standing(steps, None) };
        let (seconds, processes) =
            run.checkpoints.as_ref().map_or((started.elapsed().as_secs_f64(), 1), |c| (c.seconds(), c.processes()));
        let kept = run.checkpoints.take().filter(|checkpoints| whole && checkpoints.has_begun());
        let mut outcome = run.finish()?;
        outcome.writing = kept.map(|checkpoints| Writing::new(checkpoints, standing));
        outcome.effort.survey_seconds = survey_seconds;
        outcome.effort.compare_seconds = seconds;
        outcome.effort.processes = processes;
        Ok(outcome)
    }
}

/// Looks at all rows of both sides. `keep`: their values stay.
fn surveyed(
    job: &Job,
    query: &mut dyn RowSource,
    reference: &mut Option<&mut dyn RowSource>,
    keep: bool,
    observer: &dyn Observer,
) -> Result<(Survey, Option<Survey>), Error> {
    let element = reference.as_ref().map_or(query.element(), |r| r.element().join(query.element()));
    let rows = query.rows() as u64;
    let mut names = ExhibitNames::default();
    observer.phase("survey", rows + reference.as_ref().map_or(0, |r| r.rows() as u64));
    let partners = reference.as_ref().map_or(query.rows(), |r| r.rows());
    let sampled = sample_rows(job, query.rows(), partners, query.width());
    let mut query_survey = survey(job, query, keep, sampled, element, observer, 0)?;
    let mut reference_survey = match reference.as_deref_mut() {
        Some(r) => Some(survey(job, r, keep, sampled, element, observer, rows)?),
        None => None,
    };
    if job.options.exclude != Exclude::None {
        query_survey.exhibits = Some(exhibits(query, &mut names)?);
        if let (Some(survey), Some(reference)) = (&mut reference_survey, reference.as_deref_mut()) {
            survey.exhibits = Some(exhibits(reference, &mut names)?);
        }
    }
    Ok((query_survey, reference_survey))
}

/// What decides the result of a job with these inputs, without comparing.
///
/// # Errors
/// As [`Comparison::run`].
pub fn fingerprint(
    job: &Job,
    query: &mut dyn RowSource,
    mut reference: Option<&mut dyn RowSource>,
    shard: Option<Shard>,
    observer: &dyn Observer,
) -> Result<Fingerprint, Error> {
    let (query, reference) = surveyed(job, query, &mut reference, false, observer)?;
    let inputs: Vec<Input> = std::iter::once(&query).chain(&reference).map(Survey::input).collect();
    Ok(Fingerprint::now(&job.options, &inputs, shard))
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
pub(super) fn tile(job: &Job, form: &Form, rows: usize, backend: &dyn Backend) -> TileShape {
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
            depth,
            again: None,
            reopened: 0,
            tile,
            devices,
            warnings,
            gathering,
            checkpoints: None,
            committed: false,
            comparing: false,
            pace: None,
            lifting: false,
            tolerance: 0.0,
            stop: AtomicBool::new(false),
            refined: AtomicU64::new(0),
            passed: AtomicU64::new(0),
            tested: AtomicU64::new(0),
            half_pairs: AtomicU64::new(0),
            key: 0,
        })
    }

    /// Goes through all pairs of blocks. While one pair is compared the rows of the next block are read.
    fn blocks(&mut self, sources: &mut Sources<'_>, resumed: Resumed) -> Result<(), Error> {
        let (mut a, mut b): (Slot, Slot) = (None, None);
        let mut ahead = None;
        let references = self.plan.references.is_some();
        let steps = self.plan.steps.clone();
        let Resumed { step: first, mut within, orders: [mut rows_order, mut cols_order], .. } = resumed;
        for (n, &step) in steps.iter().enumerate().skip(first) {
            let next = |a, b| steps.get(n + 1).and_then(|next| next.reads(a, b, references));
            let from = within.take();
            let fresh = from.is_none();
            self.comparing = false;
            let stand = |order: &mut Option<Vec<u32>>| if from.is_some() { Stand::Given(order.take()) } else { Stand::Freely };
            let (rows_stand, cols_stand) = (stand(&mut rows_order), stand(&mut cols_order));
            let compared = match step {
                Step::Diagonal(i) => {
                    // Block 0 becomes `a`; the others are in memory as `b` when their turn comes.
                    let slot = if i == 0 { &mut a } else { &mut b };
                    self.take(slot, i, false, rows_stand, sources, &mut ahead).and_then(|mut block| {
                        let held = |slot: &Slot| slot.as_ref().map(|(held, _)| *held);
                        let next = if i == 0 { next(Some(0), held(&b)) } else { next(held(&a), Some(i)) };
                        ahead = self.compare_and_read((&mut block, None), (n, Seed::Neither, from), sources, next)?;
                        *(if i == 0 { &mut a } else { &mut b }) = Some((i, block));
                        Ok(())
                    })
                }
                Step::Pair(i, j, seed) => {
                    if !references && b.as_ref().is_some_and(|(held, _)| *held == i) {
                        a = b.take();
                    }
                    let rows = self.take(&mut a, i, false, rows_stand, sources, &mut ahead);
                    let both =
                        rows.and_then(|rows| Ok((rows, self.take(&mut b, j, references, cols_stand, sources, &mut ahead)?)));
                    both.and_then(|(mut rows, mut cols)| {
                        let next = next(Some(i), Some(j));
                        ahead = self.compare_and_read((&mut rows, Some(&mut cols)), (n, seed, from), sources, next)?;
                        (a, b) = (Some((i, rows)), Some((j, cols)));
                        Ok(())
                    })
                }
            };
            match compared {
                // Reading was interrupted: what was compared before counts. Where some of this step is found already, how much is in the last commit.
                Err(Error::Stopped) if self.checkpoints.is_some() => {
                    if fresh && !self.comparing {
                        self.commit(n, None);
                    }
                    return Err(self.interrupted());
                }
                compared => compared?,
            }
            let stop = self.observer.stop();
            let due = self.checkpoints.as_ref().is_some_and(|c| c.due(std::time::Duration::ZERO));
            let last = n + 1 == steps.len();
            // Once something was committed the end is, too: should the result not find room, nothing is computed again. So is it where looking at what was
            // found again may take long.
            let long = self.job.metric.lagged().is_some() && !self.job.options.settings.rescore.is_empty();
            let whole = last && self.checkpoints.as_ref().is_some_and(|c| c.has_begun() || long || c.is_half_due());
            if (stop && !last) || due || whole {
                self.commit(n + 1, None);
            }
            if stop && !last {
                return Err(self.interrupted());
            }
        }
        Ok(())
    }

    /// Compares, and meanwhile reads the block that is named by `next`. The step is given by its number, what it seeds, and how far it already is.
    fn compare_and_read(
        &mut self,
        (a, b): (&mut Block, Option<&mut Block>),
        (step, seed, from): (usize, Seed, Option<Within>),
        sources: &mut Sources<'_>,
        next: Option<(bool, usize)>,
    ) -> Result<Option<Ahead>, Error> {
        self.comparing = true;
        let Some((of_reference, index)) = next else {
            return self.compare(a, b, step, seed, from).map(|()| None);
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
            self.compare(a, b, step, seed, from)?;
            match reader.join() {
                // The pair of blocks is through: that the run is to end is seen to elsewhere.
                Ok(Err(Error::Stopped)) => Ok(None),
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
        stand: Stand,
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
        if let Stand::Given(Some(order)) = &stand
            && (order.len() != matrix.rows() || !is_whole(order))
        {
            return Err(Error::Sink("the journal names rows that its block does not have; start over with --overwrite".into()));
        }
        let from = Instant::now();
        let known = survey.known(blocks[index].clone());
        let mut block = Block::prepare(matrix, blocks[index].start, known, &self.form, stand, self.key);
        self.suit(&mut block);
        self.observer.span("prepare", from);
        Ok(block)
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
            tolerance,
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
            Gathering::Dense(..) => Answer::Dense { tolerance: frame.worst_tolerance().max(tolerance) },
        };
        let pairs = plan.pairs();
        let blocks = plan.queries.len() + plan.references.as_ref().map_or(0, Vec::len);
        let inputs: Vec<Input> = std::iter::once(&query_survey).chain(&reference_survey).map(Survey::input).collect();
        for input in &inputs {
            if !input.left_out.is_empty() {
                warnings.push(format!("{}: {} rows left out as invalid", input.name, input.left_out.len()));
            }
        }
        let effort = Effort { pairs, refined: refined.into_inner(), blocks, ..Effort::default() };
        Ok(Outcome { answer, inputs, devices, tile, strategy, warnings, effort, writing: None })
    }
}
