//! Each way to be hostile or odd, and the answer to it.

use super::checksum::Digest;
use super::{About, Checksums, Error, Limits, Mask, Options, read, write};
use crate::toolmark::surface::Surface;
use crate::toolmark::unit::LengthUnit;
use std::io::{Cursor, Write as _};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

/// A file to be made wrong: parts of main.xml, and entries.
struct Odd {
    folder: &'static str,
    axes: String,
    feature: &'static str,
    kind: &'static str,
    cz: String,
    record3: String,
    entries: Vec<(String, Vec<u8>)>,
    method: CompressionMethod,
}

fn md5(bytes: &[u8]) -> String {
    let mut digest = Digest::default();
    digest.update(bytes);
    digest.hex()
}

impl Odd {
    fn of(columns: u64, rows: u64, kind: &'static str, data: Vec<u8>) -> Self {
        let axis =
            |n: &str| format!("<{n}><AxisType>I</AxisType><DataType>D</DataType><Increment>1e-006</Increment><Offset/></{n}>");
        let record3 = format!(
            "<MatrixDimension><SizeX>{columns}</SizeX><SizeY>{rows}</SizeY><SizeZ>1</SizeZ></MatrixDimension><DataLink><PointDataLink>bindata/data.bin\
             </PointDataLink><MD5ChecksumPointData>{}</MD5ChecksumPointData></DataLink>",
            md5(&data)
        );
        Self {
            folder: "",
            axes: axis("CX") + &axis("CY"),
            feature: "SUR",
            kind,
            cz: String::new(),
            record3,
            entries: vec![("bindata/data.bin".into(), data)],
            method: CompressionMethod::Stored,
        }
    }

    /// 2 × 2 points of type D at 1, 2, 3, 4 µm.
    fn small() -> Self {
        Self::of(2, 2, "D", [1e-6f64, 2e-6, 3e-6, 4e-6].iter().flat_map(|h| h.to_le_bytes()).collect())
    }

    fn xml(&self) -> String {
        let (axes, feature, kind, cz, record3) = (&self.axes, self.feature, self.kind, &self.cz, &self.record3);
        format!(
            "<p:ISO5436_2><Record1><Revision>ISO5436 - 2000</Revision><FeatureType>{feature}</FeatureType><Axes>{axes}<CZ><AxisType>A</AxisType>\
             <DataType>{kind}</DataType>{cz}</CZ></Axes></Record1><Record2><Date>N/A</Date></Record2><Record3>{record3}</Record3><Record4>\
             <ChecksumFile/></Record4></p:ISO5436_2>"
        )
    }

    fn zip(&self) -> Vec<u8> {
        let xml = self.xml();
        let mut all = vec![("main.xml".to_owned(), xml.clone().into_bytes())];
        all.extend(self.entries.iter().cloned());
        all.push(("md5checksum.hex".into(), md5(xml.as_bytes()).to_uppercase().into_bytes()));
        let all: Vec<_> = all
            .into_iter()
            .map(|(n, b)| (n.strip_prefix('!').map_or_else(|| format!("{}{n}", self.folder), str::to_owned), b))
            .collect();
        packed(&all, self.method)
    }

    fn read(&self) -> Result<super::X3p, Error> {
        read(&self.zip(), &Options::default())
    }
}

fn packed(entries: &[(String, Vec<u8>)], method: CompressionMethod) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in entries {
        zip.start_file(name, SimpleFileOptions::default().compression_method(method)).unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

/// Replaces bytes of the same length wherever they stand.
fn patched(mut bytes: Vec<u8>, from: &[u8], to: &[u8]) -> Vec<u8> {
    assert_eq!(from.len(), to.len());
    let places: Vec<usize> = bytes.windows(from.len()).enumerate().filter(|(_, w)| *w == from).map(|(i, _)| i).collect();
    assert!(!places.is_empty(), "nothing to replace");
    for at in places {
        bytes[at..at + to.len()].copy_from_slice(to);
    }
    bytes
}

fn lenient() -> Options {
    Options { checksums: Checksums::Lenient, ..Options::default() }
}

#[test]
fn every_type_of_height_is_read() {
    let floats =
        Odd::of(3, 1, "F", [1.5e-6f32, f32::INFINITY, -2e-6].iter().flat_map(|h| h.to_le_bytes()).collect()).read().unwrap();
    assert_eq!(floats.surface.measured(), [true, false, true]);
    assert_eq!(floats.surface.heights_um()[0], f64::from(1.5e-6f32) * 1e6);
    let mut shorts = Odd::of(2, 2, "I", [986i16, 503, -308, 7].iter().flat_map(|h| h.to_le_bytes()).collect());
    shorts.cz = "<Increment>1e-9</Increment><Offset>-5e-7</Offset>".into();
    let link = "<ValidPointsLink>bindata/valid.bin</ValidPointsLink><MD5ChecksumValidPoints>";
    shorts.record3 =
        shorts.record3.replace("</DataLink>", &format!("{link}{}</MD5ChecksumValidPoints></DataLink>", md5(&[0b0000_0111])));
    shorts.entries.push(("bindata/valid.bin".into(), vec![0b0000_0111]));
    let shorts = shorts.read().unwrap();
    assert_eq!(shorts.surface.measured(), [true, true, true, false]);
    assert_eq!(shorts.surface.heights_um()[..3], [986.0, 503.0, -308.0].map(|n| (-5e-7 + 1e-9 * n) * 1e6));
    let mut longs = Odd::of(1, 2, "L", [i32::MIN, i32::MAX].iter().flat_map(|h| h.to_le_bytes()).collect());
    longs.cz = "<Increment>1e-15</Increment>".into();
    assert_eq!(longs.read().unwrap().surface.heights_um()[1], 1e-15 * 2147483647.0 * 1e6);
    longs.cz = String::new();
    assert!(matches!(longs.read(), Err(Error::Field { place, .. }) if place.ends_with("CZ/Increment")));
    let error = Odd::of(1, 2, "F", vec![0; 16]).read().unwrap_err().to_string();
    assert!(error.contains("type D would fit"), "{error}");
    assert!(matches!(Odd::of(1, 2, "X", vec![0; 16]).read(), Err(Error::Field { .. })));
}

#[test]
fn folders_and_macs_leftovers_are_passed_over() {
    let mut odd = Odd::small();
    odd.folder = "some/where/";
    odd.entries.push(("!__MACOSX/some/where/._main.xml".into(), vec![0]));
    odd.entries.push(("bindata/.DS_Store".into(), vec![0]));
    odd.entries.push(("!some/where/._main.xml".into(), vec![0]));
    assert_eq!(odd.read().unwrap().surface.heights_um(), [1.0, 2.0, 3.0, 4.0].map(|h| h * 1e-6 * 1e6));
}

#[test]
fn checksums_refuse_or_warn_by_name() {
    let mut odd = Odd::small();
    let right = md5(&odd.entries[0].1);
    odd.record3 = odd.record3.replace(&right, &right.to_uppercase());
    assert!(odd.read().unwrap().warnings.is_empty());
    odd.record3 = odd.record3.replace(&right.to_uppercase(), &"0".repeat(32));
    assert!(matches!(odd.read(), Err(Error::Checksum { entry, .. }) if entry == "bindata/data.bin"));
    let warned = read(&odd.zip(), &lenient()).unwrap().warnings;
    assert!(warned.len() == 1 && warned[0].contains("data.bin"), "{warned:?}");
    odd.record3 = odd.record3.replace(&"0".repeat(32), "");
    assert!(matches!(odd.read(), Err(Error::NoChecksum { entry, .. }) if entry == "bindata/data.bin"));
    // main.xml's own: a comment that is changed after the sum was written, and a missing md5checksum.hex.
    let odd = Odd::small();
    let xml = odd.xml();
    let data = odd.entries[0].1.clone();
    let changed = vec![
        ("main.xml".to_owned(), xml.replace("N/A", "n/a").into_bytes()),
        ("bindata/data.bin".to_owned(), data),
        ("md5checksum.hex".to_owned(), md5(xml.as_bytes()).into_bytes()),
    ];
    let file = packed(&changed, CompressionMethod::Stored);
    assert!(matches!(read(&file, &Options::default()), Err(Error::Checksum { entry, .. }) if entry == "main.xml"));
    assert!(read(&file, &lenient()).unwrap().warnings[0].contains("main.xml"));
    let file = packed(&changed[..2], CompressionMethod::Stored);
    assert!(matches!(read(&file, &Options::default()), Err(Error::NoChecksum { entry, .. }) if entry == "main.xml"));
    assert_eq!(read(&file, &lenient()).unwrap().warnings.len(), 1);
    // valid.bin's.
    let surface = Surface::of_finite(2, 1, (1.0, 1.0), vec![0.5, f64::NAN]).unwrap();
    let file = write(&surface, &About { date: "2026-01-31T12:00:00".into(), ..About::default() }).unwrap();
    let mut entries = unpacked(&file);
    entries[0].1 = String::from_utf8(entries[0].1.clone()).unwrap().replace(&md5(&[1]), &md5(&[2])).into_bytes();
    entries[3].1 = md5(&entries[0].1).into_bytes();
    let file = packed(&entries, CompressionMethod::Stored);
    assert!(matches!(read(&file, &Options::default()), Err(Error::Checksum { entry, .. }) if entry == "bindata/valid.bin"));
}

fn unpacked(file: &[u8]) -> Vec<(String, Vec<u8>)> {
    let mut zip = zip::ZipArchive::new(Cursor::new(file)).unwrap();
    (0..zip.len())
        .map(|i| {
            let mut entry = zip.by_index(i).unwrap();
            let mut bytes = Vec::new();
            std::io::Read::read_to_end(&mut entry, &mut bytes).unwrap();
            (entry.name().unwrap().into_owned(), bytes)
        })
        .collect()
}

#[test]
fn bombs_are_refused_before_they_are_unpacked() {
    // 200 MB of zeros in 200 KB: the sizes agree, and the memory is out of proportion.
    let mut bomb = Odd::of(5000, 5000, "D", vec![0; 200_000_000]);
    bomb.method = CompressionMethod::Deflated;
    let file = bomb.zip();
    assert!(file.len() < 300_000);
    assert!(matches!(read(&file, &Options::default()), Err(Error::Bomb { memory: 250_000_000, .. })));
    // A flat surface of 4 million points compresses as well, and is read.
    let mut flat = Odd::of(2000, 2000, "D", vec![0; 32_000_000]);
    flat.method = CompressionMethod::Deflated;
    assert!(read(&flat.zip(), &Options::default()).is_ok());
    let mut xml = Odd::small();
    xml.axes.push_str(&" ".repeat(5 << 20));
    xml.method = CompressionMethod::Deflated;
    assert!(matches!(read(&xml.zip(), &Options::default()), Err(Error::TooLarge { entry, .. }) if entry == "main.xml"));
}

#[test]
fn entries_that_lie_about_their_length_are_damaged() {
    // The central directory's and the local header's size: 32 becomes 24 or 40 for 3 or 5 points.
    for (columns, rows, declared) in [(3u64, 1u64, 24u32), (5, 1, 40)] {
        let mut odd = Odd::of(columns, rows, "D", Odd::small().entries[0].1.clone());
        odd.method = CompressionMethod::Deflated;
        let file = odd.zip();
        let packed_size = {
            let mut zip = zip::ZipArchive::new(Cursor::new(&file[..])).unwrap();
            u32::try_from(zip.by_name("bindata/data.bin").unwrap().compressed_size()).unwrap()
        };
        let sizes = |n: u32| [packed_size.to_le_bytes(), n.to_le_bytes()].concat();
        let error = read(&patched(file, &sizes(32), &sizes(declared)), &Options::default()).unwrap_err();
        assert!(matches!(&error, Error::Damaged { entry, .. } if entry == "bindata/data.bin"), "{error}");
    }
    // A changed byte: the ZIP's own checksum.
    let file = patched(Odd::small().zip(), &3e-6f64.to_le_bytes(), &3.5e-6f64.to_le_bytes());
    assert!(matches!(read(&file, &lenient()), Err(Error::Damaged { .. })));
}

#[test]
fn sizes_are_checked_before_memory_is_taken() {
    let size = |columns, rows| Odd::of(columns, rows, "D", vec![0; 32]).read().unwrap_err();
    assert!(matches!(size(1 << 40, 1 << 40), Error::Points { .. }));
    assert!(matches!(size(u64::MAX, 1), Error::Points { .. }));
    assert!(matches!(size(0, 4), Error::Points { .. }));
    assert!(matches!(size(1 << 14, 1 << 14), Error::Size { allowed: 2147483648, got: 32, .. }));
    let odd = Odd::small();
    let options = Options { limits: Limits { points: 3, ..Limits::default() }, ..Options::default() };
    assert!(matches!(read(&odd.zip(), &options), Err(Error::Points { allowed: 3, .. })));
    let mut odd = Odd::small();
    odd.record3 = odd.record3.replace("<SizeX>2<", "<SizeX>-2<");
    assert!(matches!(odd.read(), Err(Error::Field { place, .. }) if place.ends_with("SizeX")));
}

#[test]
fn archives_that_two_programs_read_differently_are_refused() {
    assert!(matches!(read(b"", &Options::default()), Err(Error::NotZip { .. })));
    assert!(matches!(read(&Odd::small().zip()[..400], &Options::default()), Err(Error::NotZip { .. })));
    let twice = {
        let mut odd = Odd::small();
        odd.entries.push(("bindata/date.bin".into(), vec![1; 32]));
        patched(odd.zip(), b"date.bin", b"data.bin")
    };
    assert_eq!(read(&twice, &Options::default()), Err(Error::Duplicate));
    let mut odd = Odd::small();
    odd.entries.push(("Bindata/Data.bin".into(), vec![1; 32]));
    assert_eq!(odd.read(), Err(Error::Duplicate));
    let mut odd = Odd::small();
    odd.entries.push(("other/main.xml".into(), vec![]));
    assert!(matches!(odd.read(), Err(Error::Several { .. })));
    let mut many = Odd::small();
    many.entries.extend((0..1100).map(|i| (format!("n{i}"), Vec::new())));
    assert!(matches!(many.read(), Err(Error::Entries { got: 1103, allowed: 1024 })));
    let file = patched(Odd::small().zip(), b"main.xml", b"main.xmm");
    assert!(matches!(read(&file, &Options::default()), Err(Error::Missing { .. })));
    let mut odd = Odd::small();
    odd.entries[0].0 = "bindata/dada.bin".into();
    assert!(matches!(odd.read(), Err(Error::Missing { what }) if what.contains("bindata/data.bin")));
}

#[test]
fn paths_out_of_the_archive_are_refused() {
    for name in ["../../evil.txt", "/etc/evil", "a/../../evil", "C:\\evil"] {
        let mut odd = Odd::small();
        odd.entries.push((format!("!{name}"), vec![1]));
        // The writer may clean a name; a placeholder of the same length is replaced afterwards.
        odd.entries.last_mut().unwrap().0 = "x".repeat(name.len());
        let file = patched(odd.zip(), "x".repeat(name.len()).as_bytes(), name.as_bytes());
        assert!(matches!(read(&file, &Options::default()), Err(Error::Path { .. })), "{name}");
    }
    let mut odd = Odd::small();
    odd.record3 = odd.record3.replace("bindata/data.bin", "../../secret.bin");
    assert_eq!(odd.read(), Err(Error::Path { entry: "../../secret.bin".into() }));
    let mut odd = Odd::small();
    odd.record3 = odd.record3.replace("bindata/data.bin", ".\\bindata\\data.bin");
    assert!(odd.read().is_ok());
}

#[test]
fn encryption_and_other_compressions_are_refused() {
    // The flags of the local and the central header of data.bin.
    let mut file = Odd::small().zip();
    let places: Vec<usize> = file.windows(8).enumerate().filter(|(_, w)| *w == b"bindata/").map(|(i, _)| i).collect();
    let (local, central) = (places[places.len() - 2], places[places.len() - 1]);
    let mut other = file.clone();
    file[local - 30 + 6] |= 1;
    file[central - 46 + 8] |= 1;
    assert!(matches!(read(&file, &Options::default()), Err(Error::Encrypted { entry }) if entry == "bindata/data.bin"));
    other[local - 30 + 8] = 12;
    other[central - 46 + 10] = 12;
    assert!(matches!(read(&other, &Options::default()), Err(Error::Method { .. })));
}

#[test]
fn other_kinds_of_file_are_refused_by_name() {
    let refused = |change: &dyn Fn(&mut Odd), words: &str| {
        let mut odd = Odd::small();
        change(&mut odd);
        match odd.read() {
            Err(Error::Refused { what, advice }) => {
                assert!(what.contains(words) && (advice.contains("export") || advice.contains("store")), "{what}");
            }
            other => panic!("{words}: {other:?}"),
        }
    };
    refused(&|o| o.feature = "PCL", "point clouds");
    refused(&|o| o.record3 = "<ListDimension>4</ListDimension>".into(), "point clouds");
    refused(&|o| o.record3 = o.record3.replace("<SizeZ>1<", "<SizeZ>2<"), "layers");
    refused(&|o| o.axes = o.axes.replacen("<AxisType>I<", "<AxisType>A<", 1), "absolute x axis");
    refused(&|o| o.axes = o.axes.replace("<CY><AxisType>I<", "<CY><AxisType>A<"), "absolute y axis");
    refused(&|o| o.record3 += "<DataList><Datum>1</Datum></DataList>", "as text");
}

#[test]
fn units_are_changed_on_clear_evidence_only() {
    let doubles = |h: [f64; 4]| h.iter().flat_map(|h| h.to_le_bytes()).collect::<Vec<u8>>();
    // 20 µm of heights on a field of 2 µm × 2 µm, written as 20 m, with an Increment that says µm.
    let mut odd = Odd::of(2, 2, "D", doubles([0.0, 5.0, 10.0, 15.0]));
    odd.cz = "<Increment>1e-06</Increment>".into();
    let taken = odd.read().unwrap();
    assert_eq!(taken.surface.heights_um(), [0.0, 5.0, 10.0, 15.0]);
    assert!(taken.warnings.len() == 1 && taken.warnings[0].contains("multiplied"), "{:?}", taken.warnings);
    // The same without: metres, and a warning.
    odd.cz = String::new();
    let taken = odd.read().unwrap();
    assert_eq!(taken.surface.heights_um()[1], 5e6);
    assert!(taken.warnings.len() == 1 && taken.warnings[0].contains("no surface does"), "{:?}", taken.warnings);
    // Plausible metres with an Increment: it is not used.
    let mut odd = Odd::small();
    odd.cz = "<Increment>1e-06</Increment><Offset>0.5</Offset>".into();
    let taken = odd.read().unwrap();
    assert_eq!(taken.surface.heights_um()[0], 1e-6 * 1e6);
    assert!(
        taken.warnings.len() == 2 && taken.warnings[0].contains("Offset") && taken.warnings[1].contains("not used"),
        "{:?}",
        taken.warnings
    );
    // What the caller says goes.
    let options = Options { height_unit: Some(LengthUnit::Millimetre), ..Options::default() };
    let odd = Odd::of(2, 2, "D", doubles([0.0, 5.0, 10.0, 15.0]));
    assert_eq!(read(&odd.zip(), &options).unwrap().surface.heights_um()[3], 15_000.0);
}

#[test]
fn profiles_rotations_and_empty_surfaces() {
    let mut profile = Odd::of(4, 1, "D", Odd::small().entries[0].1.clone());
    profile.feature = "PRF";
    profile.axes = profile
        .axes
        .replace("<CY><AxisType>I</AxisType><DataType>D</DataType><Increment>1e-006<", "<CY><AxisType>I</AxisType><Increment>0<");
    let taken = profile.read().unwrap();
    assert_eq!((taken.surface.rows(), taken.surface.spacing_um(), taken.warnings.len()), (1, (1.0, 1.0), 1));
    let mut turned = Odd::small();
    turned.cz = "</CZ><Rotation><r11>0.0</r11><r12>-1</r12></Rotation><CZ>".into();
    assert!(turned.read().unwrap().warnings[0].contains("rotation"));
    let empty = Odd::of(2, 1, "D", f64::NAN.to_le_bytes().repeat(2));
    assert!(matches!(empty.read(), Err(Error::Surface(_))));
    let mut odd = Odd::small();
    odd.axes = odd.axes.replace("1e-006", "-1e-6");
    assert!(matches!(odd.read(), Err(Error::Field { place, .. }) if place.ends_with("CX/Increment")));
}

fn mask(width: u32, height: u32, colours: &[[u8; 3]]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, width, height);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    let mut writer = encoder.write_header().unwrap();
    writer.write_image_data(colours.as_flattened()).unwrap();
    writer.finish().unwrap();
    bytes
}

#[test]
fn masks_are_regions_by_colour() {
    let (bronze, red, blue) = ([0xcd, 0x7f, 0x32], [255, 0, 0], [0, 0, 255]);
    let mut odd = Odd::small();
    odd.record3 += "<Mask><Background>#cd7f32</Background><Annotations><Annotation color=\"#ff0000\">groove</Annotation></Annotations></Mask>";
    let without = odd.read().unwrap();
    assert!(without.annotation.is_none() && without.warnings[0].contains("mask"));
    odd.entries.push(("bindata/mask.png".into(), mask(2, 2, &[bronze, red, blue, red])));
    let taken = odd.read().unwrap();
    let annotation = taken.annotation.unwrap();
    assert_eq!(annotation.index, [0, 1, 2, 1]);
    let regions: Vec<_> = annotation.regions.iter().map(|r| (r.name.as_str(), r.points)).collect();
    assert_eq!(regions, [("groove", 2), ("", 1)]);
    assert_eq!(annotation.excluded(&taken.surface, |r| r.name == "groove").measured(), [true, false, true, false]);
    assert!(taken.warnings[0].contains("#0000ff"));
    let size = odd.entries.len() - 1;
    odd.entries[size].1 = mask(3, 2, &[bronze; 6]);
    assert!(odd.read().unwrap_err().to_string().contains("3 × 2 pixels"));
    odd.entries[size].1 = b"\x89PNG nonsense".to_vec();
    assert!(matches!(odd.read(), Err(Error::Mask { .. })));
    assert!(read(&odd.zip(), &Options { mask: Mask::Ignore, ..Options::default() }).is_ok());
    // A picture that claims 2³¹ × 2³¹ pixels.
    let mut huge = mask(2, 2, &[bronze; 4]);
    huge[16..24].copy_from_slice(&[0x7f, 255, 255, 255, 0x7f, 255, 255, 255]);
    odd.entries[size].1 = huge;
    assert!(matches!(odd.read(), Err(Error::Mask { .. })));
}
