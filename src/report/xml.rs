//! What GraphML and GEXF have in common: a writer that names its failures, and texts that XML can hold.

use super::tables::{Column, Error, Values};
use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesEnd, BytesStart, BytesText, Event};
use std::borrow::Cow;
use std::io::Write;

pub(super) struct Xml<W: Write> {
    writer: Writer<W>,
    what: &'static str,
}

impl<W: Write> Xml<W> {
    pub(super) fn new(out: W, what: &'static str) -> Result<Self, Error> {
        let mut xml = Self { writer: Writer::new_with_indent(out, b' ', 1), what };
        xml.event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
        Ok(xml)
    }

    pub(super) fn open(&mut self, name: &str, attributes: &[(&str, &str)]) -> Result<(), Error> {
        self.event(Event::Start(element(name, attributes)))
    }

    pub(super) fn empty(&mut self, name: &str, attributes: &[(&str, &str)]) -> Result<(), Error> {
        self.event(Event::Empty(element(name, attributes)))
    }

    pub(super) fn text(&mut self, name: &str, attributes: &[(&str, &str)], text: &str) -> Result<(), Error> {
        self.open(name, attributes)?;
        self.event(Event::Text(BytesText::new(&allowed(text))))?;
        self.close(name)
    }

    pub(super) fn close(&mut self, name: &str) -> Result<(), Error> {
        self.event(Event::End(BytesEnd::new(name)))
    }

    /// A last line break, and everything handed on.
    pub(super) fn finish(mut self) -> Result<(), Error> {
        let out = self.writer.get_mut();
        out.write_all(b"\n").and_then(|()| out.flush()).map_err(|source| Error::Write { what: self.what, source })
    }

    fn event(&mut self, event: Event<'_>) -> Result<(), Error> {
        self.writer.write_event(event).map_err(|source| Error::Write { what: self.what, source })
    }
}

fn element<'a>(name: &'a str, attributes: &[(&str, &str)]) -> BytesStart<'a> {
    let mut element = BytesStart::new(name);
    for (key, value) in attributes {
        element.push_attribute((*key, allowed(value).as_ref()));
    }
    element
}

/// The text as XML 1.0 can hold it: what it forbids becomes U+FFFD; tabs and line breaks, which readers turn into something else, a blank.
pub(super) fn allowed(text: &str) -> Cow<'_, str> {
    let plain = |c: char| c >= ' ' && !matches!(c, '\u{7f}'..='\u{9f}' | '\u{fffe}' | '\u{ffff}');
    if text.chars().all(plain) {
        return Cow::Borrowed(text);
    }
    let one = |c| match c {
        '\t' | '\n' | '\r' => ' ',
        c if plain(c) => c,
        _ => '\u{fffd}',
    };
    Cow::Owned(text.chars().map(one).collect())
}

/// The type's name, as both formats spell it.
pub(super) const fn kind(column: &Column<'_>) -> &'static str {
    match column.values {
        Values::Text(_) => "string",
        Values::Number(_) => "double",
        Values::Count(_) => "long",
        Values::Flag(_) => "boolean",
    }
}
