//! A pass over the rows of a collection, piece after piece: one is read while another is looked at.
//!
//! Two pieces are in memory at a time, and the room of one that was looked at is filled again. The pieces are the same whatever
//! the memory and the threads are, so that sums over them are too.

use super::error::Error;
use super::observer::Observer;
use super::source::RowSource;
use crate::matrix::Values;
use std::sync::mpsc;
use std::time::Instant;

/// Gives `each` the rows of `source`, `step` at a time (the last ones may be fewer), with the index of the first; it gives the values
/// back when it is done with them. `observer` is told of what was read and may stop the pass.
///
/// # Errors
/// What `each` answers, [`Error::Source`] when rows cannot be read, [`Error::Stopped`].
pub fn pieces<E: From<Error>>(
    source: &mut dyn RowSource,
    step: usize,
    observer: &dyn Observer,
    mut each: impl FnMut(usize, Values) -> Result<Values, E>,
) -> Result<(), E> {
    let (rows, step) = (source.rows(), step.max(1));
    std::thread::scope(|scope| {
        // Nothing waits in the channel: a piece is being read, another looked at.
        let (send, receive) = mpsc::sync_channel(0);
        let (give_back, used) = mpsc::channel::<Values>();
        let reader = std::thread::Builder::new().name("reader".into());
        let started = reader.spawn_scoped(scope, move || {
            for start in (0..rows).step_by(step) {
                let from = Instant::now();
                let rows = start..(start + step).min(rows);
                let read = match used.try_recv() {
                    Ok(used) => source.read_over(rows, used),
                    Err(_) => source.read(rows),
                };
                observer.span("read", from);
                let failed = read.is_err();
                // Nobody listens any more once a row was refused.
                if send.send(read).is_err() || failed {
                    break;
                }
            }
        });
        started.map_err(|e| Error::Sink(format!("no thread can be started to read: {e}")))?;
        for start in (0..rows).step_by(step) {
            let read = receive.recv().map_err(|_| Error::Sink("the reader ended before its rows did".into()))?;
            let used = each(start, read.map_err(Error::Source)?)?;
            // The reader may have ended already.
            let _ = give_back.send(used);
            if observer.stop() {
                return Err(Error::Stopped.into());
            }
        }
        Ok(())
    })
}

#[cfg(test)]
mod tests {
    use super::pieces;
    use crate::compare::{Error, InMemory, RowSource, SourceError, Unwatched};
    use crate::matrix::{Element, Matrix, Values};

    #[test]
    fn every_row_comes_once_and_in_order() {
        let all: Vec<f64> = (0..7 * 3).map(f64::from).collect();
        for step in [1, 2, 3, 6, 7, 8, 0] {
            let mut source = InMemory::new("seven", Matrix::new(Values::F64(all.clone()), 3).expect("whole rows"));
            let mut seen = Values::empty(Element::F64);
            pieces(&mut source, step, &Unwatched, |start, values| {
                assert_eq!(seen.len(), start * 3);
                assert!(seen.extend(&values));
                Ok::<_, Error>(values)
            })
            .expect("reads");
            assert_eq!(seen, Values::F64(all.clone()), "step {step}");
        }
    }

    struct Broken;

    impl RowSource for Broken {
        fn name(&self) -> String {
            "broken".into()
        }
        fn rows(&self) -> usize {
            10
        }
        fn width(&self) -> usize {
            1
        }
        fn element(&self) -> Element {
            Element::F64
        }
        fn read(&mut self, rows: std::ops::Range<usize>) -> Result<Values, SourceError> {
            if rows.contains(&5) { Err(SourceError("row 5 is gone".into())) } else { Ok(Values::F64(vec![0.0; rows.len()])) }
        }
        fn exhibits(&mut self, _: &mut crate::compare::ExhibitNames) -> Result<Option<Vec<u32>>, SourceError> {
            Ok(None)
        }
        fn label(&mut self, _: usize) -> Option<String> {
            None
        }
    }

    #[test]
    fn a_failure_ends_the_pass_and_is_told() {
        let mut looked = 0;
        let end = pieces(&mut Broken, 2, &Unwatched, |_, values| {
            looked += 1;
            Ok::<_, Error>(values)
        });
        assert!(matches!(end, Err(Error::Source(e)) if e.to_string() == "row 5 is gone"));
        assert_eq!(looked, 2);
        let end = pieces(
            &mut Broken,
            2,
            &Unwatched,
            |start, values| {
                if start == 2 { Err(Error::Option("enough".into())) } else { Ok(values) }
            },
        );
        assert!(matches!(end, Err(Error::Option(_))));
    }
}
