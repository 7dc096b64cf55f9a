//! Profiles as text: one column of heights, or x and height in two, with or without a header.
//!
//! ```text
//! 0.000000    3.370800          x [µm];height [nm]          z_um
//! 0.690001    3.275500          0;12,5                      1.5
//! 1.380003    3.189500          0,69;13                     NaN
//! ```
//! Columns are told by tabs, semicolons, commas or blanks, whichever the first line of numbers has first in this order. Decimals have a point, or a
//! comma where it tells no columns. A header names columns and units: `x [µm]`, `height_m`, `z (um)`, `Z/nm`; it may be commented out (`#`).
//!
//! | said by | unit |
//! |---|---|
//! | header and caller | the same, or refused |
//! | one of them | that |
//! | a header without units | refused |
//! | nobody, no header | µm, as profiles are commonly exported; a note says so, and points that would lie closer than 1 nm are refused |
//!
//! Refused besides: lines of other width, x that does not rise evenly (more than 1 % off), a comma that could be a decimal as well as a separator,
//! an empty line among single heights. Empty fields, NaN, NA, N/A and ±inf are heights that were not measured.

use super::{Error, Hints, Profile};
use crate::toolmark::unit::LengthUnit;

/// Distances may differ from their mean by this share.
const EVEN: f64 = 0.01;
/// Points closer than this, in µm, are no tool-mark's: its unit is another.
const CLOSEST_UM: f64 = 1e-3;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Role {
    X,
    Height,
}

/// A column's header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Head {
    role: Option<Role>,
    unit: Option<LengthUnit>,
}

pub(super) fn profile(bytes: &[u8], hints: &Hints) -> Result<Profile, Error> {
    let text = decoded(bytes);
    let table = Table::parse(&text)?;
    let order = table.order()?;
    let mut notes = Vec::new();
    let head = |column: usize| table.header.as_ref().and_then(|h| h.get(column).copied());
    let height_unit = unit("height", head(order.height), hints.height_unit, &mut notes)?;
    let Some(x) = order.x else {
        if hints.x_unit.is_some() {
            let advice = "leave the unit of x out, and say the spacing instead";
            return Err(Error::whole("you say a unit of x, and there is one column, of heights", advice));
        }
        let heights = table.column(order.height).map(|h| h.map(|h| height_unit.um(h))).collect::<Result<_, _>>()?;
        return Profile::of(heights, hints.spacing_um, notes);
    };
    let x_unit = unit("x", head(x), hints.x_unit, &mut notes)?;
    let places: Vec<f64> = table.column(x).map(|p| p.map(|p| x_unit.um(p))).collect::<Result<_, _>>()?;
    let spacing = spacing(&places, &table)?;
    if spacing < CLOSEST_UM && hints.x_unit.is_none() && head(x).is_none_or(|h| h.unit.is_none()) {
        let what = format!("its points would lie {spacing:e} µm apart, if its x were µm");
        return Err(Error::ambiguous(what, "say the unit of x, and that of the heights"));
    }
    if let Some(said) = hints.spacing_um.filter(|s| (s - spacing).abs() > EVEN * spacing) {
        let what = format!("you say that its points are {said} µm apart, and its x {spacing} µm");
        return Err(Error::whole(what, "leave the spacing out, or say the unit of x"));
    }
    let heights = table.column(order.height).map(|h| h.map(|h| height_unit.um(h))).collect::<Result<_, _>>()?;
    Profile::of(heights, Some(spacing), notes)
}

/// The unit that header and caller agree on.
fn unit(what: &str, head: Option<Head>, said: Option<LengthUnit>, notes: &mut Vec<String>) -> Result<LengthUnit, Error> {
    match (head.and_then(|h| h.unit), said) {
        (Some(file), Some(person)) if file != person => {
            let both = format!("its header says that {what} is in {}, and you say {}", file.name(), person.name());
            Err(Error::whole(both, "leave your unit out, or correct the header"))
        }
        (Some(unit), _) | (None, Some(unit)) => Ok(unit),
        (None, None) if head.is_some() => Err(Error::ambiguous(
            format!("its header gives no unit of {what}"),
            format!("say it, or write it there, as in \"{what} [µm]\""),
        )),
        (None, None) => {
            notes.push(format!("the file does not say the unit of {what}; µm is taken for it"));
            Ok(LengthUnit::Micrometre)
        }
    }
}

/// The distance of places that rise evenly.
fn spacing(places: &[f64], table: &Table) -> Result<f64, Error> {
    let line = |i: usize| table.rows.get(i).map_or(0, |r| r.line);
    if let Some(i) = places.iter().position(|p| !p.is_finite()) {
        return Err(Error::line(
            line(i),
            "x is missing",
            "each height needs its place; where nothing was measured, write NaN for the height",
        ));
    }
    let [first, .., last] = places else {
        return Err(Error::whole("it has one point", "a profile of x and height needs two at least"));
    };
    let mean = (last - first) / (places.len() - 1) as f64;
    if !(mean.is_finite() && mean > 0.0) {
        return Err(Error::whole(
            format!("its x goes from {first} to {last} µm"),
            "it must rise; turn the profile round where it was measured",
        ));
    }
    let uneven = places.windows(2).position(|w| ((w[1] - w[0]) - mean).abs() > EVEN * mean);
    if let Some(i) = uneven {
        let what = format!("x rises by {} µm, and by {mean} µm on average", places[i + 1] - places[i]);
        let advice = "points must lie evenly, within 1 %: resample the profile, or write NaN for heights that were not measured";
        return Err(Error::line(line(i + 1), what, advice));
    }
    Ok(mean)
}

struct Row<'a> {
    line: usize,
    text: &'a str,
}

struct Order {
    x: Option<usize>,
    height: usize,
}

struct Table<'a> {
    header: Option<Vec<Head>>,
    rows: Vec<Row<'a>>,
    separator: Option<char>,
    width: usize,
}

impl<'a> Table<'a> {
    fn parse(text: &'a str) -> Result<Self, Error> {
        let mut header: Option<(bool, &str)> = None;
        let mut rows: Vec<Row> = Vec::new();
        let mut blank = None;
        for (i, line) in text.lines().enumerate() {
            let (line, text) = (i + 1, line.trim_matches([' ', '\r', '\u{feff}']));
            if text.trim().is_empty() {
                blank = blank.or((!rows.is_empty()).then_some(line));
            } else if let Some(comment) = text.strip_prefix('#').or_else(|| text.strip_prefix('%')) {
                if rows.is_empty() {
                    header = Some((true, comment.trim()));
                }
            } else if rows.is_empty() && !begins_with_number(text) {
                header = Some((false, text));
            } else {
                if let Some(blank) = blank.filter(|_| !text.contains(['\t', ';', ',', ' '])) {
                    let advice = "write NaN where a height was not measured, or take the line out";
                    return Err(Error::line(blank, "it is empty", advice));
                }
                rows.push(Row { line, text });
            }
        }
        let first = rows
            .first()
            .ok_or_else(|| Error::whole("it holds no numbers", "a profile is x and height in columns, or a column of heights"))?;
        let separator = ['\t', ';', ','].into_iter().find(|s| first.text.contains(*s));
        let separator = separator.or_else(|| first.text.contains(' ').then_some(' '));
        let mut table = Self { header: None, rows, separator, width: 0 };
        table.width = table.fields(table.rows[0].text).count();
        if !matches!(table.width, 1 | 2) {
            let what = format!("it has {} columns", table.width);
            return Err(Error::line(
                table.rows[0].line,
                what,
                "read are one (height) or two (x and height): take the others out",
            ));
        }
        // A comment counts where it names a unit. Another line is a header even where it fits no columns: it may give units that are not understood.
        table.header = header.and_then(|(comment, text)| match table.heads(text) {
            Some(heads) if !comment || heads.iter().any(|h| h.unit.is_some()) => Some(heads),
            _ => (!comment).then(|| vec![Head { role: None, unit: None }; table.width]),
        });
        table.decimal_commas()?;
        for row in &table.rows {
            let width = table.fields(row.text).count();
            if width != table.width {
                let advice = "all lines must have as many; write NaN where a height was not measured";
                return Err(Error::line(row.line, format!("it has {width} columns, and the first line {}", table.width), advice));
            }
        }
        Ok(table)
    }

    /// A comma is refused where each line could be one number with a decimal comma, or two whole numbers.
    fn decimal_commas(&self) -> Result<(), Error> {
        let whole = |t: &str| !t.is_empty() && t.trim_start_matches('-').bytes().all(|b| b.is_ascii_digit());
        let both = |row: &Row| {
            row.text.split_once(',').is_some_and(|(a, b)| whole(a) && !b.is_empty() && b.bytes().all(|b| b.is_ascii_digit()))
        };
        let named = self.header.as_ref().is_some_and(|h| h.iter().any(|h| h.role.is_some() || h.unit.is_some()));
        if self.separator == Some(',') && !named && self.rows.iter().all(both) {
            let what = format!("{:?} could be a number or two", self.rows[0].text);
            return Err(Error::ambiguous(what, "write decimals with a point, or separate columns with tabs or semicolons"));
        }
        Ok(())
    }

    fn fields(&self, text: &'a str) -> Box<dyn Iterator<Item = &'a str> + 'a> {
        match self.separator {
            None => Box::new(std::iter::once(text)),
            Some(' ') => Box::new(text.split_whitespace()),
            Some(s) => Box::new(text.split(s).map(str::trim)),
        }
    }

    /// A line of words as headers, if it has as many columns as the numbers; between blanks, a unit in brackets belongs to the word before it.
    fn heads(&self, text: &str) -> Option<Vec<Head>> {
        let split = |s: char| text.split(s).map(str::trim).map(str::to_owned).collect::<Vec<_>>();
        let by_blanks = || {
            let mut words: Vec<String> = Vec::new();
            for word in text.split_whitespace().take(64) {
                match words.last_mut() {
                    Some(last) if word.starts_with(['[', '(', '/']) => *last += word,
                    _ => words.push(word.to_owned()),
                }
            }
            words
        };
        let ways = [
            self.separator.filter(|s| *s != ' ').map(split),
            Some(by_blanks()),
            (self.width == 1).then(|| vec![text.to_owned()]),
        ];
        let fits = |names: &Vec<String>| names.len() == self.width;
        let names = ways.into_iter().flatten().find(fits)?;
        let heads: Vec<Head> = names.iter().map(|n| head(n)).collect();
        Some(heads)
    }

    /// Which column is which.
    fn order(&self) -> Result<Order, Error> {
        let role = |i: usize| self.header.as_ref().and_then(|h| h.get(i)).and_then(|h| h.role);
        if self.width == 1 {
            return match role(0) {
                Some(Role::X) => Err(Error::whole("its only column is x, by its header", "heights are needed")),
                _ => Ok(Order { x: None, height: 0 }),
            };
        }
        match (role(0), role(1)) {
            (Some(Role::Height), Some(Role::X)) => Ok(Order { x: Some(1), height: 0 }),
            (Some(a), Some(b)) if a == b => {
                Err(Error::ambiguous("its header names both columns alike", "name one x and the other height"))
            }
            (Some(Role::Height), None) | (None, Some(Role::X)) => {
                Err(Error::ambiguous("its header does not say which column is x", "name one x and the other height"))
            }
            _ => Ok(Order { x: Some(0), height: 1 }),
        }
    }

    /// A column's numbers; NaN where a field is empty or says so.
    fn column(&'a self, column: usize) -> impl Iterator<Item = Result<f64, Error>> + 'a {
        self.rows.iter().map(move |row| {
            let field = self.fields(row.text).nth(column).unwrap_or("");
            let field = field.trim_matches('"');
            number(field, self.separator != Some(',')).ok_or_else(|| {
                let field: String = field.chars().take(40).collect();
                Error::line(
                    row.line,
                    format!("column {}: {field:?} is no number", column + 1),
                    "write NaN where a height was not measured",
                )
            })
        })
    }
}

fn number(field: &str, comma: bool) -> Option<f64> {
    if field.is_empty() || matches!(field.to_ascii_lowercase().as_str(), "na" | "n/a") {
        return Some(f64::NAN);
    }
    if comma && field.contains(',') && !field.contains('.') {
        return field.replacen(',', ".", 1).parse().ok();
    }
    field.parse().ok()
}

fn begins_with_number(text: &str) -> bool {
    let first = text.split(['\t', ';', ',', ' ']).map(|f| f.trim_matches('"')).find(|f| !f.is_empty());
    first.is_none_or(|f| number(f, true).is_some())
}

/// What a column's name says: `x [µm]`, `height_m`, `z (um)`.
fn head(name: &str) -> Head {
    let lower = name.to_lowercase();
    let words: Vec<&str> = lower.split(|c: char| !c.is_alphanumeric()).filter(|w| !w.is_empty()).collect();
    let role = words.first().and_then(|w| match *w {
        "x" | "position" | "distance" | "lateral" | "length" => Some(Role::X),
        "z" | "y" | "height" | "heights" | "h" | "profile" | "depth" => Some(Role::Height),
        _ => None,
    });
    let unit = words.last().and_then(|w| LengthUnit::named(w));
    Head { role, unit }
}

/// Bytes as text: UTF-16 by its byte order mark, else UTF-8, else Latin-1.
fn decoded(bytes: &[u8]) -> String {
    let wide = |of: fn([u8; 2]) -> u16| {
        let units: Vec<u16> = bytes[2..].as_chunks().0.iter().map(|b| of(*b)).collect();
        String::from_utf16_lossy(&units)
    };
    match bytes {
        [0xff, 0xfe, ..] => wide(u16::from_le_bytes),
        [0xfe, 0xff, ..] => wide(u16::from_be_bytes),
        _ => std::str::from_utf8(bytes).map_or_else(|_| bytes.iter().map(|b| char::from(*b)).collect(), str::to_owned),
    }
}

#[cfg(test)]
mod tests {
    use super::super::read;
    use super::*;

    fn plain(text: &str) -> Result<Profile, Error> {
        read("a.txt", text.as_bytes(), &Hints::default())
    }

    #[test]
    fn two_columns_however_they_are_written() {
        for text in [
            "0\t3.5\n0.5\t-2.25\n1\t0\n",
            "0.0 3.5\n0.5 -2.25\n1.0 0\n",
            "  0.0   3.5\r\n  0.5  -2.25\r\n  1.0   0\r\n\r\n",
            "0;3,5\n0,5;-2,25\n1;0\n",
            "x [µm],z [µm]\n0,3.5\n0.5,-2.25\n1,0\n",
            "\u{feff}x_um;height_um\n0;3,5\n0,5;-2,25\n1;0\n",
            "# x (um)\tz (um)\n0\t3.5\n0.5\t-2.25\n1\t0\n",
            "x [mm] z [nm]\n0 3500\n0.0005 -2250\n0.001 0\n",
            "height_m,x_mm\n3.5e-6,0\n-2.25e-6,0.0005\n0,0.001\n",
        ] {
            let found = plain(text).unwrap_or_else(|e| panic!("{text:?}: {e}"));
            assert!((found.spacing_um().unwrap() - 0.5).abs() < 1e-12, "{text:?}");
            assert!(found.heights_um().iter().zip([3.5, -2.25, 0.0]).all(|(a, b)| (a - b).abs() < 1e-12), "{text:?} {found:?}");
            assert_eq!(found.notes().len(), if text.contains(['x', 'z']) { 0 } else { 2 }, "{text:?}");
        }
    }

    #[test]
    fn one_column_and_its_spacing() {
        let found = read("a.txt", b"1.5\nNaN\n2\n", &Hints { spacing_um: Some(0.7), ..Hints::default() }).unwrap();
        assert_eq!(
            (found.heights_um(), found.measured(), found.spacing_um()),
            (&[1.5, 0.0, 2.0][..], &[true, false, true][..], Some(0.7))
        );
        let said = Hints { x_unit: Some(LengthUnit::Metre), ..Hints::default() };
        assert!(read("a.txt", b"1.5\n2\n", &said).unwrap_err().to_string().contains("one column"));
        assert_eq!(plain("z [nm]\n1500\n2500\n").unwrap().heights_um(), [1.5, 2.5]);
        assert!(plain("1,5\n2.5\n").unwrap_err().to_string().contains("column"));
        let said = Hints { height_unit: Some(LengthUnit::Micrometre), x_unit: Some(LengthUnit::Micrometre), spacing_um: None };
        assert!(matches!(read("a.csv", b"z_um\n1,5\n2,5\n", &said), Err(Error::Ambiguous { .. })));
    }

    #[test]
    fn what_was_not_measured_is_marked_at_the_ends_and_in_the_middle() {
        let found = plain("x_um,z_um\n0,\n1,2\n2,nan\n3,4\n4,inf\n5,N/A\n").unwrap();
        assert_eq!(found.measured(), [false, true, false, true, false, false]);
        assert!(plain("0\tNaN\n1\t\n").unwrap_err().to_string().contains("none of its 2 points"));
    }

    #[test]
    fn what_is_wrong_is_named_by_line() {
        for (text, words) in [
            ("0 1\n1 2\n2.02 3\n3 4\n", "line 3: x rises by"),
            ("0 1\n1 2\n3 3\n", "line 2: x rises by 1 µm, and by 1.5"),
            ("2 1\n1 2\n0 3\n", "must rise"),
            ("0 1\n1 2 3\n", "line 2: it has 3 columns"),
            ("0 1 2\n", "read are one (height) or two"),
            ("0 1\n1 x\n", "line 2: column 2: \"x\" is no number"),
            ("0;1\n;2\n2;3\n", "line 2: x is missing"),
            ("1\n\n2\n", "line 2: it is empty"),
            ("x z\n", "no numbers"),
            ("0 1\n", "one point"),
            ("x_um\n1\n2\n", "heights are needed"),
        ] {
            let error = plain(text).expect_err(text).to_string();
            assert!(error.contains(words), "{text:?}: {error}");
        }
    }

    #[test]
    fn what_is_ambiguous_is_refused() {
        for text in [
            "0,3\n1,4\n2,5\n",
            "x,z\n0,1\n1,2\n",
            "x_um z_um_or_so\n0 1\n1 2\n",
            "0 0\n6e-7 1\n12e-7 2\n",
            "x_um x_mm\n0 1\n1 2\n",
            "x position [m] height [m]\n0 1\n1 2\n",
        ] {
            assert!(matches!(plain(text), Err(Error::Ambiguous { .. })), "{text:?}: {:?}", plain(text));
        }
        let metres = Hints { height_unit: Some(LengthUnit::Metre), x_unit: Some(LengthUnit::Metre), spacing_um: None };
        assert!((read("a", b"0 0\n6e-7 1e-6\n12e-7 2e-6\n", &metres).unwrap().spacing_um().unwrap() - 0.6).abs() < 1e-12);
        assert!(read("a", b"x_um,z_um\n0,1\n1,2\n", &metres).unwrap_err().to_string().contains("you say m"));
        let spaced = Hints { spacing_um: Some(2.0), ..Hints::default() };
        assert!(read("a", b"0 1\n1 2\n2 3\n", &spaced).unwrap_err().to_string().contains("leave the spacing out"));
        assert!(read("a.x3p", b"PK\x03\x04", &Hints::default()).unwrap_err().to_string().contains("ZIP"));
        assert!(read("a.bin", b"\x00\x01\x02", &Hints::default()).is_err());
    }
}
