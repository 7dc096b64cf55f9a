//! Amounts of memory as people type them: `512MiB`, `2GiB`, `1.5g`.

/// Bytes of `text`.
///
/// # Errors
/// In words, when it is not an amount.
pub fn parse(text: &str) -> Result<u64, String> {
    let number = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit = match text[number.len()..].to_ascii_lowercase().as_str() {
        "" | "b" => 1.0,
        "k" | "kib" => 1024.0,
        "m" | "mib" => 1024.0 * 1024.0,
        "g" | "gib" => 1024.0 * 1024.0 * 1024.0,
        "t" | "tib" => 1024.0 * 1024.0 * 1024.0 * 1024.0,
        "kb" => 1e3,
        "mb" => 1e6,
        "gb" => 1e9,
        "tb" => 1e12,
        other => return Err(format!("unit {other:?} is not known; allowed are KiB, MiB, GiB, TiB, KB, MB, GB, TB")),
    };
    match number.trim().parse::<f64>() {
        Ok(n) if n > 0.0 && n * unit < 9e18 => Ok((n * unit) as u64),
        _ => Err(format!("{text:?} is not an amount of memory; give for example 512MiB or 2GiB")),
    }
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn amounts() {
        assert_eq!(parse("512MiB"), Ok(512 << 20));
        assert_eq!(parse("2g"), Ok(2 << 30));
        assert_eq!(parse("1.5GiB"), Ok(3 << 29));
        assert_eq!(parse("1GB"), Ok(1_000_000_000));
        assert_eq!(parse("4096"), Ok(4096));
        for bad in ["", "MiB", "-1GiB", "1XiB", "nan", "0"] {
            assert!(parse(bad).is_err(), "{bad}");
        }
    }
}
