//! SPC, the binary format of Galactic's GRAMS and many instruments (new format of 1996: version bytes 0x4B little-endian, 0x4C big-endian).
//!
//! A header of 512 bytes, an axis where it is uneven, then for each trace a header of 32 bytes, its own axis where each has one, and its
//! ordinates: f32, or integers of 16 or 32 bits that stand for n·2^(e−16) or n·2^(e−32). Several traces are several spectra. The text of the log
//! at the end is kept as metadata. The older format 0x4D is refused by name.

use super::{Axis, Error, Quantity, Spectrum, is_monotone};
use std::collections::BTreeMap;

const HEADER: usize = 512;
const SUBHEADER: usize = 32;

/// Whether the bytes begin as such a file does.
#[must_use]
pub fn is(bytes: &[u8]) -> bool {
    matches!(bytes.get(1), Some(0x4b | 0x4c | 0x4d | 0xcf)) && bytes.len() >= 256
}

/// Numbers of either order, by their place; what is beyond the end is an error.
struct Bytes<'a> {
    all: &'a [u8],
    big: bool,
}

impl Bytes<'_> {
    fn take<const N: usize>(&self, at: usize) -> Result<[u8; N], Error> {
        let span = at.checked_add(N).and_then(|end| self.all.get(at..end));
        let mut bytes: [u8; N] = span.and_then(|s| s.try_into().ok()).ok_or_else(|| {
            Error::whole("SPC", format!("it ends at byte {}, before the number at {at}: the file is cut off", self.all.len()))
        })?;
        if self.big {
            bytes.reverse();
        }
        Ok(bytes)
    }

    fn u16(&self, at: usize) -> Result<u16, Error> {
        Ok(u16::from_le_bytes(self.take(at)?))
    }

    fn u32(&self, at: usize) -> Result<u32, Error> {
        Ok(u32::from_le_bytes(self.take(at)?))
    }

    fn f32(&self, at: usize) -> Result<f32, Error> {
        Ok(f32::from_le_bytes(self.take(at)?))
    }

    fn f64(&self, at: usize) -> Result<f64, Error> {
        Ok(f64::from_le_bytes(self.take(at)?))
    }

    fn text(&self, at: usize, length: usize) -> String {
        let end = at.saturating_add(length).min(self.all.len());
        let bytes = self.all.get(at..end).unwrap_or(&[]);
        bytes.iter().take_while(|b| **b != 0).map(|&b| char::from(b)).collect::<String>().trim().to_owned()
    }

    fn floats(&self, at: usize, count: usize) -> Result<Vec<f64>, Error> {
        self.room(at, count, 4)?;
        (0..count).map(|i| self.f32(at + 4 * i).map(f64::from)).collect()
    }

    /// Refuses before memory is taken.
    fn room(&self, at: usize, count: usize, size: usize) -> Result<(), Error> {
        let end = count.checked_mul(size).and_then(|n| n.checked_add(at));
        if end.is_some_and(|end| end <= self.all.len()) {
            Ok(())
        } else {
            Err(Error::whole(
                "SPC",
                format!("{count} numbers from byte {at} are beyond its end at {}: the file is cut off", self.all.len()),
            ))
        }
    }
}

fn x_unit(code: u8) -> (Quantity, &'static str) {
    match code {
        1 => (Quantity::Wavenumber, "cm-1"),
        2 => (Quantity::Wavelength, "um"),
        3 => (Quantity::Wavelength, "nm"),
        4 => (Quantity::Other, "s"),
        5 => (Quantity::Other, "min"),
        6 => (Quantity::Other, "Hz"),
        7 => (Quantity::Other, "kHz"),
        8 => (Quantity::Other, "MHz"),
        9 => (Quantity::Mz, "m/z"),
        10 => (Quantity::Other, "ppm"),
        13 => (Quantity::RamanShift, "cm-1"),
        14 => (Quantity::Other, "eV"),
        16 => (Quantity::Other, "diode"),
        30 => (Quantity::Other, "h"),
        _ => (Quantity::Unknown, ""),
    }
}

fn y_unit(code: u8) -> &'static str {
    match code {
        1 => "interferogram",
        2 => "absorbance",
        3 => "Kubelka-Munk",
        4 => "counts",
        10 => "log(1/R)",
        11 => "%",
        12 => "intensity",
        13 => "relative intensity",
        128 => "transmittance",
        129 => "reflectance",
        130 => "single beam",
        131 => "emission",
        _ => "",
    }
}

/// Reads a file.
///
/// # Errors
/// Where it is wrong, or of the old format.
pub fn read(bytes: &[u8]) -> Result<Vec<Spectrum>, Error> {
    let big = match bytes.get(1) {
        Some(0x4b) => false,
        Some(0x4c) => true,
        _ => {
            let why = "open the file with a newer program and store it again, or export JCAMP-DX".to_owned();
            return Err(Error::Refused { format: "SPC of the old format (before 1996)", why });
        }
    };
    let file = Bytes { all: bytes, big };
    let flags = bytes[0];
    let has = |flag: u8| flags & flag != 0;
    let (halves, multi, own_axes, axis) = (has(1), has(4), has(64), has(128));
    let exponent = i32::from(bytes.get(3).copied().unwrap_or(0).cast_signed());
    let points = file.u32(4)? as usize;
    let (first, last) = (file.f64(8)?, file.f64(16)?);
    let traces = (file.u32(24)? as usize).max(1);
    let (quantity, unit) = x_unit(bytes.get(28).copied().unwrap_or(0));
    let value = y_unit(bytes.get(29).copied().unwrap_or(0));
    // Nothing can have more traces than headers fit.
    file.room(HEADER, traces, SUBHEADER)?;
    let mut at = HEADER;
    let shared: Option<Vec<f64>> = if axis && !own_axes {
        let found = file.floats(at, points)?;
        at += 4 * points;
        Some(found)
    } else {
        None
    };
    let mut metadata = BTreeMap::new();
    for (name, text) in
        [("comment", file.text(88, 130)), ("resolution", file.text(36, 9)), ("source instrument", file.text(45, 9))]
    {
        if !text.is_empty() {
            metadata.insert(name.to_owned(), text);
        }
    }
    let mut with_log = metadata.clone();
    let log = file.u32(248)? as usize;
    if log > 0 {
        log_text(&file, log, &mut with_log);
    }
    let mut found = Vec::new();
    for trace in 0..traces {
        file.room(at, 1, SUBHEADER)?;
        let own = i32::from(bytes[at + 1].cast_signed());
        // A single trace goes by the file's exponent.
        let exponent = if multi { own } else { exponent };
        let count = if own_axes { file.u32(at + 16)? as usize } else { points };
        at += SUBHEADER;
        let x = if own_axes {
            let x = file.floats(at, count)?;
            at += 4 * count;
            x
        } else if let Some(shared) = &shared {
            shared.clone()
        } else {
            file.room(at, count, 2)?;
            let step = (last - first) / (count.saturating_sub(1)).max(1) as f64;
            (0..count).map(|i| first + step * i as f64).collect()
        };
        let y = if exponent == -128 {
            let y = file.floats(at, count)?;
            at += 4 * count;
            y
        } else if halves {
            file.room(at, count, 2)?;
            let scale = libm::exp2(f64::from(exponent - 16));
            let y =
                (0..count).map(|i| file.u16(at + 2 * i).map(|v| f64::from(v.cast_signed()) * scale)).collect::<Result<_, _>>()?;
            at += 2 * count;
            y
        } else {
            file.room(at, count, 4)?;
            let scale = libm::exp2(f64::from(exponent - 32));
            let y =
                (0..count).map(|i| file.u32(at + 4 * i).map(|v| f64::from(v.cast_signed()) * scale)).collect::<Result<_, _>>()?;
            at += 4 * count;
            y
        };
        check(&x, &y, trace)?;
        let axis = Axis { quantity, unit: unit.to_owned(), values: x };
        found.push(Spectrum {
            name: metadata.get("comment").cloned().unwrap_or_default(),
            axis,
            values: y,
            unit: value.to_owned(),
            // The log is of the whole file, and may be long: it goes with the first trace.
            metadata: if trace == 0 { std::mem::take(&mut with_log) } else { metadata.clone() },
        });
    }
    Ok(found)
}

fn check(x: &[f64], y: &[f64], trace: usize) -> Result<(), Error> {
    let place = format!("SPC, trace {}", trace + 1);
    if x.len() < 2 {
        return Err(Error::Malformed { place, what: format!("it has {} points; a curve has 2 or more", x.len()) });
    }
    if !is_monotone(x) || !x.iter().all(|v| v.is_finite()) {
        return Err(Error::Malformed { place, what: "its x do not go one way, so that they are no axis".into() });
    }
    match y.iter().position(|v| !v.is_finite()) {
        Some(i) => Err(Error::Malformed { place, what: format!("point {i} is {}; a spectrum has finite numbers", y[i]) }),
        None => Ok(()),
    }
}

/// `KEY = value` lines of the log, where it is text.
fn log_text(file: &Bytes<'_>, at: usize, metadata: &mut BTreeMap<String, String>) {
    let (Ok(size), Ok(offset)) = (file.u32(at), file.u32(at.saturating_add(8))) else { return };
    let start = at.saturating_add(offset as usize);
    let text = file.text(start, (size as usize).min(1 << 16));
    for line in text.lines().take(500) {
        if let Some((key, value)) = line.split_once('=').filter(|(k, v)| !k.trim().is_empty() && k.len() < 100 && v.len() < 1000)
        {
            metadata.insert(key.trim().to_owned(), value.trim().to_owned());
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::super::Quantity;
    use super::read;

    /// A file with a header as an instrument writes it.
    pub(crate) fn file(big: bool, flags: u8, exponent: u8, points: u32, traces: u32, body: &[u8]) -> Vec<u8> {
        let mut all = vec![0; 512];
        let put4 = |n: u32| if big { n.to_be_bytes() } else { n.to_le_bytes() };
        let put8 = |x: f64| if big { x.to_be_bytes() } else { x.to_le_bytes() };
        all[0] = flags;
        all[1] = if big { 0x4c } else { 0x4b };
        all[3] = exponent;
        all[4..8].copy_from_slice(&put4(points));
        all[8..16].copy_from_slice(&put8(4000.0));
        all[16..24].copy_from_slice(&put8(4000.0 - f64::from(points - 1)));
        all[24..28].copy_from_slice(&put4(traces));
        all[28] = 1;
        all[29] = 2;
        all.extend_from_slice(body);
        all
    }

    #[test]
    fn integers_and_floats_of_either_order() {
        let y = [0.5_f32, -0.25, 1.0];
        for big in [false, true] {
            let mut floats = vec![0; 32];
            let mut integers = vec![0; 32];
            let mut halves = vec![0; 32];
            for v in y {
                floats.extend(if big { v.to_be_bytes() } else { v.to_le_bytes() });
                let n = (v * 1_073_741_824.0) as i32;
                integers.extend(if big { n.to_be_bytes() } else { n.to_le_bytes() });
                let n = (v * 16384.0) as i16;
                halves.extend(if big { n.to_be_bytes() } else { n.to_le_bytes() });
            }
            for (flags, exponent, body) in [(0, 0x80, floats), (0, 2, integers), (1, 2, halves)] {
                let found = read(&file(big, flags, exponent, 3, 1, &body)).expect("right");
                assert_eq!(found[0].values, [0.5, -0.25, 1.0], "big {big}, flags {flags}");
                assert_eq!(found[0].axis.values, [4000.0, 3999.0, 3998.0]);
                assert_eq!(
                    (found[0].axis.quantity, found[0].axis.unit.as_str(), found[0].unit.as_str()),
                    (Quantity::Wavenumber, "cm-1", "absorbance")
                );
            }
        }
    }

    #[test]
    fn several_traces_and_axes_of_their_own() {
        let mut body = Vec::new();
        for trace in 0..2_u8 {
            let mut head = vec![0; 32];
            head[1] = 0x80;
            head[16] = 2;
            body.extend(head);
            for x in [10.0_f32, 20.0 + f32::from(trace)] {
                body.extend(x.to_le_bytes());
            }
            for y in [1.0_f32, 2.0] {
                body.extend(y.to_le_bytes());
            }
        }
        let found = read(&file(false, 4 | 64 | 128, 0x80, 0x7fff_ffff, 2, &body)).expect("right");
        assert_eq!((found.len(), found[1].axis.values.clone()), (2, vec![10.0, 21.0]));
    }

    #[test]
    fn what_is_cut_off_or_old_is_refused() {
        let whole = file(false, 0, 0x80, 3, 1, &[0; 44]);
        for end in [256, 400, 512, 530, 550] {
            assert!(read(&whole[..end]).is_err(), "{end}");
        }
        assert!(read(&file(false, 0, 0x80, 0xffff_ffff, 1, &[0; 44])).is_err());
        assert!(read(&file(false, 0, 0x80, 3, 0xffff_fff0, &[0; 44])).is_err());
        let mut old = whole;
        old[1] = 0x4d;
        assert!(read(&old).expect_err("old").to_string().contains("old format"));
    }
}
