//! Bundles, packed and unpacked, cut, changed, forged and passed on.

use super::bundle::{MAGIC, PAYLOAD_TYPE, Packing, digest, pack, seal, write_content};
use super::manifest::{Content, Manifest, Member, VERSION, clash, is_name};
use super::*;
use age::secrecy::ExposeSecret as _;
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::io::{self, Read};
use std::sync::OnceLock;

/// Three laboratories.
fn keys(name: &str) -> &'static Keys {
    static ALL: OnceLock<BTreeMap<&'static str, Keys>> = OnceLock::new();
    let all = ALL.get_or_init(|| ["Bern", "Lyon", "Graz"].map(|name| (name, Keys::generate(name).unwrap())).into());
    &all[name]
}

fn bytes(n: usize, seed: u8) -> Vec<u8> {
    let mut all = vec![0; n];
    blake3::Hasher::new().update(&[seed]).finalize_xof().fill(&mut all);
    all
}

fn entry(name: &str, content: &[u8]) -> Member {
    let (size, blake3) = digest(&mut &content[..]).unwrap();
    Member {
        name: name.into(),
        content: Content::Rows,
        rows: 3,
        width: 4,
        element: "f32".into(),
        values_blake3: "0123456789abcdef".repeat(4),
        columns: vec!["id".into(), "exhibit".into()],
        attributes: [("compare_by".into(), "ccf".into())].into(),
        size,
        blake3,
    }
}

fn packing() -> Packing<'static> {
    Packing {
        keys: keys("Bern"),
        to: keys("Lyon").laboratory(),
        created: "2026-01-02T03:04:05Z",
        program: "striae test",
        pseudonym_key: Some("0123456789abcdef"),
    }
}

/// Makes a manifest say what it may not.
type Wrong = fn(&mut Manifest);
/// Names and contents of collections.
type Contents = [(&'static str, Vec<u8>)];

fn opener(contents: &Contents) -> impl FnMut(&Member) -> io::Result<Box<dyn Read>> {
    let mut all: BTreeMap<String, Vec<u8>> = contents.iter().map(|(name, c)| ((*name).to_owned(), c.clone())).collect();
    move |member| Ok(Box::new(io::Cursor::new(all.remove(&member.name).unwrap_or_default())))
}

fn packed(contents: &Contents) -> Vec<u8> {
    let entries = contents.iter().map(|(name, c)| entry(name, c)).collect();
    pack(Vec::new(), &packing(), entries, &mut opener(contents)).unwrap().0
}

/// What is encrypted.
fn plain(contents: &Contents) -> Vec<u8> {
    let mut all = Vec::new();
    let own = keys("Lyon");
    let bundle = packed(contents);
    let decryptor = age::Decryptor::new(&bundle[..]).unwrap();
    decryptor.decrypt(std::iter::once(own.identity() as _)).unwrap().read_to_end(&mut all).unwrap();
    all
}

/// Encrypts changed content again, as somebody who had it could.
fn sealed(plain: &[u8], to: &str) -> Vec<u8> {
    let mut out = seal(Vec::new(), keys(to).laboratory()).unwrap();
    io::Write::write_all(&mut out, plain).unwrap();
    out.finish().unwrap()
}

/// All checks, as an importer goes through them.
fn read_all<P: Read>(mut opened: Unpacking<P>) -> Result<(Manifest, Vec<Vec<u8>>), Error> {
    let mut all = Vec::new();
    loop {
        let mut one = Vec::new();
        if opened.member(&mut one)?.is_none() {
            break;
        }
        all.push(one);
    }
    Ok((opened.finish()?, all))
}

fn unpacked_by(bundle: &[u8], own: &str, from: &str) -> Result<(Manifest, Vec<Vec<u8>>), Error> {
    read_all(Unpacking::open(bundle, keys(own), keys(from).laboratory(), &Limits::default())?)
}

fn unpacked(bundle: &[u8]) -> Result<(Manifest, Vec<Vec<u8>>), Error> {
    unpacked_by(bundle, "Lyon", "Bern")
}

fn of_plain(plain: &[u8]) -> Result<(Manifest, Vec<Vec<u8>>), Error> {
    read_all(Unpacking::of_plain(plain, keys("Lyon").laboratory(), keys("Bern").laboratory(), &Limits::default())?)
}

fn two() -> [(&'static str, Vec<u8>); 2] {
    [("toolmarks", bytes(700, 1)), ("logos/logpolar", bytes(300, 2))]
}

/// Where the parts of the content begin: magic, version, length, envelope, then length and bytes of each collection; and the end.
fn boundaries(plain: &[u8], contents: &Contents) -> Vec<usize> {
    let envelope = u32::from_le_bytes(plain[18..22].try_into().unwrap()) as usize;
    let mut all = vec![0, MAGIC.len(), 18, 22, 22 + envelope];
    for (_, content) in contents {
        let at = all[all.len() - 1];
        all.extend([at + 8, at + 8 + content.len()]);
    }
    assert_eq!(all[all.len() - 1], plain.len());
    all
}

/// The content with another manifest, signed by somebody.
fn signed_by(who: &str, manifest: &Manifest, contents: &Contents) -> Vec<u8> {
    let envelope = dsse::sign(PAYLOAD_TYPE, &serde_json::to_vec(manifest).unwrap(), keys(who).signing());
    let entries: Vec<Member> = contents.iter().map(|(name, c)| entry(name, c)).collect();
    let mut all = Vec::new();
    write_content(&mut all, envelope.as_bytes(), &entries, &mut opener(contents)).unwrap();
    all
}

#[test]
fn what_was_packed_comes_out() {
    // Around the chunks of age and our own pieces, and many of them.
    for n in [1, 65_535, 65_536, 65_537, 131_072, 1_000_000] {
        let contents = [("a", bytes(n, 1)), ("b/c-d_1.x", bytes(17, 2)), ("e", bytes(n + 1, 3))];
        let bundle = packed(&contents);
        let (manifest, all) = unpacked(&bundle).unwrap();
        assert_eq!(all, contents.iter().map(|(_, c)| c.clone()).collect::<Vec<_>>());
        assert_eq!(manifest.sender.fingerprint, keys("Bern").laboratory().fingerprint());
        assert_eq!(manifest.collections[1], entry("b/c-d_1.x", &contents[1].1));
        // Nothing of it can be read from outside.
        for part in [&b"striae"[..], b"Bern", b"toolmarks", &contents[0].1[..contents[0].1.len().min(32)]] {
            assert!(part.len() < 4 || !bundle.windows(part.len()).any(|w| w == part));
        }
    }
}

#[test]
fn a_content_that_ends_with_a_chunk_is_read() {
    let base = plain(&[("a", bytes(1000, 1))]).len() - 1000;
    // The digest and the size have fixed lengths only within as many digits.
    let contents = [("a", bytes(65_536 - base - 1, 1))];
    let short = plain(&contents).len();
    let exact = [("a", bytes(contents[0].1.len() + 65_536 - short, 1))];
    assert_eq!(plain(&exact).len() % 65_536, 0);
    assert!(unpacked(&packed(&exact)).is_ok());
    let mut longer = packed(&exact);
    longer.push(0);
    assert!(matches!(unpacked(&longer).unwrap_err(), Error::Changed { .. }));
}

#[test]
fn every_changed_byte_of_the_file_is_refused() {
    let contents = [("toolmarks", bytes(66_000, 1)), ("logos", bytes(68_000, 2))];
    let bundle = packed(&contents);
    let head = bundle.windows(4).position(|w| w == b"\n---").unwrap();
    let mut said = BTreeMap::new();
    // All of the head, the first chunk's beginning and the end, and every 499th between.
    let positions = (0..head + 120).chain((head + 120..bundle.len()).step_by(997)).chain(bundle.len() - 20..bundle.len());
    for i in positions {
        let mut changed = bundle.clone();
        changed[i] ^= 1 << (i % 8);
        let error = unpacked(&changed).expect_err("it was changed");
        assert!(error.is_refusal(), "byte {i}: {error:?}");
        let name = format!("{error:?}").split([' ', '(', '{']).next().unwrap().to_owned();
        *said.entry(name).or_insert(0) += 1;
    }
    // The head may look like another's; whatever follows it was changed.
    assert!(said["Changed"] > 200 && said["NotOurs"] > 30 && said["Foreign"] > 20, "{said:?}");
    // A change names the collection that it fell on.
    let mut late = bundle.clone();
    late[bundle.len() - 100] ^= 1;
    let text = unpacked(&late).unwrap_err().to_string();
    assert!(text.contains("in collection logos"), "{text}");
    let mut early = bundle.clone();
    early[head + 300] ^= 1;
    let text = unpacked(&early).unwrap_err().to_string();
    assert!(text.contains("in its beginning"), "{text}");
}

#[test]
fn every_changed_byte_of_the_content_is_refused_and_named() {
    let contents = two();
    let good = plain(&contents);
    assert!(of_plain(&good).is_ok());
    let at = boundaries(&good, &contents);
    for i in 0..good.len() {
        let mut changed = good.clone();
        changed[i] ^= 1 << (i % 8);
        let error = of_plain(&changed).expect_err("it was changed");
        let text = error.to_string();
        assert!(error.is_refusal(), "byte {i}: {text}");
        let part = at.iter().rposition(|&b| b <= i).unwrap();
        let right = match part {
            0 => matches!(error, Error::Foreign(_)),
            1 => matches!(error, Error::Version { .. }),
            2 => matches!(error, Error::Signature(_) | Error::TooLarge { .. } | Error::CutOff { .. }),
            3 => matches!(error, Error::Signature(_) | Error::Manifest(_)),
            4 | 6 => matches!(error, Error::Length { .. }),
            _ => matches!(error, Error::Digest { .. }),
        };
        assert!(right, "byte {i}, part {part}: {error:?}");
        if part >= 4 {
            let name = contents[(part - 4) / 2].0;
            assert!(text.contains(&format!("collection {name}")), "byte {i}: {text}");
        }
    }
    // And through the encryption, at some places of each part.
    for &i in at.iter().filter(|&&i| i < good.len()) {
        let mut changed = good.clone();
        changed[i] ^= 1;
        assert!(unpacked(&sealed(&changed, "Lyon")).unwrap_err().is_refusal());
    }
}

#[test]
fn a_changed_manifest_says_so_and_not_something_else() {
    let contents = two();
    let good = plain(&contents);
    // Ten thousand rows where three were signed: base64 of the payload, by hand.
    let text = String::from_utf8_lossy(&good[22..]).into_owned();
    let payload = text.split("\"payload\":\"").nth(1).unwrap().split('"').next().unwrap();
    let mut changed = good.clone();
    let at = good.windows(payload.len()).position(|w| w == payload.as_bytes()).unwrap();
    changed[at + 40] = if changed[at + 40] == b'A' { b'B' } else { b'A' };
    let error = of_plain(&changed).unwrap_err();
    assert!(error.to_string().contains("the manifest or the signature was changed"), "{error}");
}

#[test]
fn cut_at_every_place_it_is_refused() {
    let contents = two();
    let good = plain(&contents);
    for end in 0..good.len() {
        let error = of_plain(&good[..end]).expect_err("it was cut off");
        assert!(matches!(error, Error::CutOff { .. }), "{end}: {error:?}");
    }
    for end in boundaries(&good, &contents).into_iter().filter(|&end| end < good.len()) {
        let error = unpacked(&sealed(&good[..end], "Lyon")).expect_err("it was cut off");
        assert!(error.is_refusal(), "{end}: {error:?}");
    }
    let bundle = packed(&contents);
    for end in (0..bundle.len()).step_by(3) {
        let error = unpacked(&bundle[..end]).expect_err("it was cut off");
        assert!(matches!(error, Error::CutOff { .. } | Error::Changed { .. } | Error::Foreign(_)), "{end}: {error:?}");
    }
    // Chunks of age that are missing whole.
    let large = packed(&[("a", bytes(300_000, 1))]);
    let start = large.len() - (large.len() / 65_552) * 65_552;
    for missing in 1..4 {
        let error = unpacked(&large[..large.len() - missing * 65_552]).unwrap_err();
        assert!(error.is_refusal(), "{error:?}");
        let error = unpacked(&large[..start + missing * 65_552]).unwrap_err();
        assert!(error.is_refusal(), "{error:?}");
    }
    let text = of_plain(&good[..good.len() - 10]).unwrap_err().to_string();
    assert!(text.contains("collection logos/logpolar is cut off"), "{text}");
}

#[test]
fn what_follows_is_refused() {
    let contents = two();
    let good = plain(&contents);
    let mut more = good.clone();
    more.push(0);
    assert!(matches!(unpacked(&sealed(&more, "Lyon")).unwrap_err(), Error::Trailing));
    more.extend(bytes(100_000, 3));
    assert!(matches!(of_plain(&more).unwrap_err(), Error::Trailing));
    let mut bundle = packed(&contents);
    bundle.extend(bytes(100_000, 3));
    assert!(unpacked(&bundle).unwrap_err().is_refusal());
}

#[test]
fn only_the_right_laboratories_pass() {
    let contents = two();
    let bundle = packed(&contents);
    let error = unpacked_by(&bundle, "Graz", "Bern").unwrap_err();
    assert!(matches!(error, Error::NotOurs { .. }) && error.to_string().contains("Graz"), "{error}");
    let error = unpacked_by(&bundle, "Lyon", "Graz").unwrap_err();
    assert!(matches!(&error, Error::Signature(dsse::Error::OtherKey { .. })), "{error}");
    // Lyon passes on to Graz what Bern signed for Lyon.
    let passed_on = sealed(&plain(&contents), "Graz");
    let error = unpacked_by(&passed_on, "Graz", "Bern").unwrap_err();
    assert!(matches!(error, Error::Recipient { .. }) && error.to_string().contains("passed on"), "{error}");
    // Graz signs a manifest in Bern's name, and one in its own.
    let mut manifest = of_plain(&plain(&contents)).unwrap().0;
    let forged = sealed(&signed_by("Graz", &manifest, &contents), "Lyon");
    assert!(matches!(unpacked(&forged).unwrap_err(), Error::Signature(dsse::Error::OtherKey { .. })));
    let error = unpacked_by(&forged, "Lyon", "Graz").unwrap_err();
    assert!(matches!(error, Error::Sender { .. }), "{error}");
    // The same key under another name is another laboratory: its fingerprint is another.
    manifest.sender.name = "Basel".into();
    let renamed = sealed(&signed_by("Bern", &manifest, &contents), "Lyon");
    assert!(matches!(unpacked(&renamed).unwrap_err(), Error::Sender { .. }));
    assert!(unpacked(&bundle).is_ok());
}

#[test]
fn a_replaced_collection_is_named() {
    let contents = two();
    let manifest = of_plain(&plain(&contents)).unwrap().0;
    for (replaced, length) in
        [([("toolmarks", bytes(700, 9)), two()[1].clone()], false), ([two()[0].clone(), ("x", bytes(301, 2))], true)]
    {
        let error = of_plain(&signed_by("Bern", &manifest, &replaced)).unwrap_err();
        let text = error.to_string();
        match (length, &error) {
            (false, Error::Digest { .. }) => assert!(text.contains("collection toolmarks") && text.contains("changed"), "{text}"),
            (true, Error::Length { .. }) => {
                assert!(text.contains("collection logos/logpolar") && text.contains("replaced"), "{text}");
            }
            _ => panic!("{error:?}"),
        }
    }
    // Two of one size in the other order.
    let same = [("a", bytes(50, 1)), ("b", bytes(50, 2))];
    let manifest = of_plain(&plain(&same)).unwrap().0;
    let [a, b] = same;
    let error = of_plain(&signed_by("Bern", &manifest, &[("a", b.1), ("b", a.1)])).unwrap_err();
    assert!(matches!(error, Error::Digest { member, .. } if member == "collection a"));
}

#[test]
fn declared_sizes_are_held_against_limits_before_room_is_made() {
    let contents = two();
    let mut good = plain(&contents);
    let open = |plain: &[u8], limits: Limits| {
        read_all(Unpacking::of_plain(plain, keys("Lyon").laboratory(), keys("Bern").laboratory(), &limits)?)
    };
    let some = Limits { manifest: 1 << 20, collection: 700, total: 1000 };
    assert!(open(&good, some).is_ok());
    for (limits, part) in [
        (Limits { manifest: 100, ..some }, "its manifest"),
        (Limits { collection: 699, ..some }, "collection toolmarks"),
        (Limits { total: 999, ..some }, "the bundle"),
    ] {
        let error = open(&good, limits).unwrap_err();
        assert!(matches!(&error, Error::TooLarge { what, .. } if what == part), "{error:?}");
    }
    // A signed manifest that promises more than there can be.
    let mut manifest = of_plain(&good).unwrap().0;
    manifest.collections[0].size = u64::MAX;
    manifest.collections[1].size = u64::MAX;
    let huge = signed_by("Bern", &manifest, &contents);
    assert!(matches!(open(&huge, some).unwrap_err(), Error::TooLarge { .. }));
    let unlimited = Limits { manifest: u64::MAX, collection: u64::MAX, total: u64::MAX };
    assert!(matches!(open(&huge, unlimited).unwrap_err(), Error::Length { .. }));
    // An envelope that says it has 4 GiB, with no limit: as much room is made as bytes come.
    good[18..22].copy_from_slice(&u32::MAX.to_le_bytes());
    assert!(matches!(open(&good, unlimited).unwrap_err(), Error::CutOff { .. }));
}

#[test]
fn a_head_without_end_is_refused() {
    let mut endless = b"age-encryption.org/v1\n".to_vec();
    endless.extend(b"-> X25519 AAAA\nAAAA\n".repeat(100_000));
    let started = std::time::Instant::now();
    let error = unpacked(&endless).unwrap_err();
    assert!(matches!(&error, Error::Foreign(text) if text.contains("4096")), "{error:?}");
    endless.truncate(22);
    endless.extend(vec![b'x'; 10_000_000]);
    assert!(matches!(unpacked(&endless).unwrap_err(), Error::Foreign(_)));
    assert!(started.elapsed().as_secs() < 5);
    for text in [&b""[..], b"\n", b"\x89HDF\r\n\x1a\n", b"-----BEGIN AGE ENCRYPTED FILE-----\n"] {
        assert!(unpacked(text).unwrap_err().is_refusal());
    }
}

#[test]
fn a_manifest_says_only_what_one_may() {
    let contents = two();
    let good = of_plain(&plain(&contents)).unwrap().0;
    let wrongs: [(&str, Wrong); 15] = [
        ("cannot be called", |m| m.collections[0].name = "../x".into()),
        ("cannot be called", |m| m.collections[0].name = "/x".into()),
        ("cannot be called", |m| m.collections[0].name = "a//b".into()),
        ("twice", |m| m.collections[0].name = "logos/logpolar".into()),
        ("inside collection logos", |m| m.collections[0].name = "logos".into()),
        ("never shared", |m| m.collections[1].columns.push("date".into())),
        ("twice", |m| m.collections[1].columns.push("id".into())),
        ("never shared", |m| drop(m.collections[0].attributes.insert("file".into(), "x".into()))),
        ("64 hex", |m| m.collections[0].blake3 = "X".repeat(64)),
        ("empty", |m| m.collections[0].rows = 0),
        ("f32", |m| m.collections[0].element = "i8".into()),
        ("16 hex", |m| m.pseudonym_key = Some("x".into())),
        ("0 collections", |m| m.collections.clear()),
        ("short text", |m| m.created = "\u{7}".into()),
        ("name", |m| m.sender.name = "\u{1b}[31m".into()),
    ];
    for (part, wrong) in wrongs {
        let mut manifest = good.clone();
        wrong(&mut manifest);
        let error = of_plain(&signed_by("Bern", &manifest, &contents)).unwrap_err();
        assert!(matches!(&error, Error::Manifest(text) if text.contains(part)), "{part}: {error}");
    }
    let mut newer = good.clone();
    newer.version = VERSION + 1;
    assert!(matches!(of_plain(&signed_by("Bern", &newer, &contents)).unwrap_err(), Error::Version { .. }));
    // The sender is held to the same.
    let wrong = Member { columns: vec!["place".into()], ..entry("a", b"x") };
    assert!(matches!(pack(Vec::new(), &packing(), vec![wrong], &mut opener(&[])).unwrap_err(), Error::Manifest(_)));
    assert!(
        is_name("toolmarks") && is_name("logos/logpolar") && !is_name("") && !is_name(".") && !is_name("a/..") && !is_name("a b")
    );
}

#[test]
fn names_clash_where_one_is_or_holds_the_other() {
    assert_eq!(clash(&["a", "b", "a"]), Some(["a", "a"]));
    assert_eq!(clash(&["a", "b/c/d", "b"]), Some(["b/c/d", "b"]));
    assert_eq!(clash(&["a", "ab", "a-2", "b/a", "c/a"]), None);
    assert_eq!(clash(&[]), None);
}

#[test]
fn the_room_that_numbers_take_is_counted_and_never_wraps() {
    let member =
        |content, rows, width, element: &str| Member { content, rows, width, element: element.into(), ..entry("a", b"x") };
    assert_eq!(member(Content::Rows, 10, 7, "f32").numbers(), Some(280));
    assert_eq!(member(Content::Rows, 10, 7, "f64").numbers(), Some(560));
    assert_eq!(member(Content::Peaks, 10, 7, "f64").numbers(), Some(192));
    for (content, rows, width) in [
        (Content::Rows, 1 << 32, 1 << 32),
        (Content::Rows, 1 << 61, 1),
        (Content::Peaks, 1, u64::MAX),
        (Content::Peaks, 1 << 61, 1),
    ] {
        assert_eq!(member(content, rows, width, "f64").numbers(), None, "{rows} × {width}");
    }
}

#[test]
fn what_changes_while_it_is_packed_is_noticed() {
    for changed in [bytes(699, 1), bytes(701, 1), bytes(700, 2), Vec::new()] {
        let entries = vec![entry("a", &bytes(700, 1))];
        let error = pack(Vec::new(), &packing(), entries, &mut opener(&[("a", changed)])).unwrap_err();
        assert!(matches!(error, Error::Changing { .. }) && !error.is_refusal(), "{error}");
    }
}

/// A disk without room.
struct Full;

impl io::Write for Full {
    fn write(&mut self, _: &[u8]) -> io::Result<usize> {
        Err(io::ErrorKind::StorageFull.into())
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn half_a_bundle_is_none() {
    let bundle = packed(&two());
    let open = || Unpacking::open(&bundle[..], keys("Lyon"), keys("Bern").laboratory(), &Limits::default()).unwrap();
    assert!(matches!(open().finish().unwrap_err(), Error::Unread { read: 0, all: 2 }));
    let mut half = open();
    half.member(&mut io::sink()).unwrap();
    assert!(matches!(half.finish().unwrap_err(), Error::Unread { read: 1, all: 2 }));
    // A disk that is full is no fault of the bundle.
    let error = open().member(&mut Full).unwrap_err();
    assert!(matches!(&error, Error::Stream { doing: "written", .. }) && !error.is_refusal(), "{error}");
}

/// Numbers in an order that looks like none.
struct Draw(u64);

impl Draw {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) as usize) % n.max(1)
    }

    /// Some bytes changed, taken out, doubled, put in or cut off.
    fn mutated(&mut self, seed: &[u8]) -> Vec<u8> {
        let mut all = seed.to_vec();
        for _ in 0..=self.below(4) {
            if all.is_empty() {
                return all;
            }
            let (at, n) = (self.below(all.len()), 1 + self.below(16));
            let end = (at + n).min(all.len());
            match self.below(6) {
                0 => all[at] = self.below(256) as u8,
                1 => all[at] ^= 1 << self.below(8),
                2 => drop(all.drain(at..end)),
                3 => {
                    let part = all[at..end].to_vec();
                    all.splice(at..at, part);
                }
                4 => all.truncate(at),
                _ => {
                    let digit = b"0123456789{}[]\",:\\\n =A-"[self.below(23)];
                    all.insert(at, digit);
                }
            }
        }
        all
    }
}

#[test]
fn ten_thousand_mutated_inputs_do_no_harm() {
    let contents = two();
    let good = plain(&contents);
    let bundle = packed(&contents);
    let manifest = of_plain(&good).unwrap().0.to_json().unwrap();
    let envelope = dsse::sign(PAYLOAD_TYPE, &manifest, keys("Bern").signing()).into_bytes();
    let secret = keys("Bern").to_text().expose_secret().as_bytes().to_vec();
    let line = keys("Bern").laboratory().line().into_bytes();
    let pseudonyms = PseudonymKey::generate().unwrap().to_text().expose_secret().as_bytes().to_vec();
    let mut draw = Draw(1);
    let mut accepted = [0; 7];
    for i in 0..10_000 {
        let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
        let content = draw.mutated(&good);
        if let Ok((_, all)) = of_plain(&content) {
            assert_eq!(content, good, "nothing but the original passes");
            assert_eq!(all[0], contents[0].1);
            accepted[0] += 1;
        }
        // Most changes of the file are refused by age's tags, and its key exchange takes time: a few are enough, the head above
        // all.
        if i % 5 == 0 {
            let head = [draw.mutated(&bundle[..400]), bundle[400..].to_vec()].concat();
            let file = if i % 20 == 0 { draw.mutated(&bundle) } else { head };
            if unpacked(&file).is_ok() {
                assert_eq!(file, bundle);
                accepted[1] += 1;
            }
        }
        accepted[2] += usize::from(Manifest::from_json(&draw.mutated(&manifest)).is_ok());
        if let Ok(found) = dsse::verify(&draw.mutated(&envelope), PAYLOAD_TYPE, &[*keys("Bern").laboratory().verifying()]) {
            assert_eq!(found.payload, manifest);
            accepted[3] += 1;
        }
        if let Ok(found) = Keys::parse(&text(draw.mutated(&secret))) {
            assert_eq!(found.laboratory(), keys("Bern").laboratory());
            accepted[4] += 1;
        }
        if let Ok(found) = Laboratory::parse(&text(draw.mutated(&line))) {
            assert_eq!(&found, keys("Bern").laboratory());
            accepted[5] += 1;
        }
        accepted[6] += usize::from(PseudonymKey::parse(&text(draw.mutated(&pseudonyms))).is_ok());
    }
    assert!(
        accepted[0] < 500 && accepted[1] < 500,
        "content, file, unsigned manifest, envelope, keys, line, pseudonym key: {accepted:?}"
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn any_contents_come_back(sizes in proptest::collection::vec(1usize..200_000, 1..4), seed: u8) {
        let names = ["a", "b", "c"];
        let contents: Vec<(&'static str, Vec<u8>)> = sizes.iter().zip(names).map(|(&n, name)| (name, bytes(n, seed))).collect();
        let (_, all) = unpacked(&packed(&contents)).unwrap();
        prop_assert_eq!(all, contents.into_iter().map(|(_, c)| c).collect::<Vec<_>>());
    }

    #[test]
    fn any_statement_comes_back_only_as_its_type(payload: Vec<u8>, kind in "[a-z/+.]{0,40}", other in "[a-z/+.]{0,40}") {
        let key = keys("Bern");
        let envelope = dsse::sign(&kind, &payload, key.signing());
        let expected = [*key.laboratory().verifying()];
        prop_assert!(dsse::is_plain(envelope.as_bytes(), &expected[0]));
        prop_assert_eq!(dsse::verify(envelope.as_bytes(), &kind, &expected).unwrap().payload, payload);
        prop_assert_eq!(dsse::verify(envelope.as_bytes(), &other, &expected).is_ok(), kind == other);
    }
}
