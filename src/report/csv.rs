//! Tables as CSV, for spreadsheets and for programs.
//!
//! RFC 4180 with a header, commas, CRLF, UTF-8 with a byte order mark (without it Excel takes UTF-8 for something else; pandas and R's
//! `fileEncoding = "UTF-8-BOM"` pass by it). What is not known is an empty cell. Numbers are written so that they read back exactly.
//! Nothing but the table stands in the file: statements and digests go to a file beside it ([`about`]: key, value), as comment lines would upset readers.
//!
//! **Formulas**: a spreadsheet runs a text that begins with `=`, `+`, `-`, `@`, a tab or a line break. Such a text (and one that begins with an
//! apostrophe) gets an apostrophe in front; take one leading apostrophe away, where there is one, to have the text again. [`DEFUSED`] says so
//! beside the table. Numbers stay numbers.

use super::tables::{About, Column, Error, Exhibits, LinkTable, Values};
use csv::{Terminator, Writer, WriterBuilder};
use std::borrow::Cow;
use std::io::Write;

/// To be written beside the tables.
pub const DEFUSED: &str = "In CSV files, texts that a spreadsheet would run as formulas (they begin with = + - @, a tab, a line break or \
    an apostrophe) have an apostrophe in front. One leading apostrophe is not part of the text.";

/// The table of exhibits.
///
/// # Errors
/// Where the table does not fit together, or the output fails.
pub fn exhibits(of: &Exhibits, out: impl Write) -> Result<(), Error> {
    table("the table of exhibits (CSV)", &of.columns()?, of.id.len(), out)
}

/// The table of links, with exhibits by id.
///
/// # Errors
/// As [`exhibits`].
pub fn links(of: &LinkTable, exhibits: &Exhibits, out: impl Write) -> Result<(), Error> {
    table("the table of links (CSV)", &of.columns(exhibits)?, of.a.len(), out)
}

/// What travels with the tables: key, value.
///
/// # Errors
/// Where the output fails.
pub fn about(about: &About, out: impl Write) -> Result<(), Error> {
    let (keys, values): (Vec<&str>, Vec<&str>) = about.iter().map(|(k, v)| (k.as_str(), v.as_str())).unzip();
    let rows = keys.len();
    let named = |name: &str, of| Column { name: name.into(), values: Values::Text(of) };
    table("the statements (CSV)", &[named("key", keys), named("value", values)], rows, out)
}

fn table(what: &'static str, columns: &[Column<'_>], rows: usize, mut out: impl Write) -> Result<(), Error> {
    let failed = |source| Error::Write { what, source };
    out.write_all("\u{feff}".as_bytes()).map_err(failed)?;
    let mut csv = WriterBuilder::new().terminator(Terminator::CRLF).from_writer(out);
    let write = |csv: &mut Writer<_>, row: Vec<Cow<'_, str>>| {
        csv.write_record(row.iter().map(|c| c.as_bytes())).map_err(|e| failed(std::io::Error::from(e)))
    };
    write(&mut csv, columns.iter().map(|c| defuse(&c.name)).collect())?;
    for row in 0..rows {
        let cell = |c: &'_ Column<'_>| match (&c.values, c.values.written(row)) {
            (_, None) => Cow::Borrowed(""),
            (Values::Text(_), Some(text)) => Cow::Owned(defuse(&text).into_owned()),
            (_, Some(number)) => Cow::Owned(number.into_owned()),
        };
        write(&mut csv, columns.iter().map(cell).collect())?;
    }
    csv.flush().map_err(failed)
}

/// The text, with an apostrophe before what a spreadsheet might run.
fn defuse(text: &str) -> Cow<'_, str> {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '\'', '＝', '＋', '－', '＠']) {
        Cow::Owned(format!("'{text}"))
    } else {
        Cow::Borrowed(text)
    }
}

#[cfg(test)]
mod tests {
    use super::super::tables::example;
    use super::*;

    fn read(bytes: &[u8]) -> Vec<Vec<String>> {
        let bytes = bytes.strip_prefix("\u{feff}".as_bytes()).expect("a byte order mark");
        let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(bytes);
        reader.records().map(|r| r.expect("a row").iter().map(str::to_owned).collect()).collect()
    }

    #[test]
    fn what_is_written_reads_back() {
        let (e, l) = example();
        let mut bytes = Vec::new();
        links(&l, &e, &mut bytes).expect("written");
        let rows = read(&bytes);
        assert_eq!(rows.len(), 3);
        assert_eq!(rows[1][..6], ["A<1>&\"'", "'=cmd|' /C calc'!A0", "4.25", "false", "2.5", "0.91"]);
        assert_eq!(rows[2][4..7], ["", "", "-1.5"]);
        assert_eq!(rows[2][7].parse::<f64>().expect("a number"), 0.1 + 0.2);
        assert_eq!(rows[1][7].parse::<f64>().expect("a number"), 1e-300);
        bytes.clear();
        exhibits(&e, &mut bytes).expect("written");
        let rows = read(&bytes);
        let plain = |text: &str| text.strip_prefix('\'').unwrap_or(text).to_owned();
        assert_eq!(rows[1..].iter().map(|r| plain(&r[0])).collect::<Vec<_>>(), e.id);
        assert_eq!((rows[4][1].as_str(), rows[2][3].as_str(), rows[4][6].as_str()), ("'-7", "", ""));
        assert!(
            rows.iter().flatten().all(|c| !c.starts_with(['=', '+', '@']) && (c.parse::<f64>().is_ok() || !c.starts_with('-')))
        );
    }

    #[test]
    fn statements_stand_beside() {
        let mut bytes = Vec::new();
        about(&[("rule".into(), "the sum, \"x\"\nand more".into()), ("csv".into(), DEFUSED.into())], &mut bytes)
            .expect("written");
        assert_eq!(read(&bytes)[1], ["rule", "the sum, \"x\"\nand more"]);
    }

    #[test]
    fn a_full_disk_is_an_error() {
        let (e, l) = example();
        let mut small = [0u8; 40];
        let said = links(&l, &e, &mut small[..]).expect_err("no room").to_string();
        assert!(said.contains("could not be written"), "{said}");
    }
}
