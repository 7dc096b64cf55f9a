//! What of a collection may leave the house. A list of what goes, and not of what stays: what nobody thought of stays.
//!
//! | | goes | goes where it was asked for |
//! |---|---|---|
//! | numbers | the descriptors, their axis with its unit, names of features | |
//! | name | what the sender calls the collection; not its path | |
//! | columns, as pseudonyms | `id`, `exhibit`, `mark` | `source`, `case`, `batch`, `press` |
//! | attributes | how the rows are to be compared: [`ATTRIBUTES`] | |
//!
//! Dates, places, coordinates, file names and their digests, titles, qualities, free attributes and what anybody adds later stay.

use super::error::Error;

/// Columns that always go, as pseudonyms: comparisons leave out what belongs to one exhibit or mark.
pub const USUAL: [&str; 3] = ["id", "exhibit", "mark"];

/// Columns that go where they were asked for, as pseudonyms too: which rows belong together, not what they are called.
pub const ON_REQUEST: [&str; 4] = ["source", "case", "batch", "press"];

/// Attributes of a collection that a comparison needs.
pub const ATTRIBUTES: [&str; 8] =
    ["descriptor", "compare_by", "value_unit", "axis_quantity", "interpolation", "non_detect", "angles", "recipe"];

/// No attribute is longer.
pub const LONGEST_ATTRIBUTE: usize = 4096;

/// Columns that go, in this order.
///
/// # Errors
/// When one is asked for that never goes.
pub fn columns(asked: &[String]) -> Result<Vec<&'static str>, Error> {
    let all = || USUAL.into_iter().chain(ON_REQUEST);
    if let Some(name) = asked.iter().find(|name| !all().any(|known| known == name.as_str())) {
        return Err(Error::Column { name: name.clone(), allowed: ON_REQUEST.join(", ") });
    }
    Ok(all().filter(|name| USUAL.contains(name) || asked.iter().any(|a| a == name)).collect())
}

/// Whether a column may be in a bundle.
#[must_use]
pub fn is_column(name: &str) -> bool {
    USUAL.contains(&name) || ON_REQUEST.contains(&name)
}

/// Whether an attribute may be in a bundle.
#[must_use]
pub fn is_attribute(name: &str, text: &str) -> bool {
    ATTRIBUTES.contains(&name) && text.len() <= LONGEST_ATTRIBUTE && !text.chars().any(char::is_control)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_listed_goes() {
        let columns = |asked: &[&str]| columns(&asked.iter().map(|a| (*a).to_owned()).collect::<Vec<_>>());
        assert_eq!(columns(&[]).unwrap(), ["id", "exhibit", "mark"]);
        assert_eq!(columns(&["case", "source", "id"]).unwrap(), ["id", "exhibit", "mark", "source", "case"]);
        for name in ["date", "place", "latitude", "file", "digest", "title", "Source", ""] {
            let said = columns(&["source", name]).unwrap_err().to_string();
            assert!(said.contains("source, case, batch, press"), "{said}");
            assert!(!is_column(name) && !is_attribute(name, "x"));
        }
        assert!(is_attribute("compare_by", "ccf") && !is_attribute("compare_by", "a\nb") && !is_attribute("made_of", "x"));
        assert!(!is_attribute("recipe", &"x".repeat(5000)));
    }
}
