//! A model as named arrays and texts, to be stored and read again.

use super::error::Error;
use faer::{Mat, MatRef};
use std::collections::BTreeMap;

/// Numbers with a shape, row-major.
#[derive(Clone, Debug, PartialEq)]
pub struct Array {
    pub shape: Vec<usize>,
    pub values: Vec<f64>,
}

/// All of a model.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Parts {
    pub arrays: BTreeMap<String, Array>,
    pub texts: BTreeMap<String, String>,
}

impl Parts {
    /// Of a model of this kind, such as `pca`.
    #[must_use]
    pub fn of(kind: &str) -> Self {
        let mut parts = Self::default();
        parts.put_text("kind", kind);
        parts
    }

    pub fn put_text(&mut self, name: &str, text: &str) {
        self.texts.insert(name.to_owned(), text.to_owned());
    }

    /// Texts in order.
    pub fn put_list(&mut self, name: &str, list: &[String]) {
        let text = serde_json::Value::from(list.to_vec()).to_string();
        self.texts.insert(name.to_owned(), text);
    }

    pub fn put_numbers(&mut self, name: &str, numbers: &[f64]) {
        self.arrays.insert(name.to_owned(), Array { shape: vec![numbers.len()], values: numbers.to_vec() });
    }

    pub fn put_count(&mut self, name: &str, count: usize) {
        self.put_numbers(name, &[count as f64]);
    }

    pub fn put_matrix(&mut self, name: &str, matrix: MatRef<'_, f64>) {
        let values = (0..matrix.nrows()).flat_map(|i| (0..matrix.ncols()).map(move |j| matrix[(i, j)])).collect();
        self.arrays.insert(name.to_owned(), Array { shape: vec![matrix.nrows(), matrix.ncols()], values });
    }

    /// Takes in the parts of another model under a name: `name.part`.
    pub fn put_parts(&mut self, name: &str, parts: &Self) {
        for (inner, array) in &parts.arrays {
            self.arrays.insert(format!("{name}.{inner}"), array.clone());
        }
        for (inner, text) in &parts.texts {
            self.texts.insert(format!("{name}.{inner}"), text.clone());
        }
    }

    /// The parts that were taken in under a name.
    #[must_use]
    pub fn parts(&self, name: &str) -> Self {
        let inner = |key: &str| key.strip_prefix(name).and_then(|k| k.strip_prefix('.')).map(str::to_owned);
        Self {
            arrays: self.arrays.iter().filter_map(|(k, a)| Some((inner(k)?, a.clone()))).collect(),
            texts: self.texts.iter().filter_map(|(k, t)| Some((inner(k)?, t.clone()))).collect(),
        }
    }

    /// # Errors
    /// When there is none of that name.
    pub fn text(&self, name: &str) -> Result<&str, Error> {
        self.texts.get(name).map(String::as_str).ok_or_else(|| Error::Stored(format!("it has no text {name:?}")))
    }

    /// # Errors
    /// When there is none of that name.
    pub fn list(&self, name: &str) -> Result<Vec<String>, Error> {
        serde_json::from_str(self.text(name)?).map_err(|e| Error::Stored(format!("{name} is no list of texts: {e}")))
    }

    /// A vector; of any length where `length` is `None`.
    ///
    /// # Errors
    /// When there is none, or of another shape, or it holds what is no finite number.
    pub fn numbers(&self, name: &str, length: Option<usize>) -> Result<Vec<f64>, Error> {
        let array = self.array(name, 1)?;
        match length {
            Some(length) if array.values.len() != length => {
                Err(Error::Stored(format!("{name} has {} numbers and not {length}", array.values.len())))
            }
            _ => Ok(array.values.clone()),
        }
    }

    /// # Errors
    /// As [`Self::numbers`], and when it is no whole number.
    pub fn count(&self, name: &str) -> Result<usize, Error> {
        match self.numbers(name, Some(1))?[..] {
            [n] if (0.0..=9e15).contains(&n) && n.fract() == 0.0 => Ok(n as usize),
            _ => Err(Error::Stored(format!("{name} is no count"))),
        }
    }

    /// A matrix with so many rows (any where `None`).
    ///
    /// # Errors
    /// As [`Self::numbers`].
    pub fn matrix(&self, name: &str, rows: Option<usize>) -> Result<Mat<f64>, Error> {
        let array = self.array(name, 2)?;
        let (n, d) = (array.shape[0], array.shape[1]);
        if rows.is_some_and(|rows| rows != n) {
            return Err(Error::Stored(format!("{name} has {n} rows and not {}", rows.unwrap_or(0))));
        }
        Ok(Mat::from_fn(n, d, |i, j| array.values[i * d + j]))
    }

    fn array(&self, name: &str, dimensions: usize) -> Result<&Array, Error> {
        let array = self.arrays.get(name).ok_or_else(|| Error::Stored(format!("it has no numbers {name:?}")))?;
        let whole = array.shape.iter().try_fold(1_usize, |all, &n| all.checked_mul(n)) == Some(array.values.len());
        if array.shape.len() != dimensions || !whole {
            return Err(Error::Stored(format!("{name} has the shape {:?}; {dimensions} dimensions are needed", array.shape)));
        }
        if array.values.iter().any(|v| !v.is_finite()) {
            return Err(Error::Stored(format!("{name} holds what is no finite number")));
        }
        Ok(array)
    }

    /// BLAKE3 over all names, shapes, numbers and texts: of the model, not of the file that holds it.
    #[must_use]
    pub fn digest(&self) -> String {
        let mut hasher = blake3::Hasher::new();
        hasher.update(b"striae model 1\0");
        for (name, array) in &self.arrays {
            hasher.update(name.as_bytes()).update(b"\0").update(&(array.shape.len() as u64).to_le_bytes());
            array.shape.iter().for_each(|&n| {
                hasher.update(&(n as u64).to_le_bytes());
            });
            array.values.iter().for_each(|x| {
                hasher.update(&x.to_bits().to_le_bytes());
            });
        }
        for (name, text) in &self.texts {
            hasher.update(name.as_bytes()).update(b"\0").update(&(text.len() as u64).to_le_bytes()).update(text.as_bytes());
        }
        hasher.finalize().to_hex().to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::Parts;
    use faer::mat;

    #[test]
    fn what_is_put_in_comes_out_and_nothing_else() {
        let mut parts = Parts::of("pca");
        parts.put_numbers("mean", &[1.0, 2.0]);
        parts.put_matrix("loadings", mat![[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]].as_ref());
        parts.put_list("classes", &["a, \"b\"".into(), "c".into()]);
        parts.put_count("rows", 7);
        assert_eq!(parts.numbers("mean", Some(2)).expect("there"), [1.0, 2.0]);
        assert_eq!(parts.matrix("loadings", Some(2)).expect("there")[(1, 0)], 4.0);
        assert_eq!(parts.list("classes").expect("there"), ["a, \"b\"", "c"]);
        assert_eq!(parts.count("rows"), Ok(7));
        for wrong in [parts.numbers("mean", Some(3)).err(), parts.numbers("loadings", None).err(), parts.count("mean").err()] {
            assert!(wrong.is_some());
        }
        let mut outer = Parts::of("simca");
        outer.put_parts("class 0", &parts);
        assert_eq!(outer.parts("class 0"), parts);
        assert_ne!(outer.digest(), parts.digest());
        let mut other = parts.clone();
        other.put_numbers("mean", &[1.0, 2.0000000000000004]);
        assert_ne!(other.digest(), parts.digest());
        other.put_numbers("mean", &[f64::NAN, 0.0]);
        assert!(other.numbers("mean", None).is_err());
    }
}
