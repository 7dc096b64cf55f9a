//! Writing a surface as X3P: the same surface and the same words give the same bytes, on every machine and at any time.
//!
//! Heights are f64 in metres (`CZ`: absolute, `D`). A point that was not measured is NaN in data.bin, and where there is one, 0 in valid.bin.
//! Elements stand in the order of the standard's schema; entries are stored without compression, so that no library's version changes a byte, and
//! carry the ZIP format's first date (1980). The date of measurement comes from the caller.
//!
//! # Error of the round trip
//! A height h µm is stored as m = h / 10⁶, rounded once, and read as m · 10⁶, rounded once. 10⁶ = 1.907 · 2¹⁹: neighbours of m are 0.95 or 1.9 units
//! of h's last place apart. Where it is 0.95, m · 10⁶ lies within half a unit of h and rounds to it: the round trip is exact. Where it is 1.9
//! (significands of h from 1.907 to 2), some h have no m, and it is off by 1 unit in the last place, 2.2·10⁻¹⁶ of the height, at most. The same
//! holds for spacings.

use super::Error;
use super::checksum::Digest;
use crate::toolmark::surface::Surface;
use std::io::{Cursor, Write as _};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, System, ZipWriter};

/// What main.xml is to say about a surface. The schema wants every element; what is empty is written as "N/A" where it wants text.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct About {
    /// As 2026-01-31T12:00:00, with or without fractions of a second and a time zone.
    pub date: String,
    /// Left out where it is empty.
    pub creator: String,
    pub manufacturer: String,
    pub model: String,
    pub serial: String,
    pub version: String,
    /// The date of measurement where it is empty.
    pub calibration_date: String,
    /// `NonContacting`, `Contacting` or `Software`; `Software` where it is empty.
    pub probing_type: String,
    pub probing: String,
    /// Left out where it is empty.
    pub comment: String,
}

/// The bytes of an X3P file.
///
/// # Errors
/// [`Error::About`] where a text cannot stand in the XML or a date is none.
pub fn write(surface: &Surface, about: &About) -> Result<Vec<u8>, Error> {
    let mut data = Vec::with_capacity(surface.heights_um().len() * 8);
    let mut valid = vec![0u8; surface.measured().len().div_ceil(8)];
    for (i, (h, m)) in surface.heights_um().iter().zip(surface.measured()).enumerate() {
        data.extend_from_slice(&if *m { metres(*h) } else { f64::NAN }.to_le_bytes());
        valid[i / 8] |= u8::from(*m) << (i % 8);
    }
    let valid = surface.measured().contains(&false).then_some(valid);
    let xml = description(surface, about, &md5(&data), valid.as_deref().map(md5).as_deref())?;
    let sum = format!("{} *main.xml\n", md5(xml.as_bytes()));

    let failed = |why: String| Error::Write { why };
    let mut zip = ZipWriter::new(Cursor::new(Vec::with_capacity(data.len() + 8192)));
    let options = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Stored)
        .last_modified_time(DateTime::DEFAULT)
        .system(System::Unix)
        .unix_permissions(0o644);
    let mut entry = |name: &str, bytes: &[u8]| {
        // Beyond 4 GiB an entry needs the wide headers.
        let options = options.large_file(u32::try_from(bytes.len()).is_err());
        zip.start_file(name, options).map_err(|e| failed(e.to_string()))?;
        zip.write_all(bytes).map_err(|e| failed(e.to_string()))
    };
    entry("main.xml", xml.as_bytes())?;
    entry("bindata/data.bin", &data)?;
    if let Some(valid) = &valid {
        entry("bindata/valid.bin", valid)?;
    }
    entry("md5checksum.hex", sum.as_bytes())?;
    zip.finish().map(Cursor::into_inner).map_err(|e| failed(e.to_string()))
}

fn metres(um: f64) -> f64 {
    um / 1e6
}

fn md5(bytes: &[u8]) -> String {
    let mut digest = Digest::default();
    digest.update(bytes);
    digest.hex()
}

fn description(surface: &Surface, about: &About, data: &str, valid: Option<&str>) -> Result<String, Error> {
    let (x, y) = surface.spacing_um();
    let (columns, rows) = (surface.columns(), surface.rows());
    let feature = if rows == 1 { "PRF" } else { "SUR" };
    let date = date("date", &about.date)?;
    let calibration =
        if about.calibration_date.is_empty() { date } else { self::date("calibration_date", &about.calibration_date)? };
    let probing_type = match about.probing_type.as_str() {
        "" | "Software" => "Software",
        "NonContacting" => "NonContacting",
        "Contacting" => "Contacting",
        other => {
            let allowed = "allowed are NonContacting, Contacting and Software";
            return Err(Error::About { field: "probing_type", got: other.into(), allowed });
        }
    };
    let wanted = |field, text: &str| escaped(field, if text.is_empty() { "N/A" } else { text });
    let optional = |field, name: &str, text: &str| {
        if text.is_empty() { Ok(String::new()) } else { escaped(field, text).map(|t| format!("    <{name}>{t}</{name}>\n")) }
    };
    let axis = |name: &str, increment: f64| {
        format!(
            "      <{name}>\n        <AxisType>I</AxisType>\n        <DataType>D</DataType>\n        <Increment>{increment:e}</Increment>\n        \
             <Offset>0</Offset>\n      </{name}>\n"
        )
    };
    let valid = valid.map_or(String::new(), |sum| {
        format!(
            "      <ValidPointsLink>bindata/valid.bin</ValidPointsLink>\n      <MD5ChecksumValidPoints>{sum}</MD5ChecksumValidPoints>\n"
        )
    });
    Ok([
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n".into(),
        "<p:ISO5436_2 xmlns:p=\"http://www.opengps.eu/2008/ISO5436_2\" xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" \
         xsi:schemaLocation=\"http://www.opengps.eu/2008/ISO5436_2 http://www.opengps.eu/2008/ISO5436_2/ISO5436_2.xsd\">\n"
            .into(),
        format!("  <Record1>\n    <Revision>ISO5436 - 2000</Revision>\n    <FeatureType>{feature}</FeatureType>\n    <Axes>\n"),
        axis("CX", metres(x)),
        axis("CY", metres(y)),
        "      <CZ>\n        <AxisType>A</AxisType>\n        <DataType>D</DataType>\n        <Increment>1</Increment>\n        <Offset>0</Offset>\n      \
         </CZ>\n    </Axes>\n  </Record1>\n"
            .into(),
        format!("  <Record2>\n    <Date>{date}</Date>\n"),
        optional("creator", "Creator", &about.creator)?,
        format!("    <Instrument>\n      <Manufacturer>{}</Manufacturer>\n", wanted("manufacturer", &about.manufacturer)?),
        format!("      <Model>{}</Model>\n", wanted("model", &about.model)?),
        format!("      <Serial>{}</Serial>\n", wanted("serial", &about.serial)?),
        format!("      <Version>{}</Version>\n    </Instrument>\n", wanted("version", &about.version)?),
        format!("    <CalibrationDate>{calibration}</CalibrationDate>\n    <ProbingSystem>\n      <Type>{probing_type}</Type>\n"),
        format!("      <Identification>{}</Identification>\n    </ProbingSystem>\n", wanted("probing", &about.probing)?),
        optional("comment", "Comment", &about.comment)?,
        format!("  </Record2>\n  <Record3>\n    <MatrixDimension>\n      <SizeX>{columns}</SizeX>\n      <SizeY>{rows}</SizeY>\n"),
        "      <SizeZ>1</SizeZ>\n    </MatrixDimension>\n    <DataLink>\n      <PointDataLink>bindata/data.bin</PointDataLink>\n".into(),
        format!("      <MD5ChecksumPointData>{data}</MD5ChecksumPointData>\n{valid}    </DataLink>\n  </Record3>\n"),
        "  <Record4>\n    <ChecksumFile>md5checksum.hex</ChecksumFile>\n  </Record4>\n</p:ISO5436_2>\n".into(),
    ]
    .concat())
}

/// A text as XML; what XML cannot hold is refused.
fn escaped(field: &'static str, text: &str) -> Result<String, Error> {
    let bad = |c: char| (c < ' ' && !matches!(c, '\t' | '\n')) || matches!(c, '\u{fffe}' | '\u{ffff}');
    if text.contains(bad) || text.len() > 1 << 15 {
        let got = text.chars().take(60).collect();
        return Err(Error::About { field, got, allowed: "allowed are at most 32768 bytes without control characters" });
    }
    Ok(text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;"))
}

/// A date and time as the schema has it.
fn date<'a>(field: &'static str, text: &'a str) -> Result<&'a str, Error> {
    let wrong = || Error::About {
        field,
        got: text.chars().take(60).collect(),
        allowed: "a date and time is written as 2026-01-31T12:00:00",
    };
    let (head, tail) = text.split_at_checked(19).ok_or_else(wrong)?;
    let shape = "dddd-dd-ddTdd:dd:dd";
    let fits = head.bytes().zip(shape.bytes()).all(|(c, s)| if s == b'd' { c.is_ascii_digit() } else { c == s });
    let number = |span: std::ops::Range<usize>| head.get(span).and_then(|t| t.parse::<u32>().ok()).unwrap_or(99);
    let real = (1..=12).contains(&number(5..7))
        && (1..=31).contains(&number(8..10))
        && number(11..13) < 24
        && number(14..16) < 60
        && number(17..19) < 60;
    let rest = tail.strip_prefix('.').map_or(tail, |t| t.trim_start_matches(|c: char| c.is_ascii_digit()));
    let digits = |t: &str| t.bytes().zip("dd:dd".bytes()).all(|(c, s)| if s == b'd' { c.is_ascii_digit() } else { c == s });
    let zone = matches!(rest, "" | "Z") || (rest.len() == 6 && rest.starts_with(['+', '-']) && digits(&rest[1..]));
    if fits && real && zone && !tail.starts_with(".Z") && tail != "." { Ok(text) } else { Err(wrong()) }
}

#[cfg(test)]
mod tests {
    use super::super::{Options, read};
    use super::*;
    use crate::draw::Stream;

    fn about() -> About {
        About { date: "2026-01-31T12:00:00".into(), ..About::default() }
    }

    #[test]
    fn heights_come_back_to_one_unit_in_the_last_place() {
        let mut stream = Stream::new(1, "x3p", 0);
        let (mut exact, mut all) = (0u32, 0u32);
        for _ in 0..200_000 {
            let h = (stream.uniform() - 0.5) * libm::exp2((stream.uniform() - 0.5) * 80.0);
            let back = metres(h) * 1e6;
            let significand = h.abs() / libm::exp2(libm::floor(libm::log2(h.abs())));
            let may_differ = significand > 1.907;
            assert!(back == h || (may_differ && (back == h.next_up() || back == h.next_down())), "{h:e} {back:e}");
            all += 1;
            exact += u32::from(back == h);
        }
        assert!(f64::from(exact) > 0.94 * f64::from(all), "{exact} of {all}");
    }

    #[test]
    fn a_surface_comes_back_with_its_holes_and_words() {
        let heights = vec![1.5, -2.25, f64::NAN, 0.0, 1e-9, 400.0, 3.0, f64::INFINITY, 0.125, -0.0];
        let surface = Surface::of_finite(5, 2, (0.645, 1.25), heights).unwrap();
        let about = About {
            creator: "A & <B> \u{b5}".into(),
            comment: "two\nlines".into(),
            probing_type: "NonContacting".into(),
            ..about()
        };
        let file = write(&surface, &about).unwrap();
        assert_eq!(file, write(&surface, &about).unwrap());
        let back = read(&file, &Options::default()).unwrap();
        assert_eq!(back.surface.measured(), surface.measured());
        for (a, b) in back.surface.heights_um().iter().zip(surface.heights_um()) {
            assert!((a - b).abs() <= b.abs() * f64::EPSILON, "{a} {b}");
        }
        assert_eq!(back.surface.spacing_um(), (0.645, 1.25));
        assert_eq!((back.metadata["creator"].as_str(), back.metadata["comment"].as_str()), ("A & <B> µ", "two\nlines"));
        assert_eq!(back.metadata["feature_type"], "SUR");
        assert!(back.warnings.is_empty(), "{:?}", back.warnings);
        let profile = Surface::of_finite(3, 1, (1.0, 1.0), vec![0.0, 1.0, 2.0]).unwrap();
        let back = read(&write(&profile, &self::about()).unwrap(), &Options::default()).unwrap();
        assert_eq!((back.surface, back.metadata["feature_type"].as_str()), (profile, "PRF"));
    }

    /// The bytes of a small file, once and for all: a change of them is a change of every archive's checksums.
    #[test]
    fn bytes_are_pinned() {
        let surface = Surface::of_finite(2, 1, (1.0, 1.0), vec![0.5, f64::NAN]).unwrap();
        let file = write(&surface, &about()).unwrap();
        assert_eq!(md5(&file), "16f171c8f7c26297867b0a662b6c6329");
    }

    #[test]
    fn dates_and_texts_are_checked() {
        for good in ["2026-01-31T12:00:00", "2007-04-30T13:58:02.6+02:00", "2026-01-31T23:59:59Z", "2026-01-31T23:59:59.125Z"] {
            assert!(date("date", good).is_ok(), "{good}");
        }
        for bad in [
            "",
            "2026-01-31",
            "2026-13-31T12:00:00",
            "2026-01-31T24:00:00",
            "31.01.2026 12:00:00",
            "2026-01-31T12:00:00+2",
            "2026-01-31T12:00:00µ",
        ] {
            assert!(matches!(date("date", bad), Err(Error::About { .. })), "{bad}");
        }
        let surface = Surface::of_finite(1, 1, (1.0, 1.0), vec![0.5]).unwrap();
        let bad = About { comment: "a\0b".into(), ..about() };
        assert!(write(&surface, &bad).unwrap_err().to_string().starts_with("comment: \"a\\0b\" cannot be written"));
        let bad = About { probing_type: "laser".into(), ..about() };
        assert!(matches!(write(&surface, &bad), Err(Error::About { field: "probing_type", .. })));
    }
}
