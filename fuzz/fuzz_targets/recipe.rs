//! Recipes, on one line and as TOML. What is read is written such that it is read as the same.
#![no_main]
use libfuzzer_sys::fuzz_target;
use striae::spectrum::transform::Recipe;

fuzz_target!(|text: &str| {
    if let Ok(recipe) = Recipe::parse(text) {
        let said = recipe.to_string();
        assert_eq!(Recipe::parse(&said).map(|again| again.to_string()).ok(), Some(said));
    }
});
