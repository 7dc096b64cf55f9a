//! What main.xml says about the points, checked: how many, how far apart, of which type, and where they are.
//!
//! | not read, by name | because |
//! |---|---|
//! | point clouds (`PCL`, `ListDimension`) | they have no grid |
//! | absolute x or y axes | neither have they |
//! | lists within the XML (`DataList`) | never seen from an instrument, only in the standard's samples |
//! | several layers (`SizeZ` above 1) | which of them is the surface is not said |
//!
//! A profile (`PRF`) is a surface of one row. Its y has no spacing; the spacing of x is taken where it has none. Offsets of x and y are where the
//! grid lay under the instrument; no comparison uses them, and they are passed over.

use super::description::Description;
use super::{Error, Limits};

/// How a height is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    I16,
    I32,
    F32,
    F64,
}

impl Kind {
    pub const ALL: [Self; 4] = [Self::I16, Self::I32, Self::F32, Self::F64];

    pub const fn bytes(self) -> usize {
        match self {
            Self::I16 => 2,
            Self::I32 | Self::F32 => 4,
            Self::F64 => 8,
        }
    }

    pub const fn letter(self) -> &'static str {
        match self {
            Self::I16 => "I",
            Self::I32 => "L",
            Self::F32 => "F",
            Self::F64 => "D",
        }
    }

    pub const fn is_integer(self) -> bool {
        matches!(self, Self::I16 | Self::I32)
    }
}

/// An entry and what its MD5 is said to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Link {
    pub path: String,
    pub md5: Option<String>,
    /// Where that is said.
    pub place: &'static str,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) struct Layout {
    pub columns: usize,
    pub rows: usize,
    /// Metres.
    pub spacing: (f64, f64),
    pub kind: Kind,
    pub increment: Option<f64>,
    /// Metres; 0 where nothing is said.
    pub offset: f64,
    pub data: Link,
    pub valid: Option<Link>,
}

impl Layout {
    pub fn of(said: &Description, limits: &Limits, warnings: &mut Vec<String>) -> Result<Self, Error> {
        kind_of_file(said)?;
        let size = |name: &str| {
            let place = format!("Record3/MatrixDimension/{name}");
            let missing = || Error::Field { place: place.clone(), got: String::new(), allowed: "a whole number above 0" };
            said.count(&place)?.ok_or_else(missing)
        };
        let (columns, rows) = (size("SizeX")?, size("SizeY")?);
        match said.count("Record3/MatrixDimension/SizeZ")? {
            None | Some(1) => {}
            Some(0) => return Err(Error::Field { place: "Record3/MatrixDimension/SizeZ".into(), got: "0".into(), allowed: "1" }),
            Some(_) => {
                let advice = "their SizeZ is above 1; export the layer to compare as a file of its own";
                return Err(Error::Refused { what: "X3P files of several layers", advice });
            }
        }
        let points = columns.checked_mul(rows).filter(|n| (1..=limits.points).contains(n));
        let sizes = points.and_then(|_| Some((usize::try_from(columns).ok()?, usize::try_from(rows).ok()?)));
        let (columns, rows) = sizes.ok_or(Error::Points { columns, rows, allowed: limits.points })?;

        let spacing = spacings(said, rows, warnings)?;
        let letter = said.get("Record1/Axes/CZ/DataType").unwrap_or("");
        let kind = Kind::ALL.into_iter().find(|k| k.letter() == letter).ok_or_else(|| Error::Field {
            place: "Record1/Axes/CZ/DataType".into(),
            got: letter.into(),
            allowed: "I (16 bits), L (32 bits), F (float) or D (double)",
        })?;
        let increment = said.number("Record1/Axes/CZ/Increment")?;
        if kind.is_integer() && increment.is_none_or(|i| i == 0.0) {
            let got = said.get("Record1/Axes/CZ/Increment").unwrap_or("").into();
            let allowed = "the metres of one step, as the heights are whole numbers";
            return Err(Error::Field { place: "Record1/Axes/CZ/Increment".into(), got, allowed });
        }
        let offset = said.number("Record1/Axes/CZ/Offset")?.unwrap_or(0.0);
        rotation(said, warnings);
        let link = |path: &str, md5: &str, place| Link { path: path.into(), md5: said.get(md5).map(str::to_owned), place };
        let data = said.get("Record3/DataLink/PointDataLink").ok_or_else(|| Error::Field {
            place: "Record3/DataLink/PointDataLink".into(),
            got: String::new(),
            allowed: "the path of the heights, mostly bindata/data.bin",
        })?;
        let data = link(data, "Record3/DataLink/MD5ChecksumPointData", "main.xml (MD5ChecksumPointData)");
        let valid = said.get("Record3/DataLink/ValidPointsLink");
        let valid = valid.map(|v| link(v, "Record3/DataLink/MD5ChecksumValidPoints", "main.xml (MD5ChecksumValidPoints)"));
        Ok(Self { columns, rows, spacing, kind, increment, offset, data, valid })
    }

    pub const fn points(&self) -> usize {
        self.columns * self.rows
    }

    /// The longer side in metres.
    pub fn extent(&self) -> f64 {
        (self.columns as f64 * self.spacing.0).max(self.rows as f64 * self.spacing.1)
    }
}

/// Refuses what is no matrix of heights.
fn kind_of_file(said: &Description) -> Result<(), Error> {
    let feature = said.get("Record1/FeatureType").unwrap_or("");
    if feature == "PCL" || said.get("Record3/ListDimension").is_some() {
        let advice = "they have no grid (FeatureType PCL or ListDimension); export the measurement as a surface (SUR) with its instrument's program";
        return Err(Error::Refused { what: "X3P point clouds", advice });
    }
    if !matches!(feature, "SUR" | "PRF") {
        let allowed = "SUR (surface) or PRF (profile)";
        return Err(Error::Field { place: "Record1/FeatureType".into(), got: feature.into(), allowed });
    }
    for (axis, what) in [("CX", "X3P files with an absolute x axis"), ("CY", "X3P files with an absolute y axis")] {
        match said.get(&format!("Record1/Axes/{axis}/AxisType")) {
            Some("I") => {}
            Some("A") => {
                let advice = "each point has a place of its own; export the measurement on a regular grid (incremental axes)";
                return Err(Error::Refused { what, advice });
            }
            other => {
                let place = format!("Record1/Axes/{axis}/AxisType");
                return Err(Error::Field { place, got: other.unwrap_or("").into(), allowed: "I (incremental)" });
            }
        }
    }
    if let Some(other) = said.get("Record1/Axes/CZ/AxisType").filter(|a| *a != "A") {
        let allowed = "A (absolute): heights that are counted rather than measured are no heights";
        return Err(Error::Field { place: "Record1/Axes/CZ/AxisType".into(), got: other.into(), allowed });
    }
    if said.list {
        let advice =
            "their heights stand in main.xml (DataList); open the file in its program and store it with binary data (data.bin)";
        return Err(Error::Refused { what: "X3P files with their heights as text", advice });
    }
    Ok(())
}

fn spacings(said: &Description, rows: usize, warnings: &mut Vec<String>) -> Result<(f64, f64), Error> {
    let place = |axis: &str| format!("Record1/Axes/{axis}/Increment");
    let above_zero = |n: &f64| *n > 0.0;
    let wrong = |axis: &str| Error::Field {
        place: place(axis),
        got: said.get(&place(axis)).unwrap_or("").into(),
        allowed: "the distance of two points in metres, above 0",
    };
    let x = said.number(&place("CX"))?.filter(above_zero).ok_or_else(|| wrong("CX"))?;
    let y = match said.number(&place("CY"))?.filter(above_zero) {
        Some(y) => y,
        None if rows == 1 => {
            warnings.push("it is a profile whose y axis has no increment; that of x is taken for it".into());
            x
        }
        None => return Err(wrong("CY")),
    };
    Ok((x, y))
}

/// Says that the grid was turned in space: heights and spacings are those of the file, unturned.
fn rotation(said: &Description, warnings: &mut Vec<String>) {
    let mut any = false;
    let mut identity = true;
    for row in 1..=3 {
        for column in 1..=3 {
            if let Some(text) = said.get(&format!("Record1/Axes/Rotation/r{row}{column}")) {
                any = true;
                identity &= text.parse() == Ok(if row == column { 1.0 } else { 0.0 });
            }
        }
    }
    if any && !identity {
        warnings.push(
            "main.xml gives a rotation matrix other than the identity; the heights are those of the file, not rotated by it"
                .into(),
        );
    }
}
