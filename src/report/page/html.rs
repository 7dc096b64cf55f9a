//! The file: fixed text of `page.html` with its places filled.
//!
//! `page.html` holds `{{name}}` where something goes. What is filled in is never searched for places again, so that text which looks like one stays text.

use super::columns::{columns, ranking};
use super::escape::{escape, escape_lines};
use super::pack::{pack, plain};
use super::report::Report;
use super::{Error, check};
use sha2::{Digest as _, Sha256};
use std::io::Write;

const PAGE: &str = include_str!("page.html");
const STYLE: &str = concat!("\n", include_str!("page.css"), "\n", include_str!("print.css"));
const SCRIPT: &str = concat!(
    "\n\"use strict\";\n(() => {\n",
    include_str!("script/data.js"),
    include_str!("script/words.js"),
    include_str!("script/element.js"),
    include_str!("script/state.js"),
    include_str!("script/table.js"),
    include_str!("script/links.js"),
    include_str!("script/detail.js"),
    include_str!("script/series.js"),
    include_str!("script/pen.js"),
    include_str!("script/graph.js"),
    include_str!("script/graph_hands.js"),
    include_str!("script/timeline.js"),
    include_str!("script/map.js"),
    include_str!("script/print.js"),
    include_str!("script/start.js"),
    "})();\n"
);

/// Writes the page of a report.
///
/// ```
/// use striae::report::page::{Report, write};
/// let report = Report { title: "Seizures of 2026".into(), ..Report::default() };
/// let mut html = vec![];
/// write(&report, &mut html)?;
/// assert!(html.starts_with(b"<!doctype html>"));
/// # Ok::<(), striae::report::page::Error>(())
/// ```
///
/// # Errors
/// Before anything is written, when lengths, indices or values of the report do not fit, or propositions or statements are missing: the text
/// names which and where. Later, when `out` cannot be written.
pub fn write(report: &Report, out: &mut impl Write) -> Result<(), Error> {
    check::check(report)?;
    let ranking = ranking(&report.links);
    let data = pack("the block of links", &columns(report, &ranking))?;
    let mut rest = PAGE;
    while let Some((before, after)) = rest.split_once("{{") {
        out.write_all(before.as_bytes())?;
        let (name, after) = after.split_once("}}").unwrap_or((after, ""));
        match name {
            "data" => out.write_all(data.as_bytes())?,
            "drawings" => drawings(report, out)?,
            "plots" => plots(report, out)?,
            name => out.write_all(filling(name, report).as_bytes())?,
        }
        rest = after;
    }
    out.write_all(rest.as_bytes())?;
    Ok(())
}

/// What goes to a place by its name.
fn filling(name: &str, report: &Report) -> String {
    match name {
        "policy" => format!(
            "default-src 'none'; script-src 'sha256-{}'; style-src 'sha256-{}'; img-src data: blob:; base-uri 'none'; form-action 'none'",
            plain(&Sha256::digest(SCRIPT)),
            plain(&Sha256::digest(STYLE))
        ),
        "style" => STYLE.into(),
        "script" => SCRIPT.into(),
        "title" => escape(&report.title),
        "made" => escape(&report.made),
        "version" => escape(&report.version),
        "summary" => report
            .summary
            .iter()
            .map(|(l, v)| format!("<div><dt>{}</dt><dd>{}</dd></div>\n", escape(l), escape(v)))
            .collect::<Vec<_>>()
            .concat(),
        "warnings" if report.warnings.is_empty() => String::new(),
        "warnings" => format!(
            "<section class=\"warnings\" aria-label=\"Warnings\"><h3>Warnings</h3><ul>{}</ul></section>",
            items(&report.warnings)
        ),
        "propositions" => propositions(report),
        "statements" => items(&report.statements),
        "changes" if report.changes.is_empty() => "<p class=\"note\">No earlier run was given.</p>".into(),
        "changes" => format!("<ul class=\"plain\">{}</ul>", items(&report.changes)),
        "provenance" if report.provenance.is_empty() => "<p class=\"note\">No record was given.</p>".into(),
        "provenance" => report
            .provenance
            .iter()
            .map(|p| {
                format!(
                    "<details><summary>{}</summary><pre tabindex=\"0\">{}</pre></details>\n",
                    escape(&p.title),
                    escape_lines(&p.text)
                )
            })
            .collect::<Vec<_>>()
            .concat(),
        _ => String::new(),
    }
}

fn items(texts: &[String]) -> String {
    texts.iter().map(|t| format!("<li>{}</li>\n", escape(t))).collect::<Vec<_>>().concat()
}

/// A table of what each number is about.
fn propositions(report: &Report) -> String {
    let row = |name: &str, score: &str, h1: &str, h2: &str, limits: &str| {
        format!("<tr><th scope=\"row\">{name}</th><td>{score}</td><td>{h1}</td><td>{h2}</td><td class=\"n\">{limits}</td></tr>\n")
    };
    let combined = if report.h1.is_empty() && report.h2.is_empty() {
        String::new()
    } else {
        row("combined", "", &escape(&report.h1), &escape(&report.h2), "")
    };
    let each: String = report
        .modalities
        .iter()
        .map(|m| {
            let closer = if m.larger_is_closer { "larger is closer" } else { "smaller is closer" };
            let limits = format!("{:.2} to {:.2}", m.limits[0], m.limits[1]).replace('-', "\u{2212}");
            row(&escape(&m.name), &format!("{}, {closer}", escape(&m.metric)), &escape(&m.h1), &escape(&m.h2), &limits)
        })
        .collect();
    format!(
        "<table class=\"sheet\"><caption>Propositions: a likelihood ratio (LR) says how much more probable the findings are if H1 is true than if H2 is.</caption>\n<thead><tr><th scope=\"col\">Evidence</th><th scope=\"col\">Score</th><th scope=\"col\">H1</th><th scope=\"col\">H2</th><th scope=\"col\" class=\"n\">Limits of log10&nbsp;LR</th></tr></thead>\n<tbody>{combined}{each}</tbody></table>"
    )
}

fn plots(report: &Report, out: &mut impl Write) -> Result<(), Error> {
    if report.plots.is_empty() {
        out.write_all(b"<p class=\"note\">No plots were given.</p>")?;
    }
    for plot in &report.plots {
        writeln!(
            out,
            "<figure><h3>{}</h3><img alt=\"{}\" src=\"data:image/svg+xml;base64,{}\"><figcaption>{}</figcaption></figure>",
            escape(&plot.title),
            escape(&format!("{}: {}", plot.title, plot.caption)),
            plain(plot.svg.as_bytes()),
            escape(&plot.caption)
        )?;
    }
    Ok(())
}

fn drawings(report: &Report, out: &mut impl Write) -> Result<(), Error> {
    for (i, drawing) in report.drawings.iter().enumerate() {
        writeln!(out, "<script type=\"text/plain\" id=\"drawing-{i}\">{}</script>", pack("a drawing", drawing.svg.as_bytes())?)?;
    }
    Ok(())
}
