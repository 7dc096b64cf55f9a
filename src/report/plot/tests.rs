//! Every picture, in both formats, over data that pictures break on: what is drawn is valid, whole and within the page, and no
//! two texts touch.

use resvg::tiny_skia::Pixmap;
use roxmltree::{Document, Node};

use super::scene::Rect;
use super::{
    Along, Border, Confusion, Coverage, Curve, Dendrogram, Distances, Error, ErrorCurve, Explained, Figure, Flag, Format, Image,
    Loadings, Merge, Outline, Panel, Predictions, Scores, Sheet, Spectra, Style, draw, text,
};

const SIZES: [(f64, f64); 4] = [(900.0, 600.0), (420.0, 320.0), (1400.0, 330.0), (360.0, 900.0)];

fn number(node: Node<'_, '_>, name: &str) -> f64 {
    node.attribute(name).unwrap_or_else(|| panic!("{node:?} has no {name}")).parse().unwrap()
}

pub(super) fn words(node: Node<'_, '_>) -> String {
    node.descendants().filter_map(|n| if n.is_text() { n.text() } else { None }).collect()
}

/// The box of a text, from its measured width.
fn text_box(node: Node<'_, '_>) -> Rect {
    let (x, y, size) = (number(node, "x"), number(node, "y"), number(node, "font-size"));
    let w = text::width(&words(node), size);
    let before = match node.attribute("text-anchor").unwrap() {
        "start" => 0.0,
        "middle" => w / 2.0,
        _ => w,
    };
    let (up, down) = (size * 0.72, size * 0.05);
    if node.attribute("transform").is_some() {
        Rect { x: x - up, y: y - (w - before), w: up + down, h: w }
    } else {
        Rect { x: x - before, y: y - up, w, h: up + down }
    }
}

fn path_points(d: &str) -> Vec<(f64, f64)> {
    let numbers: Vec<f64> = d
        .split(['M', 'L', 'Z', ' '])
        .filter(|t| !t.is_empty())
        .map(|t| t.parse().unwrap_or_else(|_| panic!("{t:?} in {d}")))
        .collect();
    assert!(numbers.len().is_multiple_of(2) && !numbers.is_empty(), "{d}");
    numbers.chunks(2).map(|p| (p[0], p[1])).collect()
}

/// The corners of what an element covers.
fn corners(node: Node<'_, '_>) -> Vec<(f64, f64)> {
    let of = |r: Rect| vec![(r.x, r.y), (r.right(), r.bottom())];
    match node.tag_name().name() {
        "line" => vec![(number(node, "x1"), number(node, "y1")), (number(node, "x2"), number(node, "y2"))],
        "circle" => {
            let (x, y, r) = (number(node, "cx"), number(node, "cy"), number(node, "r"));
            vec![(x - r, y - r), (x + r, y + r)]
        }
        "rect" | "image" => {
            let (w, h) = (number(node, "width"), number(node, "height"));
            assert!(w >= 0.0 && h >= 0.0, "{node:?}");
            of(Rect { x: number(node, "x"), y: number(node, "y"), w, h })
        }
        "path" => path_points(node.attribute("d").unwrap()),
        "text" => of(text_box(node)),
        other => {
            assert!(["svg", "g", "title", "desc"].contains(&other), "{other}");
            vec![]
        }
    }
}

/// What must hold for a picture of any data. Gives its SVG.
pub(super) fn audit(name: &str, figure: &Figure<'_>, style: &Style<'_>) -> String {
    let case = format!("{name} at {} × {}", style.width, style.height);
    let bytes = draw(figure, style, Format::Svg).unwrap_or_else(|e| panic!("{case}: {e}"));
    assert_eq!(bytes, draw(figure, style, Format::Svg).unwrap(), "{case}: not the same twice");
    let svg = String::from_utf8(bytes).unwrap();
    assert!(!svg.contains("NaN") && !svg.contains("inf\"") && !svg.contains("inf "), "{case}");
    let tree = Document::parse(&svg).unwrap_or_else(|e| panic!("{case}: {e}"));
    let root = tree.root_element();
    for of in ["title", "desc"] {
        let node = root.children().find(|n| n.has_tag_name(of)).unwrap_or_else(|| panic!("{case}: no {of}"));
        assert!(!words(node).trim().is_empty(), "{case}: empty {of}");
    }
    let mut texts: Vec<(Rect, String)> = Vec::new();
    for node in root.descendants().filter(Node::is_element) {
        for (x, y) in corners(node) {
            let inside = x >= -0.01 && y >= -0.01 && x <= style.width + 0.01 && y <= style.height + 0.01;
            assert!(inside, "{case}: ({x}, {y}) of <{}> {:?} is off the page", node.tag_name().name(), words(node));
        }
        if !["svg", "title", "desc"].contains(&node.tag_name().name()) {
            assert!(node.has_attribute("class"), "{case}: {node:?} has no class");
        }
        if node.has_tag_name("text") {
            let this = text_box(node);
            for (other, what) in &texts {
                assert!(!this.meets(other), "{case}: {:?} touches {what:?}", words(node));
            }
            texts.push((this, words(node)));
        }
    }
    let png = draw(figure, &Style { scale: 0.5, ..*style }, Format::Png).unwrap_or_else(|e| panic!("{case}: {e}"));
    assert!(png.starts_with(b"\x89PNG\r\n\x1a\n"), "{case}");
    let map = Pixmap::decode_png(&png).unwrap();
    assert_eq!((f64::from(map.width()), f64::from(map.height())), (style.width / 2.0, style.height / 2.0), "{case}");
    let first = map.pixels()[0];
    assert!(map.pixels().iter().filter(|p| **p != first).count() > 200, "{case}: an empty page");
    svg
}

pub(super) fn audit_all(name: &str, figure: &Figure<'_>) -> String {
    let title = "Größe & <Anteil>: ein Titel mit ä, µ und cm⁻¹";
    for (width, height) in SIZES {
        audit(name, figure, &Style { width, height, title, ..Style::default() });
    }
    audit(name, figure, &Style::default())
}

pub(super) fn count(svg: &str, class: &str) -> usize {
    let tree = Document::parse(svg).unwrap();
    tree.descendants().filter(|n| n.attribute("class").is_some_and(|c| c.split(' ').any(|c| c == class))).count()
}

pub(super) fn has_text(svg: &str, wanted: &str) -> bool {
    Document::parse(svg).unwrap().descendants().any(|n| n.has_tag_name("text") && words(n) == wanted)
}

pub(super) fn wave(n: usize, step: f64, scale: f64) -> Vec<f64> {
    (0..n).map(|i| libm::sin(i as f64 * step + 0.3) * scale).collect()
}

fn many(n: usize, kinds: usize, what: &str) -> Vec<String> {
    (0..n).map(|i| format!("{what} {}", i % kinds)).collect()
}

fn borrowed(all: &[String]) -> Vec<&str> {
    all.iter().map(String::as_str).collect()
}

const SCORES: Scores<'_> = Scores {
    x: &[1.0, 2.0, 4.0, 3.0],
    y: &[-1.0, 0.5, 0.0, 2.0],
    x_title: "PC1 (71.2 %)",
    y_title: "PC2 (20.1 %)",
    classes: &["a", "b", "a", "µ-Lösung"],
    projected: &[false, false, true, false],
    names: &["r0", "r1", "r2", "r3"],
    named: 2,
    ellipse: Coverage::Hotelling(0.95),
    per_class: true,
};

#[test]
fn scores() {
    let svg = audit_all("scores", &Figure::Scores(&SCORES));
    for wanted in ["PC1 (71.2 %)", "PC2 (20.1 %)", "a", "b", "µ-Lösung", "projected (hollow)"] {
        assert!(has_text(&svg, wanted), "{wanted}");
    }
    assert_eq!((count(&svg, "point"), count(&svg, "projected"), count(&svg, "point-label")), (4, 1, 2));
    let labels = many(60, 60, "Klasse ä⁻¹");
    let labels = borrowed(&labels);
    let bare = Scores { classes: &[], projected: &[], names: &[], named: 5, per_class: false, ..SCORES };
    for scale in [1e-299, 1e-9, 1.0, 12345.678, 1e9, 9e299] {
        let (x, y) = (wave(60, 0.7, scale), wave(60, 1.9, 1.0 / scale.clamp(1e-290, 1e290)));
        audit_all("scaled", &Figure::Scores(&Scores { x: &x, y: &y, ..bare }));
        let sixty = Scores { x: &x, y: &y, classes: &labels, names: &labels, named: 60, ..bare };
        audit_all("sixty classes", &Figure::Scores(&sixty));
    }
    audit_all("one", &Figure::Scores(&Scores { x: &[1e-7], y: &[-3e8], names: &["only"], ..bare }));
    audit_all("zero", &Figure::Scores(&Scores { x: &[0.0; 9], y: &[0.0; 9], ..bare }));
    audit_all("equal", &Figure::Scores(&Scores { x: &[1e6; 9], y: &[-1e-6; 9], ..bare }));
    audit_all("close", &Figure::Scores(&Scores { x: &[1e6, 1e6 + 0.01], y: &[1.0, 1.0 + 1e-7], ..bare }));
    audit_all("opposite ends", &Figure::Scores(&Scores { x: &[-1e300, 1e300], y: &[0.0, 1e-310], ..bare }));
}

#[test]
fn one_ellipse_for_each_class_that_has_one() {
    // Three heaps apart from each other.
    let apart: Vec<_> = wave(20, 0.7, 1.0).iter().enumerate().map(|(i, v)| v + 3.0 * (i % 3) as f64).collect();
    let (x, y) = (apart, wave(20, 1.3, 2.0));
    let classes = many(20, 3, "c");
    let mut classes = borrowed(&classes);
    classes[19] = "alone";
    let f = Scores { x: &x, y: &y, classes: &classes, projected: &[], names: &[], ..SCORES };
    assert_eq!(count(&audit_all("classes", &Figure::Scores(&f)), "ellipse"), 3);
    assert_eq!(count(&audit_all("all", &Figure::Scores(&Scores { per_class: false, ..f })), "ellipse"), 1);
    assert_eq!(count(&audit_all("none", &Figure::Scores(&Scores { ellipse: Coverage::Nothing, ..f })), "ellipse"), 0);
    // An ellipse of three rows is 33 standard deviations wide: the points still fill most of the box.
    let few = Scores { x: &x[..3], y: &y[..3], classes: &[], per_class: false, ..f };
    assert!(audit_all("few", &Figure::Scores(&few)).contains("Beyond the picture: 1 ellipse."));
    for level in [0.0, 1.0, f64::NAN] {
        assert!(
            draw(&Figure::Scores(&Scores { ellipse: Coverage::ChiSquare(level), ..f }), &Style::default(), Format::Svg).is_err()
        );
    }
}

#[test]
fn loadings() {
    let at: Vec<f64> = (0..3000).map(|i| 4000.0 - f64::from(i)).collect();
    let (a, b) = (wave(3000, 0.01, 0.05), wave(3000, 0.02, 0.04));
    let components = [("PC1 (71.2 %)", &a[..]), ("PC2 (20.1 %)", &b[..])];
    let along = Along::Axis { at: &at, title: "Wavenumber", unit: "cm-1", descending: false };
    let f = Loadings { along, components: &components, title: "Loading" };
    let svg = audit_all("loadings", &Figure::Loadings(&f));
    assert!(has_text(&svg, "Wavenumber (cm⁻¹)") && has_text(&svg, "PC2 (20.1 %)"));
    assert_eq!((count(&svg, "line"), count(&svg, "zero")), (2, 1));
    // Wavenumbers fall to the right, nanometres rise, unless told otherwise.
    let place = |svg: &str, label: &str| {
        let tree = Document::parse(svg).unwrap();
        let found = tree.descendants().find(|n| n.attribute("class") == Some("tick-label") && words(*n) == label);
        number(found.unwrap_or_else(|| panic!("{label}")), "x")
    };
    assert!(place(&svg, "2000") > place(&svg, "3000"));
    let nm = |descending| {
        let along = Along::Axis { at: &at, title: "Wavelength", unit: "nm", descending };
        audit("nm", &Figure::Loadings(&Loadings { along, ..f }), &Style::default())
    };
    assert!(place(&nm(false), "2000") < place(&nm(false), "3000"));
    assert!(place(&nm(true), "2000") > place(&nm(true), "3000"));

    for n in [1, 2, 12, 60, 400] {
        let names = many(n, n, "feature ä with a name");
        let names = borrowed(&names);
        let (a, b) = (wave(n, 1.0, 1e-8), vec![0.0; n]);
        let f =
            Loadings { along: Along::Names { names: &names, title: "" }, components: &[("p", &a), ("q", &b)], title: "Loading" };
        let svg = audit_all("bars", &Figure::Loadings(&f));
        assert_eq!(count(&svg, "bar"), 2 * n);
    }
    let one = Along::Axis { at: &[5.0], title: "Wavelength", unit: "nm", descending: false };
    audit_all("one feature", &Figure::Loadings(&Loadings { along: one, components: &[("PC1", &[0.3])], title: "Loading" }));
}

#[test]
fn distances() {
    let names = many(50, 50, "exhibit");
    let names = borrowed(&names);
    let flags: Vec<_> =
        (0..50).map(|i| [Flag::Regular, Flag::Extreme, Flag::Outlier][usize::from(i > 40) + usize::from(i > 46)]).collect();
    for scale in [1e-290, 1e-6, 1.0, 1e12, 1e290] {
        let t2: Vec<_> = (0..50).map(|i| f64::from(i * i) * scale / 200.0).collect();
        let q: Vec<_> = wave(50, 0.9, scale).iter().map(|v| v.abs()).collect();
        for border in [
            Border::Limits { t2: 8.0 * scale, q: 0.9 * scale },
            Border::Acceptance { h0: 2.0 * scale, q0: 0.4 * scale, nh: 2.0, nq: 3.0, extreme: 11.07, outlier: Some(20.0) },
            Border::Acceptance { h0: 2.0 * scale, q0: 0.4 * scale, nh: 1.0, nq: 60.0, extreme: 80.2, outlier: None },
        ] {
            for log in [false, true] {
                let f = Distances { t2: &t2, q: &q, flags: &flags, names: &names, border, log };
                let svg = audit_all("distances", &Figure::Distances(&f));
                let found = ["regular", "extreme", "outlier"].map(|c| count(&svg, c));
                assert_eq!(found, [41, 6, 3]);
                let lines = if matches!(border, Border::Acceptance { outlier: None, .. }) { 1 } else { 2 };
                assert_eq!(count(&svg, "limit"), lines);
                assert!(has_text(&svg, "exhibit 49"));
                assert!(!has_text(&svg, "exhibit 3"), "a regular row is not named");
            }
        }
    }
    let f = Distances { t2: &[0.0], q: &[0.0], flags: &[], names: &[], border: Border::Limits { t2: 1.0, q: 1.0 }, log: true };
    audit_all("at the model", &Figure::Distances(&f));
    let far = Distances { t2: &[1e300], q: &[1e-300], border: Border::Limits { t2: 1e-10, q: 1e10 }, ..f };
    audit_all("far", &Figure::Distances(&far));
    let wrong = Distances { border: Border::Limits { t2: 0.0, q: 1.0 }, ..f };
    assert!(matches!(draw(&Figure::Distances(&wrong), &Style::default(), Format::Svg), Err(Error::Value { .. })));
    let negative = Distances { t2: &[-1.0], ..f };
    assert!(draw(&Figure::Distances(&negative), &Style::default(), Format::Svg).is_err());
}

#[test]
fn explained() {
    let svg = audit_all("explained", &Figure::Explained(&Explained { percent: &[71.2, 20.1, 4.4, 0.3], chosen: Some(2) }));
    assert_eq!((count(&svg, "bar"), count(&svg, "point")), (4, 4));
    assert!(has_text(&svg, "71.2") && has_text(&svg, "chosen: 2") && has_text(&svg, "Explained variance (%)"));
    audit_all("one", &Figure::Explained(&Explained { percent: &[100.0], chosen: None }));
    audit_all("none", &Figure::Explained(&Explained { percent: &[0.0, 0.0], chosen: None }));
    audit_all("many", &Figure::Explained(&Explained { percent: &[0.25; 400], chosen: Some(400) }));
    for wrong in [Explained { percent: &[90.0, 20.0], chosen: None }, Explained { percent: &[90.0], chosen: Some(2) }] {
        assert!(draw(&Figure::Explained(&wrong), &Style::default(), Format::Svg).is_err());
    }
}

fn balanced(n: usize) -> Vec<Merge> {
    let mut live: Vec<(usize, usize)> = (0..n).map(|i| (i, 1)).collect();
    let mut merges = Vec::new();
    while live.len() > 1 {
        let (a, b) = (live.remove(0), live.remove(0));
        merges.push(Merge { left: a.0, right: b.0, height: libm::sqrt((a.1 + b.1) as f64), size: a.1 + b.1 });
        live.push((n + merges.len() - 1, a.1 + b.1));
    }
    merges
}

#[test]
fn dendrograms() {
    for n in [2, 3, 40, 300, 2500] {
        let merges = balanced(n);
        let (names, classes) = (many(n, n, "Probe ü"), many(n, 3, "class"));
        let (names, classes) = (borrowed(&names), borrowed(&classes));
        let f = Dendrogram { merges: &merges, names: &names, classes: &classes, cut: Some(1.5), title: "Ward distance" };
        let svg = if n < 300 {
            audit_all("tree", &Figure::Dendrogram(&f))
        } else {
            audit("tree", &Figure::Dendrogram(&f), &Style::default())
        };
        assert_eq!((count(&svg, "merge"), count(&svg, "leaf")), (n - 1, n));
        let written = count(&svg, "leaf-label");
        match n {
            2 | 3 | 40 => assert_eq!(written, n),
            300 => assert!((30..150).contains(&written), "{written}"),
            _ => assert_eq!(written, 0),
        }
        assert!(has_text(&svg, "Ward distance"));
    }
    // A chain as deep as it is long.
    let n = 4000;
    let next = |i: usize| Merge { left: if i == 0 { 0 } else { n + i - 1 }, right: i + 1, height: 0.0, size: i + 2 };
    let chain: Vec<_> = (0..n - 1).map(next).collect();
    let f = Dendrogram { merges: &chain, names: &[], classes: &[], cut: None, title: "" };
    audit("chain", &Figure::Dendrogram(&f), &Style::default());
}

#[test]
fn spectra() {
    let at: Vec<f64> = (0..500).map(|i| 800.0 + 4.0 * f64::from(i)).collect();
    let of = |rows: usize, scale: f64| wave(rows * 500, 0.013, scale);
    for (rows, most, kinds) in [(1, 200, 1), (30, 200, 3), (30, 29, 3), (61, 20, 60)] {
        for scale in [1e-12, 1.0, 1e200] {
            let (raw, prepared) = (of(rows, scale), of(rows, 1.0));
            let classes = many(rows, kinds, "class");
            let classes = borrowed(&classes);
            let panel = |title, values| Panel {
                title,
                at: &at,
                axis_title: "Wavenumber",
                unit: "1/cm",
                descending: false,
                value_title: "Absorbance",
                values,
            };
            let panels = [panel("raw", &raw[..]), panel("SNV", &prepared[..])];
            let svg = audit_all("spectra", &Figure::Spectra(&Spectra { panels: &panels, classes: &classes, most }));
            assert!(has_text(&svg, "raw") && has_text(&svg, "SNV") && has_text(&svg, "Wavenumber (cm⁻¹)"));
            let bands = if kinds > 6 { 1 } else { kinds };
            let expected = if rows > most { (0, 2 * kinds, 2 * bands) } else { (2 * rows, 0, 0) };
            assert_eq!((count(&svg, "line"), count(&svg, "mean"), count(&svg, "band")), expected);
            audit_all("one panel", &Figure::Spectra(&Spectra { panels: &panels[..1], classes: &[], most }));
        }
    }
    let one =
        Panel { title: "", at: &[1.0], axis_title: "x", unit: "", descending: false, value_title: "y", values: &[2.0, 2.0] };
    for most in [1, 10] {
        audit_all("one place", &Figure::Spectra(&Spectra { panels: &[one], classes: &[], most }));
    }
    let ragged = Panel { at: &[1.0, 2.0], values: &[1.0, 2.0, 3.0], ..one };
    let refused = draw(&Figure::Spectra(&Spectra { panels: &[ragged], classes: &[], most: 9 }), &Style::default(), Format::Svg);
    assert!(matches!(refused, Err(Error::Length { got: 3, expected: 4, .. })), "{refused:?}");
    let uneven = Panel { values: &[1.0], ..one };
    assert!(
        draw(&Figure::Spectra(&Spectra { panels: &[one, uneven], classes: &[], most: 9 }), &Style::default(), Format::Svg)
            .is_err()
    );
    assert!(draw(&Figure::Spectra(&Spectra { panels: &[], classes: &[], most: 9 }), &Style::default(), Format::Svg).is_err());
}

#[test]
fn predictions() {
    for scale in [1e-200, 1e-5, 1.0, 1e150] {
        let reference = wave(28, 0.5, scale);
        let predicted: Vec<_> = reference.iter().map(|v| v * 1.01 + 0.003 * scale).collect();
        let sets: Vec<_> = (0..28).map(|i| if i < 21 { "calibration" } else { "validation" }).collect();
        let f = Predictions { reference: &reference, predicted: &predicted, sets: &sets, quantity: "density", unit: "µg/g" };
        let svg = audit_all("predictions", &Figure::Predictions(&f));
        assert_eq!((count(&svg, "point"), count(&svg, "equal")), (28, 1));
        assert!(svg.contains("RMSE ") && has_text(&svg, "validation"));
        audit_all("one set", &Figure::Predictions(&Predictions { sets: &[], ..f }));
    }
    let f = Predictions { reference: &[1.0, 2.0], predicted: &[2.0, 3.0], sets: &[], quantity: "", unit: "" };
    assert!(has_text(&audit_all("two", &Figure::Predictions(&f)), "RMSE 1.00, n = 2"));
    audit_all("equal", &Figure::Predictions(&Predictions { reference: &[3.0], predicted: &[3.0], ..f }));
}

#[test]
fn error_curves() {
    let series = [("RMSEC", &[9.0, 2.0, 1.0][..]), ("RMSECV", &[9.5, 2.6, 2.8][..])];
    let f = ErrorCurve { components: &[1, 2, 3], series: &series, chosen: Some(2), title: "RMSE", unit: "% (m/m)" };
    let svg = audit_all("error curve", &Figure::ErrorCurve(&f));
    assert_eq!((count(&svg, "line"), count(&svg, "point"), count(&svg, "chosen")), (2, 6, 1));
    for wanted in ["RMSEC", "RMSECV", "chosen: 2", "RMSE (% (m/m))"] {
        assert!(has_text(&svg, wanted), "{wanted}");
    }
    audit_all("one", &Figure::ErrorCurve(&ErrorCurve { components: &[7], series: &[("a", &[0.0])], chosen: None, ..f }));
    for scale in [1e-300, 1e300] {
        let values = [scale, scale / 2.0, scale / 3.0];
        audit_all("scaled", &Figure::ErrorCurve(&ErrorCurve { series: &[("a", &values)], ..f }));
    }
    for wrong in
        [ErrorCurve { chosen: Some(4), ..f }, ErrorCurve { components: &[1, 3, 3], ..f }, ErrorCurve { series: &[], ..f }]
    {
        assert!(draw(&Figure::ErrorCurve(&wrong), &Style::default(), Format::Svg).is_err());
    }
}

#[test]
fn confusion_tables() {
    let f =
        Confusion {
            truth: &["Äthiopien", "Brasil"], assigned: &["Äthiopien", "Brasil", "none"], counts: &[18, 1, 1, 0, 20, 0]
        };
    let svg = audit_all("confusion", &Figure::Confusion(&f));
    assert_eq!((count(&svg, "cell"), count(&svg, "count")), (6, 6));
    for wanted in ["Äthiopien (20)", "none", "18"] {
        assert!(has_text(&svg, wanted), "{wanted}");
    }
    assert!(svg.contains("38 of 40 rows"));
    let names = many(60, 60, "a class with a long name");
    let names = borrowed(&names);
    let counts = vec![u64::MAX; 3600];
    audit_all("sixty", &Figure::Confusion(&Confusion { truth: &names, assigned: &names, counts: &counts }));
    audit_all("one", &Figure::Confusion(&Confusion { truth: &["a"], assigned: &["a"], counts: &[0] }));
    assert!(draw(&Figure::Confusion(&Confusion { counts: &[1], ..f }), &Style::default(), Format::Svg).is_err());
    assert!(draw(&Figure::Confusion(&Confusion { truth: &[], ..f }), &Style::default(), Format::Svg).is_err());
}

#[test]
fn nan_and_empty_data_are_refused_by_name() {
    let style = Style::default();
    let said = |figure: Figure<'_>| draw(&figure, &style, Format::Svg).unwrap_err().to_string();
    let nan = Scores { x: &[1.0, f64::NAN, 2.0, 3.0], ..SCORES };
    assert!(said(Figure::Scores(&nan)).contains("scores: x, entry 1, is NaN"));
    assert!(said(Figure::Scores(&Scores { x: &[], ..SCORES })).contains("x is empty"));
    assert!(said(Figure::Scores(&Scores { y: &[1.0], ..SCORES })).contains("y has 1 entries, but 4 are needed"));
    assert!(said(Figure::Scores(&Scores { classes: &["a"], ..SCORES })).contains("classes has 1"));
    assert!(said(Figure::Explained(&Explained { percent: &[f64::INFINITY], chosen: None })).contains("entry 0, is inf"));
    assert!(said(Figure::Explained(&Explained { percent: &[], chosen: None })).contains("empty"));
    let c = [("PC1", &[f64::NAN][..])];
    let f = Loadings { along: Along::Names { names: &["a"], title: "" }, components: &c, title: "" };
    assert!(said(Figure::Loadings(&f)).contains("component \"PC1\", entry 0, is NaN"));
}

#[test]
fn sizes_that_cannot_be_drawn_are_refused() {
    let f = Explained { percent: &[50.0, 20.0], chosen: None };
    for (width, height, scale) in [(199.0, 600.0, 1.0), (900.0, 8001.0, 1.0), (900.0, f64::NAN, 1.0), (900.0, 600.0, 9.0)] {
        let style = Style { width, height, scale, ..Style::default() };
        assert!(matches!(draw(&Figure::Explained(&f), &style, Format::Png), Err(Error::Size { .. })));
    }
    audit("smallest", &Figure::Explained(&f), &Style { width: 200.0, height: 200.0, ..Style::default() });
}

#[test]
fn the_audit_itself_finds_what_is_wrong() {
    let found = |inner: &str| {
        let svg = format!("<svg xmlns=\"http://www.w3.org/2000/svg\">{inner}</svg>");
        let tree = Document::parse(&svg).unwrap();
        let node = tree.root_element().first_element_child().unwrap();
        corners(node)
    };
    assert_eq!(found("<circle cx=\"5\" cy=\"5\" r=\"6\"/>")[0], (-1.0, -1.0));
    assert_eq!(found("<path d=\"M1 2L-3.5 4Z\"/>"), [(1.0, 2.0), (-3.5, 4.0)]);
    let end = found("<text x=\"3\" y=\"20\" font-size=\"10\" text-anchor=\"end\">wide</text>");
    assert!(end[0].0 < 0.0 && (end[1].0 - 3.0).abs() < 1e-12);
}

#[test]
#[cfg_attr(not(shared_data), ignore = "the real data is not here")]
fn real_infrared_spectra() {
    let shared =
        |name: &str| std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data/spectra/coffee_nir").join(name);
    let (spectra, labels) = (shared("coffee_spectra.csv"), shared("coffee_labels.csv"));
    let (spectra, labels) = (std::fs::read_to_string(spectra).unwrap(), std::fs::read_to_string(labels).unwrap());
    let values: Vec<f64> = spectra.lines().skip(1).flat_map(|row| row.split(',')).map(|v| v.parse().unwrap()).collect();
    let classes: Vec<_> = labels.lines().skip(1).collect();
    assert_eq!((values.len(), classes.len()), (60 * 1841, 60));
    let at: Vec<f64> = (0..1841).map(f64::from).collect();
    let panel = Panel {
        title: "raw",
        at: &at,
        axis_title: "Number",
        unit: "",
        descending: false,
        value_title: "Absorbance",
        values: &values,
    };
    for (most, expected) in [(200, (60, 0)), (59, (0, 3))] {
        let svg = audit_all("coffee", &Figure::Spectra(&Spectra { panels: &[panel], classes: &classes, most }));
        assert_eq!((count(&svg, "line"), count(&svg, "mean")), expected);
        assert!(["Ethiopia", "Brasil", "Vietnam"].iter().all(|name| has_text(&svg, name)));
    }
}

#[test]
fn sheets_hold_pictures_and_curves() {
    let shades: Vec<f32> = (0..60 * 20).map(|i| if i % 97 == 0 { f32::NAN } else { (i % 60) as f32 / 60.0 }).collect();
    let long: Vec<f64> = (0..60).map(|i| (f64::from(i) * 0.3).sin()).collect();
    let strip = Image {
        title: "K1Z1A1N01L1, upright",
        width: 60,
        shades: &shades,
        extent: [0.0, 90.0, 0.0, 30.0],
        unit: "µm",
        outlines: &[],
    };
    let moved = Image { title: "K1Z1A1N02L1", extent: [12.0, 102.0, 0.0, 30.0], ..strip };
    let curves = [
        Curve { name: "K1Z1A1N01L1", from: 0.0, step: 1.5, values: &long },
        Curve { name: "K1Z1A1N02L1", from: 12.0, step: 1.5, values: &long },
    ];
    let base = Sheet {
        images: &[strip, moved],
        aligned: true,
        curves: &curves,
        axis_title: "Position (µm)",
        value_title: "Height (µm)",
        overlap: Some((12.0, 88.5)),
        note: "ccf 0.93 at lag 8 samples (12.0 µm), overlap 52 samples",
    };
    let svg = audit_all("sheet", &Figure::Sheet(&base));
    assert_eq!((count(&svg, "specimen"), count(&svg, "overlap")), (2, 1));
    assert!(has_text(&svg, "ccf 0.93 at lag 8 samples (12.0 µm), overlap 52 samples"));
    audit_all("side by side", &Figure::Sheet(&Sheet { aligned: false, ..base }));
    let corners = [(0.0, 0.0), (30.0, 5.0), (30.0, 40.0), (-5.0, 20.0)];
    let outlines = [Outline { corners, agrees: true }, Outline { corners, agrees: false }];
    let pointed = Image { outlines: &outlines, ..strip };
    let svg =
        audit_all("outlines", &Figure::Sheet(&Sheet { images: &[pointed], aligned: false, curves: &[], overlap: None, ..base }));
    assert_eq!((count(&svg, "outline"), count(&svg, "agrees")), (2, 1));
    audit_all("curves alone", &Figure::Sheet(&Sheet { images: &[], ..base }));
    let logo = Image { unit: "", ..strip };
    audit_all(
        "pictures alone",
        &Figure::Sheet(&Sheet { images: &[logo, logo], aligned: false, curves: &[], overlap: None, ..base }),
    );
    for wrong in [
        Sheet { images: &[], curves: &[], ..base },
        Sheet { images: &[Image { shades: &shades[..61], ..strip }], ..base },
        Sheet { images: &[Image { extent: [1.0, 1.0, 0.0, 1.0], ..strip }], ..base },
        Sheet { curves: &[Curve { step: 0.0, ..curves[0] }], ..base },
        Sheet { curves: &[Curve { values: &[f64::NAN], ..curves[0] }], ..base },
    ] {
        assert!(draw(&Figure::Sheet(&wrong), &Style::default(), Format::Svg).is_err());
    }
}
