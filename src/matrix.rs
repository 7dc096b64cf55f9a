//! Row-major matrices of descriptors, in the precision they were stored in.
//!
//! A **descriptor** is one row of `d` numbers; `n` of them make a matrix of shape `(n, d)`. Values are kept as `f32`
//! where every stored value is an `f32` exactly (f16, f32, 8- and 16-bit integers) and as `f64` otherwise, so that the
//! f64 definition of a score sees the stored number itself and never a rounded copy.

/// The numbers of a matrix, row after row.
#[derive(Clone, Debug, PartialEq)]
pub enum Values {
    F32(Vec<f32>),
    F64(Vec<f64>),
}

/// How a matrix keeps its numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Element {
    F32,
    F64,
}

impl Element {
    /// Bytes of one number.
    #[must_use]
    pub const fn bytes(self) -> usize {
        match self {
            Self::F32 => 4,
            Self::F64 => 8,
        }
    }

    /// The element that holds the numbers of both exactly.
    #[must_use]
    pub const fn join(self, other: Self) -> Self {
        match (self, other) {
            (Self::F32, Self::F32) => Self::F32,
            _ => Self::F64,
        }
    }
}

impl Values {
    #[must_use]
    pub fn empty(element: Element) -> Self {
        match element {
            Element::F32 => Self::F32(Vec::new()),
            Element::F64 => Self::F64(Vec::new()),
        }
    }

    #[must_use]
    pub fn len(&self) -> usize {
        match self {
            Self::F32(v) => v.len(),
            Self::F64(v) => v.len(),
        }
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Number `k`, exactly.
    #[must_use]
    pub fn at(&self, k: usize) -> f64 {
        match self {
            Self::F32(v) => f64::from(v[k]),
            Self::F64(v) => v[k],
        }
    }

    /// Some of the numbers, exactly.
    #[must_use]
    pub fn span(&self, span: std::ops::Range<usize>) -> Vec<f64> {
        match self {
            Self::F32(v) => v[span].iter().map(|&x| f64::from(x)).collect(),
            Self::F64(v) => v[span].to_vec(),
        }
    }

    #[must_use]
    pub const fn element(&self) -> Element {
        match self {
            Self::F32(_) => Element::F32,
            Self::F64(_) => Element::F64,
        }
    }

    /// The same numbers in `element`; from `f64` to `f32` only where no value changes, else as they are.
    #[must_use]
    pub fn widen(self, element: Element) -> Self {
        match (self, element) {
            (Self::F32(v), Element::F64) => Self::F64(v.into_iter().map(f64::from).collect()),
            (v, _) => v,
        }
    }

    /// Rows of `width` numbers as rows of `padded`, NaN after their own.
    #[must_use]
    pub fn padded(&self, width: usize, padded: usize) -> Self {
        fn pad<T: Copy>(v: &[T], width: usize, padded: usize, nan: T) -> Vec<T> {
            let mut out = Vec::with_capacity(v.len() / width.max(1) * padded);
            for row in v.chunks(width.max(1)) {
                out.extend_from_slice(row);
                out.resize(out.len() + padded.saturating_sub(width), nan);
            }
            out
        }
        match self {
            Self::F32(v) => Self::F32(pad(v, width, padded, f32::NAN)),
            Self::F64(v) => Self::F64(pad(v, width, padded, f64::NAN)),
        }
    }

    /// Appends `more`. Both must be of one element.
    ///
    /// # Errors
    /// Gives `more` back when its element differs.
    pub fn append(&mut self, more: Self) -> Result<(), Self> {
        match (self, more) {
            (Self::F32(a), Self::F32(b)) => a.extend_from_slice(&b),
            (Self::F64(a), Self::F64(b)) => a.extend_from_slice(&b),
            (_, more) => return Err(more),
        }
        Ok(())
    }

    /// Appends a copy of `more`; false, and nothing is done, where elements differ.
    #[must_use]
    pub fn extend(&mut self, more: &Self) -> bool {
        match (self, more) {
            (Self::F32(a), Self::F32(b)) => a.extend_from_slice(b),
            (Self::F64(a), Self::F64(b)) => a.extend_from_slice(b),
            _ => return false,
        }
        true
    }

    pub fn reserve_exact(&mut self, more: usize) {
        match self {
            Self::F32(v) => {
                v.reserve_exact(more);
                in_large_pages(v.spare_capacity_mut());
            }
            Self::F64(v) => {
                v.reserve_exact(more);
                in_large_pages(v.spare_capacity_mut());
            }
        }
    }

    pub fn clear(&mut self) {
        match self {
            Self::F32(v) => v.clear(),
            Self::F64(v) => v.clear(),
        }
    }
}

/// Bytes below which large pages gain nothing.
const LARGE: usize = 16 << 20;

/// Asks the system to keep memory that was not used yet in large pages, where it has them: rows that are visited here and there
/// are then found faster, and there are fewer faults. What the system makes of it changes no number.
fn in_large_pages<T>(room: &mut [T]) {
    let bytes = size_of_val(room);
    if bytes < LARGE {
        return;
    }
    #[cfg(target_os = "linux")]
    {
        use rustix::mm::{Advice, madvise};
        let page = 2 << 20;
        let start = room.as_mut_ptr().cast::<u8>();
        let skip = start.align_offset(page);
        let length = bytes.saturating_sub(skip) / page * page;
        if length > 0 {
            // SAFETY: the range lies within `room`, which is borrowed mutably; advice on page size changes no contents.
            let _ = unsafe { madvise(start.add(skip).cast(), length, Advice::LinuxHugepage) };
        }
    }
}

/// `length` zeros (default values), in large pages where they are many.
#[must_use]
pub fn zeros<T: Copy + Default + bytemuck::Zeroable>(length: usize) -> Vec<T> {
    let mut all: Vec<T> = bytemuck::allocation::zeroed_vec(length);
    in_large_pages(&mut all);
    all
}

/// One descriptor as stored.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Row<'a> {
    F32(&'a [f32]),
    F64(&'a [f64]),
}

impl Row<'_> {
    #[must_use]
    pub const fn len(&self) -> usize {
        match self {
            Self::F32(v) => v.len(),
            Self::F64(v) => v.len(),
        }
    }

    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Number `i` in f64.
    #[must_use]
    pub fn at(&self, i: usize) -> f64 {
        match self {
            Self::F32(v) => f64::from(v[i]),
            Self::F64(v) => v[i],
        }
    }

    /// The numbers in f64, none changed.
    #[must_use]
    pub fn to_f64(&self) -> Vec<f64> {
        match self {
            Self::F32(v) => v.iter().map(|&x| f64::from(x)).collect(),
            Self::F64(v) => v.to_vec(),
        }
    }

    /// A copy of them.
    #[must_use]
    pub fn to_values(&self) -> Values {
        match self {
            Self::F32(v) => Values::F32(v.to_vec()),
            Self::F64(v) => Values::F64(v.to_vec()),
        }
    }

    /// Writes the numbers in f64 into `out`, which has the row's length.
    pub fn copy_to(&self, out: &mut [f64]) {
        match self {
            Self::F32(v) => out.iter_mut().zip(*v).for_each(|(o, &x)| *o = f64::from(x)),
            Self::F64(v) => out.copy_from_slice(v),
        }
    }
}

/// A row-major `(rows, width)` matrix.
#[derive(Clone, Debug, PartialEq)]
pub struct Matrix {
    width: usize,
    values: Values,
}

impl Matrix {
    /// A matrix over `values`, whose length must be a multiple of `width`.
    ///
    /// # Errors
    /// Gives the values back when they do not fill whole rows.
    pub fn new(values: Values, width: usize) -> Result<Self, Values> {
        if width == 0 || !values.len().is_multiple_of(width) {
            return Err(values);
        }
        Ok(Self { width, values })
    }

    #[must_use]
    pub fn rows(&self) -> usize {
        self.values.len() / self.width
    }

    /// Numbers in a row: d.
    #[must_use]
    pub const fn width(&self) -> usize {
        self.width
    }

    #[must_use]
    pub const fn values(&self) -> &Values {
        &self.values
    }

    #[must_use]
    pub const fn element(&self) -> Element {
        self.values.element()
    }

    /// Row `i`.
    ///
    /// # Panics
    /// If `i` is not a row, as indexing a slice does.
    #[must_use]
    pub fn row(&self, i: usize) -> Row<'_> {
        let span = i * self.width..(i + 1) * self.width;
        match &self.values {
            Values::F32(v) => Row::F32(&v[span]),
            Values::F64(v) => Row::F64(&v[span]),
        }
    }

    /// The matrix itself, leaving one without rows.
    #[must_use]
    pub fn take(&mut self) -> Self {
        let empty = Values::empty(self.element());
        Self { width: self.width, values: std::mem::replace(&mut self.values, empty) }
    }

    /// The values, to be filled again.
    #[must_use]
    pub fn into_values(self) -> Values {
        self.values
    }
}
