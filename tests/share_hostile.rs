//! A hostile bundle takes no memory to speak of: what it declares is held against limits, and room is made only for bytes that
//! come.
//!
//! The attacker here knows the recipient's public key, as everybody may, so that whatever is wrong lies behind a good encryption.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a failure here is a failed test, and the figures are for people")]

#[path = "hostile/counting.rs"]
mod counting;

use counting::{Counting, NOW, PEAK};
use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::Path;
use striae::archive::peaks::PeakLists;
use striae::archive::{Address, Reading};
use striae::compare::digest::ValuesDigest;
use striae::draw::Stream;
use striae::matrix::{Element, Values};
use striae::share::bundle::{MAGIC, PAYLOAD_TYPE, Packing, digest, pack};
use striae::share::manifest::{Content, Member};
use striae::share::{Error, Keys, Limits, Manifest, Unpacking, dsse};

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Over the input: age's and our buffers, of 64 KiB each, and a manifest.
const MOST: usize = 2 << 20;

fn sealed(content: &[u8], to: &Keys) -> Vec<u8> {
    let encryptor = age::Encryptor::with_recipients(std::iter::once(to.laboratory().recipient() as _)).unwrap();
    let mut out = encryptor.wrap_output(Vec::new()).unwrap();
    out.write_all(content).unwrap();
    out.finish().unwrap()
}

fn entry(content: &[u8]) -> Member {
    let (size, blake3) = digest(&mut &content[..]).unwrap();
    Member {
        name: "toolmarks".into(),
        content: Content::Rows,
        rows: 1,
        width: 1,
        element: "f32".into(),
        values_blake3: "0".repeat(64),
        columns: vec!["id".into()],
        attributes: [("compare_by".into(), "ccf".into())].into(),
        size,
        blake3,
    }
}

fn read(bundle: &[u8], own: &Keys, from: &Keys, limits: &Limits) -> Result<Manifest, Error> {
    let mut opened = Unpacking::open(bundle, own, from.laboratory(), limits)?;
    while opened.member(&mut std::io::sink())?.is_some() {}
    opened.finish()
}

/// Memory that reading takes at most, beside the input.
fn memory(bundle: &[u8], own: &Keys, from: &Keys, limits: &Limits) -> (usize, Result<Manifest, Error>) {
    let before = NOW.get();
    PEAK.set(before);
    let answer = read(bundle, own, from, limits);
    (PEAK.get() - before, answer)
}

#[test]
fn memory_does_not_grow_with_what_is_declared_or_sent() {
    let (bern, lyon) = (Keys::generate("Bern").unwrap(), Keys::generate("Lyon").unwrap());
    let unlimited = Limits { manifest: u64::MAX, collection: u64::MAX, total: u64::MAX };
    let packing = Packing { keys: &bern, to: lyon.laboratory(), created: "", program: "", pseudonym_key: None };
    // A large one that is good: the same memory as a small one.
    let content: Vec<u8> = (0..40 << 20).map(|i: u32| (i >> 7) as u8).collect();
    let opener =
        |content: Vec<u8>| move |_: &Member| Ok(Box::new(std::io::Cursor::new(content.clone())) as Box<dyn std::io::Read>);
    let large = pack(Vec::new(), &packing, vec![entry(&content)], &mut opener(content.clone())).unwrap().0;
    let (took, answer) = memory(&large, &lyon, &bern, &unlimited);
    println!("40 MiB unpacked with {took} bytes");
    assert!(answer.is_ok() && took < MOST, "{took} {answer:?}");
    // A manifest that says u64::MAX, signed by the sender himself; an envelope that says 4 GiB; a head without end.
    let small = pack(Vec::new(), &packing, vec![entry(b"x")], &mut opener(b"x".to_vec())).unwrap();
    let mut manifest = small.1;
    manifest.collections[0].size = u64::MAX;
    let envelope = dsse::sign(PAYLOAD_TYPE, &manifest.to_json().unwrap(), bern.signing());
    let head = |length: u32| [&MAGIC[..], &1_u32.to_le_bytes(), &length.to_le_bytes()].concat();
    let huge = [&head(envelope.len() as u32)[..], envelope.as_bytes(), &u64::MAX.to_le_bytes(), b"x"].concat();
    let endless = [&head(u32::MAX)[..], &vec![b'{'; 1 << 20]].concat();
    let lines = [&b"age-encryption.org/v1\n"[..], &b"-> X25519 AAAA\nAAAA\n".repeat(1 << 20)].concat();
    for bundle in [sealed(&huge, &lyon), sealed(&endless, &lyon), lines] {
        let (took, answer) = memory(&bundle, &lyon, &bern, &unlimited);
        println!("{took} bytes: {}", answer.as_ref().unwrap_err());
        // The endless envelope is read as far as it goes: a limit of its own ends that sooner.
        assert!(answer.is_err() && took < MOST + (4 << 20), "{took} {answer:?}");
        assert!(matches!(read(&bundle, &lyon, &bern, &Limits::default()), Err(e) if e.is_refusal()));
    }
}

#[test]
fn mutated_behind_the_encryption_nothing_but_the_original_passes() {
    let (bern, lyon) = (Keys::generate("Bern").unwrap(), Keys::generate("Lyon").unwrap());
    let packing = Packing { keys: &bern, to: lyon.laboratory(), created: "", program: "", pseudonym_key: None };
    let content: Vec<u8> = (0..900_u32).map(|i| (i * 7) as u8).collect();
    let kept = content.clone();
    let good =
        pack(Vec::new(), &packing, vec![entry(&content)], &mut |_| Ok(Box::new(std::io::Cursor::new(kept.clone())))).unwrap().0;
    let mut plain = Vec::new();
    let decryptor = age::Decryptor::new(&good[..]).unwrap();
    std::io::Read::read_to_end(&mut decryptor.decrypt(std::iter::once(lyon.identity() as _)).unwrap(), &mut plain).unwrap();
    let mut draw = Stream::new(1, "bundles", 0);
    let mut below = |n: usize| ((draw.uniform() * n as f64) as usize).min(n.saturating_sub(1));
    let (mut most, mut refused) = (0, 0);
    for _ in 0..3000 {
        let mut changed = plain.clone();
        for _ in 0..=below(3) {
            let at = below(changed.len());
            match below(4) {
                0 => changed[at] ^= 1 << below(8),
                1 => changed.truncate(at),
                2 => changed.insert(at, below(256) as u8),
                _ => {
                    let n = (changed.len() - at).min(4);
                    changed[at..at + n].fill([0, 0x7f, 0xff][below(3)]);
                }
            }
            if changed.is_empty() {
                break;
            }
        }
        let bundle = sealed(&changed, &lyon);
        let (took, answer) = memory(&bundle, &lyon, &bern, &Limits::default());
        most = most.max(took);
        match answer {
            Ok(_) => assert_eq!(changed, plain),
            Err(e) => {
                assert!(e.is_refusal(), "{e:?}");
                refused += 1;
            }
        }
    }
    println!("{refused} of 3,000 refused, {most} bytes at most");
    assert!(refused > 2900 && most < MOST, "{most}");
}

/// A file with one collection in it, as a bundle has them.
fn collection(file: &Path, fill: impl FnOnce(&hdf5::Group)) {
    let made = hdf5::File::create(file).unwrap();
    let group = made.create_group("collection").unwrap();
    fill(&group);
    drop(group);
    made.close().unwrap();
}

/// What `striae import bundle` says to Bern's bundle of one collection: its exit code, and what it prints.
fn imported(folder: &Path, bern: &Keys, lyon: &Keys, member: Member, content: &[u8]) -> (Option<i32>, String) {
    let packing = Packing { keys: bern, to: lyon.laboratory(), created: "", program: "", pseudonym_key: None };
    let kept = content.to_vec();
    let opener = &mut |_: &Member| Ok(Box::new(std::io::Cursor::new(kept.clone())) as Box<dyn std::io::Read>);
    std::fs::write(folder.join("in.striae"), pack(Vec::new(), &packing, vec![member], opener).unwrap().0).unwrap();
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_striae"));
    let args = "import bundle in.striae --keys lyon.keys --from bern.pub -o came.h5";
    let out = command.current_dir(folder).args(args.split(' ')).output().unwrap();
    (out.status.code(), String::from_utf8(out.stderr).unwrap())
}

#[test]
fn a_collection_takes_no_more_room_than_it_came_with() {
    const ROWS: usize = 4096;
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let (bern, lyon) = (Keys::generate("Bern").unwrap(), Keys::generate("Lyon").unwrap());
    lyon.save(&path("lyon.keys")).unwrap();
    std::fs::write(path("bern.pub"), bern.laboratory().line()).unwrap();
    let zeros = |width: usize| {
        let mut digest = ValuesDigest::new(ROWS, width, Element::F64);
        digest.add(&Values::F64(vec![0.0; ROWS * width]));
        digest.finish()
    };
    // Rows that are there; rows of which none was ever written; one text a row, all alike; peaks that compress well.
    collection(&path("plain"), |group| {
        let zeros = ndarray::Array2::<f64>::zeros((ROWS, 2));
        group.new_dataset_builder().with_data(&zeros).create("values").unwrap();
    });
    collection(&path("hollow"), |group| {
        let values = group.new_dataset_builder().empty::<f64>().chunk(vec![64_usize, 512]).shape(vec![ROWS, 512]);
        values.create("values").unwrap();
    });
    collection(&path("wordy"), |group| {
        let zeros = ndarray::Array2::<f64>::zeros((ROWS, 2));
        group.new_dataset_builder().with_data(&zeros).create("values").unwrap();
        let text: hdf5::types::FixedUnicode<900> = "x".repeat(900).parse().unwrap();
        let texts = vec![text; ROWS];
        group.new_dataset_builder().deflate(9).chunk(vec![256_usize]).with_data(&texts).create("exhibit").unwrap();
    });
    let peaks = 1_usize << 17;
    collection(&path("packed"), |group| {
        let mz: Vec<f64> = (0..peaks).map(|i| 1.0 + i as f64).collect();
        for (name, numbers) in [("mz", &mz), ("intensity", &vec![1.0; peaks])] {
            group.new_dataset_builder().shuffle().deflate(9).chunk(vec![peaks]).with_data(numbers).create(name).unwrap();
        }
        let indptr = Vec::from([0_u64, 1 << 16, 1 << 17]);
        group.new_dataset_builder().with_data(&indptr).create("indptr").unwrap();
    });
    let address = Address { file: path("packed"), inner: Some("/collection".into()) };
    let of_peaks = PeakLists::open(&address, &Reading::Direct).unwrap().spectra(true).unwrap().digest;
    for (name, content, rows, width, digest, column, good) in [
        ("plain", Content::Rows, ROWS, 2, zeros(2), None, true),
        ("hollow", Content::Rows, ROWS, 512, zeros(512), None, false),
        ("wordy", Content::Rows, ROWS, 2, zeros(2), Some("exhibit"), false),
        ("packed", Content::Peaks, 2, peaks, of_peaks, None, false),
    ] {
        let bytes = std::fs::read(path(name)).unwrap();
        let claimed = if content == Content::Peaks { 16 * width } else { 8 * rows * width };
        println!("{name}: {} bytes stand for numbers of {claimed}", bytes.len());
        // What is refused for its numbers is small, or the test would say nothing.
        assert_eq!(bytes.len() < claimed, ["hollow", "packed"].contains(&name), "{name}");
        let member = Member {
            content,
            rows: rows as u64,
            width: width as u64,
            element: "f64".into(),
            values_blake3: digest,
            columns: column.into_iter().map(str::to_owned).collect(),
            attributes: BTreeMap::new(),
            ..entry(&bytes)
        };
        let (code, said) = imported(folder.path(), &bern, &lyon, member, &bytes);
        if good {
            assert_eq!(code, Some(0), "{name}: {said}");
            std::fs::remove_file(path("came.h5")).unwrap();
        } else {
            assert!(
                code == Some(3) && said.contains("more room than") && said.contains("collection toolmarks"),
                "{name}: {said}"
            );
            assert!(!path("came.h5").exists(), "{name}");
        }
    }
    // What is said of a size that no number holds.
    let bytes = std::fs::read(path("plain")).unwrap();
    let member = Member { rows: 1 << 40, width: 1 << 40, element: "f64".into(), ..entry(&bytes) };
    let (code, said) = imported(folder.path(), &bern, &lyon, member, &bytes);
    assert!(code == Some(3) && said.contains("more room than"), "{said}");
}
