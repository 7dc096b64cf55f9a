//! What main.xml says, as text: each element by its path, and the annotations of a mask.
//!
//! The root is `ISO5436_2` or `ISO5436`, with any prefix or none. Below it, `Record1/Axes/CX/Increment` and the like are kept as trimmed text; what
//! is empty counts as not said. Bytes are UTF-8 or UTF-16 by their byte order mark, else UTF-8, else Latin-1.
//!
//! Refused: a DOCTYPE, entities other than XML's five and numbers, elements nested deeper than 16, a text above 64 KiB, more than 20,000
//! elements, and an element of Record1 or Record3 that is given twice with different texts. A `DataList` (heights within the XML) is noted, and
//! reading stops there.

use super::Error;
use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};
use std::collections::BTreeMap;

const DEPTH: usize = 16;
const TEXT: usize = 1 << 16;
const ELEMENTS: usize = 20_000;

/// A colour of a mask and what it stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Label {
    pub colour: String,
    pub name: String,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Description {
    texts: BTreeMap<String, String>,
    pub labels: Vec<Label>,
    /// Whether it has `Record3/Mask`.
    pub mask: bool,
    /// Whether heights are within the XML.
    pub list: bool,
    /// Whether its bytes were not UTF-8.
    pub latin: bool,
}

impl Description {
    pub fn parse(bytes: &[u8]) -> Result<Self, Error> {
        let (text, latin) = decoded(bytes);
        let mut reader = Reader::from_str(&text);
        let mut parse = Parse { found: Self { latin, ..Self::default() }, ..Parse::default() };
        loop {
            let at = reader.buffer_position();
            let event = reader
                .read_event()
                .map_err(|e| Error::Xml { at, what: format!("it is no XML ({e}); ask for the file again") })?;
            match event {
                Event::Start(e) => parse.open(&e, at)?,
                Event::Empty(e) => {
                    parse.open(&e, at)?;
                    parse.close()?;
                }
                Event::End(_) => parse.close()?,
                Event::Text(e) => parse.text(&e.xml10_content())?,
                Event::CData(e) => parse.text(&e.xml10_content())?,
                Event::GeneralRef(e) => {
                    let character = match e.as_ref() {
                        "lt" => Some('<'),
                        "gt" => Some('>'),
                        "amp" => Some('&'),
                        "quot" => Some('"'),
                        "apos" => Some('\''),
                        _ => e.resolve_char_ref().ok().flatten(),
                    };
                    let character = character.ok_or_else(|| Error::Entity { name: e.chars().take(40).collect() })?;
                    parse.text(character.encode_utf8(&mut [0; 4]))?;
                }
                Event::DocType(_) => return Err(Error::Doctype),
                Event::Eof => break,
                Event::Comment(_) | Event::Decl(_) | Event::PI(_) => {}
            }
            if parse.found.list {
                return Ok(parse.found);
            }
        }
        if parse.elements == 0 || !parse.path.is_empty() {
            let what = "it ends before its root element does: the file is cut off; ask for it again";
            return Err(Error::Xml { at: text.len() as u64, what: what.into() });
        }
        Ok(parse.found)
    }

    /// The text at a path below the root.
    pub fn get(&self, path: &str) -> Option<&str> {
        self.texts.get(path).map(String::as_str)
    }

    /// A number, where one is said.
    pub fn number(&self, path: &str) -> Result<Option<f64>, Error> {
        let Some(text) = self.get(path) else { return Ok(None) };
        let field =
            || Error::Field { place: path.into(), got: text.into(), allowed: "a number such as 1.5e-6, with a decimal point" };
        text.parse().ok().filter(|n: &f64| n.is_finite()).map(Some).ok_or_else(field)
    }

    /// A whole number, where one is said.
    pub fn count(&self, path: &str) -> Result<Option<u64>, Error> {
        let Some(text) = self.get(path) else { return Ok(None) };
        let field = || Error::Field { place: path.into(), got: text.into(), allowed: "a whole number" };
        text.parse().map(Some).map_err(|_| field())
    }

    /// What is said about the measurement, by short names.
    pub fn metadata(&self) -> BTreeMap<String, String> {
        const NAMES: [(&str, &str); 13] = [
            ("revision", "Record1/Revision"),
            ("feature_type", "Record1/FeatureType"),
            ("origin", "Record1/Axes/Origin"),
            ("date", "Record2/Date"),
            ("creator", "Record2/Creator"),
            ("manufacturer", "Record2/Instrument/Manufacturer"),
            ("model", "Record2/Instrument/Model"),
            ("serial", "Record2/Instrument/Serial"),
            ("version", "Record2/Instrument/Version"),
            ("calibration_date", "Record2/CalibrationDate"),
            ("probing_type", "Record2/ProbingSystem/Type"),
            ("probing", "Record2/ProbingSystem/Identification"),
            ("comment", "Record2/Comment"),
        ];
        NAMES.iter().filter_map(|(name, path)| Some(((*name).to_owned(), self.get(path)?.to_owned()))).collect()
    }
}

/// The state of reading.
#[derive(Default)]
struct Parse {
    found: Description,
    /// Names of the open elements below the root, joined by `/`, and how long the path was before each.
    joined: String,
    path: Vec<usize>,
    text: String,
    elements: usize,
}

impl Parse {
    fn open(&mut self, element: &BytesStart, at: u64) -> Result<(), Error> {
        let name = element.local_name();
        let name = name.as_ref();
        self.elements += 1;
        if self.elements > ELEMENTS {
            return Err(Error::ManyElements { allowed: ELEMENTS });
        }
        if self.path.len() == DEPTH {
            return Err(Error::Deep { at, allowed: DEPTH });
        }
        if name.len() > 256 {
            return Err(Error::Xml { at, what: "the name of an element is longer than 256 bytes".into() });
        }
        if self.path.is_empty() {
            if self.elements > 1 {
                return Err(Error::Xml { at, what: format!("a second root element {name:?}; XML has one") });
            }
            if !matches!(name, "ISO5436_2" | "ISO5436") {
                return Err(Error::Xml {
                    at,
                    what: format!("the root element is {name:?}; X3P's is ISO5436_2: this is another format"),
                });
            }
            self.path.push(0);
        } else {
            self.path.push(self.joined.len());
            if !self.joined.is_empty() {
                self.joined.push('/');
            }
            self.joined.push_str(name);
        }
        self.text.clear();
        match self.joined.as_str() {
            "Record3/DataList" => self.found.list = true,
            "Record3/Mask" => self.found.mask = true,
            "Record3/Mask/Annotations/Annotation" => {
                let colour = element.try_get_attribute("color").map_err(|e| Error::Xml { at, what: e.to_string() })?;
                let colour = colour.map_or(String::new(), |c| c.value.trim().to_owned());
                if self.found.labels.len() == 1024 {
                    return Err(Error::Xml { at, what: "more than 1024 annotations; a mask has at most 254 regions".into() });
                }
                self.found.labels.push(Label { colour, name: String::new() });
            }
            _ => {}
        }
        Ok(())
    }

    fn text(&mut self, text: &str) -> Result<(), Error> {
        if self.text.len() + text.len() > TEXT {
            return Err(Error::LongText { place: self.joined.clone(), allowed: TEXT });
        }
        self.text.push_str(text);
        Ok(())
    }

    fn close(&mut self) -> Result<(), Error> {
        let text = self.text.trim();
        if self.joined == "Record3/Mask/Annotations/Annotation" {
            if let Some(label) = self.found.labels.last_mut() {
                text.clone_into(&mut label.name);
            }
        } else if !text.is_empty() {
            match self.found.texts.get(&self.joined) {
                None => {
                    self.found.texts.insert(self.joined.clone(), text.to_owned());
                }
                Some(first) if first != text && !self.joined.starts_with("Record2") => {
                    return Err(Error::Twice { place: self.joined.clone(), first: first.clone(), second: text.to_owned() });
                }
                Some(_) => {}
            }
        }
        self.text.clear();
        // The reader has checked that each end has its start.
        self.joined.truncate(self.path.pop().unwrap_or(0));
        Ok(())
    }
}

/// Bytes as text without a byte order mark, and whether they were taken for Latin-1.
fn decoded(bytes: &[u8]) -> (String, bool) {
    let wide = |bytes: &[u8], of: fn([u8; 2]) -> u16| {
        let units: Vec<u16> = bytes.as_chunks().0.iter().map(|b| of(*b)).collect();
        (String::from_utf16_lossy(&units), false)
    };
    match bytes {
        [0xff, 0xfe, rest @ ..] => wide(rest, u16::from_le_bytes),
        [0xfe, 0xff, rest @ ..] => wide(rest, u16::from_be_bytes),
        _ => {
            let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
            match std::str::from_utf8(bytes) {
                Ok(text) => (text.to_owned(), false),
                Err(_) => (bytes.iter().map(|b| char::from(*b)).collect(), true),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(inside: &str) -> Result<Description, Error> {
        Description::parse(format!("<?xml version=\"1.0\"?>\r\n<p:ISO5436_2 xmlns:p=\"x\">{inside}</p:ISO5436_2>").as_bytes())
    }

    #[test]
    fn texts_are_found_by_their_path() {
        let found = parse("<Record1><Axes><CX><Increment> 1.5e-007 </Increment><Offset/></CX></Axes></Record1><Record2><Date>N/A</Date><Creator>A &amp; B &#181;</Creator></Record2>").unwrap();
        assert_eq!(found.number("Record1/Axes/CX/Increment"), Ok(Some(1.5e-7)));
        assert_eq!(found.number("Record1/Axes/CX/Offset"), Ok(None));
        assert_eq!(found.metadata()["creator"], "A & B µ");
        assert_eq!(found.metadata()["date"], "N/A");
        for text in ["1,5e-6", "1.5 µm", "inf", "nan"] {
            let found = parse(&format!("<Record1><Axes><CX><Increment>{text}</Increment></CX></Axes></Record1>")).unwrap();
            assert!(matches!(found.number("Record1/Axes/CX/Increment"), Err(Error::Field { .. })), "{text}");
        }
    }

    #[test]
    fn encodings_and_roots() {
        for root in ["ISO5436_2", "p:ISO5436_2", "ISO5436", "anything:ISO5436"] {
            assert!(Description::parse(format!("\u{feff}<{root}/>").as_bytes()).is_ok(), "{root}");
        }
        let utf16: Vec<u8> = "\u{feff}<ISO5436><Record2><Creator>µ</Creator></Record2></ISO5436>"
            .encode_utf16()
            .flat_map(u16::to_le_bytes)
            .collect();
        assert_eq!(Description::parse(&utf16).unwrap().get("Record2/Creator"), Some("µ"));
        let latin = Description::parse(b"<ISO5436><Record2><Creator>\xb5</Creator></Record2></ISO5436>").unwrap();
        assert!(latin.latin && latin.get("Record2/Creator") == Some("µ"));
        let error = Description::parse(b"<html/>").unwrap_err().to_string();
        assert!(error.contains("\"html\"") && error.contains("another format"), "{error}");
    }

    #[test]
    fn hostile_xml_is_refused_by_name() {
        let doctype = "<!DOCTYPE a [<!ENTITY b \"cc\">]><ISO5436>&b;</ISO5436>";
        assert_eq!(Description::parse(doctype.as_bytes()), Err(Error::Doctype));
        assert_eq!(parse("<Record2><Comment>&lol;</Comment></Record2>"), Err(Error::Entity { name: "lol".into() }));
        assert!(matches!(parse(&"<a>".repeat(100_000)), Err(Error::Deep { allowed: 16, .. })));
        assert!(matches!(parse(&"<a/>".repeat(30_000)), Err(Error::ManyElements { .. })));
        assert!(matches!(
            parse(&format!("<Record2><Comment>{}</Comment></Record2>", "x".repeat(70_000))),
            Err(Error::LongText { .. })
        ));
        assert!(matches!(parse("<Record3><a>1</a><a>2</a></Record3>"), Err(Error::Twice { .. })));
        assert!(matches!(parse("<Record3>"), Err(Error::Xml { .. })));
        assert!(matches!(Description::parse(b""), Err(Error::Xml { .. })));
        assert!(matches!(Description::parse(b"<ISO5436/><ISO5436/>"), Err(Error::Xml { .. })));
    }
}
