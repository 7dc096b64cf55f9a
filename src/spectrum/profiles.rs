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
        "" | "nd" | "-" | "–" | "<lod" | "<loq" | "lod" | "bdl" | "notdetected" => Some(Cell::Below(None)),
        _ => text.strip_prefix('<').and_then(|rest| number(rest.trim())).filter(|x| *x > 0.0).map(|x| Cell::Below(Some(x))),
    }
}

/// The number of a line, and its fields.
type Line = (usize, Vec<String>);

/// Columns that describe samples and are no compounds, beside those that the person names.
fn describes(name: &str) -> bool {
    ["id", "sample", "name", "exhibit", "source", "case", "batch", "date", "place", "seizure", "label", "class", "group"]
        .iter()
        .any(|known| name.eq_ignore_ascii_case(known))
}

/// Reads a table.
///
/// # Errors
/// Where it is wrong: a cell that is neither a number from 0 nor a non-detect, a sample or compound named twice or not at all.
pub fn read(text: &str, orientation: Orientation, substitute: Substitute, beside: &[String]) -> Result<Profiles, Error> {
    let fields = fields(text)?;
    let (line, header) = &fields.rows[0];
    if fields.rows.len() < 2 || header.len() < 2 {
        return Err(Error::at(*line, "a table of peaks has a header, a column of names and at least one more of each"));
    }
    let body = &fields.rows[1..];
    // Rows and columns that describe samples: the first, and further ones by their names.
    let is_beside = |name: &str| describes(name) || beside.iter().any(|b| b.eq_ignore_ascii_case(name));
    let names: Vec<&String> = match orientation {
        Orientation::Rows => header[1..].iter().collect(),
        Orientation::Columns => body.iter().map(|(_, r)| &r[0]).collect(),
    };
    if let Some(stranger) = beside.iter().find(|b| !names.iter().any(|name| name.eq_ignore_ascii_case(b))) {
        return Err(Error::whole("the table", format!("no column {stranger:?} is in it")));
    }
    let (described, places): (Vec<usize>, Vec<usize>) = match orientation {
        Orientation::Rows => (1..header.len()).partition(|&j| is_beside(&header[j])),
        Orientation::Columns => (Vec::new(), (1..header.len()).collect()),
    };
    let (notes, body): (Vec<&Line>, Vec<&Line>) = match orientation {
        Orientation::Rows => (Vec::new(), body.iter().collect()),
        Orientation::Columns => body.iter().partition(|(_, r)| is_beside(&r[0])),
    };
    let across: Vec<String> = places.iter().map(|&j| header[j].clone()).collect();
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
        for (j, &place) in places.iter().enumerate() {
            let text = &row[place];
            let found = cell(text, |t| fields.number(t)).ok_or_else(|| {
                Error::at(
                    *line,
                    format!(
                        "column {}: {text:?} is neither a number from 0 nor a non-detect (empty, ND, <LOD, <0.05); what was not measured cannot be compared: leave the sample or the compound out",
                        place + 1
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
    let of_column = |&j: &usize| (header[j].to_lowercase(), body.iter().map(|(_, r)| r[j].clone()).collect());
    let of_row = |(_, r): &&Line| (r[0].to_lowercase(), places.iter().map(|&j| r[j].clone()).collect());
    let columns = described.iter().map(of_column).chain(notes.iter().map(of_row)).collect();
    Ok(Profiles { samples, compounds, columns, values, detected })
}

#[cfg(test)]
mod tests {
    use super::{Orientation, Substitute, read};

    const TABLE: &str = "sample,source,cocaine,tropacocaine,truxilline\nA,x,80.5,ND,<0.05\nB,y,70,1.5,\nC,x,60,0.5,0.2\n";

    #[test]
    fn what_was_not_detected_stays_marked() {
        let found = read(TABLE, Orientation::Rows, Substitute::Zero, &[]).expect("right");
        assert_eq!((found.samples.len(), found.compounds.len()), (3, 3));
        assert_eq!(found.values, [80.5, 0.0, 0.0, 70.0, 1.5, 0.0, 60.0, 0.5, 0.2]);
        assert_eq!(found.detected, [true, false, false, true, true, false, true, true, true]);
        assert_eq!(found.columns, [("source".to_owned(), vec!["x".to_owned(), "y".to_owned(), "x".to_owned()])]);
        let half = read(TABLE, Orientation::Rows, Substitute::Share(0.5), &[]).expect("right");
        assert_eq!(half.values, [80.5, 0.25, 0.025, 70.0, 1.5, 0.1, 60.0, 0.5, 0.2]);
    }

    #[test]
    fn samples_may_be_columns() {
        let turned = "compound;A;B;C\ncocaine;80,5;70;60\ntropacocaine;n.d.;1,5;0,5\n";
        let found = read(turned, Orientation::Columns, Substitute::Zero, &[]).expect("right");
        assert_eq!(
            (found.samples.clone(), found.compounds.clone()),
            (vec!["A".into(), "B".into(), "C".into()], vec!["cocaine".into(), "tropacocaine".into()])
        );
        assert_eq!(found.values, [80.5, 0.0, 70.0, 1.5, 60.0, 0.5]);
    }

    #[test]
    fn what_describes_samples_stands_anywhere() {
        let text = "sample,purity,cocaine,exhibit,x\nA,80,1,E1,2\nB,70,3,E2,4\n";
        let found = read(text, Orientation::Rows, Substitute::Zero, &["Purity".into()]).expect("right");
        assert_eq!((found.compounds, found.values), (vec!["cocaine".into(), "x".into()], vec![1.0, 2.0, 3.0, 4.0]));
        let names: Vec<&str> = found.columns.iter().map(|(n, _)| n.as_str()).collect();
        assert_eq!((names, &found.columns[0].1[..]), (vec!["purity", "exhibit"], &["80".to_owned(), "70".to_owned()][..]));
        let turned = "compound,A,B\ncocaine,1,3\nexhibit,E1,E2\nx,2,4\n";
        let found = read(turned, Orientation::Columns, Substitute::Zero, &[]).expect("right");
        assert_eq!((found.values, &found.columns[0].1[..]), (vec![1.0, 2.0, 3.0, 4.0], &["E1".to_owned(), "E2".to_owned()][..]));
        assert!(read(text, Orientation::Rows, Substitute::Zero, &["operator".into()]).is_err());
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (from, to, words) in [
            ("70,", "many,", "line 3"),
            ("B,y", "A,y", "twice"),
            ("tropacocaine", "cocaine", "twice"),
            ("60", "-60", "number from 0"),
            ("60", "NaN", "not measured"),
            ("60", "NA", "not measured"),
        ] {
            let error = read(&TABLE.replacen(from, to, 1), Orientation::Rows, Substitute::Zero, &[]).expect_err(to).to_string();
            assert!(error.contains(words), "{error}");
        }
        assert!(read("a,b\n", Orientation::Rows, Substitute::Zero, &[]).is_err());
    }
}
