//! NumPy's .npy files, versions 1 to 3 (numpy.lib.format): `\x93NUMPY`, the version, the length of a header, and a Python dictionary such as
//! `{'descr': '<f8', 'fortran_order': False, 'shape': (406,), }`; then the numbers.
//!
//! Read are f4, f8, i2 and i4 of either byte order, in C or Fortran order. Not read, by name: other types, objects (they are programs), records.
//! The number of bytes is checked against the shape before memory is taken.

use super::{Error, Hints, Profile};
use crate::toolmark::surface::Surface;
use crate::toolmark::unit::LengthUnit;

const MAGIC: &[u8] = b"\x93NUMPY";

pub(super) fn is(bytes: &[u8]) -> bool {
    bytes.starts_with(MAGIC)
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    F4,
    F8,
    I2,
    I4,
}

/// An array as its file describes it.
#[derive(Debug)]
struct Array<'a> {
    kind: Kind,
    big: bool,
    fortran: bool,
    shape: Vec<usize>,
    data: &'a [u8],
}

/// The shape that an array's head says.
pub(super) fn shape(bytes: &[u8]) -> Option<Vec<usize>> {
    Array::parse(bytes).ok().map(|array| array.shape)
}

pub(super) fn profile(bytes: &[u8], hints: &Hints) -> Result<Profile, Error> {
    let array = Array::parse(bytes)?;
    match array.shape[..] {
        [n] | [n, 1] | [1, n] if n > 0 => {}
        ref shape => {
            let advice = "a profile is (n,), (n, 1) or (1, n); an array of two dimensions is a surface, and is read as one";
            return Err(Error::whole(format!("it is an array of shape {shape:?}"), advice));
        }
    }
    let unit = hints
        .height_unit
        .ok_or_else(|| Error::ambiguous("a NumPy array does not say the unit of its heights", "say it (m, mm, µm or nm)"))?;
    Profile::of(array.numbers().map(|h| unit.um(h)).collect(), hints.spacing_um, Vec::new())
}

pub(super) fn surface(bytes: &[u8], unit: LengthUnit, spacing_um: (f64, f64)) -> Result<Surface, Error> {
    if !is(bytes) {
        return Err(Error::whole("it is no NumPy array (.npy)", "save it with numpy.save"));
    }
    let array = Array::parse(bytes)?;
    let [rows, columns] = array.shape[..] else {
        let what = format!("it is an array of shape {:?}", array.shape);
        return Err(Error::whole(what, "a surface has two dimensions: (rows, columns)"));
    };
    let stored: Vec<f64> = array.numbers().map(|h| unit.um(h)).collect();
    // In Fortran order the file holds the transposed array.
    let surface = if array.fortran {
        Surface::of_finite(rows, columns, (spacing_um.1, spacing_um.0), stored)?.transposed()
    } else {
        Surface::of_finite(columns, rows, spacing_um, stored)?
    };
    if surface.count_measured() == 0 {
        return Err(Error::whole(format!("none of its {columns} × {rows} points was measured"), "measure it again"));
    }
    Ok(surface)
}

impl<'a> Array<'a> {
    fn parse(bytes: &'a [u8]) -> Result<Self, Error> {
        let again = "save it again with numpy.save";
        let cut = || Error::whole("the header of the NumPy array is cut off", again);
        let version = *bytes.get(6).ok_or_else(cut)?;
        let (start, length) = match version {
            1 => (10, bytes.get(8..10).map(|b| usize::from(u16::from_le_bytes([b[0], b[1]])))),
            2 | 3 => (12, bytes.get(8..12).map(|b| u32::from_le_bytes([b[0], b[1], b[2], b[3]]) as usize)),
            other => {
                return Err(Error::whole(
                    format!("the NumPy array is of format version {other}"),
                    "read are 1, 2 and 3; save it with numpy.save",
                ));
            }
        };
        let length = length.ok_or_else(cut)?;
        if length > 1 << 16 {
            return Err(Error::whole(
                format!("the header of the NumPy array has {length} bytes"),
                "allowed are 65536; save a plain array of numbers",
            ));
        }
        let header = bytes.get(start..start + length).ok_or_else(cut)?;
        let header = std::str::from_utf8(header).map_err(|_| Error::whole("the header of the NumPy array is no text", again))?;
        let mut array = Self::header(header)?;
        array.data = &bytes[start + length..];
        let size = match array.kind {
            Kind::I2 => 2usize,
            Kind::F4 | Kind::I4 => 4,
            Kind::F8 => 8,
        };
        let need = array.shape.iter().try_fold(size, |n, s| n.checked_mul(*s));
        if need != Some(array.data.len()) {
            let need = need.map_or("more than can be".into(), |n| n.to_string());
            let what =
                format!("the NumPy array has {} bytes of numbers; its shape {:?} needs {need}", array.data.len(), array.shape);
            return Err(Error::whole(what, format!("the file is cut off or damaged: {again}")));
        }
        Ok(array)
    }

    /// The dictionary: three keys, whose values are a text, True or False, and a tuple of whole numbers.
    fn header(header: &str) -> Result<Self, Error> {
        let wrong = |what: &str| {
            let header: String = header.chars().take(120).collect();
            Error::whole(
                format!("the header of the NumPy array, {:?}, {what}", header.trim()),
                "save a plain array of numbers with numpy.save",
            )
        };
        let after = |key: &str| {
            let quoted = [format!("'{key}'"), format!("\"{key}\"")];
            let (_, rest) = quoted.iter().find_map(|k| header.split_once(k.as_str()))?;
            rest.trim_start().strip_prefix(':').map(str::trim_start)
        };
        let descr = after("descr").ok_or_else(|| wrong("names no type (descr)"))?;
        let descr = descr.strip_prefix(['\'', '"']).and_then(|d| d.split_once(['\'', '"']));
        let (descr, _) = descr.ok_or_else(|| wrong("describes records; only arrays of one type are read"))?;
        let (order, kind) = descr.split_at_checked(1).ok_or_else(|| wrong("names no type (descr)"))?;
        let kind = match kind {
            "f4" => Kind::F4,
            "f8" => Kind::F8,
            "i2" => Kind::I2,
            "i4" => Kind::I4,
            _ => {
                return Err(wrong(&format!(
                    "has the type {descr:?}; read are f4, f8, i2 and i4: convert it (array.astype('f8'))"
                )));
            }
        };
        let big = match order {
            "<" => false,
            ">" => true,
            _ => return Err(wrong(&format!("has the type {descr:?} of unknown byte order; allowed are < and >"))),
        };
        let fortran = after("fortran_order").ok_or_else(|| wrong("has no fortran_order"))?;
        let fortran = match (fortran.starts_with("True"), fortran.starts_with("False")) {
            (true, _) => true,
            (_, true) => false,
            _ => return Err(wrong("has a fortran_order that is neither True nor False")),
        };
        let shape = after("shape").and_then(|s| s.strip_prefix('(')).and_then(|s| s.split_once(')'));
        let (shape, _) = shape.ok_or_else(|| wrong("has no shape"))?;
        let numbers = shape.split(',').map(|n| n.trim().trim_end_matches('L')).filter(|n| !n.is_empty());
        let shape: Option<Vec<usize>> = numbers.map(|n| n.parse().ok()).collect();
        let shape = shape.filter(|s| s.len() <= 8).ok_or_else(|| wrong("has a shape that is no tuple of whole numbers"))?;
        Ok(Self { kind, big, fortran, shape, data: &[] })
    }

    /// The numbers in the order of the file.
    fn numbers(&self) -> Box<dyn Iterator<Item = f64> + 'a> {
        let data = self.data;
        match (self.kind, self.big) {
            (Kind::F4, false) => Box::new(data.as_chunks().0.iter().map(|b| f64::from(f32::from_le_bytes(*b)))),
            (Kind::F4, true) => Box::new(data.as_chunks().0.iter().map(|b| f64::from(f32::from_be_bytes(*b)))),
            (Kind::F8, false) => Box::new(data.as_chunks().0.iter().map(|b| f64::from_le_bytes(*b))),
            (Kind::F8, true) => Box::new(data.as_chunks().0.iter().map(|b| f64::from_be_bytes(*b))),
            (Kind::I2, false) => Box::new(data.as_chunks().0.iter().map(|b| f64::from(i16::from_le_bytes(*b)))),
            (Kind::I2, true) => Box::new(data.as_chunks().0.iter().map(|b| f64::from(i16::from_be_bytes(*b)))),
            (Kind::I4, false) => Box::new(data.as_chunks().0.iter().map(|b| f64::from(i32::from_le_bytes(*b)))),
            (Kind::I4, true) => Box::new(data.as_chunks().0.iter().map(|b| f64::from(i32::from_be_bytes(*b)))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{read, read_surface_npy};
    use super::*;

    fn npy(version: u8, descr: &str, fortran: &str, shape: &str, data: &[u8]) -> Vec<u8> {
        let header = format!("{{'descr': '{descr}', 'fortran_order': {fortran}, 'shape': {shape}, }}\n");
        let length = u32::try_from(header.len()).unwrap().to_le_bytes();
        let length = if version == 1 { &length[..2] } else { &length[..] };
        [MAGIC, &[version, 0], length, header.as_bytes(), data].concat()
    }

    fn metres() -> Hints {
        Hints { height_unit: Some(LengthUnit::Metre), ..Hints::default() }
    }

    #[test]
    fn every_type_order_and_version() {
        let whole = [1i16, -2, 300];
        let cases: [(&str, Vec<u8>); 8] = [
            ("<i2", whole.iter().flat_map(|n| n.to_le_bytes()).collect()),
            (">i2", whole.iter().flat_map(|n| n.to_be_bytes()).collect()),
            ("<i4", whole.iter().flat_map(|n| i32::from(*n).to_le_bytes()).collect()),
            (">i4", whole.iter().flat_map(|n| i32::from(*n).to_be_bytes()).collect()),
            ("<f4", whole.iter().flat_map(|n| f32::from(*n).to_le_bytes()).collect()),
            (">f4", whole.iter().flat_map(|n| f32::from(*n).to_be_bytes()).collect()),
            ("<f8", whole.iter().flat_map(|n| f64::from(*n).to_le_bytes()).collect()),
            (">f8", whole.iter().flat_map(|n| f64::from(*n).to_be_bytes()).collect()),
        ];
        for (descr, data) in cases {
            for version in 1..=3 {
                for shape in ["(3,)", "(3, 1)", "(1, 3)", "(3L,)"] {
                    let hints = Hints { height_unit: Some(LengthUnit::Nanometre), ..Hints::default() };
                    let found = read("a.npy", &npy(version, descr, "False", shape, &data), &hints).unwrap();
                    assert_eq!(found.heights_um(), [0.001, -0.002, 0.3], "{descr} {version} {shape}");
                }
            }
        }
    }

    #[test]
    fn what_is_missing_is_not_measured_and_units_are_asked_for() {
        let data: Vec<u8> = [f64::NAN, 1e-6, f64::INFINITY, 2e-6, f64::NAN].iter().flat_map(|h| h.to_le_bytes()).collect();
        let file = npy(1, "<f8", "False", "(5,)", &data);
        let found = read("a.npy", &file, &Hints { spacing_um: Some(3.5), ..metres() }).unwrap();
        assert_eq!(found.measured(), [false, true, false, true, false]);
        assert_eq!((found.heights_um(), found.spacing_um()), (&[0.0, 1e-6 * 1e6, 0.0, 2e-6 * 1e6, 0.0][..], Some(3.5)));
        assert!(matches!(read("a.npy", &file, &Hints::default()), Err(Error::Ambiguous { .. })));
        assert!(read("a.npy", &file, &Hints { spacing_um: Some(f64::NAN), ..metres() }).is_err());
    }

    #[test]
    fn surfaces_are_read_in_both_orders() {
        let rows: Vec<u8> = (0..6).flat_map(|n: i32| n.to_le_bytes()).collect();
        let c = read_surface_npy(&npy(1, "<i4", "False", "(2, 3)", &rows), LengthUnit::Micrometre, (1.0, 2.0)).unwrap();
        assert_eq!((c.at(0, 1), c.at(1, 0), c.columns(), c.spacing_um()), (Some(1.0), Some(3.0), 3, (1.0, 2.0)));
        let f = read_surface_npy(&npy(1, "<i4", "True", "(2, 3)", &rows), LengthUnit::Micrometre, (1.0, 2.0)).unwrap();
        assert_eq!((f.at(0, 1), f.at(1, 0), f.columns(), f.spacing_um()), (Some(2.0), Some(1.0), 3, (1.0, 2.0)));
    }

    #[test]
    fn hostile_arrays_are_refused_by_name() {
        let refused = |file: Vec<u8>, words: &str| {
            let error = read("a.npy", &file, &metres()).unwrap_err().to_string();
            assert!(error.contains(words), "{words}: {error}");
        };
        refused(npy(1, "<f8", "False", "(99999999999999, 1)", &[0; 16]), "needs 799999999999992");
        refused(npy(1, "<f8", "False", "(99999999999999, 99999999999999)", &[0; 16]), "more than can be");
        refused(npy(1, "<f8", "False", "(3,)", &[0; 16]), "cut off");
        refused(npy(1, "|O", "False", "(3,)", &[0; 24]), "\"|O\"");
        refused(npy(1, "<c16", "False", "(1,)", &[0; 16]), "astype");
        refused(npy(1, "=f8", "False", "(1,)", &[0; 8]), "byte order");
        refused(npy(1, "<f8", "maybe", "(1,)", &[0; 8]), "neither True nor False");
        refused(npy(1, "<f8", "False", "(2, 2)", &[0; 32]), "surface");
        refused(npy(1, "<f8", "False", "()", &[0; 8]), "surface");
        refused(npy(1, "<f8", "False", "(0,)", &[]), "shape [0]");
        refused(npy(1, "<f8", "False", "(-1,)", &[0; 8]), "whole numbers");
        refused(npy(9, "<f8", "False", "(1,)", &[0; 8]), "version 9");
        refused(b"\x93NUMPY\x01".to_vec(), "cut off");
        refused(b"\x93NUMPY\x02\x00\xff\xff\xff\xff".to_vec(), "allowed are 65536");
        refused(b"\x93NUMPY\x01\x00\x3c\x00{'descr': [('a', '<f8')], 'fortran_order': False, 'shape': (1,)}".to_vec(), "records");
    }
}
