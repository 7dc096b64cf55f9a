//! Small valid files, and what chance makes of them.

use crate::mutation::{Dice, Entries, WORDS, crc32, mutate, number, packed};
use striae::toolmark::surface::Surface;
use striae::toolmark::x3p::{self, About};

/// Small valid files.
pub struct Seeds {
    pub x3p: Vec<Entries>,
    pub whole: Vec<Vec<u8>>,
    pub texts: Vec<Vec<u8>>,
    pub arrays: Vec<Vec<u8>>,
    pub pictures: Vec<Vec<u8>>,
}

impl Seeds {
    pub fn new() -> Self {
        let heights: Vec<f64> = (0..48).map(|i| if i == 7 { f64::NAN } else { libm::sin(f64::from(i)) }).collect();
        let surface = Surface::of_finite(8, 6, (1.5, 1.25), heights).unwrap();
        let about = About { date: "2026-01-31T12:00:00".into(), comment: "a & b".into(), ..About::default() };
        let written = entries(&x3p::write(&surface, &about).unwrap());
        let xml = String::from_utf8(written[0].1.clone()).unwrap();
        let with = |xml: String, rest: Entries| {
            let mut all = vec![("main.xml".to_owned(), xml.into_bytes())];
            all.extend(rest);
            all
        };
        let kind = |letter: &str| {
            xml.replacen(
                "<DataType>D</DataType>\n        <Increment>1<",
                &format!("<DataType>{letter}</DataType>\n        <Increment>1e-9<"),
                1,
            )
        };
        let shorts = with(kind("I"), vec![("bindata/data.bin".into(), (0..96).collect()), written[2].clone()]);
        let longs = with(kind("L"), vec![("bindata/data.bin".into(), vec![3; 192]), written[2].clone()]);
        let mask = "<Mask><Background>#cd7f32</Background><Annotations><Annotation color=\"#ff0000\">groove</Annotation></Annotations></Mask></Record3>";
        let mut masked = with(xml.replace("</Record3>", mask), written[1..3].to_vec());
        masked.push(("bindata/mask.png".into(), picture()));
        let x3p = vec![written, shorts, longs, masked];
        let mut whole: Vec<Vec<u8>> = x3p.iter().map(|e| packed(e, None)).collect();
        whole.push(wide(&x3p[0]));
        let numbers = |n: i32| (0..n).flat_map(|i| libm::sin(f64::from(i)).to_le_bytes()).collect::<Vec<u8>>();
        let array = |shape: &str, order: &str, n: i32| {
            let header = format!("{{'descr': '<f8', 'fortran_order': {order}, 'shape': {shape}, }}\n");
            [b"\x93NUMPY\x01\0", &(header.len() as u16).to_le_bytes()[..], header.as_bytes(), &numbers(n)].concat()
        };
        let arrays = vec![
            array("(12,)", "False", 12),
            array("(1, 12)", "True", 12),
            array("(3, 4)", "True", 12),
            array("(4, 3)", "False", 12),
        ];
        let texts = [
            "0.000000\t3.370800\n0.690001\t3.275500\n1.380003\tNaN\n2.070004\t3.115300\n",
            "x [µm],height [nm]\n0,1.5\n1,2.5\n2,\n3,4.5\n",
            "z_m\n1e-6\n2e-6\n3e-6\n",
            "x_mm;z_um\n0;1,5\n0,5;2,5\n1;3,5\n",
            "# x (um) z (um)\n0 1\n1 2\n2 3\n",
        ];
        Self {
            x3p,
            whole,
            texts: texts.iter().map(|t| t.as_bytes().to_vec()).collect(),
            arrays,
            pictures: crate::pictures::seeds(),
        }
    }

    pub fn changed(seeds: &[Vec<u8>], dice: &mut Dice) -> Vec<u8> {
        let mut bytes = dice.pick(seeds).clone();
        let other = dice.pick(seeds);
        if !dice.once_in(50) {
            mutate(&mut bytes, other, dice);
        }
        bytes
    }

    pub fn x3p(&self, dice: &mut Dice) -> Vec<u8> {
        if dice.once_in(4) {
            return Self::changed(&self.whole, dice);
        }
        let mut all = dice.pick(&self.x3p).clone();
        let other = &self.x3p[dice.below(self.x3p.len())];
        for _ in 0..=dice.below(2) {
            let at = if dice.once_in(2) { 0 } else { dice.below(all.len()) };
            let (name, bytes) = &mut all[at];
            match dice.below(12) {
                10 | 11 => {
                    let (from, to) = dice.pick(&WORDS);
                    all[0].1 = String::from_utf8_lossy(&all[0].1).replacen(from, to, 1).into_bytes();
                }
                0 => mutate_name(name, dice),
                1 => {
                    let copy = all[at].clone();
                    all.push(copy);
                }
                2 => {
                    // Other sizes, with as many numbers as they need.
                    let (columns, rows) = (1 + dice.below(12), 1 + dice.below(12));
                    let xml = String::from_utf8_lossy(&all[0].1).replace("<SizeX>8<", &format!("<SizeX>{columns}<"));
                    all[0].1 = xml.replace("<SizeY>6<", &format!("<SizeY>{rows}<")).into_bytes();
                    for (name, bytes) in &mut all[1..] {
                        match name.as_str() {
                            "bindata/data.bin" => bytes.resize(bytes.len() / 48 * columns * rows, 0x3e),
                            "bindata/valid.bin" => bytes.resize((columns * rows).div_ceil(8), 0xff),
                            _ => {}
                        }
                    }
                }
                3..=5 if !bytes.is_empty() => number(bytes, dice),
                _ => {
                    mutate(bytes, &other[dice.below(other.len())].1, dice);
                    if name.contains("png") && !dice.once_in(3) {
                        mend(bytes);
                    }
                }
            }
        }
        if dice.once_in(32) {
            // Sizes that agree with each other, and with nothing that is there: 117 MB are allowed, 160 and more are not.
            let (columns, rows) = *dice.pick(&[(3000, 3900), (4000, 4000), (16384, 16384), (1, 1 << 28)]);
            let xml = String::from_utf8_lossy(&all[0].1).replace("<SizeX>8<", &format!("<SizeX>{columns}<"));
            all[0].1 = xml.replace("<SizeY>6<", &format!("<SizeY>{rows}<")).into_bytes();
            if let Some(at) = all.iter().position(|(name, _)| name == "bindata/data.bin") {
                let need: u64 = dice.pick(&[2, 4, 8]) * columns * rows;
                return packed(&all, Some((at, need.wrapping_sub(all[at].1.len() as u64) as u32)));
            }
        }
        let lie = dice.once_in(16).then(|| (dice.below(all.len()), *dice.pick(&[1, u32::MAX, 8, 1 << 30, 1 << 31])));
        packed(&all, lie)
    }
}

fn mutate_name(name: &mut String, dice: &mut Dice) {
    let odd = ["../", "/", "C:", "__MACOSX/", "x/", "\\"];
    match dice.below(3) {
        0 => name.insert_str(0, odd[dice.below(odd.len())]),
        1 => name.truncate(dice.below(name.len() + 1)),
        _ => "main.xml".clone_into(name),
    }
}

/// The unpacked entries of a file.
fn entries(file: &[u8]) -> Entries {
    let mut zip = zip::ZipArchive::new(std::io::Cursor::new(file)).unwrap();
    (0..zip.len())
        .map(|i| {
            let mut entry = zip.by_index(i).unwrap();
            let mut bytes = Vec::new();
            std::io::Read::read_to_end(&mut entry, &mut bytes).unwrap();
            (entry.name().unwrap().into_owned(), bytes)
        })
        .collect()
}

/// An archive whose ZIP64 end says that it has 2⁴⁰ entries.
fn wide(all: &[(String, Vec<u8>)]) -> Vec<u8> {
    let mut file = packed(all, None);
    let end = file.split_off(file.len() - 22);
    let at = file.len() as u64;
    file.extend_from_slice(b"PK\x06\x06");
    file.extend_from_slice(&44u64.to_le_bytes());
    file.extend_from_slice(&[45, 3, 45, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    for n in [1u64 << 40, 1 << 40, 1 << 50, 1 << 45] {
        file.extend_from_slice(&n.to_le_bytes());
    }
    file.extend_from_slice(b"PK\x06\x07\0\0\0\0");
    file.extend_from_slice(&at.to_le_bytes());
    file.extend_from_slice(&[1, 0, 0, 0]);
    file.extend_from_slice(&end[..8]);
    file.extend_from_slice(&[0xff; 12]);
    file.extend_from_slice(&[0, 0]);
    file
}

fn picture() -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, 8, 6);
    encoder.set_color(png::ColorType::Rgb);
    let mut writer = encoder.write_header().unwrap();
    let pixels: Vec<u8> = (0..48).flat_map(|i| if i % 5 == 0 { [255, 0, 0] } else { [0xcd, 0x7f, 0x32] }).collect();
    writer.write_image_data(&pixels).unwrap();
    writer.finish().unwrap();
    bytes
}

/// Puts a PNG's checksums right, so that what is behind them is reached.
pub fn mend(bytes: &mut [u8]) {
    let mut at = 8;
    while let Some(length) = bytes.get(at..at + 4).map(|b| u32::from_be_bytes([b[0], b[1], b[2], b[3]]) as usize) {
        let Some(sum) = bytes.get(at + 4..at + 8 + length).map(crc32) else { return };
        let Some(place) = bytes.get_mut(at + 8 + length..at + 12 + length) else { return };
        place.copy_from_slice(&sum.to_be_bytes());
        at += 12 + length;
    }
}
