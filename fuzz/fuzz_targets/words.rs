//! Short words that people type or files hold: shards, dates, ways of validation, units, names of methods.
#![no_main]
use libfuzzer_sys::fuzz_target;
use striae::chemometrics::validate::Plan;
use striae::compare::Shard;
use striae::link::date::Date;
use striae::spectrum::read::{axis_unit, value_unit};
use striae::toolmark::unit::LengthUnit;

fuzz_target!(|text: &str| {
    if let Ok(shard) = text.parse::<Shard>() {
        assert!(shard.index >= 1 && shard.index <= shard.count);
        assert_eq!(shard.to_string().parse(), Ok(shard));
    }
    if let Ok(date) = text.parse::<Date>() {
        assert!(date.first_day() <= date.last_day());
    }
    if let Ok(plan) = Plan::parse(text) {
        assert_eq!(Plan::parse(&plan.name()).ok(), Some(plan));
    }
    let _ = (axis_unit(text), value_unit(text), LengthUnit::named(text));
});
