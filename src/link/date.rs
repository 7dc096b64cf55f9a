//! Dates as exhibits have them: ISO 8601 `YYYY-MM-DD`, `YYYY-MM` or `YYYY`, years 1 to 9999, Gregorian throughout. A date stands for the days from its
//! first to its last; days are numbered from 1970-01-01 = 0.
//!
//! A date of seizure is not one of transport.

use super::Error;
use std::str::FromStr;

/// A day, a month, or a year.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Date {
    first_day: i32,
    last_day: i32,
}

impl Date {
    /// Days from 1970-01-01 to its first day.
    #[must_use]
    pub const fn first_day(self) -> i32 {
        self.first_day
    }

    /// Days from 1970-01-01 to its last day.
    #[must_use]
    pub const fn last_day(self) -> i32 {
        self.last_day
    }
}

impl FromStr for Date {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let wrong = |why| Error::Date { text: text.chars().take(40).collect(), why };
        let mut parts = text.split('-');
        let mut number = |digits: usize| match parts.next() {
            None => Ok(None),
            Some(p) if p.len() == digits && p.bytes().all(|b| b.is_ascii_digit()) => Ok(p.parse::<i32>().ok()),
            Some(_) => Err(wrong("its parts are four, two and two digits")),
        };
        let (year, month, day) = (number(4)?, number(2)?, number(2)?);
        if parts.next().is_some() {
            return Err(wrong("it has more than three parts"));
        }
        let year = year.filter(|y| *y > 0).ok_or_else(|| wrong("years go from 0001 to 9999"))?;
        if month.is_some_and(|m| !(1..=12).contains(&m)) {
            return Err(wrong("months go from 01 to 12"));
        }
        if let (Some(m), Some(d)) = (month, day)
            && !(1..=length_of_month(year, m)).contains(&d)
        {
            return Err(wrong("the month has no such day"));
        }
        let last_month = month.unwrap_or(12);
        let last = day.unwrap_or_else(|| length_of_month(year, last_month));
        Ok(Self {
            first_day: day_number(year, month.unwrap_or(1), day.unwrap_or(1)),
            last_day: day_number(year, last_month, last),
        })
    }
}

const fn leap(year: i32) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

const fn length_of_month(year: i32, month: i32) -> i32 {
    match month {
        2 if leap(year) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days from 1970-01-01. Years begin in March here, so that the leap day is the last.
const fn day_number(year: i32, month: i32, day: i32) -> i32 {
    let (y, m) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    y * 365 + y.div_euclid(4) - y.div_euclid(100) + y.div_euclid(400) + (153 * m + 2) / 5 + day - 1 - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    fn date(text: &str) -> Date {
        text.parse().expect("a date")
    }

    #[test]
    fn every_day_of_nine_thousand_years_has_the_next_number() {
        let mut expected = date("0001-01-01").first_day();
        assert_eq!(date("1970-01-01").first_day(), 0);
        assert_eq!(date("2000-02-29").first_day(), 11_016);
        for year in 1..=9999 {
            for month in 1..=12 {
                for day in 1..=length_of_month(year, month) {
                    assert_eq!(day_number(year, month, day), expected);
                    expected += 1;
                }
            }
        }
    }

    #[test]
    fn dates_of_less_precision_are_spans() {
        assert_eq!(date("2024-02").last_day() - date("2024-02").first_day(), 28);
        assert_eq!(date("2023").last_day(), date("2023-12-31").first_day());
        assert!(date("2023") < date("2024-01"));
        for bad in [
            "",
            "24-01-01",
            "2024-1-01",
            "2024-13",
            "2023-02-29",
            "1900-02-29",
            "2024-01-01-01",
            "0000",
            "+024",
            "2024-00",
            "2024-01-00",
            "2024-01-01T12",
            "٢٠٢٤",
            "2024-",
            "-2024",
        ] {
            let said = bad.parse::<Date>().expect_err(bad).to_string();
            assert!(said.contains("YYYY-MM-DD"), "{said}");
        }
    }
}
