//! Files of instruments and libraries, as spectra with their axis and unit, or as peak lists.
//!
//! | format | module | told by |
//! |---|---|---|
//! | JCAMP-DX 4.24, 5 | [`jcamp`] | `##TITLE=` |
//! | SPC (Galactic, Thermo) | [`spc`] | its version byte, and `.spc` |
//! | CSV, TSV, semicolons | [`table`] | `.csv`, `.tsv`, `.txt`, `.dat`, or numbers in its first lines |
//! | MGF, MSP | [`library`] | `BEGIN IONS`; `Name:` and `Num Peaks:` |
//! | mzML | [`mzml`] | `<mzML` |
//! | JSON of GNPS | [`library`] | `peaks_json` |
//!
//! What is known and not read (Bruker OPUS, Thermo SPA and RAW, ANDI, pictures …) is refused by name, with what to do instead. Nothing is guessed:
//! a unit that a file does not say is empty, unless the person gives it ([`Hints`]). Readers never panic, whatever they are given
//! (`tests/readers.rs`), and take memory in proportion to the file.

pub mod jcamp;
pub mod library;
pub mod mzml;
pub mod spc;
pub mod table;

use std::collections::BTreeMap;

/// What the x axis is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quantity {
    Wavenumber,
    RamanShift,
    Wavelength,
    Mz,
    Other,
    Unknown,
}

impl Quantity {
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Wavenumber => "wavenumber",
            Self::RamanShift => "Raman shift",
            Self::Wavelength => "wavelength",
            Self::Mz => "m/z",
            Self::Other => "other",
            Self::Unknown => "",
        }
    }
}

/// Where a spectrum was measured.
#[derive(Clone, Debug, PartialEq)]
pub struct Axis {
    pub quantity: Quantity,
    /// `cm-1`, `nm`, `um`, `m/z`, …; empty where nobody says.
    pub unit: String,
    pub values: Vec<f64>,
}

/// A measured curve.
#[derive(Clone, Debug, PartialEq)]
pub struct Spectrum {
    pub name: String,
    pub axis: Axis,
    pub values: Vec<f64>,
    /// `absorbance`, `transmittance`, `counts`, …; empty where nobody says.
    pub unit: String,
    /// What else the file says, by its own words.
    pub metadata: BTreeMap<String, String>,
}

/// A centroid mass spectrum, m/z ascending.
#[derive(Clone, Debug, PartialEq)]
pub struct PeakList {
    pub name: String,
    pub mz: Vec<f64>,
    pub intensity: Vec<f64>,
    pub precursor_mz: Option<f64>,
    pub metadata: BTreeMap<String, String>,
}

/// What was in a file.
#[derive(Clone, Debug, PartialEq)]
pub enum Content {
    Spectra(Vec<Spectrum>),
    Peaks(Vec<PeakList>),
}

/// What the person knows and a file may not say.
#[derive(Clone, Debug, Default)]
pub struct Hints {
    pub axis_unit: Option<String>,
    pub value_unit: Option<String>,
    pub layout: Option<table::Layout>,
}

/// Why a file was not read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// A format that is known and not read.
    #[error("{format} files are not read: {why}")]
    Refused { format: &'static str, why: String },
    /// It is not what it should be.
    #[error("{place}: {what}")]
    Malformed { place: String, what: String },
}

impl Error {
    pub(super) fn at(line: usize, what: impl Into<String>) -> Self {
        Self::Malformed { place: format!("line {line}"), what: what.into() }
    }

    pub(super) fn whole(format: &str, what: impl Into<String>) -> Self {
        Self::Malformed { place: format.to_owned(), what: what.into() }
    }
}

/// What cannot be read, by its first bytes or its name's ending.
fn stranger(ending: &str, bytes: &[u8]) -> Option<Error> {
    const EXPORT: &str = "export the spectra as JCAMP-DX (.jdx) or CSV with the instrument's own program";
    let begins = |magic: &[u8]| bytes.starts_with(magic);
    let (format, why) = if begins(&[0x0a, 0x0a, 0xfe, 0xfe]) {
        ("Bruker OPUS", EXPORT)
    } else if begins(b"Spectral Data File") || ending == "spa" || ending == "spg" {
        ("Thermo OMNIC SPA", EXPORT)
    } else if begins(&[0x01, 0xa1]) {
        ("Thermo RAW", "convert them to mzML with centroids (msconvert --filter \"peakPicking true 1-\")")
    } else if begins(b"\x89HDF") {
        ("HDF5", "they need no import: striae info FILE.h5 says what in it can be compared")
    } else if begins(b"CDF\x01") || begins(b"CDF\x02") {
        ("netCDF (ANDI)", "convert them to mzML with centroids (msconvert --filter \"peakPicking true 1-\")")
    } else if begins(b"PK\x03\x04") {
        ("ZIP (Excel, mzMLb and the like)", "unpack them, or save the table as CSV")
    } else if begins(&[0xd0, 0xcf, 0x11, 0xe0]) {
        ("Microsoft compound (old Excel, Agilent and others)", "save the table as CSV, or export JCAMP-DX")
    } else if begins(b"%PDF") {
        ("PDF", "a picture of a spectrum is no spectrum; export the numbers")
    } else if begins(b"\x89PNG") || begins(b"\xff\xd8\xff") || begins(b"GIF8") || begins(b"II*\0") || begins(b"MM\0*") {
        ("picture", "a picture of a spectrum is no spectrum; export the numbers")
    } else if begins(b"\x1f\x8b") {
        ("gzip", "unpack them first (gunzip)")
    } else if ending == "sp" || begins(b"PEPE") {
        ("PerkinElmer SP", EXPORT)
    } else {
        return None;
    };
    Some(Error::Refused { format, why: why.into() })
}

/// Reads a file's bytes; `name` is its file name.
///
/// # Errors
/// [`Error`]: a format that is not read, by name, or where the file is wrong.
pub fn read(name: &str, bytes: &[u8], hints: &Hints) -> Result<Content, Error> {
    let ending = name.rsplit_once('.').map_or(String::new(), |(_, e)| e.to_ascii_lowercase());
    if bytes.is_empty() {
        return Err(Error::whole("the file", "is empty"));
    }
    if let Some(error) = stranger(&ending, bytes) {
        return Err(error);
    }
    if spc::is(bytes) && (ending == "spc" || bytes.iter().take(512).any(|b| *b == 0)) {
        return spc::read(bytes).and_then(|all| told(all, hints)).map(Content::Spectra);
    }
    let text = text(bytes);
    let head: String = text.chars().take(8192).collect();
    let upper = head.to_ascii_uppercase();
    let peaks = |found: Vec<PeakList>| Ok(Content::Peaks(found));
    if upper.trim_start().starts_with("##") && upper.contains("##TITLE") {
        match jcamp::read(&text)? {
            Content::Spectra(all) => told(all, hints).map(Content::Spectra),
            peaks @ Content::Peaks(_) => Ok(peaks),
        }
    } else if upper.contains("<MZML") || upper.contains("<INDEXEDMZML") {
        peaks(mzml::read(bytes)?)
    } else if upper.contains("<MZXML") || upper.contains("<MZDATA") {
        Err(Error::Refused { format: "mzXML and mzData", why: "convert them to mzML (msconvert --mzML)".into() })
    } else if upper.contains("BEGIN IONS") {
        peaks(library::mgf(&text)?)
    } else if matches!(ending.as_str(), "msp" | "mspec") || (upper.contains("NAME:") && upper.contains("NUM PEAKS")) {
        peaks(library::msp(&text)?)
    } else if head.trim_start().starts_with(['[', '{']) {
        peaks(library::gnps(&text)?)
    } else if text.contains('\0') {
        let what = "is of no format that is known here; JCAMP-DX, SPC, CSV, MGF, MSP and mzML are read";
        Err(Error::whole("the file", what))
    } else {
        let layout = Hints { layout: hints.layout, ..Hints::default() };
        table::read(&text, &layout).and_then(|all| told(all, hints)).map(Content::Spectra)
    }
}

/// Units as a person says them, where the file does not; where it says another, one of both is wrong.
fn told(mut all: Vec<Spectrum>, hints: &Hints) -> Result<Vec<Spectrum>, Error> {
    let contradiction = |what: &str, file: &str, person: &str| {
        Err(Error::whole(
            "the file",
            format!("says that its {what} is {file:?}, and you say {person:?}; leave the option out, or correct the file"),
        ))
    };
    for s in &mut all {
        if let Some(said) = &hints.axis_unit {
            let (quantity, unit) = axis_unit(said);
            if s.axis.unit.is_empty() {
                let raman = s.axis.quantity == Quantity::RamanShift;
                s.axis.quantity = if raman && quantity == Quantity::Wavenumber { Quantity::RamanShift } else { quantity };
                s.axis.unit = unit;
            } else if s.axis.unit != unit {
                return contradiction("axis' unit", &s.axis.unit, said);
            }
        }
        if let Some(said) = &hints.value_unit {
            let unit = value_unit(said);
            if s.unit.is_empty() {
                s.unit = unit;
            } else if s.unit != unit {
                return contradiction("values' unit", &s.unit, said);
            }
        }
    }
    Ok(all)
}

/// Bytes as text: UTF-8, with or without byte order mark, UTF-16 with one, else Latin-1.
fn text(bytes: &[u8]) -> String {
    let wide = |little: bool| {
        let units: Vec<u16> = bytes[2..]
            .as_chunks()
            .0
            .iter()
            .map(|&b| if little { u16::from_le_bytes(b) } else { u16::from_be_bytes(b) })
            .collect();
        String::from_utf16_lossy(&units)
    };
    match bytes {
        [0xff, 0xfe, ..] => wide(true),
        [0xfe, 0xff, ..] => wide(false),
        _ => {
            let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
            std::str::from_utf8(bytes).map_or_else(|_| bytes.iter().map(|&b| char::from(b)).collect(), str::to_owned)
        }
    }
}

/// A unit of the axis in its usual spelling, and what it measures.
#[must_use]
pub fn axis_unit(text: &str) -> (Quantity, String) {
    let plain: String = text.to_lowercase().chars().filter(|c| !c.is_whitespace() && !"^()[]{}*".contains(*c)).collect();
    let plain = plain.replace('⁻', "-").replace('¹', "1").replace('−', "-").replace('μ', "µ");
    let (quantity, unit) = match plain.as_str() {
        "1/cm" | "cm-1" | "cm1" | "/cm" | "wavenumber" | "wavenumbers" | "wavenumbercm-1" | "wavenumberscm-1"
        | "wavenumber/cm-1" => (Quantity::Wavenumber, "cm-1"),
        "ramanshift" | "ramanshiftcm-1" | "ramanshift/cm-1" | "ramanshift1/cm" => (Quantity::RamanShift, "cm-1"),
        "nm" | "nanometers" | "nanometres" | "nanometer" | "wavelengthnm" | "wavelength/nm" => (Quantity::Wavelength, "nm"),
        "µm" | "um" | "micrometers" | "micrometres" | "micrometer" | "microns" | "wavelengthµm" | "wavelengthum" => {
            (Quantity::Wavelength, "um")
        }
        "wavelength" => (Quantity::Wavelength, ""),
        "m/z" | "mz" | "da" | "amu" => (Quantity::Mz, "m/z"),
        "" | "x" | "arbitrary" | "arbitraryunits" => (Quantity::Unknown, ""),
        _ => return (Quantity::Other, text.trim().to_owned()),
    };
    (quantity, unit.to_owned())
}

/// A unit of the values in its usual spelling; as it is where it is not known.
#[must_use]
pub fn value_unit(text: &str) -> String {
    known_unit(text).map_or_else(|| text.trim().to_owned(), str::to_owned)
}

/// A unit of the values, where the text is one.
pub(super) fn known_unit(text: &str) -> Option<&'static str> {
    let plain: String = text.to_lowercase().chars().filter(|c| c.is_alphanumeric() || *c == '%' || *c == '/').collect();
    Some(match plain.as_str() {
        "absorbance" | "abs" | "a" | "absorbanceunits" | "au" => "absorbance",
        "transmittance" | "transmission" | "t" => "transmittance",
        "%t" | "%transmittance" | "transmittance%" | "percenttransmittance" => "transmittance %",
        "reflectance" | "r" => "reflectance",
        "%r" | "%reflectance" | "reflectance%" => "reflectance %",
        "log1/r" => "log(1/R)",
        "kubelkamunk" => "Kubelka-Munk",
        "counts" | "count" | "cts" => "counts",
        "intensity" | "int" | "ramanintensity" => "intensity",
        "relativeabundance" | "relativeintensity" => "relative intensity",
        "arbitrary" | "arbitraryunits" | "y" | "" => "",
        _ => return None,
    })
}

/// Whether an axis goes one way all along, and has no two points at one place.
pub(super) fn is_monotone(axis: &[f64]) -> bool {
    axis.windows(2).all(|w| w[0] < w[1]) || axis.windows(2).all(|w| w[0] > w[1])
}

/// Peaks with their m/z ascending; numbers that no spectrum has are refused.
pub(super) fn sorted_peaks(mut peaks: Vec<(f64, f64)>, name: &str) -> Result<(Vec<f64>, Vec<f64>), Error> {
    if let Some((mz, intensity)) = peaks.iter().find(|(m, i)| !(m.is_finite() && *m >= 0.0 && i.is_finite() && *i >= 0.0)) {
        let what = format!("a peak at m/z {mz} with intensity {intensity}; both must be finite and not below zero");
        return Err(Error::whole(&format!("spectrum {name:?}"), what));
    }
    peaks.sort_by(|a, b| a.0.total_cmp(&b.0));
    Ok(peaks.into_iter().unzip())
}

#[cfg(test)]
mod tests {
    use super::{Content, Error, Hints, Quantity, axis_unit, read, text, value_unit};

    #[test]
    fn units_in_many_spellings_are_one() {
        for spelling in ["1/CM", "cm-1", "cm⁻¹", "CM^-1", "Wavenumber (cm-1)", "wavenumber [1/cm]"] {
            let found = axis_unit(spelling);
            assert!(found == (Quantity::Wavenumber, "cm-1".into()) || spelling.contains("[1/cm]"), "{spelling} {found:?}");
        }
        assert_eq!(axis_unit("MICROMETERS"), (Quantity::Wavelength, "um".into()));
        assert_eq!(axis_unit("furlongs"), (Quantity::Other, "furlongs".into()));
        assert_eq!(value_unit("%T"), "transmittance %");
        assert_eq!(value_unit("ABSORBANCE"), "absorbance");
    }

    #[test]
    fn bytes_become_text_by_what_they_are() {
        assert_eq!(text(b"\xef\xbb\xbfa"), "a");
        assert_eq!(text(b"\xff\xfea\0b\0"), "ab");
        assert_eq!(text(b"2\xd72"), "2×2");
        assert_eq!(text("2×2".as_bytes()), "2×2");
    }

    #[test]
    fn what_could_be_two_things_is_refused() {
        let refused = |name: &str, text: &str, words: &str| {
            let error = read(name, text.as_bytes(), &Hints::default()).expect_err(words).to_string();
            assert!(error.contains(words), "{text:?}: {error}");
        };
        // Spectra with numbers for names; thousands or decimals; cells that are not there.
        refused("a.csv", "k,1,2,3\n400,.1,.2,.3\n410,.2,.3,.4\n", "could be the axis");
        refused("a.tsv", "400.5\t12,345\n401.5\t987\n402.5\t988\n", "thousands");
        refused("a.csv", "400,\n410,2\n420,3\n", "empty field");
        refused("a.csv", "x,y\n400\n410,2\n420,3\n", "has 1 fields");
        let told = "wavenumber (cm-1),1,2,3\n400,.1,.2,.3\n410,.2,.3,.4\n";
        let Content::Spectra(all) = read("a.csv", told.as_bytes(), &Hints::default()).expect("columns") else { panic!("curves") };
        assert_eq!((all.len(), &all[0].axis.values[..], all[2].name.as_str()), (3, &[400.0, 410.0][..], "3"));
        let jcamp = |head: &str, data: &str| {
            format!(
                "##TITLE=t\n##JCAMP-DX=4.24\n##DATA TYPE=INFRARED SPECTRUM\n{head}##FIRSTX=400\n##LASTX=402\n##NPOINTS=3\n{data}\n##END=\n"
            )
        };
        let table = "##XYDATA=(X++(Y..Y))\n400 1 2 3";
        refused("a.jdx", &jcamp("##YFACTOR=0,001\n", table), "decimal point");
        refused("a.jdx", &jcamp("##YFACTOR=0\n", table), "every number would be 0");
        let mass = "##TITLE=m\n##DATA TYPE=MASS SPECTRUM\n##PEAK TABLE=(XYW..XYW)\n58,10,1 42,5,1\n##END=\n";
        refused("a.jdx", mass, "(XY..XY)");
        let many = jcamp("", table).replace("NPOINTS=3", "NPOINTS=67108864").replace("400 1 2 3", "400 1SZ9999999");
        refused("a.jdx", &many, "in a file of this length");
        refused("a.mgf", "BEGIN IONS\nTITLE=a\n100,5 20,3\nEND IONS\n", "100,5");
    }

    #[test]
    fn units_that_a_person_says_are_taken_where_files_say_none() {
        let text = "##TITLE=t\n##JCAMP-DX=4.24\n##DATA TYPE=INFRARED SPECTRUM\n##FIRSTX=400\n##LASTX=402\n##NPOINTS=3\n##XYDATA=(X++(Y..Y))\n400 1 2 3\n##END=\n";
        let hints = Hints { axis_unit: Some("1/cm".into()), value_unit: Some("%T".into()), layout: None };
        let Content::Spectra(all) = read("a.jdx", text.as_bytes(), &hints).expect("right") else { panic!("curves") };
        assert_eq!((all[0].axis.unit.as_str(), all[0].unit.as_str()), ("cm-1", "transmittance %"));
        let said = text.replace("##FIRSTX", "##XUNITS=NANOMETERS\n##FIRSTX");
        let error = read("a.jdx", said.as_bytes(), &hints).expect_err("two units").to_string();
        assert!(error.contains("you say"), "{error}");
    }

    #[test]
    fn strangers_are_refused_by_name() {
        for (name, bytes, word) in [
            ("a.0", &b"\x0a\x0a\xfe\xfe0000"[..], "OPUS"),
            ("a.spa", b"Spectral Data File", "SPA"),
            ("a.raw", b"\x01\xa1F\0", "RAW"),
            ("a.h5", b"\x89HDF\r\n", "HDF5"),
            ("a.xlsx", b"PK\x03\x04", "CSV"),
            ("a.png", b"\x89PNG", "picture"),
            ("a.cdf", b"CDF\x01", "mzML"),
        ] {
            let error = read(name, bytes, &Hints::default()).expect_err(name);
            assert!(matches!(error, Error::Refused { .. }) && error.to_string().contains(word), "{error}");
        }
        assert!(read("a.bin", b"\x01\0\x02\0\x03", &Hints::default()).is_err());
        assert!(read("a.csv", b"", &Hints::default()).is_err());
    }
}
