//! What people type to name a dataset or a collection: `FILE.h5:/path`.

use std::fmt;
use std::path::PathBuf;

/// A file and, where given, a path in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    pub file: PathBuf,
    /// From the root, without a slash at its end: `/spectra`. `None`: whatever the file holds.
    pub inner: Option<String>,
}

impl Address {
    /// Splits at the last `:/`, so that a file's name may hold colons.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        match text.rsplit_once(":/") {
            Some((file, inner)) if !file.is_empty() => {
                let inner = inner.trim_matches('/');
                Self { file: file.into(), inner: Some(format!("/{inner}")) }
            }
            _ => Self { file: text.into(), inner: None },
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.file.display())?;
        self.inner.as_ref().map_or(Ok(()), |inner| write!(f, ":{inner}"))
    }
}

#[cfg(test)]
mod tests {
    use super::Address;

    #[test]
    fn addresses() {
        for (text, file, inner) in [
            ("a.h5", "a.h5", None),
            ("a.h5:/x/y/", "a.h5", Some("/x/y")),
            ("a.h5:/", "a.h5", Some("/")),
            ("dir/10:30.h5:/x", "dir/10:30.h5", Some("/x")),
            ("10:30.h5", "10:30.h5", None),
        ] {
            let address = Address::parse(text);
            assert_eq!((address.file.to_str(), address.inner.as_deref()), (Some(file), inner), "{text}");
        }
    }
}
