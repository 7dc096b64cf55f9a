//! The annotation mask that some laboratories keep in a file (`Record3/Mask` and bindata/mask.png): which points belong to which named region.
//!
//! A picture of as many pixels as the surface has points, row by row as they are. The colour `Background` (#cd7f32 where nothing is said, as the
//! program that began this writes) is no region; each other colour is one, named by `Annotations`. A colour that no annotation names is a region
//! without a name. Transparent pixels are background. The picture is decoded row by row; it takes a byte for each point. The format keeps no
//! checksum of it. Not read: interlaced pictures, other formats than PNG, more than 254 regions.

use super::Error;
use super::archive::Archive;
use super::description::Description;
use crate::toolmark::surface::Surface;
use std::io::Cursor;

const PATH: &str = "bindata/mask.png";
const BACKGROUND: [u8; 3] = [0xcd, 0x7f, 0x32];
/// What decoding may take besides rows and the picture itself.
const DECODER_BYTES: usize = 1 << 24;

/// A part of a surface that somebody coloured.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Region {
    pub colour: [u8; 3],
    /// What it stands for; empty where the file does not say.
    pub name: String,
    pub points: usize,
}

/// Which point belongs to which region.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Annotation {
    pub regions: Vec<Region>,
    /// For each point, row by row: 0 for none, k for `regions[k - 1]`.
    pub index: Vec<u8>,
}

impl Annotation {
    /// The surface with the points of some regions not measured.
    #[must_use]
    pub fn excluded(&self, surface: &Surface, exclude: impl Fn(&Region) -> bool) -> Surface {
        let out: Vec<bool> = self.regions.iter().map(exclude).collect();
        let is_out = |k: u8| usize::from(k).checked_sub(1).and_then(|k| out.get(k)).is_some_and(|x| *x);
        let measured = surface.measured().iter().zip(&self.index).map(|(m, k)| *m && !is_out(*k)).collect();
        surface.with_heights(surface.heights_um().to_vec(), measured)
    }
}

pub(super) fn read(
    archive: &mut Archive,
    said: &Description,
    (columns, rows): (usize, usize),
    allowed: u64,
    warnings: &mut Vec<String>,
) -> Result<Option<Annotation>, Error> {
    let Some(entry) = archive.find(PATH)? else {
        if said.mask {
            warnings.push(format!("main.xml describes a mask, and the archive holds no {PATH:?}; nothing is annotated"));
        }
        return Ok(None);
    };
    let wrong = |what: String| Error::Mask { entry: entry.name.clone(), what };
    let bytes = archive.bytes(&entry, allowed, "a mask of plain colours needs far fewer; store it as such")?;
    let mut names = Names::of(said, warnings);
    let mut decoder = png::Decoder::new_with_limits(Cursor::new(&bytes), png::Limits { bytes: DECODER_BYTES });
    decoder.set_transformations(png::Transformations::EXPAND | png::Transformations::STRIP_16);
    let no_png = |e: png::DecodingError| wrong(format!("it is no readable PNG ({e})"));
    let header = decoder.read_header_info().map_err(no_png)?;
    let (width, height, interlaced) = (header.width as usize, header.height as usize, header.interlaced);
    if (width, height) != (columns, rows) {
        return Err(wrong(format!(
            "it has {width} × {height} pixels, and the surface {columns} × {rows} points; they must be the same"
        )));
    }
    if interlaced {
        return Err(wrong("it is interlaced; store it without".into()));
    }
    let mut picture = decoder.read_info().map_err(no_png)?;
    let samples = picture.output_color_type().0.samples();
    let mut index = Vec::with_capacity(columns * rows);
    // Neighbours are mostly alike.
    let mut last: Option<([u8; 4], u8)> = None;
    while let Some(row) = picture.next_row().map_err(no_png)? {
        for pixel in row.data().chunks_exact(samples).take(columns) {
            let rgba = match *pixel {
                [r, g, b, a] => [r, g, b, a],
                [r, g, b] => [r, g, b, 255],
                [grey, a] => [grey, grey, grey, a],
                [grey] => [grey, grey, grey, 255],
                _ => return Err(wrong(format!("it has {samples} channels; allowed are 1 to 4"))),
            };
            let k = match last {
                Some((colour, k)) if colour == rgba => k,
                _ if rgba[3] == 0 => 0,
                _ => names.index([rgba[0], rgba[1], rgba[2]]).ok_or_else(|| wrong("it has more than 254 colours".into()))?,
            };
            last = Some((rgba, k));
            index.push(k);
        }
    }
    if index.len() != columns * rows {
        return Err(wrong(format!("it ends after {} of {} pixels", index.len(), columns * rows)));
    }
    Ok(Some(names.annotation(index, warnings)))
}

/// Colours and their numbers.
struct Names {
    background: [u8; 3],
    regions: Vec<Region>,
}

impl Names {
    fn of(said: &Description, warnings: &mut Vec<String>) -> Self {
        let mut names = Self { background: BACKGROUND, regions: Vec::new() };
        if let Some(text) = said.get("Record3/Mask/Background") {
            match colour(text) {
                Some(c) => names.background = c,
                None => {
                    warnings.push(format!("the mask's background {text:?} is no colour such as #cd7f32; that is taken for it"));
                }
            }
        }
        for label in &said.labels {
            let Some(colour) = colour(&label.colour) else {
                warnings.push(format!(
                    "the annotation {:?} has the colour {:?}, which is none such as #cd7f32; it is left out",
                    label.name, label.colour
                ));
                continue;
            };
            if colour == names.background {
                warnings.push(format!(
                    "the annotation {:?} has the background's colour; its points cannot be told from it",
                    label.name
                ));
            } else if let Some(known) = names.regions.iter_mut().find(|r| r.colour == colour) {
                if known.name.is_empty() {
                    known.name.clone_from(&label.name);
                } else if !label.name.is_empty() && known.name != label.name {
                    known.name = format!("{} / {}", known.name, label.name);
                }
            } else if names.regions.len() < 254 {
                names.regions.push(Region { colour, name: label.name.clone(), points: 0 });
            }
        }
        names
    }

    fn index(&mut self, colour: [u8; 3]) -> Option<u8> {
        if colour == self.background {
            return Some(0);
        }
        let place = self.regions.iter().position(|r| r.colour == colour);
        let place = place.or_else(|| {
            (self.regions.len() < 254).then(|| {
                self.regions.push(Region { colour, name: String::new(), points: 0 });
                self.regions.len() - 1
            })
        })?;
        u8::try_from(place + 1).ok()
    }

    fn annotation(mut self, index: Vec<u8>, warnings: &mut Vec<String>) -> Annotation {
        let mut counts = [0usize; 256];
        for k in &index {
            counts[usize::from(*k)] += 1;
        }
        for (region, count) in self.regions.iter_mut().zip(&counts[1..]) {
            region.points = *count;
        }
        for r in self.regions.iter().filter(|r| r.name.is_empty()) {
            let [red, green, blue] = r.colour;
            warnings.push(format!(
                "the mask has {} points of the colour #{red:02x}{green:02x}{blue:02x}, which no annotation names",
                r.points
            ));
        }
        Annotation { regions: self.regions, index }
    }
}

/// A colour written as #rrggbb, or #rrggbbaa whose alpha is not used.
fn colour(text: &str) -> Option<[u8; 3]> {
    let digits =
        text.trim().strip_prefix('#').filter(|d| matches!(d.len(), 6 | 8) && d.bytes().all(|b| b.is_ascii_hexdigit()))?;
    let all = u32::from_str_radix(&digits[..6], 16).ok()?;
    let [_, r, g, b] = all.to_be_bytes();
    Some([r, g, b])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_are_hexadecimal() {
        assert_eq!(colour("#CD7f32"), Some(BACKGROUND));
        assert_eq!(colour(" #cd7f32FF "), Some(BACKGROUND));
        for text in ["", "red", "#cd7f3", "#cd7f3g", "cd7f32", "#cd7f32µ"] {
            assert_eq!(colour(text), None, "{text}");
        }
    }

    #[test]
    fn excluded_regions_are_not_measured() {
        let surface = Surface::of_finite(4, 1, (1.0, 1.0), vec![1.0, 2.0, 3.0, 4.0]).unwrap();
        let region = |name: &str| Region { colour: [0; 3], name: name.into(), points: 1 };
        let annotation = Annotation { regions: vec![region("groove"), region("land")], index: vec![0, 1, 2, 1] };
        let without = annotation.excluded(&surface, |r| r.name == "groove");
        assert_eq!(without.measured(), [true, false, true, false]);
        assert_eq!(annotation.excluded(&surface, |_| false), surface);
    }
}
