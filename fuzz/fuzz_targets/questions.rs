//! What the process that reads HDF5 files is asked, line by line, and what it answers: of a file that is none, so that the
//! library has no part in it.
#![no_main]
use libfuzzer_sys::fuzz_target;
use std::path::Path;
use striae::archive::serve::serve;
use striae::archive::wire::{Head, Node, Question};

fuzz_target!(|bytes: &[u8]| {
    let mut answers = Vec::new();
    let _ = serve(Path::new("/dev/null"), bytes, &mut answers);
    for line in answers.split(|b| *b == b'\n').filter(|line| !line.is_empty()) {
        assert!(matches!(serde_json::from_slice(line), Ok(Head::Refused(_))));
    }
    let _ = serde_json::from_slice::<Head>(bytes);
    let _ = serde_json::from_slice::<Vec<Node>>(bytes);
    if let Ok(question) = serde_json::from_slice::<Question>(bytes) {
        let _ = question.doing();
    }
});
