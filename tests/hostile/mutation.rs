//! Changes of bytes by chance, and small archives of changed entries.

use striae::draw::Stream;

/// Chance, with small numbers.
pub struct Dice(pub Stream);

impl Dice {
    /// From 0 to `below` − 1.
    pub fn below(&mut self, below: usize) -> usize {
        ((self.0.uniform() * below as f64) as usize).min(below.saturating_sub(1))
    }

    pub fn once_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }

    pub fn pick<'a, T>(&mut self, all: &'a [T]) -> &'a T {
        &all[self.below(all.len())]
    }
}

/// Numbers that readers stumble over.
pub const NUMBERS: [&str; 24] = [
    "0",
    "1",
    "-1",
    "2",
    "3",
    "8",
    "255",
    "256",
    "65535",
    "65536",
    "16384",
    "2147483647",
    "2147483648",
    "4294967295",
    "4294967296",
    "9223372036854775807",
    "18446744073709551615",
    "18446744073709551616",
    "1e-6",
    "1e308",
    "-1e-400",
    "nan",
    "inf",
    "",
];

/// Changes of main.xml that mean something.
pub const WORDS: [(&str, &str); 10] = [
    ("SUR", "PCL"),
    ("<AxisType>I", "<AxisType>A"),
    ("<SizeZ>1", "<SizeZ>2"),
    ("a &amp; b", "a &b; b"),
    ("<Record2>", "<!DOCTYPE a [<!ENTITY b 'c'>]><Record2>"),
    ("<Increment>1<", "<Increment>1e-6<"),
    ("</Record3>", "<DataList><Datum>1</Datum></DataList></Record3>"),
    ("<SizeX>8<", "<SizeX>8</SizeX><SizeX>9<"),
    ("<Record1>", "<a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><Record1>"),
    ("bindata/data.bin", "../bindata/data.bin"),
];

/// Changes bytes, as a damaged disk or a malicious hand would.
pub fn mutate(bytes: &mut Vec<u8>, other: &[u8], dice: &mut Dice) {
    for _ in 0..=dice.below(3) {
        let length = bytes.len();
        if length == 0 {
            bytes.extend_from_slice(other);
            return;
        }
        let at = dice.below(length);
        let span = at..(at + 1 + dice.below(16)).min(length);
        match dice.below(8) {
            0 => bytes[at] ^= 1 << dice.below(8),
            1 => bytes[at] = *dice.pick(&[0, 1, 0x7f, 0x80, 0xff, b'<', b'>', b'&', b'/', b'"']),
            2 => bytes.truncate(at),
            3 => drop(bytes.drain(span)),
            4 => {
                let part = bytes[span].to_vec();
                let to = dice.below(length);
                bytes.splice(to..to, part);
            }
            5 if !other.is_empty() => {
                let from = dice.below(other.len());
                let part = &other[from..(from + 1 + dice.below(64)).min(other.len())];
                bytes.splice(span, part.iter().copied());
            }
            6 => {
                let wide = dice.pick(&[0u32, 1, 0xffff, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff]).to_le_bytes();
                let n = (length - at).min(4);
                bytes[at..at + n].copy_from_slice(&wide[..n]);
            }
            _ => number(bytes, dice),
        }
    }
}

/// Puts another number in place of one in a text.
pub fn number(bytes: &mut Vec<u8>, dice: &mut Dice) {
    let digit = |b: &u8| b.is_ascii_digit();
    let from = dice.below(bytes.len());
    let Some(start) = bytes[from..].iter().position(digit).map(|i| from + i) else { return };
    let end = bytes[start..].iter().position(|b| !digit(b)).map_or(bytes.len(), |i| start + i);
    bytes.splice(start..end, dice.pick(&NUMBERS).bytes());
}

const fn crc_table() -> [u32; 256] {
    let mut table = [0; 256];
    let mut n = 0;
    while n < 256 {
        let mut c = n as u32;
        let mut k = 0;
        while k < 8 {
            c = if c & 1 == 1 { 0xedb8_8320 ^ (c >> 1) } else { c >> 1 };
            k += 1;
        }
        table[n] = c;
        n += 1;
    }
    table
}

static CRC: [u32; 256] = crc_table();

pub fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0, |c, b| CRC[usize::from((c as u8) ^ b)] ^ (c >> 8))
}

pub type Entries = Vec<(String, Vec<u8>)>;

/// A ZIP of stored entries; `lie` is the index of an entry whose length is told wrong, and by how much.
pub fn packed(entries: &[(String, Vec<u8>)], lie: Option<(usize, u32)>) -> Vec<u8> {
    let (mut file, mut directory) = (Vec::new(), Vec::new());
    for (i, (name, bytes)) in entries.iter().enumerate() {
        let at = (file.len() as u32).to_le_bytes();
        let length = bytes.len() as u32;
        let told = lie.filter(|(k, _)| *k == i).map_or(length, |(_, by)| length.wrapping_add(by));
        let mut common = vec![20, 0, 0, 0, 0, 0, 0, 0, 0x21, 0];
        for n in [crc32(bytes), length, told] {
            common.extend_from_slice(&n.to_le_bytes());
        }
        common.extend_from_slice(&(name.len() as u16).to_le_bytes());
        common.extend_from_slice(&[0, 0]);
        file.extend_from_slice(b"PK\x03\x04");
        file.extend_from_slice(&common);
        file.extend_from_slice(name.as_bytes());
        file.extend_from_slice(bytes);
        directory.extend_from_slice(b"PK\x01\x02\x14\x03");
        directory.extend_from_slice(&common);
        directory.extend_from_slice(&[0; 10]);
        directory.extend_from_slice(&at);
        directory.extend_from_slice(name.as_bytes());
    }
    let (start, size) = ((file.len() as u32).to_le_bytes(), (directory.len() as u32).to_le_bytes());
    let count = (entries.len() as u16).to_le_bytes();
    file.append(&mut directory);
    file.extend_from_slice(b"PK\x05\x06\0\0\0\0");
    for part in [&count[..], &count, &size, &start, &[0, 0]] {
        file.extend_from_slice(part);
    }
    file
}
