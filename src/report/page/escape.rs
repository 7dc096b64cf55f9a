//! Text into HTML.
//!
//! The five characters that HTML gives a meaning become references. Control characters, and those that are not seen but turn the
//! direction of writing or have no width (UAX #9 and #31 name them as ways to deceive), are shown by their code, `⟨U+202E⟩`, so that two ids that differ
//! look different. Line breaks and tabs stay in running text only. The script's `seen` does the same.

use std::fmt::Write as _;

/// Whether a character is shown by its code.
fn hidden(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{00AD}' | '\u{061C}' | '\u{180E}' | '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{FEFF}')
}

/// Text for an element or a quoted attribute.
pub(super) fn escape(text: &str) -> String {
    escaped(text, false)
}

/// As [`escape`], with line breaks and tabs.
pub(super) fn escape_lines(text: &str) -> String {
    escaped(text, true)
}

fn escaped(text: &str, lines: bool) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            '\n' | '\t' if lines => out.push(c),
            c if hidden(c) => {
                // Writing to a String does not fail.
                let _ = write!(out, "⟨U+{:04X}⟩", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_keeps_a_meaning() {
        assert_eq!(escape("</script><b a='1' c=\"2\">&amp;"), "&lt;/script&gt;&lt;b a=&#39;1&#39; c=&quot;2&quot;&gt;&amp;amp;");
        assert_eq!(escape("A\u{202E}71\u{0}\n"), "A⟨U+202E⟩71⟨U+0000⟩⟨U+000A⟩");
        assert_eq!(escape_lines("a\n\tb\r"), "a\n\tb⟨U+000D⟩");
        assert_eq!(escape("شحنة 船 é 🧱"), "شحنة 船 é 🧱");
    }
}
