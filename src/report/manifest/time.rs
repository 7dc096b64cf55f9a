//! Times as records have them, `2026-11-23T18:00:00Z`: seconds after one, and the form that other programs want.

/// Days since 1970-01-01 of a date, by counting in cycles of 400 years from March on.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let shifted = if month > 2 { year } else { year - 1 };
    let cycle = shifted.div_euclid(400);
    let of_cycle = shifted.rem_euclid(400);
    let since_march = (month + 9) % 12;
    cycle * 146_097 + of_cycle * 365 + of_cycle / 4 - of_cycle / 100 + (153 * since_march + 2) / 5 + day - 1 - 719_468
}

/// Seconds since 1970 of `YYYY-MM-DDThh:mm:ssZ`; `None` where it is no such time.
fn seconds(text: &str) -> Option<i64> {
    let bytes = text.as_bytes();
    let marks = [(4, b'-'), (7, b'-'), (10, b'T'), (13, b':'), (16, b':'), (19, b'Z')];
    if bytes.len() != 20 || marks.iter().any(|&(at, mark)| bytes[at] != mark) {
        return None;
    }
    let number =
        |from: usize, to: usize| text.get(from..to)?.bytes().all(|b| b.is_ascii_digit()).then(|| text[from..to].parse().ok())?;
    let (year, month, day) = (number(0, 4)?, number(5, 7)?, number(8, 10)?);
    let (hour, minute, second): (i64, i64, i64) = (number(11, 13)?, number(14, 16)?, number(17, 19)?);
    let sensible = (1..=12).contains(&month) && (1..=31).contains(&day) && hour < 24 && minute < 60 && second < 61;
    sensible.then(|| days(year, month, day) * 86_400 + hour * 3600 + minute * 60 + second)
}

fn civil(seconds: i64) -> String {
    let (all, rest) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
    // The year is near this one; walking on from there keeps the arithmetic plain.
    let mut year = 1970 + all / 366;
    while days(year + 1, 1, 1) <= all {
        year += 1;
    }
    let month = (1..=12).rev().find(|&m| days(year, m, 1) <= all).unwrap_or(1);
    let day = all - days(year, month, 1) + 1;
    format!("{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}Z", rest / 3600, rest / 60 % 60, rest % 60)
}

/// A time so many seconds later, to the whole second below.
pub(super) fn later(text: &str, by: f64) -> Option<String> {
    // Longer than a century is no run.
    if !(0.0..4e9).contains(&by) {
        return None;
    }
    Some(civil(seconds(text)? + by.floor() as i64))
}

/// With the offset written out, as RO-Crate's validators want it.
pub(super) fn with_offset(text: &str) -> Option<String> {
    seconds(text)?;
    Some(format!("{}+00:00", text.trim_end_matches('Z')))
}

#[cfg(test)]
mod tests {
    use super::{later, seconds, with_offset};

    #[test]
    fn seconds_go_on() {
        // Python: datetime.fromisoformat(a) + timedelta(seconds=b)
        for (from, by, to) in [
            ("1970-01-01T00:00:00Z", 0.9, "1970-01-01T00:00:00Z"),
            ("2023-12-31T23:59:59Z", 1.0, "2024-01-01T00:00:00Z"),
            ("2024-02-28T18:00:00Z", 86_400.0, "2024-02-29T18:00:00Z"),
            ("2026-11-26T17:39:21Z", 47_000.5, "2026-11-27T06:42:41Z"),
            ("2000-03-01T00:00:00Z", 3_153_600_000.0, "2100-02-05T00:00:00Z"),
        ] {
            assert_eq!(later(from, by).as_deref(), Some(to), "{from} + {by}");
        }
        assert_eq!(seconds("2026-11-23T23:59:59Z"), Some(1_795_478_399));
    }

    #[test]
    fn no_times() {
        for text in
            ["", "2026-11-26", "2026-11-26 17:39:21Z", "2026-13-26T17:39:21Z", "2026-11-26T17:39:21+01", "+026-11-26T17:39:21Z"]
        {
            assert_eq!(later(text, 1.0), None, "{text}");
            assert_eq!(with_offset(text), None, "{text}");
        }
        assert_eq!(later("2026-11-26T17:39:21Z", f64::NAN), None);
        assert_eq!(with_offset("2026-11-26T17:39:21Z").as_deref(), Some("2026-11-26T17:39:21+00:00"));
    }
}
