//! Exhibits and links as tables: the one input of all exports (CSV, Parquet, GraphML, GEXF).
//!
//! n exhibits and m links. Texts: empty where not known; numbers: NaN where not known or not measured. A list other than `id`, `a`, `b` and
//! `log10_lr` may be empty as a whole: its column is then left out. Exports write what is not known as nothing (an empty cell, null, no
//! attribute), never as 0 or NaN.

/// Why a table cannot be written.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("{what} has {got} entries, but {expected} are needed: one for every {of}")]
    Length { what: String, got: usize, expected: usize, of: &'static str },
    #[error("{what}, row {row}, is {got}; allowed are finite numbers, and NaN for what is not known")]
    Infinite { what: String, row: usize, got: f64 },
    #[error("link {row} is between exhibits {a} and {b}; allowed are two different ones from 0 to {exhibits} (not included)")]
    Ends { row: usize, a: u32, b: u32, exhibits: usize },
    #[error("exhibit {row} has no id; every exhibit needs one")]
    NoId { row: usize },
    #[error("two columns are called {name:?}; give every modality a name of its own that is not empty")]
    Columns { name: String },
    #[error("{what} could not be written: {source}; see that there is room and that the place may be written to")]
    Write { what: &'static str, source: std::io::Error },
}

/// One row an exhibit.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Exhibits {
    pub id: Vec<String>,
    pub case: Vec<String>,
    /// As the archive has it: YYYY-MM-DD, YYYY-MM or YYYY.
    pub date: Vec<String>,
    pub place: Vec<String>,
    /// Degrees north and east.
    pub latitude: Vec<f64>,
    pub longitude: Vec<f64>,
    /// Name of the series; empty for none.
    pub series: Vec<String>,
    pub community: Vec<Option<u32>>,
    /// How it stands in its community.
    pub standing: Vec<String>,
}

/// One row a link.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LinkTable {
    /// Rows of the exhibits' table.
    pub a: Vec<u32>,
    pub b: Vec<u32>,
    /// The fused one.
    pub log10_lr: Vec<f64>,
    /// Whether modalities contradict each other.
    pub contradiction: Vec<bool>,
    /// Whether the stricter cut goes through it.
    pub cut: Vec<bool>,
    pub modalities: Vec<ModalityColumns>,
}

/// What one modality says of each link.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ModalityColumns {
    pub name: String,
    pub log10_lr: Vec<f64>,
    pub score: Vec<f64>,
}

/// What travels with tables: pairs of key and text (version, digest, statements), in their order.
pub type About = [(String, String)];

/// A column's values.
#[derive(Clone, Debug)]
pub enum Values<'a> {
    /// Empty: not known.
    Text(Vec<&'a str>),
    /// NaN: not known.
    Number(&'a [f64]),
    Count(&'a [Option<u32>]),
    Flag(&'a [bool]),
}

/// A named column.
#[derive(Clone, Debug)]
pub struct Column<'a> {
    pub name: String,
    pub values: Values<'a>,
}

impl Values<'_> {
    /// How many rows.
    #[must_use]
    pub fn len(&self) -> usize {
        match self {
            Self::Text(of) => of.len(),
            Self::Number(of) => of.len(),
            Self::Count(of) => of.len(),
            Self::Flag(of) => of.len(),
        }
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The shortest text that reads back as the same value; none where it is not known.
    #[must_use]
    pub fn written(&self, row: usize) -> Option<std::borrow::Cow<'_, str>> {
        match self {
            Self::Text(of) => of.get(row).filter(|t| !t.is_empty()).map(|t| (*t).into()),
            Self::Number(of) => of.get(row).filter(|x| !x.is_nan()).map(|x| x.to_string().into()),
            Self::Count(of) => of.get(row).copied().flatten().map(|x| x.to_string().into()),
            Self::Flag(of) => of.get(row).map(|x| if *x { "true" } else { "false" }.into()),
        }
    }
}

impl Exhibits {
    /// The columns that are not left out; `id` is the first.
    ///
    /// # Errors
    /// Where a list has another length, a number is infinite, or an id is empty.
    pub fn columns(&self) -> Result<Vec<Column<'_>>, Error> {
        if let Some(row) = self.id.iter().position(String::is_empty) {
            return Err(Error::NoId { row });
        }
        let all = [
            ("id", texts(&self.id)),
            ("case", texts(&self.case)),
            ("date", texts(&self.date)),
            ("place", texts(&self.place)),
            ("latitude", Values::Number(&self.latitude)),
            ("longitude", Values::Number(&self.longitude)),
            ("series", texts(&self.series)),
            ("community", Values::Count(&self.community)),
            ("standing", texts(&self.standing)),
        ];
        checked(all.map(|(name, values)| Column { name: name.into(), values }).into(), 1, self.id.len(), "exhibit")
    }
}

impl LinkTable {
    /// The columns that are not left out: `a` and `b` as ids, `log10_lr`, and for each modality NAME_log10_lr and NAME_score.
    ///
    /// # Errors
    /// Where a list has another length, a number is infinite, a link's ends do not exist, or two columns have one name.
    pub fn columns<'a>(&'a self, exhibits: &'a Exhibits) -> Result<Vec<Column<'a>>, Error> {
        let (m, n) = (self.a.len(), exhibits.id.len());
        if self.b.len() != m {
            return Err(Error::Length { what: "b".into(), got: self.b.len(), expected: m, of: "link" });
        }
        if let Some((row, (&a, &b))) =
            self.a.iter().zip(&self.b).enumerate().find(|(_, (a, b))| a == b || **a as usize >= n || **b as usize >= n)
        {
            return Err(Error::Ends { row, a, b, exhibits: n });
        }
        let ids = |of: &[u32]| Values::Text(of.iter().map(|i| exhibits.id[*i as usize].as_str()).collect());
        let named = |name: &str, values| Column { name: name.into(), values };
        let mut all = vec![named("a", ids(&self.a)), named("b", ids(&self.b))];
        all.push(named("log10_lr", Values::Number(&self.log10_lr)));
        all.push(named("contradiction", Values::Flag(&self.contradiction)));
        all.push(named("cut", Values::Flag(&self.cut)));
        for of in &self.modalities {
            if of.name.is_empty() {
                return Err(Error::Columns { name: String::new() });
            }
            all.push(named(&format!("{}_log10_lr", of.name), Values::Number(&of.log10_lr)));
            all.push(named(&format!("{}_score", of.name), Values::Number(&of.score)));
        }
        checked(all, 3, m, "link")
    }
}

fn texts(of: &[String]) -> Values<'_> {
    Values::Text(of.iter().map(String::as_str).collect())
}

/// Drops the empty columns after the first `needed`, and refuses what does not fit.
fn checked<'a>(mut all: Vec<Column<'a>>, needed: usize, rows: usize, of: &'static str) -> Result<Vec<Column<'a>>, Error> {
    let mut at = 0;
    all.retain(|column| {
        at += 1;
        at <= needed || !column.values.is_empty()
    });
    let mut names = std::collections::BTreeSet::new();
    for Column { name, values } in &all {
        if values.len() != rows {
            return Err(Error::Length { what: name.clone(), got: values.len(), expected: rows, of });
        }
        if !names.insert(name.as_str()) {
            return Err(Error::Columns { name: name.clone() });
        }
        if let Values::Number(numbers) = values
            && let Some((row, got)) = numbers.iter().copied().enumerate().find(|(_, x)| x.is_infinite())
        {
            return Err(Error::Infinite { what: name.clone(), row, got });
        }
    }
    Ok(all)
}

/// A handle for tests: hostile ids, unknown values, two modalities.
#[cfg(test)]
pub(super) fn example() -> (Exhibits, LinkTable) {
    let id = ["A<1>&\"'", "=cmd|' /C calc'!A0", "C\u{1}\u{0}\u{fffe}\r\nD", "Ж→é,\"q\""].map(String::from).to_vec();
    let exhibits = Exhibits {
        case: ["c1", "", "]]>", "-7"].map(String::from).to_vec(),
        date: ["2024-01-31", "2024", "", "2024-02"].map(String::from).to_vec(),
        latitude: vec![46.2044, f64::NAN, -0.5, 1e-7],
        longitude: vec![6.1432, f64::NAN, 180.0, 0.1 + 0.2],
        series: ["S00001", "S00001", "S00001", ""].map(String::from).to_vec(),
        community: vec![Some(0), Some(0), None, None],
        id,
        ..Exhibits::default()
    };
    let modality = |name: &str, log10_lr: [f64; 2], score: [f64; 2]| ModalityColumns {
        name: name.into(),
        log10_lr: log10_lr.into(),
        score: score.into(),
    };
    let links = LinkTable {
        a: vec![0, 1],
        b: vec![1, 2],
        log10_lr: vec![4.25, 1.0 / 3.0],
        contradiction: vec![false, true],
        modalities: vec![
            modality("toolmarks", [2.5, f64::NAN], [0.91, f64::NAN]),
            modality("spectra", [1.75, -1.5], [1e-300, 0.1 + 0.2]),
        ],
        ..LinkTable::default()
    };
    (exhibits, links)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_that_are_known() {
        let (exhibits, links) = example();
        let names = |of: Vec<Column<'_>>| of.into_iter().map(|c| c.name).collect::<Vec<_>>().join(" ");
        assert_eq!(names(exhibits.columns().expect("good")), "id case date latitude longitude series community");
        let expected = "a b log10_lr contradiction toolmarks_log10_lr toolmarks_score spectra_log10_lr spectra_score";
        assert_eq!(names(links.columns(&exhibits).expect("good")), expected);
        assert_eq!(names(LinkTable::default().columns(&Exhibits::default()).expect("empty")), "a b log10_lr");
    }

    #[test]
    fn refuses_what_cannot_be() {
        let (exhibits, links) = example();
        let said = |change: &dyn Fn(&mut Exhibits, &mut LinkTable)| {
            let (mut e, mut l) = (exhibits.clone(), links.clone());
            change(&mut e, &mut l);
            let failed = e.columns().err().or_else(|| l.columns(&e).err());
            failed.map_or_else(String::new, |e| e.to_string())
        };
        assert_eq!(said(&|_, _| {}), "");
        assert!(said(&|e, _| e.case.truncate(1)).contains("case has 1 entries, but 4"));
        assert!(said(&|e, _| e.latitude[0] = f64::INFINITY).contains("latitude, row 0, is inf"));
        assert!(said(&|e, _| e.id[2].clear()).contains("exhibit 2 has no id"));
        assert!(said(&|_, l| l.b[1] = 4).contains("between exhibits 1 and 4"));
        assert!(said(&|_, l| l.b[1] = 1).contains("between exhibits 1 and 1"));
        assert!(said(&|_, l| l.b.truncate(1)).contains("b has 1"));
        assert!(said(&|_, l| l.modalities[1].name = "toolmarks".into()).contains("\"toolmarks_log10_lr\""));
        assert!(said(&|_, l| l.modalities[1].name.clear()).contains("name of its own"));
        assert!(said(&|_, l| l.log10_lr.clear()).contains("log10_lr has 0"));
    }
}
