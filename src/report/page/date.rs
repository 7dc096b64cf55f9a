//! Days of the calendar as numbers.
//!
//! Days since 1970-01-01 in the proleptic Gregorian calendar (ISO 8601). Years 0001 to 9999.

use crate::link::date::Date;

/// Stands for no date.
pub(super) const NONE: i32 = i32::MIN;

/// The day of `2024-05-31`, or of `2024-05-31T…`; [`NONE`] for empty text, and nothing for any other.
pub(super) fn day(text: &str) -> Option<i32> {
    if text.is_empty() {
        return Some(NONE);
    }
    let date = text.split_once('T').map_or(text, |(date, _)| date);
    // A month or a year is a date, and no day.
    let whole = date.parse::<Date>().ok().filter(|d| d.first_day() == d.last_day());
    whole.map(Date::first_day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_by_counting() {
        let mut count = day("0001-01-01").unwrap();
        for year in 1..=2400 {
            for month in 1..=12 {
                for dom in 1..=31 {
                    if let Some(got) = day(&format!("{year:04}-{month:02}-{dom:02}")) {
                        assert_eq!(got, count, "{year}-{month}-{dom}");
                        count += 1;
                    }
                }
            }
        }
        assert_eq!((day("1970-01-01"), day("2000-03-01"), day("2026-11-26T10:00Z")), (Some(0), Some(11017), Some(20783)));
    }

    #[test]
    fn what_is_no_date() {
        assert_eq!(day(""), Some(NONE));
        for text in [
            "2023-02-29",
            "2024-13-01",
            "2024-00-10",
            "2024-1-10",
            "24-01-10",
            "2024/01/10",
            "2024-01-32",
            "+024-01-01",
            "x",
            "二024-01-1",
        ] {
            assert_eq!(day(text), None, "{text}");
        }
    }
}
