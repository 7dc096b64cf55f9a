//! JCAMP-DX: infrared, Raman, UV and mass spectra as text.
//!
//! Versions 4.24 (R. S. McDonald, P. A. Wilks, doi:10.1366/0003702884428734) and 5 (P. Lampen et al., doi:10.1366/0003702943201653). A file is lines `##LABEL=value`; labels
//! are compared without case, blanks, `-`, `/` and `_`. Read are `XYDATA` as `(X++(Y..Y))` with ordinates in AFFN, PAC, SQZ, DIF and DUP forms
//! in any mixture, `XYPOINTS` and `PEAK TABLE` as `(XY..XY)`, and compound files (`LINK`) as several spectra.
//!
//! Everything that a file says twice is checked: the first ordinate after a line in DIF form against the last one before, the x at the
//! start of each line, NPOINTS, FIRSTX, LASTX and FIRSTY. Missing ordinates (`?`) are refused. Not read: NTUPLES (NMR), peak tables of
//! other than mass spectra.

use super::{Axis, Content, Error, PeakList, Quantity, Spectrum, axis_unit, is_monotone, sorted_peaks, value_unit};
use std::collections::BTreeMap;

/// Points that a file may have whatever its length, and further ones for each of its bytes: a duplicate count stands for any number of them.
const FREE_POINTS: usize = 1 << 22;
const POINTS_A_BYTE: usize = 16;

/// A labelled value: label, line of the label, text of all its lines.
struct Record<'a> {
    label: String,
    line: usize,
    lines: Vec<&'a str>,
}

impl Record<'_> {
    fn value(&self) -> String {
        self.lines.join("\n").trim().to_owned()
    }
}

fn plain(label: &str) -> String {
    label.chars().filter(|c| !matches!(c, ' ' | '-' | '/' | '_' | '\t')).flat_map(char::to_uppercase).collect()
}

/// Lines as records, comments taken off.
fn records(text: &str) -> Vec<Record<'_>> {
    let mut found: Vec<Record<'_>> = Vec::new();
    for (n, raw) in text.lines().enumerate() {
        let line = raw.split("$$").next().unwrap_or("").trim_end();
        if let Some((label, value)) = line.trim_start().strip_prefix("##").and_then(|rest| rest.split_once('=')) {
            found.push(Record { label: plain(label), line: n + 1, lines: vec![value] });
        } else if let Some(last) = found.last_mut() {
            last.lines.push(line);
        }
    }
    found
}

/// One spectrum under way.
#[derive(Default)]
struct Block<'a> {
    values: BTreeMap<String, (usize, String)>,
    data: Option<Record<'a>>,
}

impl Block<'_> {
    fn text(&self, label: &str) -> Option<&str> {
        self.values.get(label).map(|(_, v)| v.as_str()).filter(|v| !v.is_empty())
    }

    fn number(&self, label: &str) -> Result<Option<f64>, Error> {
        let Some((line, text)) = self.values.get(label).filter(|(_, v)| !v.is_empty()) else { return Ok(None) };
        // A decimal comma is none of the format's, and half a number would be another one.
        let word = text.split([' ', '\t', ';']).next().unwrap_or("").trim_end_matches(',');
        match word.parse::<f64>() {
            Ok(x) if x.is_finite() => Ok(Some(x)),
            _ if word.contains(',') => {
                Err(Error::at(*line, format!("{label} is {text:?}; a number with a decimal point is needed")))
            }
            _ => Err(Error::at(*line, format!("{label} is {text:?}; a number is needed"))),
        }
    }

    fn needed(&self, label: &str, line: usize) -> Result<f64, Error> {
        self.number(label)?.ok_or_else(|| Error::at(line, format!("the data need {label}, which is missing")))
    }
}

/// Reads a file.
///
/// # Errors
/// Where it is wrong, or holds what is not read.
pub fn read(text: &str) -> Result<Content, Error> {
    let mut open: Vec<Block<'_>> = Vec::new();
    let (mut spectra, mut peaks) = (Vec::new(), Vec::new());
    let mut left = FREE_POINTS + POINTS_A_BYTE * text.len();
    let mut close = |block: Block<'_>| -> Result<(), Error> {
        if block.data.is_some() {
            match finish(&block, left)? {
                Content::Spectra(found) => {
                    left = left.saturating_sub(found.iter().map(|s| s.values.len()).sum());
                    spectra.extend(found);
                }
                Content::Peaks(found) => peaks.extend(found),
            }
        }
        Ok(())
    };
    for record in records(text) {
        match record.label.as_str() {
            "TITLE" => {
                if open.len() > 64 {
                    return Err(Error::at(record.line, "more than 64 blocks within each other; a file has two levels"));
                }
                let mut block = Block::default();
                block.values.insert("TITLE".into(), (record.line, record.value()));
                open.push(block);
            }
            "END" => match open.pop() {
                Some(block) => close(block)?,
                None => return Err(Error::at(record.line, "##END= without a ##TITLE= before it")),
            },
            "NTUPLES" => {
                let why = format!(
                    "line {}: multi-dimensional data (NMR, chromatography with spectra); export single spectra",
                    record.line
                );
                return Err(Error::Refused { format: "JCAMP-DX NTUPLES", why });
            }
            label => {
                let Some(block) = open.last_mut() else {
                    return Err(Error::at(record.line, format!("##{label}= before any ##TITLE=")));
                };
                if matches!(label, "XYDATA" | "XYPOINTS" | "PEAKTABLE" | "PEAKASSIGNMENTS") {
                    if block.data.is_some() {
                        return Err(Error::at(record.line, "a second table of data in one block"));
                    }
                    block.data = Some(record);
                } else {
                    let value = record.value();
                    block.values.entry(record.label).or_insert((record.line, value));
                }
            }
        }
    }
    // Without ##END= the counts still tell whether all is there.
    while let Some(block) = open.pop() {
        close(block)?;
    }
    match (spectra.is_empty(), peaks.is_empty()) {
        (true, true) => Err(Error::whole("JCAMP-DX", "there are no data in it (XYDATA, XYPOINTS or PEAK TABLE)")),
        (false, false) => Err(Error::whole("JCAMP-DX", "it holds both curves and peak lists; split it")),
        (true, false) => Ok(Content::Peaks(peaks)),
        (false, true) => Ok(Content::Spectra(spectra)),
    }
}

/// A block with data as a spectrum, of `most` points at most, or a peak list.
fn finish(block: &Block<'_>, most: usize) -> Result<Content, Error> {
    let Some(data) = &block.data else { return Ok(Content::Spectra(Vec::new())) };
    let line = data.line;
    let form: String = plain(data.lines.first().copied().unwrap_or("")).replace('.', "");
    let kind = plain(block.text("DATATYPE").unwrap_or(""));
    let mass = kind.contains("MASSSPECTRUM") || block.text("XUNITS").is_some_and(|u| plain(u) == "MZ");
    let (xf, yf) = (block.number("XFACTOR")?.unwrap_or(1.0), block.number("YFACTOR")?.unwrap_or(1.0));
    if xf == 0.0 || yf == 0.0 {
        return Err(Error::at(line, format!("XFACTOR is {xf} and YFACTOR {yf}; with 0 every number would be 0")));
    }
    let name = block.text("TITLE").unwrap_or("").to_owned();
    let metadata = || -> BTreeMap<String, String> {
        block.values.iter().filter(|(_, (_, v))| v.len() <= 4096).map(|(k, (_, v))| (k.clone(), v.clone())).collect()
    };
    let points = block.number("NPOINTS")?;
    let counted = |n: usize| match points {
        Some(p) if p != n as f64 => {
            Err(Error::at(line, format!("NPOINTS is {p} and there are {n} points: the file is cut off or damaged")))
        }
        _ => Ok(()),
    };
    if data.label == "PEAKASSIGNMENTS" {
        return Err(Error::Refused {
            format: "JCAMP-DX PEAK ASSIGNMENTS",
            why: format!("line {line}: names of peaks are no spectrum"),
        });
    }
    if data.label == "PEAKTABLE" || (mass && form.contains("XYXY")) {
        if mass && !form.contains("XYXY") {
            return Err(Error::at(
                line,
                format!("the peak table's form is {:?}; (XY..XY) is read", data.lines.first().copied().unwrap_or("").trim()),
            ));
        }
        if !mass {
            let why = format!(
                "line {line}: a peak table of a {} is no curve; export the spectrum itself",
                block.text("DATATYPE").unwrap_or("spectrum")
            );
            return Err(Error::Refused { format: "JCAMP-DX PEAK TABLE", why });
        }
        let pairs: Vec<(f64, f64)> = pairs(data)?.into_iter().map(|(x, y)| (x * xf, y * yf)).collect();
        counted(pairs.len())?;
        let (mz, intensity) = sorted_peaks(pairs, &name)?;
        return Ok(Content::Peaks(vec![PeakList { name, mz, intensity, precursor_mz: None, metadata: metadata() }]));
    }
    let (mut quantity, unit) = axis_unit(block.text("XUNITS").unwrap_or(""));
    if kind.contains("RAMAN") && quantity == Quantity::Wavenumber {
        quantity = Quantity::RamanShift;
    }
    let (x, y): (Vec<f64>, Vec<f64>) = if form.contains("XYXY") {
        let pairs = pairs(data)?;
        counted(pairs.len())?;
        pairs.into_iter().map(|(x, y)| (x * xf, y * yf)).unzip()
    } else if form.contains("X++YY") || form.contains("X++(YY)") {
        let (first, last) = (block.needed("FIRSTX", line)?, block.needed("LASTX", line)?);
        let said = block.needed("NPOINTS", line)?;
        if !(said >= 2.0 && said.fract() == 0.0 && said <= most as f64) {
            return Err(Error::at(
                line,
                format!("NPOINTS is {said}; a curve has 2 points or more, and {most} at most in a file of this length"),
            ));
        }
        let step = (last - first) / (said - 1.0);
        let y = ordinates(data, first, step, xf, said as usize)?;
        counted(y.len())?;
        let y: Vec<f64> = y.into_iter().map(|y| y * yf).collect();
        if let Some(firsty) = block.number("FIRSTY")? {
            let largest = y.iter().fold(firsty.abs(), |m, v| m.max(v.abs()));
            let near = |v: f64| (v - firsty).abs() <= 1e-3 * largest + yf.abs();
            // Some programs write it before YFACTOR.
            if !near(y[0]) && !near(y[0] / yf) {
                return Err(Error::at(
                    line,
                    format!("FIRSTY is {firsty} and the first ordinate is {}: YFACTOR or the data are damaged", y[0]),
                ));
            }
        }
        ((0..y.len()).map(|i| first + step * i as f64).collect(), y)
    } else {
        let what = format!(
            "the table's form is {:?}; (X++(Y..Y)) and (XY..XY) are read",
            data.lines.first().copied().unwrap_or("").trim()
        );
        return Err(Error::at(line, what));
    };
    if x.len() < 2 || !is_monotone(&x) {
        return Err(Error::at(line, "its x do not go one way, so that they are no axis"));
    }
    let axis = Axis { quantity, unit, values: x };
    Ok(Content::Spectra(vec![Spectrum {
        name,
        axis,
        values: y,
        unit: value_unit(block.text("YUNITS").unwrap_or("")),
        metadata: metadata(),
    }]))
}

/// `x, y` pairs, separated by blanks, semicolons or lines.
fn pairs(data: &Record<'_>) -> Result<Vec<(f64, f64)>, Error> {
    let mut found = Vec::new();
    let mut half: Option<f64> = None;
    for (n, line) in data.lines.iter().enumerate().skip(1) {
        for word in line.split([' ', '\t', ',', ';']).filter(|w| !w.is_empty()) {
            let number = word.parse::<f64>().ok().filter(|x| x.is_finite());
            let Some(number) = number else {
                return Err(Error::at(data.line + n, format!("{word:?} is no number")));
            };
            match half.take() {
                None => half = Some(number),
                Some(x) => found.push((x, number)),
            }
        }
    }
    if half.is_some() {
        return Err(Error::at(data.line, "an x without its y at the end"));
    }
    Ok(found)
}

/// What a number stands for.
#[derive(Clone, Copy, PartialEq)]
enum Token {
    /// A value itself (AFFN, PAC, SQZ).
    Value(f64),
    /// A difference to the value before.
    Difference(f64),
    /// The last value or difference so many times in all.
    Times(usize),
}

/// Splits a line of a table. `exponents`: whether E after a digit is one also without a sign after it.
fn tokens(line: &str, number: usize, exponents: bool) -> Result<Vec<Token>, Error> {
    let bytes = line.as_bytes();
    let mut found = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        let c = bytes[at];
        if matches!(c, b' ' | b'\t' | b',' | b';' | b'\r') {
            at += 1;
            continue;
        }
        let start = at;
        // The first sign of a packed number is a letter that holds sign and digit.
        let (kind, head) = match c {
            b'0'..=b'9' | b'.' | b'+' | b'-' => ('v', String::new()),
            b'@' => ('v', "0".into()),
            b'A'..=b'I' => ('v', format!("{}", c - b'A' + 1)),
            b'a'..=b'i' => ('v', format!("-{}", c - b'a' + 1)),
            b'%' => ('d', "0".into()),
            b'J'..=b'R' => ('d', format!("{}", c - b'J' + 1)),
            b'j'..=b'r' => ('d', format!("-{}", c - b'j' + 1)),
            b'S'..=b'Z' => ('t', format!("{}", c - b'S' + 1)),
            b's' => ('t', "9".into()),
            b'?' => return Err(Error::at(number, "an ordinate is missing (?); what was not measured cannot be compared")),
            _ => return Err(Error::at(number, format!("{:?} at place {} is no number", char::from(c), start + 1))),
        };
        let mut word = head;
        if word.is_empty() {
            word.push(char::from(c));
        }
        at += 1;
        while let Some(&c) = bytes.get(at) {
            let next = bytes.get(at + 1).copied().unwrap_or(b' ');
            let digits = word.ends_with(|c: char| c.is_ascii_digit() || c == '.');
            match c {
                b'0'..=b'9' | b'.' => word.push(char::from(c)),
                b'E' | b'e'
                    if kind == 'v' && digits && !word.contains(['e', 'E']) && (matches!(next, b'+' | b'-') || exponents) =>
                {
                    word.push('e');
                }
                b'+' | b'-' if word.ends_with('e') => word.push(char::from(c)),
                _ => break,
            }
            at += 1;
        }
        let value = word.parse::<f64>().ok().filter(|v| v.is_finite());
        let Some(value) = value else { return Err(Error::at(number, format!("{word:?} is no number"))) };
        found.push(match kind {
            'v' => Token::Value(value),
            'd' => Token::Difference(value),
            _ if value >= 1.0 && value.fract() == 0.0 && value <= 1e9 => Token::Times(value as usize),
            _ => return Err(Error::at(number, format!("{word:?} is no number of repeats"))),
        });
    }
    Ok(found)
}

/// The ordinates of `(X++(Y..Y))`, checked against the x of each line; `most` of them at most.
fn ordinates(data: &Record<'_>, first: f64, step: f64, xf: f64, most: usize) -> Result<Vec<f64>, Error> {
    let body = || data.lines.iter().enumerate().skip(1).filter(|(_, l)| !l.trim().is_empty());
    // E is a digit in packed forms and an exponent in plain ones.
    let packed =
        body().any(|(_, l)| l.bytes().any(|c| matches!(c, b'@' | b'%' | b'A'..=b'D' | b'F'..=b'Z' | b'a'..=b'd' | b'f'..=b's')));
    let mut y: Vec<f64> = Vec::new();
    let mut difference_ended = false;
    for (n, line) in body() {
        let number = data.line + n;
        let all = tokens(line, number, !packed)?;
        let Some((Token::Value(x), rest)) = all.split_first() else {
            return Err(Error::at(number, "a line begins with the x of its first ordinate"));
        };
        let mut rest = rest;
        let mut at = y.len();
        if difference_ended {
            // The first ordinate says again what the last one was.
            let (Some((Token::Value(check), more)), Some(last)) = (rest.split_first(), y.last()) else {
                return Err(Error::at(number, "after differences a line begins with the last ordinate again"));
            };
            if check != last {
                return Err(Error::at(
                    number,
                    format!("its first ordinate is {check}; the line before ended with {last}: a difference is damaged"),
                ));
            }
            at -= 1;
            rest = more;
        }
        let expected = first + step * at as f64;
        // x is printed with a few digits.
        if (x * xf - expected).abs() > step.abs() * 0.75 + expected.abs() * 1e-6 {
            return Err(Error::at(
                number,
                format!("it begins at x = {}; by the ordinates before, {expected} is due: some are missing or too many", x * xf),
            ));
        }
        let mut last: Option<Token> = None;
        for token in rest {
            let (repeat, times) = match *token {
                Token::Times(_) if last.is_none() => return Err(Error::at(number, "a repeat with nothing before it")),
                Token::Times(n) => (last, n - 1),
                token => (Some(token), 1),
            };
            if y.len() + times > most {
                return Err(Error::at(number, format!("there are more ordinates than NPOINTS, {most}")));
            }
            for _ in 0..times {
                match repeat {
                    Some(Token::Value(v)) => y.push(v),
                    Some(Token::Difference(d)) => {
                        let Some(before) = y.last() else { return Err(Error::at(number, "a difference with nothing before it")) };
                        y.push(before + d);
                    }
                    Some(Token::Times(_)) | None => {}
                }
            }
            last = repeat;
        }
        difference_ended = matches!(last, Some(Token::Difference(_)));
    }
    // The last line of differences may be followed by a line that only says the last ordinate again, which added nothing.
    Ok(y)
}

#[cfg(test)]
mod tests {
    use super::super::{Content, Quantity};
    use super::read;

    fn file(data: &str, points: usize, last: f64) -> String {
        format!(
            "##TITLE=t\n##JCAMP-DX=4.24\n##DATATYPE=INFRARED SPECTRUM\n##XUNITS=1/CM\n##YUNITS=ABSORBANCE\n##XFACTOR=1\n##YFACTOR=1\n##FIRSTX=400\n##LASTX={last}\n##NPOINTS={points}\n##XYDATA=(X++(Y..Y))\n{data}\n##END=\n"
        )
    }

    fn values(text: &str) -> Vec<f64> {
        match read(text).unwrap_or_else(|e| panic!("{e}\n{text}")) {
            Content::Spectra(all) => all[0].values.clone(),
            Content::Peaks(_) => panic!("a curve"),
        }
    }

    #[test]
    fn all_forms_say_the_same() {
        // The ordinates of the standard's example: 1 2 3 3 2 1 0 -1 -2 -3.
        let expected = [1.0, 2.0, 3.0, 3.0, 2.0, 1.0, 0.0, -1.0, -2.0, -3.0];
        for (form, data) in [
            ("AFFN", "400 1 2 3 3 2 1 0 -1 -2 -3"),
            ("AFFN", "400,1.0E+0,2,3,3,2\n405 1 0 -1 -2 -3"),
            ("PAC", "400+1+2+3+3+2+1+0-1-2-3"),
            ("SQZ", "400ABCCBA@abc"),
            ("SQZ and DUP", "400ABCTBA@abc"),
            ("DIF", "400AJJ%jjjjjj"),
            ("DIF and DUP", "400AJT%jX\n409c"),
            ("DIF on two lines", "400AJJ%j\n404Bjjjjj"),
        ] {
            assert_eq!(values(&file(data, 10, 409.0)), expected, "{form}");
        }
    }

    #[test]
    fn axis_unit_and_metadata_are_kept() {
        let Ok(Content::Spectra(all)) =
            read(&file("400 1 2 3", 3, 398.0).replace("##DATATYPE", "##data type").replace("INFRARED", "RAMAN"))
        else {
            panic!("a curve")
        };
        assert_eq!(
            (all[0].axis.quantity, all[0].axis.unit.as_str(), all[0].unit.as_str()),
            (Quantity::RamanShift, "cm-1", "absorbance")
        );
        assert_eq!(all[0].axis.values, [400.0, 399.0, 398.0]);
        assert_eq!(all[0].metadata["DATATYPE"], "RAMAN SPECTRUM");
    }

    #[test]
    fn compound_files_are_several_spectra_and_mass_spectra_are_peaks() {
        let inner = file("400 1 2 3", 3, 402.0);
        let text = format!("##TITLE=link\n##DATA TYPE=LINK\n##BLOCKS=2\n{inner}{inner}##END=\n");
        assert!(matches!(read(&text), Ok(Content::Spectra(all)) if all.len() == 2));
        let mass = "##TITLE=m\n##DATA TYPE=MASS SPECTRUM\n##XUNITS=M/Z\n##NPOINTS=3\n##PEAK TABLE=(XY..XY)\n58,10 42,5\n$$ a remark\n77, 3\n##END=";
        let Ok(Content::Peaks(all)) = read(mass) else { panic!("peaks") };
        assert_eq!((all[0].mz.clone(), all[0].intensity.clone()), (vec![42.0, 58.0, 77.0], vec![5.0, 10.0, 3.0]));
    }

    #[test]
    fn what_is_said_twice_is_checked() {
        for (data, points, words) in [
            ("400 1 2 3", 4, "NPOINTS"),
            ("400 1 2\n409 3 4", 4, "is due"),
            ("400AJJ\n402Dj", 4, "difference is damaged"),
            ("400 1 ? 3", 3, "missing"),
            ("400 1 x 3", 3, "no number"),
            ("400AT", 99, "NPOINTS"),
            ("400AZ99999999999", 5, "repeats"),
            ("400S", 5, "nothing before"),
            ("400", 3, "NPOINTS"),
            ("A12", 3, "is due"),
        ] {
            let error = read(&file(data, points, 400.0 + points as f64 - 1.0)).expect_err(data).to_string();
            assert!(error.contains(words), "{data:?}: {error}");
        }
        let wrong = file("400 1 2 3", 3, 402.0).replace("##NPOINTS", "##FIRSTY=7\n##NPOINTS");
        assert!(read(&wrong).expect_err("FIRSTY").to_string().contains("FIRSTY"));
        assert!(read("##TITLE=a\n##NTUPLES=NMR").expect_err("NMR").to_string().contains("NTUPLES"));
        assert!(
            read("##TITLE=a\n##DATA TYPE=INFRARED\n##PEAK TABLE=(XY..XY)\n1,2\n##END=")
                .expect_err("peaks")
                .to_string()
                .contains("no curve")
        );
        assert!(read("##END=").is_err() && read("##TITLE=a").is_err());
    }
}
