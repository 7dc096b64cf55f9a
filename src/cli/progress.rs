//! Progress bars, on a terminal only, and the notes that a run makes.

use super::trace::Trace;
use crate::compare::{Error, Observer};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};
use signal_hook::consts::{SIGINT, SIGTERM};
use std::fmt::Write as _;
use std::io::IsTerminal as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};

/// Shows a run to the person at the terminal.
pub struct Progress {
    bar: ProgressBar,
    quiet: bool,
    stop: Arc<AtomicBool>,
    trace: Option<Trace>,
}

/// Milliseconds from the first time that somebody asked to stop to a second one that means it: a scheduler signals a job's shell and its programs alike,
/// and the shell passes it on.
const MEANT: u64 = 1_000;

/// The first signal asks, a later one ends the program at once.
fn end_if_asked_before() {
    /// When the first one came, by the monotonic clock; 0: none did.
    static FIRST: AtomicU64 = AtomicU64::new(0);
    let now = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
    let now = 1 + now.tv_sec as u64 * 1_000 + now.tv_nsec as u64 / 1_000_000;
    if FIRST.compare_exchange(0, now, Relaxed, Relaxed).is_err_and(|first| now > first + MEANT) {
        signal_hook::low_level::exit(4);
    }
}

impl Progress {
    pub fn new(quiet: bool) -> Self {
        let shown = !quiet && std::io::stderr().is_terminal();
        let target = if shown { ProgressDrawTarget::stderr_with_hz(8) } else { ProgressDrawTarget::hidden() };
        let stop = Arc::new(AtomicBool::new(false));
        for signal in [SIGINT, SIGTERM] {
            // Where signals cannot be caught they end the program anyway.
            let _ = signal_hook::flag::register(signal, stop.clone());
            // SAFETY: what it does may be done while a signal is handled: it reads a clock and a number, and ends the process.
            let _ = unsafe { signal_hook::low_level::register(signal, end_if_asked_before) };
        }
        Self { bar: ProgressBar::with_draw_target(None, target), quiet, stop, trace: None }
    }

    /// Notes how far it is.
    ///
    /// # Errors
    /// When somebody asked to stop.
    pub fn advance(&self, done: u64) -> Result<(), Error> {
        self.bar.set_position(done);
        if self.stop.load(Relaxed) { Err(Error::Stopped) } else { Ok(()) }
    }

    /// Keeps spans of work from now on.
    #[must_use]
    pub fn traced(self, traced: bool) -> Self {
        Self { trace: traced.then(Trace::new), ..self }
    }

    /// What was kept.
    pub const fn trace(&self) -> Option<&Trace> {
        self.trace.as_ref()
    }

    /// Takes the bar away.
    pub fn clear(&self) {
        self.bar.finish_and_clear();
    }
}

/// 1234567 as `1.23 M`.
pub fn short(n: f64) -> String {
    for (size, unit) in [(1e12, " T"), (1e9, " G"), (1e6, " M"), (1e3, " k")] {
        if n >= size {
            return format!("{:.*}{unit}", if n / size < 10.0 { 2 } else { 1 }, n / size);
        }
    }
    format!("{n:.0} ")
}

fn style(unit: &'static str) -> ProgressStyle {
    let rate = move |state: &ProgressState, w: &mut dyn std::fmt::Write| {
        let _ = write!(w, "{}{unit}/s", short(state.per_sec()));
    };
    let amount = move |state: &ProgressState, w: &mut dyn std::fmt::Write| {
        let _ = write!(w, "{} of {}{unit}", short(state.pos() as f64).trim_end(), short(state.len().unwrap_or(0) as f64));
    };
    ProgressStyle::with_template("{msg:>8} [{bar:32}] {percent:>3} %  {amount}  {rate}  {eta} left")
        .unwrap_or_else(|_| ProgressStyle::default_bar())
        .with_key("rate", rate)
        .with_key("amount", amount)
        .progress_chars("=> ")
}

impl Observer for Progress {
    fn phase(&self, name: &str, total: u64) {
        self.bar.reset();
        self.bar.set_style(style(if name == "compare" { "pairs" } else { "rows" }));
        self.bar.set_length(total);
        self.bar.set_message(name.to_owned());
    }

    fn progress(&self, done: u64) {
        self.bar.set_position(done);
    }

    fn warn(&self, text: &str) {
        if !self.quiet {
            let mut line = String::new();
            let _ = write!(line, "striae: note: {text}");
            self.bar.suspend(|| eprintln!("{line}"));
        }
    }

    fn stop(&self) -> bool {
        self.stop.load(Relaxed)
    }

    fn span(&self, what: &'static str, from: std::time::Instant) {
        if let Some(trace) = &self.trace {
            trace.span(what, from);
        }
    }
}
