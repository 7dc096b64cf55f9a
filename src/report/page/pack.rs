//! Bytes into text that a browser inflates: raw deflate (RFC 1951), then base64 (RFC 4648).
//!
//! `miniz_oxide` itself and not `flate2`, whose compressor, and so the bytes of the page, depends on what other crates ask of it.

use super::Error;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// A browser holds about 512 MiB in one text.
const MOST: usize = 480 << 20;

/// Deflated at level 6, in base64 without line breaks.
pub(super) fn pack(what: &'static str, bytes: &[u8]) -> Result<String, Error> {
    let text = plain(&miniz_oxide::deflate::compress_to_vec(bytes, 6));
    if text.len() > MOST {
        return Err(Error::Large { what, got: text.len(), most: MOST });
    }
    Ok(text)
}

/// Base64 alone.
pub(super) fn plain(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comes_back() {
        let bytes: Vec<u8> = (0..100_000u32).map(|i| (i.wrapping_mul(i) >> 7) as u8).collect();
        let text = pack("test", &bytes).unwrap();
        let back = miniz_oxide::inflate::decompress_to_vec(&STANDARD.decode(&text).unwrap()).unwrap();
        assert_eq!(back, bytes);
        assert!(text.len() < bytes.len() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"+/=".contains(&b)));
    }
}
