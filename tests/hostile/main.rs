//! Readers of files against mutated ones: no panic, no more than 256 MiB of memory over the input, no more than two seconds.
//!
//! Small valid files are changed by chance and read: bits, bytes, numbers in texts, ends cut off, parts moved and mixed. An X3P file is changed as
//! a whole, and within: its main.xml, data, valid.bin, mask and checksum are changed unpacked and packed again, so that what lies behind the
//! archive's own checksums is reached. Input i is the same on every machine. `STRIAE_FUZZ` says how many there are (20,000 where it says nothing);
//! `cargo test --release --test hostile -- --nocapture` shows what became of them.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a failure here is a failed test, and the figures are for people"
)]

mod counting;
mod mutation;
mod pictures;
mod seeds;

use counting::{Counting, NOW, PEAK};
use mutation::{Dice, packed};
use seeds::Seeds;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};
use striae::draw::Stream;
use striae::picture::decode::{self as picture, decode};
use striae::toolmark::profile::{self, Hints};
use striae::toolmark::unit::LengthUnit;
use striae::toolmark::x3p::{self, Checksums, Options};

const THREADS: u64 = 2;
const MEMORY: usize = 256 << 20;
const TIME: Duration = Duration::from_secs(2);

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// What is read, and what a file of it may be.
struct Target {
    name: &'static str,
    make: fn(&Seeds, &mut Dice) -> Vec<u8>,
    /// Reads it; says in a word what became of it.
    run: fn(&[u8], u64) -> String,
    /// Words that must be among them where there are inputs enough, so that all layers are reached.
    expected: &'static [&'static str],
}

const TARGETS: [Target; 4] = [
    Target {
        name: "X3P",
        make: |seeds, dice| seeds.x3p(dice),
        run: |bytes, i| {
            let checksums = if i.is_multiple_of(8) { Checksums::Strict } else { Checksums::Lenient };
            x3p::read(bytes, &Options { checksums, ..Options::default() }).map_or_else(
                |e| word(&e),
                |found| {
                    let without = found.annotation.map(|a| a.excluded(&found.surface, |r| r.name.is_empty()));
                    if without.is_some() { "Ok, with a mask".into() } else { "Ok".into() }
                },
            )
        },
        expected: &[
            "Ok",
            "Ok, with a mask",
            "NotZip",
            "Damaged",
            "Missing",
            "Xml",
            "Entity",
            "Field",
            "Refused",
            "Points",
            "Size",
            "Checksum",
            "NoChecksum",
            "Mask",
            "Duplicate",
            "Path",
            "Twice",
            "Doctype",
            "Deep",
            "Bomb",
            "TooLarge",
        ],
    },
    Target {
        name: "profile, text",
        make: |seeds, dice| Seeds::changed(&seeds.texts, dice),
        run: |bytes, i| {
            let units = [None, Some(LengthUnit::Metre), Some(LengthUnit::Nanometre)];
            let hints = Hints { height_unit: units[(i % 3) as usize], x_unit: units[(i / 3 % 3) as usize], spacing_um: None };
            profile::read("a.txt", bytes, &hints).map_or_else(|e| word(&e), |_| "Ok".into())
        },
        expected: &["Ok", "Line", "Whole", "Ambiguous"],
    },
    Target {
        name: "profile, NumPy",
        make: |seeds, dice| Seeds::changed(&seeds.arrays, dice),
        run: |bytes, i| {
            let hints = Hints { height_unit: Some(LengthUnit::Metre), ..Hints::default() };
            let line = profile::read("a.npy", bytes, &hints).map_or_else(|e| word(&e), |_| "Ok".into());
            let spacing = if i.is_multiple_of(16) { (0.0, 1.0) } else { (1.0, 1.0) };
            let surface = profile::read_surface_npy(bytes, LengthUnit::Metre, spacing).map_or_else(|e| word(&e), |_| "Ok".into());
            format!("{line} {surface}")
        },
        expected: &["Ok Whole", "Whole Ok", "Whole Whole"],
    },
    Target {
        name: "picture",
        make: |seeds, dice| pictures::changed(&seeds.pictures, dice),
        run: |bytes, _| {
            let read = decode(bytes, &picture::Limits::default());
            read.map_or_else(|e| word(&e), |_| "Ok".into())
        },
        expected: &["Ok", "Broken", "Format", "Pixels"],
    },
];

/// An error's name.
fn word(error: &impl std::fmt::Debug) -> String {
    format!("{error:?}").chars().take_while(char::is_ascii_alphanumeric).collect()
}

/// What came of many inputs.
#[derive(Default)]
struct Tally {
    words: BTreeMap<(usize, String), u64>,
    slowest: (Duration, usize, u64),
    largest: (usize, usize, u64),
}

fn work(seeds: &Seeds, inputs: impl Iterator<Item = u64>) -> Tally {
    let mut tally = Tally::default();
    for i in inputs {
        let mut dice = Dice(Stream::new(1, "hostile", i));
        // Two of five inputs are X3P, two pictures, and one in ten each a text and an array.
        let t = [0, 3, 0, 3, 1, 0, 3, 0, 3, 2][(i % 10) as usize];
        let bytes = (TARGETS[t].make)(seeds, &mut dice);
        let before = NOW.get();
        PEAK.set(before);
        let start = Instant::now();
        let word = std::panic::catch_unwind(|| (TARGETS[t].run)(&bytes, i / 10));
        let (time, memory) = (start.elapsed(), PEAK.get() - before);
        let word = word.unwrap_or_else(|_| panic!("input {i} ({}) panics: {bytes:?}", TARGETS[t].name));
        assert!(memory <= MEMORY, "input {i} ({}) takes {memory} bytes: {bytes:?}", TARGETS[t].name);
        assert!(time <= TIME, "input {i} ({}) takes {time:?}: {bytes:?}", TARGETS[t].name);
        *tally.words.entry((t, word)).or_default() += 1;
        tally.slowest = tally.slowest.max((time, t, i));
        tally.largest = tally.largest.max((memory, t, i));
    }
    tally
}

#[test]
fn mutated_files_are_read_or_refused() {
    let inputs: u64 = std::env::var("STRIAE_FUZZ").ok().and_then(|n| n.parse().ok()).unwrap_or(20_000);
    let seeds = Seeds::new();
    let start = Instant::now();
    let tallies: Vec<Tally> = std::thread::scope(|scope| {
        let seeds = &seeds;
        let threads: Vec<_> =
            (0..THREADS).map(|t| scope.spawn(move || work(seeds, (0..inputs).filter(move |i| i / 8 % THREADS == t)))).collect();
        threads.into_iter().map(|t| t.join().unwrap_or_else(|cause| std::panic::resume_unwind(cause))).collect()
    });
    let seconds = start.elapsed().as_secs_f64();
    let mut words: BTreeMap<(usize, String), u64> = BTreeMap::new();
    for (key, n) in tallies.iter().flat_map(|t| &t.words) {
        *words.entry(key.clone()).or_default() += n;
    }
    println!("{inputs} inputs in {seconds:.1} s, {:.0} a second", inputs as f64 / seconds);
    for ((t, word), n) in &words {
        println!("{:>9}  {}: {word}", n, TARGETS[*t].name);
    }
    let slowest = tallies.iter().map(|t| t.slowest).max().unwrap_or_default();
    let largest = tallies.iter().map(|t| t.largest).max().unwrap_or_default();
    println!("slowest: {:?}, input {} ({})", slowest.0, slowest.2, TARGETS[slowest.1].name);
    println!("largest: {} bytes, input {} ({})", largest.0, largest.2, TARGETS[largest.1].name);
    if inputs >= 20_000 {
        for (t, target) in TARGETS.iter().enumerate() {
            for word in target.expected {
                assert!(words.contains_key(&(t, (*word).to_owned())), "{}: no input came to {word:?}", target.name);
            }
        }
    }
}

#[test]
fn the_counter_counts() {
    let before = NOW.get();
    PEAK.set(before);
    let held = std::hint::black_box(vec![1u8; 1 << 20]);
    assert!(NOW.get() - before >= 1 << 20);
    drop(held);
    assert!(NOW.get() - before < 1 << 16 && PEAK.get() - before >= 1 << 20);
}

/// The seeds are valid: without a change each is read, but for the archive with 2⁴⁰ entries.
#[test]
fn the_seeds_are_read() {
    let seeds = Seeds::new();
    let words: Vec<String> = seeds.whole.iter().map(|w| (TARGETS[0].run)(w, 1)).collect();
    assert_eq!(words, ["Ok", "Ok", "Ok", "Ok, with a mask", "Entries"]);
    for text in &seeds.texts {
        assert_eq!((TARGETS[1].run)(text, 0), "Ok", "{}", String::from_utf8_lossy(text));
    }
    for picture in &seeds.pictures {
        assert_eq!((TARGETS[3].run)(picture, 0), "Ok");
    }
    let words: Vec<String> = seeds.arrays.iter().map(|a| (TARGETS[2].run)(a, 1)).collect();
    assert_eq!(words, ["Ok Whole", "Ok Ok", "Whole Ok", "Whole Ok"]);
}

/// Large archives of nothing but marks that a reader looks for.
#[test]
fn archives_of_marks_take_no_long_time() {
    let end = |entries: u16, size: u32, start: u32| {
        let mut end = b"PK\x05\x06\0\0\0\0".to_vec();
        for part in [&entries.to_le_bytes()[..], &entries.to_le_bytes(), &size.to_le_bytes(), &start.to_le_bytes(), &[0, 0]] {
            end.extend_from_slice(part);
        }
        end
    };
    let entry = [b"PK\x01\x02\x14\x03\x14\0", &[0u8; 20][..], &[1, 0], &[0; 16], b"a"].concat();
    let entries = entry.repeat(400_000);
    let size = entries.len() as u32;
    let wide =
        [b"PK\x06\x06".repeat(4 << 20), b"PK\x06\x07\0\0\0\0".to_vec(), vec![0; 12], end(0xffff, u32::MAX, u32::MAX)].concat();
    let files = [
        ("ends", end(0xffff, 1000, 0).repeat(700_000)),
        ("ends of few", end(3, 1000, 0).repeat(700_000)),
        ("half ends", b"PK".repeat(8 << 20)),
        ("wide ends", wide),
        ("entries, as many as can be", [entries.clone(), end(0xffff, size, 0)].concat()),
        ("entries, and few told", [entries, end(1000, size, 0)].concat()),
        ("brackets", packed(&[("main.xml".into(), b"<".repeat(4 << 20))], None)),
        ("ampersands", packed(&[("main.xml".into(), [b"<ISO5436>".to_vec(), b"&#49;".repeat(800_000)].concat())], None)),
        ("attributes", packed(&[("main.xml".into(), [b"<ISO5436 ".to_vec(), b"a='' ".repeat(800_000)].concat())], None)),
        (
            "attributes of an annotation",
            packed(
                &[(
                    "main.xml".into(),
                    [
                        b"<ISO5436><Record3><Mask><Annotations><Annotation ".to_vec(),
                        (0..300_000).flat_map(|i| format!("a{i}='' ").into_bytes()).collect(),
                        b"/></Annotations></Mask></Record3></ISO5436>".to_vec(),
                    ]
                    .concat(),
                )],
                None,
            ),
        ),
    ];
    for (name, file) in files {
        let before = NOW.get();
        PEAK.set(before);
        let start = Instant::now();
        let word = (TARGETS[0].run)(&file, 1);
        let (time, memory) = (start.elapsed(), PEAK.get() - before);
        println!("{name}: {word}, {time:?}, {memory} bytes");
        assert!(!word.starts_with("Ok") && time <= TIME && memory <= MEMORY, "{name}: {word}, {time:?}, {memory} bytes");
    }
}
