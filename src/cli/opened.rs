//! What `compare` reads: a collection as it is, or as a recipe makes it (`--prepare`).

use super::progress::Progress;
use super::{Refused, collection, prepare};
use crate::archive::Collection;
use crate::compare::{Exclude, ExhibitNames, Preparation, RowSource, SourceError};
use crate::matrix::{Element, Values};
use crate::spectrum::prepared::Prepared;
use crate::spectrum::transform::{Fitted, Recipe};
use std::ops::Range;
use std::sync::Arc;

/// A side of a comparison.
#[derive(Debug)]
pub enum Opened {
    Plain(Box<Collection>),
    Prepared(Box<Prepared<Collection>>),
}

impl From<Collection> for Opened {
    fn from(collection: Collection) -> Self {
        Self::Plain(Box::new(collection))
    }
}

impl Opened {
    pub fn collection(&mut self) -> &mut Collection {
        match self {
            Self::Plain(collection) => collection,
            Self::Prepared(prepared) => &mut prepared.inner,
        }
    }

    pub const fn address(&self) -> &crate::archive::Address {
        match self {
            Self::Plain(collection) => collection.address(),
            Self::Prepared(prepared) => prepared.inner.address(),
        }
    }

    /// The axis of the rows as they are compared, and its unit.
    pub fn axis(&mut self) -> anyhow::Result<Option<(Vec<f64>, Option<String>)>> {
        match self {
            Self::Plain(collection) => Ok(collection.axis()?),
            Self::Prepared(prepared) => {
                let Some((_, unit)) = prepared.inner.axis()? else { return Ok(None) };
                Ok(prepared.fitted().axis_out().map(|axis| (axis.to_vec(), unit)))
            }
        }
    }

    fn source(&self) -> &dyn RowSource {
        match self {
            Self::Plain(collection) => &**collection,
            Self::Prepared(prepared) => &**prepared,
        }
    }

    fn source_mut(&mut self) -> &mut dyn RowSource {
        match self {
            Self::Plain(collection) => &mut **collection,
            Self::Prepared(prepared) => &mut **prepared,
        }
    }
}

impl RowSource for Opened {
    fn name(&self) -> String {
        self.source().name()
    }

    fn rows(&self) -> usize {
        self.source().rows()
    }

    fn width(&self) -> usize {
        self.source().width()
    }

    fn element(&self) -> Element {
        self.source().element()
    }

    fn read(&mut self, rows: Range<usize>) -> Result<Values, SourceError> {
        self.source_mut().read(rows)
    }

    fn read_over(&mut self, rows: Range<usize>, used: Values) -> Result<Values, SourceError> {
        self.source_mut().read_over(rows, used)
    }

    fn exhibits(&mut self, names: &mut ExhibitNames) -> Result<Option<Vec<u32>>, SourceError> {
        self.source_mut().exhibits(names)
    }

    fn label(&mut self, row: usize) -> Option<String> {
        self.source_mut().label(row)
    }
}

/// Both sides of a comparison as a recipe makes them, and what is recorded of it.
///
/// What the recipe learns, it learns of the references (the archive) where there are any, else of the queries; queries are then
/// prepared as these were. `lenient`: rows that cannot be prepared are given to the metric as NaN.
pub fn prepared(
    recipe: &Recipe,
    mut query: Collection,
    mut reference: Option<Collection>,
    lenient: bool,
    progress: &Progress,
) -> anyhow::Result<(Opened, Option<Opened>, Preparation)> {
    let fitted = Arc::new(prepare::fitted(reference.as_mut().unwrap_or(&mut query), recipe, progress)?);
    progress.clear();
    let unit = reference.as_mut().unwrap_or(&mut query).axis()?.and_then(|(_, unit)| unit);
    let through = |mut collection: Collection, fitted: &Arc<Fitted>| -> anyhow::Result<Opened> {
        prepare::same_axis(&mut collection, fitted, unit.as_deref())?;
        prepare::sensible(&collection, fitted.recipe())?;
        Ok(Opened::Prepared(Box::new(Prepared::new(collection, fitted.clone(), lenient)?)))
    };
    let json = fitted.to_json();
    let preparation =
        Preparation { recipe: fitted.recipe().to_string(), fitted_blake3: blake3::hash(json.as_bytes()).to_hex().to_string() };
    let query = through(query, &fitted)?;
    let reference = reference.map(|r| through(r, &fitted)).transpose()?;
    Ok((query, reference, preparation))
}

/// The same as a record says, which must come out the same.
pub fn prepared_again(
    recorded: &Preparation,
    query: Collection,
    reference: Option<Collection>,
    lenient: bool,
    progress: &Progress,
) -> anyhow::Result<(Opened, Option<Opened>)> {
    let recipe = Recipe::parse(&recorded.recipe)
        .map_err(|e| Refused::input(format!("its record tells a recipe that is not understood: {e}")))?;
    let learnt_of = reference.as_ref().unwrap_or(&query).name();
    let (query, reference, found) = prepared(&recipe, query, reference, lenient, progress)?;
    if found.fitted_blake3 != recorded.fitted_blake3 {
        return Err(Refused::input(format!(
            "{learnt_of}: what the recipe {} learns of it has BLAKE3 {}, the record says {}: this is not what was compared, or it was changed since",
            recorded.recipe, found.fitted_blake3, recorded.fitted_blake3
        )));
    }
    Ok((query, reference))
}

/// Makes both sides fit: profiles of collections with different longest ones are padded, and what is left out goes by the column that was asked for.
pub fn fit(query: &mut Collection, reference: Option<&mut Collection>, metric: &str, exclude: Exclude) -> anyhow::Result<()> {
    let mut sides: Vec<&mut Collection> = std::iter::once(query).chain(reference).collect();
    if metric == "ccf" {
        let width = sides.iter().map(|s| s.width()).max().unwrap_or(0);
        for side in &mut sides {
            side.pad_to(width);
        }
    }
    sides.into_iter().try_for_each(|side| leave_out(side, exclude))
}

/// Sees to it that what is left out goes by the column that was asked for.
pub fn leave_out(side: &mut Collection, exclude: Exclude) -> anyhow::Result<()> {
    if exclude == Exclude::Mark {
        side.leave_out_by("mark")?;
    }
    Ok(())
}

/// Opens both sides; none as a reference where it is the same collection named twice: then the item itself is left out.
pub fn open(query: &str, reference: Option<&str>) -> anyhow::Result<(Collection, Option<Collection>)> {
    let query = collection::open(query)?;
    let Some(text) = reference else { return Ok((query, None)) };
    let reference = collection::open(text)?;
    let (a, b) = (query.address(), reference.address());
    let same = a.inner == b.inner && super::compare::same_file(&a.file, &b.file);
    Ok((query, (!same).then_some(reference)))
}
