//! What ran when, for `--trace`: spans of work in the Trace Event Format, which chrome://tracing and ui.perfetto.dev draw.
//!
//! A span is a piece of reading, a piece surveyed, a block prepared, tiles screened or their pairs refined, on the thread that did it.
//! Short ones are put together, some milliseconds' worth at a time: their sums stay right, and a run of hours fits a file.

use anyhow::Context as _;
use std::cell::Cell;
use std::collections::HashMap;
use std::io::Write as _;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::time::Instant;

/// Spans that are kept; a run of days has more.
const MOST: usize = 1 << 20;

struct Span {
    what: &'static str,
    thread: u32,
    from: f64,
    micros: f64,
}

/// Short spans of a thread that wait to be put together.
#[derive(Default)]
struct Short {
    from: f64,
    sums: Vec<(&'static str, f64)>,
}

/// Microseconds below which a span is short.
const SHORT: f64 = 300.0;
/// Microseconds of short spans that are put together.
const TOGETHER: f64 = 3000.0;

/// Spans so far, the names of threads, and how many spans there was no room for.
#[derive(Default)]
struct Spans {
    all: Vec<Span>,
    threads: Vec<(u32, String)>,
    short: HashMap<u32, Short>,
    left_out: u64,
}

impl Spans {
    fn keep(&mut self, span: Span) {
        if self.all.len() < MOST {
            self.all.push(span);
        } else {
            self.left_out += 1;
        }
    }

    /// Puts a thread's short spans together, one after the other.
    fn gather(&mut self, thread: u32) {
        let Some(Short { mut from, sums }) = self.short.remove(&thread) else { return };
        for (what, micros) in sums {
            self.keep(Span { what, thread, from, micros });
            from += micros;
        }
    }
}

/// What is kept of a run.
pub struct Trace {
    started: Instant,
    spans: Mutex<Spans>,
}

thread_local! {
    static THREAD: Cell<u32> = const { Cell::new(0) };
}
static THREADS: AtomicU32 = AtomicU32::new(1);

impl Trace {
    pub fn new() -> Self {
        Self { started: Instant::now(), spans: Mutex::default() }
    }

    /// Something has just ended on this thread.
    pub fn span(&self, what: &'static str, from: Instant) {
        let to = Instant::now();
        let new = THREAD.get() == 0;
        if new {
            THREAD.set(THREADS.fetch_add(1, Relaxed));
        }
        let thread = THREAD.get();
        let micros = |t: Instant| t.saturating_duration_since(self.started).as_secs_f64() * 1e6;
        let mut spans = self.spans.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if new {
            let name = std::thread::current().name().unwrap_or("thread").to_owned();
            spans.threads.push((thread, name));
        }
        let (from, micros) = (micros(from), micros(to) - micros(from));
        if micros >= SHORT {
            spans.gather(thread);
            spans.keep(Span { what, thread, from, micros });
            return;
        }
        let short = spans.short.entry(thread).or_insert_with(|| Short { from, sums: Vec::new() });
        match short.sums.iter_mut().find(|sum| sum.0 == what) {
            Some(sum) => sum.1 += micros,
            None => short.sums.push((what, micros)),
        }
        if from + micros - short.from > TOGETHER {
            spans.gather(thread);
        }
    }

    /// Writes all of it; answers how many spans there was no room for.
    pub fn write(&self, path: &Path) -> anyhow::Result<u64> {
        let mut spans = self.spans.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let threads: Vec<u32> = spans.short.keys().copied().collect();
        for thread in threads {
            spans.gather(thread);
        }
        let fault = || format!("cannot write the trace {}", path.display());
        let mut file = std::io::BufWriter::new(std::fs::File::create(path).with_context(fault)?);
        let mut text = || -> std::io::Result<()> {
            write!(file, "{{\"displayTimeUnit\":\"ms\",\"traceEvents\":[")?;
            let mut comma = "";
            for (thread, name) in &spans.threads {
                let name = serde_json::to_string(name)?;
                write!(
                    file,
                    "{comma}\n{{\"ph\":\"M\",\"pid\":1,\"tid\":{thread},\"name\":\"thread_name\",\"args\":{{\"name\":{name}}}}}"
                )?;
                comma = ",";
            }
            for Span { what, thread, from, micros } in &spans.all {
                write!(
                    file,
                    "{comma}\n{{\"ph\":\"X\",\"pid\":1,\"tid\":{thread},\"name\":\"{what}\",\"ts\":{from:.1},\"dur\":{micros:.1}}}"
                )?;
                comma = ",";
            }
            write!(file, "\n]}}\n")?;
            file.flush()
        };
        text().with_context(fault)?;
        Ok(spans.left_out)
    }
}
