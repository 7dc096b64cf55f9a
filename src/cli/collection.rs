//! Opening what people name on the command line.

use crate::archive::{Address, Collection, Reading};
use crate::compare::RowSource as _;
use anyhow::Context as _;

/// How this program reads files: through another process of itself.
pub fn reading() -> anyhow::Result<Reading> {
    Ok(Reading::isolated(std::env::current_exe().context("cannot find the striae program itself")?))
}

/// Opens `FILE.h5:/path`.
pub fn open(address: &str) -> anyhow::Result<Collection> {
    Ok(Collection::open(&Address::parse(address), &reading()?)?)
}

/// The exhibit of each row: its name, or the row's own id where it has none; the row's number where it has neither. Says whether any had a name or an id.
pub fn exhibits_or_ids(collection: &mut Collection) -> anyhow::Result<(Vec<String>, bool)> {
    let rows = collection.rows();
    let (ids, named) = (collection.ids()?, collection.exhibit_names()?);
    let known = ids.is_some() || named.is_some();
    let ids = ids.unwrap_or_else(|| (0..rows).map(|row| format!("#{row}")).collect());
    let named = named.unwrap_or_else(|| vec![String::new(); rows]);
    Ok((named.into_iter().zip(ids).map(|(exhibit, id)| if exhibit.is_empty() { id } else { exhibit }).collect(), known))
}

/// Seconds since 1970 as UTC in ISO 8601.
pub fn utc(seconds: u64) -> String {
    // Civil date from days (H. Hinnant's algorithm, valid for all days that u64 seconds reach in practice).
    let (days, rest) = (seconds / 86_400, seconds % 86_400);
    let z = days + 719_468;
    let era = z / 146_097;
    let doe = z % 146_097;
    let yoe = (doe - doe / 1460 + doe / 36_524 - doe / 146_096) / 365;
    let doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    let mp = (5 * doy + 2) / 153;
    let (day, month) = (doy - (153 * mp + 2) / 5 + 1, if mp < 10 { mp + 3 } else { mp - 9 });
    let year = yoe + era * 400 + u64::from(month <= 2);
    format!("{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}Z", rest / 3600, rest / 60 % 60, rest % 60)
}

/// Now, in UTC.
pub fn now() -> String {
    utc(std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).map_or(0, |d| d.as_secs()))
}

#[cfg(test)]
mod tests {
    use super::utc;

    #[test]
    fn dates() {
        // Python: datetime.fromtimestamp(n, timezone.utc).isoformat()
        assert_eq!(utc(0), "1970-01-01T00:00:00Z");
        assert_eq!(utc(951_782_400), "2000-02-29T00:00:00Z");
        assert_eq!(utc(1_795_478_399), "2026-11-23T23:59:59Z");
    }
}
