//! Tables of peaks: compounds by samples, with what was not detected.
//!
//! A header names the columns; one side of the table are samples, the other compounds. A cell is a number, or says that nothing was
//! detected: empty, `ND`, `n.d.`, `-`, `<LOD`, `<LOQ`, `<0.05`. Such a cell stays marked as not detected; the number in its place is
//! the person's choice ([`Substitute`]), since every choice is one: zero, or a share of the limit that the cell or the column says.
//! Compounds become features in their order, samples rows.

use super::read::Error;
use super::read::table::fields;

/// Which side the samples are on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Orientation {
    /// Each row is a sample; the header names compounds.
    #[default]
    Rows,
    /// Each column is a sample; the first column names compounds.
    Columns,
}

/// What stands for what was not detected.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Substitute {
    #[default]
    Zero,
    /// A share of the limit: of the cell (`<0.05`), else of the smallest value of the compound.
    Share(f64),
}

/// Samples × compounds.
#[derive(Clone, Debug, PartialEq)]
pub struct Profiles {
    pub samples: Vec<String>,
    pub compounds: Vec<String>,
    /// Columns of words beside the samples' names: exhibit, source and the like.
    pub columns: Vec<(String, Vec<String>)>,
    /// Row-major, samples × compounds.
    pub values: Vec<f64>,
    pub detected: Vec<bool>,
}

/// What a cell says.
enum Cell {
    Value(f64),
    /// With the limit, where it is said.
    Below(Option<f64>),
}

fn cell(text: &str, number: impl Fn(&str) -> Option<f64>) -> Option<Cell> {
    let text = text.trim();
    if let Some(x) = number(text) {
        return (x >= 0.0).then_some(Cell::Value(x));
    }
    let plain: String = text.to_lowercase().chars().filter(|c| !matches!(c, '.' | ' ' | '"')).collect();
    match plain.as_str() {
        "" | "nd" | "-" | "–" | "<lod" | "<loq" | "lod" | "na" | "nan" | "bdl" | "notdetected" => Some(Cell::Below(None)),
        _ => text.strip_prefix('<').and_then(|rest| number(rest.trim())).filter(|x| *x > 0.0).map(|x| Cell::Below(Some(x))),
    }
}

/// Columns that describe samples and are no compounds.
fn describes(name: &str) -> bool {
    ["id", "sample", "name", "exhibit", "source", "case", "batch", "date", "place", "seizure", "label", "class", "group"]
        .iter()
        .any(|known| name.eq_ignore_ascii_case(known))
}

/// Reads a table.
///
/// # Errors
/// Where it is wrong: a cell that is neither a number from 0 nor a non-detect, a sample or compound named twice or not at all.
pub fn read(text: &str, orientation: Orientation, substitute: Substitute) -> Result<Profiles, Error> {
    let fields = fields(text)?;
    let (line, header) = &fields.rows[0];
    if fields.rows.len() < 2 || header.len() < 2 {
        return Err(Error::at(*line, "a table of peaks has a header, a column of names and at least one more of each"));
    }
    let body = &fields.rows[1..];
    // Columns that describe rows: the first one, and further ones by their names.
    let leading = match orientation {
        Orientation::Rows => 1 + header[1..].iter().take_while(|h| describes(h)).count(),
        Orientation::Columns => 1,
    };
    let across: Vec<String> = header[leading..].to_vec();
    let down: Vec<String> = body.iter().map(|(_, r)| r[0].clone()).collect();
    let once = |names: &[String], what: &str| -> Result<(), Error> {
        let mut seen = std::collections::HashSet::new();
        for name in names {
            if name.is_empty() || !seen.insert(name) {
                let how = if name.is_empty() { "has no name".into() } else { format!("{name:?} is named twice") };
                return Err(Error::whole("the table", format!("a {what} {how}")));
            }
        }
        Ok(())
    };
    let (samples, compounds) = match orientation {
        Orientation::Rows => (down, across),
        Orientation::Columns => (across, down),
    };
    once(&samples, "sample")?;
    once(&compounds, "compound")?;
    if compounds.is_empty() || samples.is_empty() {
        return Err(Error::at(*line, "there is no compound or no sample in it"));
    }
    let (n, d) = (samples.len(), compounds.len());
    let mut cells: Vec<Option<Cell>> = Vec::new();
    cells.resize_with(n * d, || None);
    for (i, (line, row)) in body.iter().enumerate() {
        for (j, text) in row[leading..].iter().enumerate() {
            let found = cell(text, |t| fields.number(t)).ok_or_else(|| {
                Error::at(
                    *line,
                    format!(
                        "column {}: {text:?} is neither a number from 0 nor a non-detect (empty, ND, <LOD, <0.05)",
                        leading + j + 1
                    ),
                )
            })?;
            let place = match orientation {
                Orientation::Rows => i * d + j,
                Orientation::Columns => j * d + i,
            };
            cells[place] = Some(found);
        }
    }
    let smallest: Vec<f64> = (0..d)
        .map(|j| {
            let seen = (0..n).filter_map(|i| match &cells[i * d + j] {
                Some(Cell::Value(x)) if *x > 0.0 => Some(*x),
                _ => None,
            });
            seen.fold(f64::INFINITY, f64::min)
        })
        .collect();
    let mut values = Vec::with_capacity(n * d);
    let mut detected = Vec::with_capacity(n * d);
    for (place, cell) in cells.into_iter().enumerate() {
        let least = smallest[place % d];
        let (value, there) = match (cell, substitute) {
            (Some(Cell::Value(x)), _) => (x, true),
            (Some(Cell::Below(Some(limit))), Substitute::Share(share)) => (share * limit, false),
            (_, Substitute::Share(share)) if least.is_finite() => (share * least, false),
            _ => (0.0, false),
        };
        values.push(value);
        detected.push(there);
    }
    let columns = (1..leading).map(|j| (header[j].to_lowercase(), body.iter().map(|(_, r)| r[j].clone()).collect())).collect();
    Ok(Profiles { samples, compounds, columns, values, detected })
}

#[cfg(test)]
mod tests {
    use super::{Orientation, Substitute, read};

    const TABLE: &str = "sample,source,cocaine,tropacocaine,truxilline\nA,x,80.5,ND,<0.05\nB,y,70,1.5,\nC,x,60,0.5,0.2\n";

    #[test]
    fn what_was_not_detected_stays_marked() {
        let found = read(TABLE, Orientation::Rows, Substitute::Zero).expect("right");
        assert_eq!((found.samples.len(), found.compounds.len()), (3, 3));
        assert_eq!(found.values, [80.5, 0.0, 0.0, 70.0, 1.5, 0.0, 60.0, 0.5, 0.2]);
        assert_eq!(found.detected, [true, false, false, true, true, false, true, true, true]);
        assert_eq!(found.columns, [("source".to_owned(), vec!["x".to_owned(), "y".to_owned(), "x".to_owned()])]);
        let half = read(TABLE, Orientation::Rows, Substitute::Share(0.5)).expect("right");
        assert_eq!(half.values, [80.5, 0.25, 0.025, 70.0, 1.5, 0.1, 60.0, 0.5, 0.2]);
    }

    #[test]
    fn samples_may_be_columns() {
        let turned = "compound;A;B;C\ncocaine;80,5;70;60\ntropacocaine;n.d.;1,5;0,5\n";
        let found = read(turned, Orientation::Columns, Substitute::Zero).expect("right");
        assert_eq!(
            (found.samples.clone(), found.compounds.clone()),
            (vec!["A".into(), "B".into(), "C".into()], vec!["cocaine".into(), "tropacocaine".into()])
        );
        assert_eq!(found.values, [80.5, 0.0, 70.0, 1.5, 60.0, 0.5]);
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (from, to, words) in [
            ("70,", "many,", "line 3"),
            ("B,y", "A,y", "twice"),
            ("tropacocaine", "cocaine", "twice"),
            ("60", "-60", "number from 0"),
        ] {
            let error = read(&TABLE.replacen(from, to, 1), Orientation::Rows, Substitute::Zero).expect_err(to).to_string();
            assert!(error.contains(words), "{error}");
        }
        assert!(read("a,b\n", Orientation::Rows, Substitute::Zero).is_err());
    }
}
