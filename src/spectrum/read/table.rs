//! Tables of numbers as text: CSV, TSV, semicolons, blanks; a decimal point or a decimal comma.
//!
//! | [`Layout`] | |
//! |---|---|
//! | `xy` | two columns: x and y of one spectrum |
//! | `columns` | the first column is x, each further one a spectrum, named by the header |
//! | `rows` | each row a spectrum; the header holds x; leading columns of words (id, exhibit, source, …) become metadata |
//!
//! Without a layout it is told by the table itself, and refused where it could be two things. Lines that begin with `#`, and lines
//! before the table that are no part of it, are left out; a row with another number of fields is an error that names the line.

use super::{Axis, Error, Hints, Quantity, Spectrum, axis_unit, is_monotone, known_unit, value_unit};
use std::collections::BTreeMap;

/// What rows and columns are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    Xy,
    Columns,
    Rows,
}

impl Layout {
    #[must_use]
    pub fn by_name(name: &str) -> Option<Self> {
        match name {
            "xy" => Some(Self::Xy),
            "columns" => Some(Self::Columns),
            "rows" => Some(Self::Rows),
            _ => None,
        }
    }
}

/// Fields of a table, each row with the number of its line.
pub(crate) struct Fields {
    pub(crate) rows: Vec<(usize, Vec<String>)>,
    comma: bool,
}

impl Fields {
    /// A field as a number.
    pub(crate) fn number(&self, text: &str) -> Option<f64> {
        let text = text.trim();
        let found = if self.comma && text.contains(',') { text.replace(',', ".").parse() } else { text.parse::<f64>() };
        found.ok().filter(|x| x.is_finite())
    }
}

/// Splits a text into rows of fields, by the separator that makes its lines alike.
pub(crate) fn fields(text: &str) -> Result<Fields, Error> {
    let lines: Vec<&str> =
        text.lines().map(str::trim_end).filter(|l| !l.trim().is_empty() && !l.starts_with('#')).take(64).collect();
    if lines.is_empty() {
        return Err(Error::whole("the table", "is empty"));
    }
    // The separator that cuts the last lines into as many fields each, more than one; commas last, which may be decimal ones.
    let tail = &lines[lines.len() / 2..];
    let cuts = |c: char| {
        let counts: Vec<usize> = tail.iter().map(|l| l.matches(c).count()).collect();
        let last = counts.last().copied().unwrap_or(0);
        last > 0 && 2 * counts.iter().filter(|&&n| n == last).count() > counts.len() - 1
    };
    let separator = ['\t', ';', ','].into_iter().find(|&c| cuts(c));
    let blanks = separator.is_none() && tail.iter().all(|l| l.split_whitespace().count() > 1);
    let Some(separator) = separator.or(blanks.then_some(' ')) else {
        let what = format!("no separator (comma, semicolon, tab, blank) cuts its lines alike; line {:?} is one of them", tail[0]);
        return Err(Error::whole("the table", what));
    };
    let mut rows = Vec::new();
    if separator == ' ' {
        for (n, line) in text.lines().enumerate().filter(|(_, l)| !l.trim().is_empty() && !l.starts_with('#')) {
            rows.push((n + 1, line.split_whitespace().map(str::to_owned).collect()));
        }
    } else {
        let mut reader = csv::ReaderBuilder::new()
            .delimiter(separator as u8)
            .has_headers(false)
            .flexible(true)
            .comment(Some(b'#'))
            .trim(csv::Trim::All)
            .from_reader(text.as_bytes());
        for record in reader.records() {
            let record = record.map_err(|e| Error::whole("the table", e.to_string()))?;
            let line = record.position().map_or(0, |p| p.line() as usize);
            rows.push((line, record.iter().map(str::to_owned).collect()));
        }
    }
    // An empty field behind the last separator of every row is none.
    if rows.iter().all(|(_, r): &(usize, Vec<String>)| r.len() > 1 && r.last().is_some_and(String::is_empty)) {
        for (_, r) in &mut rows {
            r.pop();
        }
    }
    let comma = separator != ','
        && rows.iter().flat_map(|(_, r)| r).any(|f| f.matches(',').count() == 1 && f.replace(',', ".").parse::<f64>().is_ok());
    if comma
        && let Some((line, field)) =
            rows.iter().find_map(|(line, r)| r.iter().find(|f| f.contains('.') && f.parse::<f64>().is_ok()).map(|f| (*line, f)))
        && !rows.iter().flat_map(|(_, r)| r).any(|f| f.contains('.') && f.contains(','))
    {
        let what = format!(
            "{field:?} has a decimal point and other numbers have a comma: is that a decimal one or one of thousands? Write all of them alike"
        );
        return Err(Error::at(line, what));
    }
    let mut fields = Fields { rows, comma };
    // Titles and remarks above the table have other numbers of fields than the table.
    let width = fields.rows.last().map_or(0, |(_, r)| r.len());
    let start = fields.rows.iter().rposition(|(_, r)| r.len() != width).map_or(0, |i| i + 1);
    if start > 0 {
        // A row of the table that is cut off begins with a number.
        let words = fields.rows[..start].iter().all(|(_, r)| r.first().is_none_or(|f| fields.number(f).is_none()));
        if !words {
            let (line, row) = &fields.rows[start - 1];
            return Err(Error::at(*line, format!("it has {} fields and the last line has {width}", row.len())));
        }
        fields.rows.drain(..start);
    }
    Ok(fields)
}

/// Reads a table of spectra.
///
/// # Errors
/// Where it is wrong, or could be two things.
pub fn read(text: &str, hints: &Hints) -> Result<Vec<Spectrum>, Error> {
    let fields = fields(text)?;
    let (first_line, first) = &fields.rows[0];
    let width = first.len();
    let numbers = first.iter().filter(|f| fields.number(f).is_some()).count();
    // A header names columns, or holds the x of spectra in rows. Numbers beside empty fields are no names.
    let blank = |f: &String| f.is_empty() || f.eq_ignore_ascii_case("nan");
    if fields.number(&first[0]).is_some() && numbers < width && first.iter().all(|f| blank(f) || fields.number(f).is_some()) {
        return Err(Error::at(*first_line, "an empty field; what was not measured cannot be compared"));
    }
    let named = numbers < width;
    let x_of = |row: &[String]| row.iter().map(|f| fields.number(f)).collect::<Option<Vec<f64>>>();
    let layout = match hints.layout {
        Some(layout) => layout,
        None if width == 2 => Layout::Xy,
        None if numbers * 2 > width && named => {
            // Spectra may have numbers for names: then the first column is an axis, and its header says so.
            let body: Option<Vec<f64>> = fields.rows[1..].iter().map(|(_, r)| fields.number(&r[0])).collect();
            let column = body.is_some_and(|x| x.len() > 1 && is_monotone(&x));
            let quantity = axis_unit(&first[0]).0;
            let words = ["id", "name", "sample", "spectrum", "exhibit", "source"];
            if !column || words.iter().any(|w| first[0].eq_ignore_ascii_case(w)) {
                Layout::Rows
            } else if !matches!(quantity, Quantity::Unknown | Quantity::Other) {
                Layout::Columns
            } else {
                let what = "both its first row and its first column could be the axis; say --layout rows or --layout columns";
                return Err(Error::at(*first_line, what));
            }
        }
        None => {
            let header = x_of(first).is_some_and(|x| is_monotone(&x) && fields.rows.len() > 1);
            let body = if named || header { &fields.rows[1..] } else { &fields.rows[..] };
            let column: Option<Vec<f64>> = body.iter().map(|(_, r)| fields.number(&r[0])).collect();
            let column = column.is_some_and(|x| x.len() > 1 && is_monotone(&x));
            match (header && !named, column) {
                (true, false) => Layout::Rows,
                (false, true) => Layout::Columns,
                (true, true) => {
                    let what = "both its first row and its first column could be the axis; say --layout rows or --layout columns";
                    return Err(Error::at(*first_line, what));
                }
                (false, false) => {
                    let what = "neither its first row nor its first column goes one way, so there is no axis; say --layout if there is one";
                    return Err(Error::at(*first_line, what));
                }
            }
        }
    };
    let found = match layout {
        Layout::Xy | Layout::Columns => columns(&fields, hints, named, layout)?,
        Layout::Rows => rows(&fields, hints)?,
    };
    if let Some(s) = found.iter().find(|s| s.axis.values.len() < 2 || !is_monotone(&s.axis.values)) {
        return Err(Error::whole(
            "the table",
            format!("the x of {} do not go one way, so that they are no axis", if s.name.is_empty() { "it" } else { &s.name }),
        ));
    }
    Ok(found)
}

/// The unit that a person or a header says.
fn axis_of(hints: &Hints, header: Option<&str>) -> (Quantity, String) {
    if let Some(unit) = &hints.axis_unit {
        let (quantity, unit) = axis_unit(unit);
        let shift = header.is_some_and(|h| h.to_lowercase().contains("raman"));
        return (if shift && quantity == Quantity::Wavenumber { Quantity::RamanShift } else { quantity }, unit);
    }
    header.map_or((Quantity::Unknown, String::new()), |header| {
        let (quantity, unit) = axis_unit(header);
        match quantity {
            // A word that is no unit, such as `wavenumber` or `x`, says no unit.
            Quantity::Other => (Quantity::Unknown, String::new()),
            Quantity::Wavenumber if header.trim().to_lowercase().starts_with("wavenumber") && !header.contains(['1', '¹']) => {
                (quantity, String::new())
            }
            Quantity::RamanShift if !header.contains(['1', '¹']) => (quantity, String::new()),
            _ => (quantity, unit),
        }
    })
}

fn columns(fields: &Fields, hints: &Hints, named: bool, layout: Layout) -> Result<Vec<Spectrum>, Error> {
    let header = named.then(|| &fields.rows[0].1);
    let body = &fields.rows[usize::from(named)..];
    let width = fields.rows[0].1.len();
    if layout == Layout::Xy && width != 2 {
        return Err(Error::at(fields.rows[0].0, format!("it has {width} columns; --layout xy has two")));
    }
    let mut all = vec![Vec::with_capacity(body.len()); width];
    for (line, row) in body {
        for (j, field) in row.iter().enumerate() {
            let number = fields.number(field).ok_or_else(|| {
                let what = if field.is_empty() {
                    "an empty field; what was not measured cannot be compared".into()
                } else {
                    format!("{field:?} is no number")
                };
                Error::at(*line, format!("column {}: {what}", j + 1))
            })?;
            all[j].push(number);
        }
    }
    let (quantity, unit) = axis_of(hints, header.map(|h| h[0].as_str()));
    let x = all.remove(0);
    Ok(all
        .into_iter()
        .enumerate()
        .map(|(j, values)| {
            let named = header.map_or("", |h| h[j + 1].as_str());
            let said = hints.value_unit.as_deref().or_else(|| (layout == Layout::Xy).then_some(named)).unwrap_or("");
            // The header of a single column may be a unit or just a word.
            let unit_of = if hints.value_unit.is_some() { value_unit(said) } else { known_unit(said).unwrap_or("").to_owned() };
            Spectrum {
                name: if layout == Layout::Columns { named.to_owned() } else { String::new() },
                axis: Axis { quantity, unit: unit.clone(), values: x.clone() },
                values,
                unit: unit_of,
                metadata: BTreeMap::new(),
            }
        })
        .collect())
}

fn rows(fields: &Fields, hints: &Hints) -> Result<Vec<Spectrum>, Error> {
    let (line, header) = &fields.rows[0];
    // Leading columns without a number in the header describe the rows.
    let words = header.iter().take_while(|f| fields.number(f).is_none()).count();
    let x: Option<Vec<f64>> = header[words..].iter().map(|f| fields.number(f)).collect();
    let x = x.ok_or_else(|| Error::at(*line, "the header must hold the x of each column; one of them is no number"))?;
    if fields.rows.len() < 2 {
        return Err(Error::at(*line, "there is a header and no row"));
    }
    let (quantity, unit) = axis_of(hints, None);
    let unit_of = value_unit(hints.value_unit.as_deref().unwrap_or(""));
    let mut found = Vec::with_capacity(fields.rows.len() - 1);
    for (line, row) in &fields.rows[1..] {
        let metadata: BTreeMap<String, String> =
            header.iter().zip(row).take(words).filter(|(k, _)| !k.is_empty()).map(|(k, v)| (k.clone(), v.clone())).collect();
        let id =
            metadata.iter().find(|(k, _)| k.eq_ignore_ascii_case("id") || k.eq_ignore_ascii_case("name")).map(|(_, v)| v.clone());
        let values = row[words..].iter().enumerate().map(|(j, field)| {
            fields.number(field).ok_or_else(|| {
                let what = if field.is_empty() {
                    "an empty field; what was not measured cannot be compared".into()
                } else {
                    format!("{field:?} is no number")
                };
                Error::at(*line, format!("column {}: {what}", words + j + 1))
            })
        });
        found.push(Spectrum {
            name: id.unwrap_or_default(),
            axis: Axis { quantity, unit: unit.clone(), values: x.clone() },
            values: values.collect::<Result<_, _>>()?,
            unit: unit_of.clone(),
            metadata,
        });
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::super::{Hints, Quantity};
    use super::{Layout, read};

    fn hints(layout: Option<Layout>) -> Hints {
        Hints { axis_unit: None, value_unit: None, layout }
    }

    #[test]
    fn two_columns_however_they_are_separated() {
        for text in [
            "wavenumber (cm-1),absorbance\n400,0.5\n410,0.25\n",
            "Wavenumber (cm-1);Absorbance\n400;0,5\n410;0,25\n",
            "\"cm-1\"\t\"Absorbance\"\r\n400\t0.5\r\n410\t0.25\r\n",
            "# a remark\ncm-1 Absorbance\n400 5e-1\n410 2.5E-1\n",
        ] {
            let all = read(text, &hints(None)).unwrap_or_else(|e| panic!("{text:?}: {e}"));
            assert_eq!((all[0].axis.values.clone(), all[0].values.clone()), (vec![400.0, 410.0], vec![0.5, 0.25]), "{text:?}");
            assert_eq!(
                (all[0].axis.quantity, all[0].axis.unit.as_str(), all[0].unit.as_str()),
                (Quantity::Wavenumber, "cm-1", "absorbance"),
                "{text:?}"
            );
        }
        let bare = read("1,2\n2,3\n", &Hints { axis_unit: Some("nm".into()), value_unit: Some("%T".into()), layout: None })
            .expect("right");
        assert_eq!((bare[0].axis.unit.as_str(), bare[0].unit.as_str()), ("nm", "transmittance %"));
        let word = read("wavenumber,intensity\n1,2\n2,3\n", &hints(None)).expect("right");
        assert_eq!((word[0].axis.quantity, word[0].axis.unit.as_str()), (Quantity::Wavenumber, ""));
    }

    #[test]
    fn columns_and_rows_are_told_apart_or_asked_for() {
        let columns = read("nm,a,b\n1,5,6\n2,5,7\n3,4,1\n", &hints(None)).expect("right");
        assert_eq!((columns.len(), columns[1].name.as_str(), columns[1].values.clone()), (2, "b", vec![6.0, 7.0, 1.0]));
        let rows = read("id,source,400,410,420\nA,x,1,2,3\nB,y,3,2,2\n", &hints(None)).expect("right");
        assert_eq!(
            (rows.len(), rows[1].name.as_str(), rows[1].metadata["source"].as_str(), rows[0].axis.values.len()),
            (2, "B", "y", 3)
        );
        let bare = read("400,410,420\n5,2,3\n5,2,2\n", &hints(None)).expect("right");
        assert_eq!(bare.len(), 2);
        let both = "1,2,3\n2,5,7\n3,9,9\n";
        assert!(read(both, &hints(None)).expect_err("two readings").to_string().contains("--layout"));
        assert_eq!(read(both, &hints(Some(Layout::Rows))).expect("rows").len(), 2);
        assert_eq!(read(both, &hints(Some(Layout::Columns))).expect("columns").len(), 2);
    }

    #[test]
    fn what_is_wrong_is_named_by_line() {
        for (text, words) in [
            ("a,b\n1,2\n2,x\n", "line 3"),
            ("a,b\n1,2\n2,\n", "not measured"),
            ("1,2\n1,3\n", "one way"),
            ("hello\nworld\n", "separator"),
            ("1,2\n3,4,5\n6,7\n", "fields"),
            ("", "empty"),
        ] {
            let error = read(text, &hints(None)).expect_err(text).to_string();
            assert!(error.contains(words), "{text:?}: {error}");
        }
    }
}
