//! The page as bytes: what is refused, what is escaped, that it is the same each time, and that nothing in it asks for a network.

use super::*;
use base64::Engine as _;

/// Four exhibits, three links, one series; everything a page can hold.
fn small() -> Report {
    let exhibit = |id: &str, date: &str, at: Option<(f64, f64)>| Exhibit {
        id: id.into(),
        case: "K-1".into(),
        date: date.into(),
        place: "Rotterdam".into(),
        latitude: at.map(|p| p.0),
        longitude: at.map(|p| p.1),
    };
    Report {
        title: "Test".into(),
        made: "2026-11-26".into(),
        version: "0".into(),
        summary: vec![("Exhibits".into(), "4".into())],
        statements: vec!["Population: none.".into()],
        h1: "one origin".into(),
        h2: "two origins".into(),
        exhibits: vec![
            exhibit("A", "2024-02-29", Some((51.9, 4.1))),
            exhibit("B", "", None),
            exhibit("C", "2025-01-01T10:00", Some((51.9, 4.1))),
            exhibit("D", "2019-01-01", Some((-33.0, 151.0))),
        ],
        modalities: vec![Modality {
            name: "toolmarks".into(),
            metric: "ccf".into(),
            larger_is_closer: true,
            h1: "one press".into(),
            h2: "two presses".into(),
            limits: [-2.0, 3.0],
        }],
        links: Links {
            a: vec![0, 2, 1],
            b: vec![1, 3, 2],
            log10_lr: vec![1.5, 2.5, 1.5],
            limited: vec![false, true, false],
            modalities: vec![Measured { score: vec![0.5, 0.9, f64::NAN], log10_lr: vec![1.5, 2.5, f64::NAN] }],
        },
        series: vec![Series {
            name: "S1".into(),
            members: vec![0, 1, 2],
            communities: vec![1, 1, 2],
            layout: vec![[0.0, 0.0], [1.0, 0.5], [0.5, 1.0]],
        }],
        drawings: vec![Drawing {
            link: 1,
            svg: "<svg xmlns=\"http://www.w3.org/2000/svg\"></svg>".into(),
            caption: "why".into(),
        }],
        ..Report::default()
    }
}

fn page(report: &Report) -> String {
    let mut out = vec![];
    write(report, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

/// The block of columns: header and what follows it.
fn block(html: &str) -> (serde_json::Value, Vec<u8>) {
    let text = html.split("id=\"data\">").nth(1).unwrap().split('<').next().unwrap();
    let bytes = base64::engine::general_purpose::STANDARD.decode(text).unwrap();
    let bytes = miniz_oxide::inflate::decompress_to_vec(&bytes).unwrap();
    let length = u32::from_le_bytes(bytes[..4].try_into().unwrap()) as usize;
    (serde_json::from_slice(&bytes[4..4 + length]).unwrap(), bytes[4 + length..].to_vec())
}

/// A column of four-byte entries, by the definition of its planes.
fn entries(html: &str, name: &str) -> Vec<[u8; 4]> {
    let (header, bytes) = block(html);
    let column = header["columns"].as_array().unwrap().iter().find(|c| c[0] == name).unwrap().clone();
    let (start, n) = (column[2].as_u64().unwrap() as usize, column[3].as_u64().unwrap() as usize);
    (0..n).map(|i| [0, 1, 2, 3].map(|p| bytes[start + p * n + i])).collect()
}

fn refused(change: impl FnOnce(&mut Report)) -> String {
    let mut report = small();
    change(&mut report);
    let mut out = vec![];
    let text = write(&report, &mut out).unwrap_err().to_string();
    assert!(out.is_empty(), "nothing is written of a refused report");
    text
}

#[test]
fn columns_come_back_best_first() {
    let html = page(&small());
    let lr: Vec<f32> = entries(&html, "lr").into_iter().map(f32::from_le_bytes).collect();
    let a: Vec<u32> = entries(&html, "a").into_iter().map(u32::from_le_bytes).collect();
    // The tie goes to the smaller a.
    assert_eq!((lr, a), (vec![2.5, 1.5, 1.5], vec![2, 0, 1]));
    let day: Vec<i32> = entries(&html, "day").into_iter().map(i32::from_le_bytes).collect();
    assert_eq!(day, [19782, i32::MIN, 20089, 17897]);
    let place: Vec<u32> = entries(&html, "place").into_iter().map(u32::from_le_bytes).collect();
    assert_eq!(place, [0, 1, 0, 2], "places differ by name or coordinates");
    let score: Vec<f32> = entries(&html, "score.0").into_iter().map(f32::from_le_bytes).collect();
    assert!(score[0] == 0.9 && score[1] == 0.5 && score[2].is_nan());
    assert_eq!(block(&html).0["about"]["drawings"][0]["link"], 0, "a drawing follows its link");
}

#[test]
fn lengths_of_text_are_those_of_a_browser() {
    let mut report = small();
    report.exhibits[1].id = "🧱é</script>".into();
    let units: Vec<u32> = entries(&page(&report), "id#").into_iter().map(u32::from_le_bytes).collect();
    assert_eq!(units, [1, 12, 1, 1]);
}

#[test]
fn same_bytes_each_time_and_in_any_order_of_links() {
    let first = page(&small());
    assert_eq!(first, page(&small()));
    let mut turned = small();
    for column in [&mut turned.links.a, &mut turned.links.b] {
        column.reverse();
    }
    turned.links.log10_lr.reverse();
    turned.links.limited.reverse();
    turned.links.modalities[0].score.reverse();
    turned.links.modalities[0].log10_lr.reverse();
    assert_eq!(first, page(&turned));
}

#[test]
fn text_stays_text() {
    let mut report = small();
    let hostile = "</script></style><img src=x onerror=\"alert('1')\">{{script}}&amp;\u{202E}";
    report.title = hostile.into();
    report.summary = vec![(hostile.into(), hostile.into())];
    report.statements = vec![hostile.into()];
    report.warnings = vec![hostile.into()];
    report.changes = vec![hostile.into()];
    report.modalities[0].h1 = hostile.into();
    report.provenance = vec![Provenance { title: hostile.into(), text: hostile.into() }];
    report.plots = vec![Plot { title: hostile.into(), caption: hostile.into(), svg: "<svg></svg>".into() }];
    report.drawings[0].caption = hostile.into();
    report.exhibits[0].id = hostile.into();
    let html = page(&report);
    assert!(!html.contains("<img src=x") && !html.contains('\u{202E}'));
    assert_eq!(
        html.matches(
            "&lt;/script&gt;&lt;/style&gt;&lt;img src=x onerror=&quot;alert(&#39;1&#39;)&quot;&gt;{{script}}&amp;amp;⟨U+202E⟩"
        )
        .count(),
        14,
        "title 2, summary 2, lists 3, propositions 1, provenance 2, plot 4"
    );
    // Elements are those of a page with harmless text.
    let mut plain = report.clone();
    plain.title = "x".into();
    plain.exhibits[0].id = "x".into();
    let tags = |t: &str| {
        (t.matches("<script").count(), t.matches("</script").count(), t.matches("<style").count(), t.matches("<img ").count())
    };
    assert_eq!(tags(&html), tags(&page(&plain)));
}

#[test]
fn nothing_asks_for_a_network() {
    let mut html = page(&small());
    assert!(html.contains("default-src 'none'; script-src 'sha256-") && !html.contains("unsafe-inline"));
    // A name of XML is no address.
    html = html.replace("http://www.w3.org/2000/svg", "");
    for wanted in
        ["http:", "https:", "url(//", "@import", "fetch(", "XMLHttpRequest", "WebSocket", "localStorage", "innerHTML", "eval("]
    {
        assert!(!html.contains(wanted), "{wanted} is in the page");
    }
    assert!(!html.contains("{{"), "every place is filled");
}

/// The policy lets exactly this script and this style sheet run.
#[test]
fn policy_names_script_and_style() {
    use sha2::Digest as _;
    let html = page(&small());
    for (open, close, directive) in [("<script>", "</script>", "script-src"), ("<style>", "</style>", "style-src")] {
        let text = html.split(open).nth(1).unwrap().split(close).next().unwrap();
        let hash = base64::engine::general_purpose::STANDARD.encode(sha2::Sha256::digest(text));
        assert!(html.contains(&format!("{directive} 'sha256-{hash}'")), "{directive}");
    }
}

#[test]
fn the_word_is_not_used() {
    let html = page(&small());
    let seen = html.split("<script>").next().unwrap().split("</style>").nth(1).unwrap();
    assert!(!seen.to_lowercase().contains("match"));
    let script = html.split("<script>").nth(1).unwrap();
    assert!(script.matches("match").count() == script.matches("matchMedia").count() + script.matches(".matches").count());
}

#[test]
fn an_empty_report_is_a_page() {
    assert!(page(&Report::default()).ends_with("</html>\n"));
}

#[test]
fn what_does_not_fit_is_refused_with_its_name() {
    for (change, said) in [
        ((|r| _ = r.links.b.pop()) as fn(&mut Report), "links.b has 2 entries, but 3 are needed"),
        (|r| _ = r.links.limited.pop(), "links.limited has 2 entries"),
        (|r| r.links.modalities[0].score.push(0.0), "links.modalities[0].score has 4 entries"),
        (|r| r.links.modalities.clear(), "links.modalities has 0 entries, but 1 are needed"),
        (|r| r.links.a[1] = 4, "links.a[1] is 4, but there are 4"),
        (|r| r.links.b[0] = 0, "links.b[0] is 0, as is links.a[0]"),
        (|r| (r.links.a[2], r.links.b[2]) = (1, 0), "links[2] is exhibits 1 and 0, as is links[0]"),
        (|r| r.links.log10_lr[2] = f64::NAN, "links.log10_lr[2] is NaN"),
        (|r| r.links.log10_lr[2] = 1e31, "links.log10_lr[2] is"),
        (|r| r.links.modalities[0].log10_lr[0] = f64::INFINITY, "links.modalities[0].log10_lr[0] is inf"),
        (|r| r.exhibits[3].id = "A".into(), "exhibits[3].id is \"A\", as is exhibits[0].id"),
        (|r| r.exhibits[3].id.clear(), "exhibits[3].id is empty"),
        (|r| r.exhibits[3].date = "1.2.2024".into(), "exhibits[3].date (\"D\") is \"1.2.2024\"; allowed: a day such as"),
        (|r| r.exhibits[0].latitude = Some(91.0), "exhibits[0].latitude (\"A\") is 91"),
        (|r| r.exhibits[0].longitude = Some(f64::NAN), "exhibits[0].longitude (\"A\") is NaN"),
        (|r| r.exhibits[0].longitude = None, "exhibits[0].latitude and longitude (\"A\") is only one of both"),
        (|r| r.series[0].members[2] = 9, "series[0].members[2] (\"S1\") is 9"),
        (|r| r.series[0].members[2] = 0, "series[0].members[2] (\"S1\") is exhibit 0, as is one of series[0]"),
        (|r| _ = r.series[0].communities.pop(), "series[0].communities (\"S1\") has 2 entries"),
        (|r| r.series[0].layout[1] = [0.5, 1.5], "series[0].layout[1] (\"S1\") is [0.5, 1.5]"),
        (
            |r| r.series.push(Series { name: "S1".into(), members: vec![3], communities: vec![1], layout: vec![[0.0; 2]] }),
            "series[1].name is \"S1\"",
        ),
        (|r| r.drawings[0].link = 3, "drawings[0].link is 3, but there are 3"),
        (|r| r.drawings[0].svg = "<p>".into(), "drawings[0].svg is \"<p>\""),
        (|r| r.modalities[0].limits = [1.0, f64::INFINITY], "modalities[0].limits (toolmarks) is 1 to inf"),
        (|r| r.modalities[0].h2 = " ".into(), "modalities[0].h2 (toolmarks) is empty"),
        (|r| r.h1.clear(), "h1, the first proposition"),
        (|r| r.statements.clear(), "the list of statements is empty"),
    ] {
        let text = refused(change);
        assert!(text.contains(said), "{text:?} does not say {said:?}");
    }
}

#[test]
fn a_full_disk_is_an_error() {
    struct Full;
    impl std::io::Write for Full {
        fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
            Err(std::io::Error::other("no space"))
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    assert!(write(&small(), &mut Full).unwrap_err().to_string().contains("no space"));
}
