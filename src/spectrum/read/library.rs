//! Libraries of mass spectra as text: MGF, MSP (NIST, MoNA, MassBank), JSON of GNPS.
//!
//! - MGF: `BEGIN IONS`, `KEY=value`, `m/z intensity` lines, `END IONS`. `PEPMASS` is the precursor's m/z (0: none).
//! - MSP: `Key: value`, `Num Peaks: n`, then n pairs, any number on a line, separated by blanks, tabs, commas or semicolons; words in
//!   quotes behind a pair are annotations. Another number of peaks is an error.
//! - JSON: a list of objects with `peaks_json` (or `peaks`), as GNPS gives them.
//!
//! Peaks are sorted by m/z. A spectrum without peaks is an error, since nothing can be compared with it.

use super::{Error, PeakList, sorted_peaks};
use std::collections::BTreeMap;

/// Longest value that is kept.
const MOST: usize = 4096;

fn number(word: &str, line: usize) -> Result<f64, Error> {
    word.parse::<f64>().ok().filter(|x| x.is_finite()).ok_or_else(|| Error::at(line, format!("{word:?} is no number")))
}

fn list(
    name: String,
    peaks: Vec<(f64, f64)>,
    precursor: Option<f64>,
    metadata: BTreeMap<String, String>,
    line: usize,
) -> Result<PeakList, Error> {
    if peaks.is_empty() {
        return Err(Error::at(line, format!("spectrum {name:?} has no peaks")));
    }
    let (mz, intensity) = sorted_peaks(peaks, &name)?;
    Ok(PeakList { name, mz, intensity, precursor_mz: precursor.filter(|&p| p > 0.0), metadata })
}

fn some(found: Vec<PeakList>, format: &str) -> Result<Vec<PeakList>, Error> {
    if found.is_empty() { Err(Error::whole(format, "there is no spectrum in it")) } else { Ok(found) }
}

/// Line, keys and peaks of a spectrum that has begun.
type Open = (usize, BTreeMap<String, String>, Vec<(f64, f64)>);

/// Mascot's generic format.
///
/// # Errors
/// Where it is wrong.
pub fn mgf(text: &str) -> Result<Vec<PeakList>, Error> {
    let mut found = Vec::new();
    let mut open: Option<Open> = None;
    for (n, line) in text.lines().enumerate() {
        let (number_of, line) = (n + 1, line.trim());
        if line.is_empty() || line.starts_with(['#', ';', '!', '/']) {
            continue;
        }
        if line.eq_ignore_ascii_case("BEGIN IONS") {
            if open.is_some() {
                return Err(Error::at(number_of, "BEGIN IONS before the END IONS of the spectrum before"));
            }
            open = Some((number_of, BTreeMap::new(), Vec::new()));
            continue;
        }
        if line.eq_ignore_ascii_case("END IONS") {
            let Some((start, keys, peaks)) = open.take() else { return Err(Error::at(number_of, "END IONS without BEGIN IONS")) };
            let first = |key: &str| keys.get(key).and_then(|v: &String| v.split_whitespace().next());
            let precursor = first("PEPMASS").map(|word| number(word, start)).transpose()?;
            let name = ["TITLE", "NAME", "SPECTRUMID"].iter().find_map(|k| keys.get(*k)).cloned().unwrap_or_default();
            found.push(list(name, peaks, precursor, keys, start)?);
            continue;
        }
        // Keys before the first spectrum are of the search, not of a spectrum.
        let Some((_, keys, peaks)) = &mut open else { continue };
        match line.split_once('=') {
            Some((key, value)) if !line.starts_with(|c: char| c.is_ascii_digit()) => {
                if value.len() <= MOST {
                    keys.insert(key.trim().to_uppercase(), value.trim().to_owned());
                }
            }
            _ => {
                let mut words = line.split([' ', '\t']).filter(|w| !w.is_empty());
                let (Some(mz), Some(intensity)) = (words.next(), words.next()) else {
                    return Err(Error::at(number_of, format!("{line:?} is no peak: m/z and intensity are needed")));
                };
                peaks.push((number(mz, number_of)?, number(intensity, number_of)?));
            }
        }
    }
    if let Some((start, ..)) = open {
        return Err(Error::at(start, "the spectrum that begins here has no END IONS: the file is cut off"));
    }
    some(found, "MGF")
}

/// NIST's text format and its dialects.
///
/// # Errors
/// Where it is wrong.
pub fn msp(text: &str) -> Result<Vec<PeakList>, Error> {
    let mut found = Vec::new();
    let mut keys: BTreeMap<String, String> = BTreeMap::new();
    let mut start = 1;
    // Peaks that are due, and those that came.
    let mut due: Option<(usize, Vec<(f64, f64)>)> = None;
    let mut finish =
        |keys: &mut BTreeMap<String, String>, due: &mut Option<(usize, Vec<(f64, f64)>)>, start: usize| -> Result<(), Error> {
            let Some((count, peaks)) = due.take() else {
                return if keys.contains_key("NAME") { Err(Error::at(start, "a spectrum without Num Peaks")) } else { Ok(()) };
            };
            if peaks.len() != count {
                return Err(Error::at(
                    start,
                    format!("Num Peaks is {count} and there are {}: the file is cut off or damaged", peaks.len()),
                ));
            }
            let keys = std::mem::take(keys);
            let precursor = ["PRECURSORMZ", "PRECURSOR_MZ", "PEPMASS"].iter().find_map(|k| keys.get(*k));
            // Some write a word or two numbers here; only a number is one.
            let precursor =
                precursor.and_then(|v| v.split([' ', ';']).next()).and_then(|v| v.parse::<f64>().ok()).filter(|p| p.is_finite());
            let name = keys.get("NAME").cloned().unwrap_or_default();
            found.push(list(name, peaks, precursor, keys, start)?);
            Ok(())
        };
    for (n, raw) in text.lines().enumerate() {
        let (number_of, line) = (n + 1, raw.trim());
        if line.is_empty() {
            if due.is_some() {
                finish(&mut keys, &mut due, start)?;
            }
            continue;
        }
        if let Some((count, peaks)) = due.as_mut().filter(|(count, peaks)| peaks.len() < *count) {
            // What is in quotes is a remark on the peak before.
            let plain: String = line.split('"').step_by(2).collect::<Vec<_>>().join(" ");
            let words: Vec<&str> = plain.split([' ', '\t', ',', ';']).filter(|w| !w.is_empty()).collect();
            let pairs = words.chunks(2);
            for pair in pairs {
                let [mz, intensity] = pair else {
                    return Err(Error::at(number_of, format!("{line:?}: an m/z without its intensity")));
                };
                if peaks.len() >= *count {
                    return Err(Error::at(number_of, format!("more peaks than Num Peaks, {count}")));
                }
                peaks.push((number(mz, number_of)?, number(intensity, number_of)?));
            }
            continue;
        }
        let Some((key, value)) = line.split_once(':') else {
            return Err(Error::at(number_of, format!("{line:?} is neither a key with its value nor a peak that is due")));
        };
        let key: String = key.trim().to_uppercase();
        if key == "NAME" && (due.is_some() || keys.contains_key("NAME")) {
            finish(&mut keys, &mut due, start)?;
        }
        if key == "NAME" {
            start = number_of;
        }
        if key.replace([' ', '_'], "") == "NUMPEAKS" {
            let count =
                value.trim().parse::<usize>().map_err(|_| Error::at(number_of, format!("Num Peaks is {:?}", value.trim())))?;
            // A peak has three letters at least.
            if count > text.len() {
                return Err(Error::at(number_of, format!("Num Peaks is {count}, more than the file can hold")));
            }
            due = Some((count, Vec::new()));
        } else if value.len() <= MOST {
            // Synonyms and the like occur again: the first one stays.
            keys.entry(key).or_insert_with(|| value.trim().to_owned());
        }
    }
    finish(&mut keys, &mut due, start)?;
    some(found, "MSP")
}

/// JSON as GNPS gives it.
///
/// # Errors
/// Where it is wrong.
pub fn gnps(text: &str) -> Result<Vec<PeakList>, Error> {
    let whole = |what: String| Error::whole("JSON", what);
    let parsed: serde_json::Value = serde_json::from_str(text).map_err(|e| whole(e.to_string()))?;
    let all = match parsed {
        serde_json::Value::Array(all) => all,
        one @ serde_json::Value::Object(_) => vec![one],
        _ => return Err(whole("a list of spectra is needed".into())),
    };
    let mut found = Vec::new();
    for (n, spectrum) in all.iter().enumerate() {
        let Some(object) = spectrum.as_object() else { return Err(whole(format!("entry {n} is no spectrum"))) };
        let peaks = match object.get("peaks_json").or_else(|| object.get("peaks")) {
            Some(serde_json::Value::String(inner)) => {
                serde_json::from_str::<Vec<(f64, f64)>>(inner).map_err(|e| whole(format!("the peaks of entry {n}: {e}")))?
            }
            Some(list) => serde_json::from_value(list.clone()).map_err(|e| whole(format!("the peaks of entry {n}: {e}")))?,
            None => return Err(whole(format!("entry {n} has no peaks_json or peaks"))),
        };
        let plain = |v: &serde_json::Value| match v {
            serde_json::Value::String(s) => Some(s.clone()),
            serde_json::Value::Number(x) => Some(x.to_string()),
            serde_json::Value::Bool(b) => Some(b.to_string()),
            _ => None,
        };
        let keys: BTreeMap<String, String> = object
            .iter()
            .filter(|(k, _)| !k.starts_with("peaks"))
            .filter_map(|(k, v)| Some((k.to_uppercase(), plain(v).filter(|v| v.len() <= MOST)?)))
            .collect();
        let precursor = keys.get("PRECURSOR_MZ").and_then(|v| v.parse().ok()).filter(|p: &f64| p.is_finite());
        let name = ["COMPOUND_NAME", "NAME", "SPECTRUM_ID"].iter().find_map(|k| keys.get(*k)).cloned().unwrap_or_default();
        found.push(list(name, peaks, precursor, keys, 1)?);
    }
    some(found, "JSON")
}

#[cfg(test)]
mod tests {
    use super::{gnps, mgf, msp};

    #[test]
    fn mgf_with_everything_and_with_errors() {
        let text = "COM=search\nBEGIN IONS\nTITLE=a=b\nPEPMASS=100.5 300\nCHARGE=1+\n50.5\t10 1+\n40 5\nEND IONS\n\nBEGIN IONS\nPEPMASS=0\n1 2\nEND IONS\n";
        let all = mgf(text).expect("right");
        assert_eq!((all.len(), all[0].name.as_str(), all[0].precursor_mz, all[1].precursor_mz), (2, "a=b", Some(100.5), None));
        assert_eq!((all[0].mz.clone(), all[0].intensity.clone()), (vec![40.0, 50.5], vec![5.0, 10.0]));
        for (bad, words) in [
            ("BEGIN IONS\n1 2\n", "cut off"),
            ("BEGIN IONS\n1\nEND IONS", "m/z and intensity"),
            ("BEGIN IONS\nEND IONS", "no peaks"),
            ("BEGIN IONS\nBEGIN IONS", "before the END"),
            ("END IONS", "without BEGIN"),
            ("BEGIN IONS\n1 x\nEND IONS", "no number"),
            ("BEGIN IONS\n1 -2\nEND IONS", "below zero"),
            ("", "no spectrum"),
        ] {
            assert!(mgf(bad).expect_err(bad).to_string().contains(words), "{bad:?}");
        }
    }

    #[test]
    fn msp_in_its_dialects() {
        let text = "Name: A\nSynon: x\nSynon: y\nPrecursorMZ: 58.2\nNum Peaks: 5\n40 3; 41 67;\n43,2 44\t1 \"C2H4\"\n45 9\n\nNAME: B\nNUM PEAKS: 1\n10:2\n";
        assert!(msp(text).is_err());
        let text = text.replace("10:2", "10 2").replace("45 9\n\n", "45 9\n");
        let all = msp(&text).expect("right");
        assert_eq!((all.len(), all[0].mz.len(), all[0].precursor_mz, all[0].metadata["SYNON"].as_str()), (2, 5, Some(58.2), "x"));
        for (bad, words) in [
            ("Name: A\nNum Peaks: 3\n1 2\n", "cut off"),
            ("Name: A\nNum Peaks: 1\n1 2 3 4\n", "more peaks"),
            ("Name: A\nNum Peaks: 1\n1\n", "without its intensity"),
            ("Name: A\nFormula: C\n", "without Num Peaks"),
            ("Name: A\nNum Peaks: 99999999999\n1 2\n", "can hold"),
            ("nonsense", "neither"),
        ] {
            assert!(msp(bad).expect_err(bad).to_string().contains(words), "{bad:?}");
        }
    }

    #[test]
    fn gnps_lists() {
        let all = gnps(r#"[{"spectrum_id":"S1","Precursor_MZ":"10.5","peaks_json":"[[3,1],[2,5]]"},{"peaks":[[1.0,2.0]]}]"#)
            .expect("right");
        assert_eq!(
            (all[0].name.as_str(), all[0].precursor_mz, all[0].mz.clone(), all.len()),
            ("S1", Some(10.5), vec![2.0, 3.0], 2)
        );
        for bad in ["[1]", "3", "[{}]", "[{\"peaks_json\":\"[[1]]\"}]", "[{\"peaks\":[]}]", "[", "[]"] {
            assert!(gnps(bad).is_err(), "{bad}");
        }
    }
}
