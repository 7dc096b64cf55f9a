//! Writes a report page of simulated findings, the same bytes each time:
//! `cargo run --release --example report_page -- OUT.html [full|small|hostile|empty]`.
//!
//! `full` has 50,000 exhibits, 200,000 links, 3,000 series of heavy-tailed size and 50 drawings of 100 KB; `small` a hundredth of
//! it; `hostile` is small, with ids that try to be code, formulas, directions of writing and longer than any column.

#![allow(clippy::unwrap_used, clippy::print_stderr, reason = "a tool for tests")]

use std::fmt::Write as _;
use striae::draw::Stream;
use striae::report::page::{Drawing, Exhibit, Links, Measured, Modality, Plot, Provenance, Report, Series, write};

const PLACES: [(&str, f64, f64); 40] = [
    ("Rotterdam", 51.95, 4.14),
    ("Antwerp", 51.26, 4.40),
    ("Hamburg", 53.54, 9.97),
    ("Algeciras", 36.13, -5.44),
    ("Valencia", 39.45, -0.32),
    ("Barcelona", 41.35, 2.16),
    ("Le Havre", 49.48, 0.11),
    ("Marseille", 43.33, 5.34),
    ("Gioia Tauro", 38.45, 15.90),
    ("Genoa", 44.41, 8.91),
    ("Livorno", 43.55, 10.30),
    ("Trieste", 45.64, 13.76),
    ("Piraeus", 37.94, 23.62),
    ("Thessaloniki", 40.63, 22.93),
    ("Koper", 45.55, 13.73),
    ("Rijeka", 45.33, 14.43),
    ("Durrës", 41.31, 19.45),
    ("Bar", 42.09, 19.09),
    ("Constanța", 44.10, 28.65),
    ("Varna", 43.19, 27.91),
    ("Gdańsk", 54.40, 18.68),
    ("Gdynia", 54.53, 18.54),
    ("Klaipėda", 55.69, 21.13),
    ("Riga", 57.03, 24.06),
    ("Tallinn", 59.45, 24.75),
    ("Helsinki", 60.15, 24.96),
    ("Gothenburg", 57.69, 11.85),
    ("Malmö", 55.62, 12.99),
    ("Copenhagen", 55.69, 12.61),
    ("Oslo", 59.90, 10.74),
    ("Bremerhaven", 53.58, 8.55),
    ("Felixstowe", 51.95, 1.31),
    ("Dublin", 53.35, -6.20),
    ("Lisbon", 38.70, -9.16),
    ("Sines", 37.95, -8.87),
    ("Vigo", 42.24, -8.72),
    ("Paris", 48.86, 2.35),
    ("Lyon", 45.76, 4.84),
    ("Madrid", 40.42, -3.70),
    ("Zürich", 47.37, 8.54),
];

const HOSTILE: [&str; 16] = [
    "</script><script>window.hacked=1</script>",
    "\"><img src=x onerror=window.hacked=2>",
    "'; alert(1); '",
    "A\u{202E}71-gnol",
    "شحنة-٧ ميناء",
    "=HYPERLINK(\"http://example.org\";\"x\")",
    "-2+3+cmd|' /C calc'!A0",
    "a\nb\tc",
    "__proto__",
    "{{data}}",
    "<!--<script>",
    "&lt;b&gt;&amp;",
    "zero\u{200B}width",
    "constructor, \"quoted\"",
    "an id that goes on and on and on, as ids sometimes do when they were typed by hand into a field with no end to it 0123456789-0123456789-0123456789",
    "🧱 кирпич 砖 $(rm x) `y`",
];

fn main() {
    let mut given = std::env::args().skip(1);
    let (Some(path), kind) = (given.next(), given.next().unwrap_or_else(|| "full".into())) else {
        eprintln!("report_page OUT.html [full|small|hostile|empty]");
        std::process::exit(2);
    };
    let report = match kind.as_str() {
        "full" => made(50_000, 200_000, 3_000, 50, 100_000, false),
        "small" => made(500, 2_000, 30, 6, 20_000, false),
        "hostile" => made(500, 2_000, 30, 6, 20_000, true),
        _ => {
            Report { title: "Nothing".into(), made: "2026-11-26T10:00:00Z".into(), version: "0.1.0".into(), ..Report::default() }
        }
    };
    let mut file = std::io::BufWriter::new(std::fs::File::create(&path).unwrap());
    write(&report, &mut file).unwrap();
}

fn made(exhibits: usize, links: usize, series: usize, drawings: usize, bytes: usize, hostile: bool) -> Report {
    let mut dice = Stream::new(7, "report page", 0);
    let mut below = move |n: usize| ((dice.uniform() * n as f64) as usize).min(n - 1);
    let mut report = frame();
    report.exhibits = seized(exhibits, &mut below);
    if hostile {
        for (i, id) in HOSTILE.iter().enumerate() {
            report.exhibits[i].id = (*id).into();
        }
        report.exhibits[3].case = "<b>case</b>\u{202E}".into();
        report.exhibits[4].place = "ميناء </td>".into();
        report.statements.push("</li></ul><script>window.hacked=3</script>".into());
        report.title = "<title>\"Hostile\" & 'quoted'</title>".into();
    }
    let sizes: Vec<usize> =
        (0..series).map(|k| 2 + (0.3 * exhibits as f64 / 12.0 / libm::pow(k as f64 + 1.0, 0.9)) as usize).collect();
    let total: usize = sizes.iter().sum();
    let mut next = 0;
    for (k, &size) in sizes.iter().enumerate() {
        report.series.push(linked(k, next, size, &mut below));
        next += size;
    }
    // Members of a series are recorded within some years, at some of the places.
    for (k, s) in report.series.iter().enumerate() {
        let (start, port) = (below(2000), below(40));
        for &m in &s.members {
            let exhibit = &mut report.exhibits[m as usize];
            let (name, latitude, longitude) = PLACES[(port + below(9) * below(5)) % 40];
            if !(exhibit.place.is_empty() || exhibit.place.contains('<')) {
                (exhibit.place, exhibit.latitude, exhibit.longitude) = (name.into(), Some(latitude), Some(longitude));
            }
            if !exhibit.date.is_empty() {
                exhibit.date = day(start + below(120 + 700 / (1 + k % 5)));
            }
        }
    }
    pairs(&mut report, links, total, &mut below);
    for d in 0..drawings {
        let caption =
            "Aligned profiles of both marks; the grey band is where they overlap. Lag 12 samples, stretch 1.002.".into();
        report.drawings.push(Drawing { link: d * d * 3 % links, svg: curves(d, bytes), caption });
    }
    // The strongest link has one too.
    let best = (0..links).max_by(|&i, &j| report.links.log10_lr[i].total_cmp(&report.links.log10_lr[j])).unwrap();
    report.drawings[0].link = best;
    report.summary = vec![
        ("Exhibits compared".into(), thousands(exhibits)),
        ("Pairs compared".into(), thousands(exhibits * (exhibits - 1) / 2)),
        ("Links listed, log10 LR ≥ −2".into(), thousands(links)),
        ("Series, log10 LR ≥ 2".into(), thousands(series)),
        ("Seized between".into(), "2019-01-01 and 2026-10-31".into()),
        ("Kinds of evidence".into(), "tool-marks, logos, chemistry".into()),
    ];
    report
}

fn thousands(n: usize) -> String {
    let digits = n.to_string();
    let mut out = String::new();
    for (i, c) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(c);
    }
    out
}

fn day(n: usize) -> String {
    let mut n = n % 2860;
    let mut year = 2019;
    loop {
        let leap = year % 4 == 0;
        let months = [31, if leap { 29 } else { 28 }, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
        for (m, &length) in months.iter().enumerate() {
            if n < length {
                return format!("{year}-{:02}-{:02}", m + 1, n + 1);
            }
            n -= length;
        }
        year += 1;
    }
}

fn seized(n: usize, below: &mut impl FnMut(usize) -> usize) -> Vec<Exhibit> {
    (0..n)
        .map(|i| {
            let date = day(below(2860));
            let (place, latitude, longitude) = PLACES[below(40)];
            let (dated, placed) = (i % 41 != 5, i % 29 != 7);
            Exhibit {
                id: format!("E{i:05}"),
                case: if i % 13 == 0 { String::new() } else { format!("K-{}-{:04}", &date[..4], i / 5 % 10_000) },
                date: if dated { date } else { String::new() },
                place: if placed { place.into() } else { String::new() },
                latitude: placed.then_some(latitude),
                longitude: placed.then_some(longitude),
            }
        })
        .collect()
}

/// Communities as the seeds of a sunflower, members around theirs.
fn linked(k: usize, first: usize, size: usize, below: &mut impl FnMut(usize) -> usize) -> Series {
    let groups = 1 + size / 14;
    let mut s = Series { name: format!("S{:04}", k + 1), ..Series::default() };
    for m in 0..size {
        let group = if below(12) == 0 { below(groups) } else { m * groups / size };
        let turn = 2.399963 * group as f64;
        let out = 0.42 * libm::sqrt(group as f64 / groups as f64);
        let spread = 0.03 + 0.35 / groups as f64;
        let at = |c: f64, r: usize| (0.5 + out * c + spread * (r as f64 / 500.0 - 1.0)).clamp(0.0, 1.0);
        s.members.push((first + m) as u32);
        s.communities.push(group as u32 + 1);
        s.layout.push([at(libm::cos(turn), below(1000)), at(libm::sin(turn), below(1000))]);
    }
    s
}

/// Links that are being made up.
#[derive(Default)]
struct Maker {
    seen: std::collections::BTreeSet<(usize, usize)>,
    links: Links,
}

impl Maker {
    fn add(&mut self, a: usize, b: usize, strong: bool, below: &mut impl FnMut(usize) -> usize) {
        if a == b || !self.seen.insert((a.min(b), a.max(b))) {
            return;
        }
        let mut sum = 0.0;
        for (m, measured) in self.links.modalities.iter_mut().enumerate() {
            let u = below(10_000) as f64 / 10_000.0;
            let absent = below(100) < [0, 25, 40][m];
            let lr = if strong { -0.5 + 3.2 * u + f64::from(u8::from(m == 0)) } else { -2.0 + 3.0 * u };
            let lr = lr.clamp(-3.0, [4.0, 3.0, 2.5][m]);
            measured.log10_lr.push(if absent { f64::NAN } else { lr });
            measured.score.push(if absent { f64::NAN } else { [0.7 + 0.07 * lr, 0.6 + 0.1 * lr, 0.4 - 0.1 * lr][m] });
            sum += if absent { 0.0 } else { lr };
        }
        self.links.a.push(a as u32);
        self.links.b.push(b as u32);
        self.links.limited.push(sum > 7.0);
        self.links.log10_lr.push(sum.min(7.0));
    }
}

/// Every member is linked with an earlier one, then more links near each other until there are enough; every eleventh lies
/// between exhibits of no common series.
fn pairs(report: &mut Report, links: usize, total: usize, below: &mut impl FnMut(usize) -> usize) {
    let mut maker = Maker::default();
    maker.links.modalities = vec![Measured::default(); 3];
    for s in &report.series {
        let first = s.members[0] as usize;
        for m in 1..s.members.len() {
            maker.add(first + below(m), first + m, true, below);
        }
    }
    while maker.links.a.len() < links {
        if maker.links.a.len().is_multiple_of(11) {
            maker.add(below(report.exhibits.len()), below(report.exhibits.len()), false, below);
        }
        let a = below(total);
        let home = report.series.partition_point(|s| (s.members[0] as usize) <= a) - 1;
        let (first, size) = (report.series[home].members[0] as usize, report.series[home].members.len());
        if maker.links.a.len() < links {
            // In small series all pairs are soon taken; an unlinked exhibit then has its turn.
            let b = first + (a - first + 1 + [below(14), below(size.min(60)), below(14)][below(3)]) % size;
            if size < 12 { maker.add(a, below(report.exhibits.len()), false, below) } else { maker.add(a, b, true, below) }
        }
    }
    report.links = maker.links;
}

fn frame() -> Report {
    let modality = |name: &str, metric: &str, larger_is_closer, [h1, h2]: [&str; 2], limits| Modality {
        name: name.into(),
        metric: metric.into(),
        larger_is_closer,
        h1: h1.into(),
        h2: h2.into(),
        limits,
    };
    let mut report = Report {
        title: "Seizures 2019–2026: which shipments share an origin?".into(),
        made: "2026-11-26T10:00:00Z".into(),
        version: "0.1.0".into(),
        h1: "The two exhibits share an origin.".into(),
        h2: "The two exhibits come from different origins of the population described below.".into(),
        statements: [
            "Population: 50,000 simulated exhibits of 2,000 presses and 5,000 batches; the ratios hold for exhibits of this kind and no other.",
            "Limits: a log10 LR is cut where the calibration data support no stronger statement (empirical upper and lower bounds).",
            "Assumption: given H1 or H2, tool-marks, logos and chemistry are taken as independent; the combined log10 LR is their sum. Where they are not, it overstates.",
            "The ratio speaks of the findings under two propositions, not of the probability that a proposition is true; prior odds are the court's.",
        ]
        .map(String::from)
        .to_vec(),
        warnings: vec!["412 exhibits have no tool-mark: their combined log10 LR rests on fewer kinds of evidence.".into()],
        show: Some("striae show archive.h5:/toolmarks {a} {b} -o why.png".into()),
        changes: vec!["S0012 took in 14 exhibits seized since 2026-09-30.".into(), "S0101 and S0377 became one series.".into()],
        ..Report::default()
    };
    let press = ["Both marks were made by one press.", "The marks were made by two presses of the population."];
    let die = ["Both logos were stamped by one die.", "The logos were stamped by two dies of the population."];
    let batch = ["Both profiles are of one production batch.", "The profiles are of two batches of the population."];
    report.modalities = vec![
        modality("toolmarks", "ccf", true, press, [-3.0, 4.0]),
        modality("logos", "logpolar", true, die, [-3.0, 3.0]),
        modality("chemistry", "spectral angle", false, batch, [-3.0, 2.5]),
    ];
    for (title, caption) in [
        (
            "Tippett plot",
            "Shares of pairs of same and of different source with at least a log10 LR. 8,000 and 40,000 pairs held out.",
        ),
        (
            "Calibration (PAV)",
            "log10 LR before and after isotonic regression; the diagonal is perfect calibration. Cllr 0.18, minimum 0.16.",
        ),
        ("Empirical cross-entropy", "Loss against prior log10 odds: as given, after calibration, and without evidence."),
    ] {
        report.plots.push(Plot { title: title.into(), caption: caption.into(), svg: curves(title.len(), 12_000) });
    }
    let record = "{\n  \"input\": \"archive.h5\",\n  \"blake3\": \"9f2c1e0a5d7b4c3e8f6a9b0c1d2e3f405162738495a6b7c8d9eaf0b1c2d3e4f5\",\n  \"metric\": \"ccf\",\n  \"threshold\": -2.0\n}";
    for title in ["Input and digests", "Configuration of the comparison", "Calibration model"] {
        report.provenance.push(Provenance { title: title.into(), text: record.into() });
    }
    report
}

/// Two profiles above each other, in about as many bytes as asked for.
fn curves(seed: usize, bytes: usize) -> String {
    let mut dice = Stream::new(seed as u64, "curves", 1);
    let mut out = String::from(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 800 320\" font-family=\"sans-serif\" font-size=\"13\"><title>Profiles</title><rect width=\"800\" height=\"320\" fill=\"#fff\"/><rect x=\"140\" y=\"20\" width=\"560\" height=\"260\" fill=\"#eef1f4\"/>",
    );
    let n = bytes / 2 / 13;
    for (c, colour) in ["#0072b2", "#d55e00"].iter().enumerate() {
        let mut d = String::new();
        let mut v = 0.0;
        for i in 0..n {
            v = 0.93 * v + 6.0 * dice.normal();
            let _ = write!(
                d,
                "{}{:.2},{:.2}",
                if i == 0 { "M" } else { " " },
                40.0 + 740.0 * i as f64 / n as f64,
                90.0 + 110.0 * c as f64 + v
            );
        }
        let _ = write!(out, "<path d=\"{d}\" fill=\"none\" stroke=\"{colour}\"/>");
    }
    out.push_str("<line x1=\"40\" y1=\"290\" x2=\"780\" y2=\"290\" stroke=\"#222\"/><text x=\"410\" y=\"312\" text-anchor=\"middle\">Position (µm)</text></svg>");
    out
}
