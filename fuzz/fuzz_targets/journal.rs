//! Journals of runs: whole bytes, and records that hang together (kind, length, payload, the right hashes) but say what chance
//! says.
#![no_main]
use libfuzzer_sys::fuzz_target;
use striae::compare::checkpoint::Begun;
use striae::compare::journal::{Error, Journal, Old};

fn look(path: &std::path::Path) {
    if let Ok(old) = Old::look(path) {
        let mut length = 0;
        let _ = old.records::<Error>(|_, payload| {
            length += payload.len() as u64;
            Ok(())
        });
        // What counts is never more than there is.
        assert!(length <= std::fs::metadata(path).map_or(0, |found| found.len()));
    }
    let _ = Begun::look(path);
}

fuzz_target!(|bytes: &[u8]| {
    let Ok(folder) = tempfile::tempdir_in("/dev/shm") else { return };
    let path = folder.path().join("j");
    if std::fs::write(&path, bytes).is_ok() {
        look(&path);
    }
    // Lines: the head, then records of which every fourth is a commit.
    let chained = folder.path().join("k");
    let mut lines = bytes.split(|b| *b == b'\n');
    let Ok(mut journal) = Journal::create(&chained, lines.next().unwrap_or_default()) else { return };
    for (n, line) in lines.enumerate() {
        let written = if n % 4 == 3 { journal.commit(line) } else { journal.append(2 + (n % 3) as u8, line) };
        if written.is_err() {
            return;
        }
    }
    drop(journal);
    look(&chained);
});
