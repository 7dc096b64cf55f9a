//! Records of comparisons, linkages and models as they stand in files. Jobs are checked as by `striae verify`.
#![no_main]
use libfuzzer_sys::fuzz_target;
use striae::archive::model::ModelRecord;
use striae::compare::{Job, Record};
use striae::link::record::LinkRecord;

fuzz_target!(|text: &str| {
    if let Ok(record) = serde_json::from_str::<Record>(text) {
        let _ = Job::new(record.options.clone());
        let again = serde_json::to_string(&record).ok().and_then(|json| serde_json::from_str::<Record>(&json).ok());
        assert!(again.is_some());
    }
    let _ = serde_json::from_str::<LinkRecord>(text);
    let _ = serde_json::from_str::<ModelRecord>(text);
});
