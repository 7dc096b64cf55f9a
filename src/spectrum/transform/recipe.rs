//! Recipes as people write them, checked against the [catalogue](super::catalogue).

use super::catalogue::{Kind, Param, STEPS, Spec};
use super::error::Error;
use std::fmt;

/// What a parameter was set to.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    Count(usize),
    Number(f64),
    Word(&'static str),
    Places(Vec<Place>),
}

/// Some features: by where they were measured, or by name.
#[derive(Clone, Debug, PartialEq)]
pub enum Place {
    /// From, to; in the axis' unit.
    Range(f64, f64),
    Name(String),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Range(from, to) => write!(f, "{from}..{to}"),
            // In quotes it may hold any sign but a quote.
            Self::Name(name) => write!(f, "\"{name}\""),
        }
    }
}

impl Place {
    /// `650..1800`, or a name; in quotes always a name.
    fn parse(text: &str) -> Option<Self> {
        if let Some(name) = text.strip_prefix('"') {
            return name.strip_suffix('"').filter(|n| !n.is_empty() && !n.contains('"')).map(|n| Self::Name(n.to_owned()));
        }
        let number = |text: &str| text.trim().parse::<f64>().ok();
        if let Some((from, to)) = text.split_once("..")
            && let (Some(from), Some(to)) = (number(from), number(to))
        {
            return (from.is_finite() && to.is_finite() && from != to).then_some(Self::Range(from.min(to), from.max(to)));
        }
        // A number alone is half a range.
        (!text.is_empty() && !text.contains('"') && number(text).is_none()).then(|| Self::Name(text.to_owned()))
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Count(n) => write!(f, "{n}"),
            // The shortest text that gives the number back.
            Self::Number(x) if *x != 0.0 && (x.abs() >= 1e5 || x.abs() < 1e-3) => write!(f, "{x:e}"),
            Self::Number(x) => write!(f, "{x}"),
            Self::Word(w) => f.write_str(w),
            Self::Places(all) => {
                for (i, place) in all.iter().enumerate() {
                    write!(f, "{}{place}", if i > 0 { ", " } else { "" })?;
                }
                Ok(())
            }
        }
    }
}

/// A step with all its parameters, in the order of its [`Spec`].
#[derive(Clone, Debug)]
pub struct Step {
    pub spec: &'static Spec,
    pub values: Vec<Value>,
}

impl PartialEq for Step {
    fn eq(&self, other: &Self) -> bool {
        self.spec.name == other.spec.name && self.values == other.values
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.spec.name)?;
        if self.values.is_empty() {
            return Ok(());
        }
        f.write_str("(")?;
        for (i, (param, value)) in self.spec.params.iter().zip(&self.values).enumerate() {
            let comma = if i > 0 { ", " } else { "" };
            match value {
                Value::Places(_) => write!(f, "{comma}{value}")?,
                _ => write!(f, "{comma}{}={value}", param.name)?,
            }
        }
        f.write_str(")")
    }
}

impl Step {
    pub(super) fn count(&self, name: &str) -> usize {
        match self.value(name) {
            Some(Value::Count(n)) => *n,
            _ => 0,
        }
    }

    pub(super) fn number(&self, name: &str) -> f64 {
        match self.value(name) {
            Some(Value::Number(x)) => *x,
            Some(Value::Count(n)) => *n as f64,
            _ => f64::NAN,
        }
    }

    pub(super) fn word(&self, name: &str) -> &'static str {
        match self.value(name) {
            Some(Value::Word(w)) => w,
            _ => "",
        }
    }

    pub(super) fn places(&self, name: &str) -> &[Place] {
        match self.value(name) {
            Some(Value::Places(all)) => all,
            _ => &[],
        }
    }

    fn value(&self, name: &str) -> Option<&Value> {
        self.spec.params.iter().position(|p| p.name == name).and_then(|i| self.values.get(i))
    }

    /// Checks `given` (names may be missing where a parameter stands by its place) against the step's parameters.
    fn new(name: &str, given: &[(Option<String>, String)]) -> Result<Self, Error> {
        let spec = STEPS.iter().find(|s| s.name == name).ok_or_else(|| unknown(name))?;
        let mut texts: Vec<Option<Vec<&str>>> = vec![None; spec.params.len()];
        let mut place = 0;
        for (key, text) in given {
            let at = if let Some(key) = key {
                spec.params.iter().position(|p| p.name == key).ok_or_else(|| {
                    let names: Vec<_> = spec.params.iter().map(|p| p.name).collect();
                    let has = if names.is_empty() { "it has none".to_owned() } else { format!("it has {}", names.join(", ")) };
                    Error::Recipe(format!("{name} has no parameter {key:?}; {has}"))
                })?
            } else {
                if spec.params.get(place).is_none() {
                    return Err(Error::Recipe(format!("{name}: {text:?} is one parameter too many")));
                }
                place
            };
            let param = &spec.params[at];
            match (&mut texts[at], &param.kind) {
                (slot @ None, _) => *slot = Some(vec![text]),
                (Some(all), Kind::Places) => all.push(text),
                (Some(_), _) => return Err(Error::Recipe(format!("{name}: {} is given twice", param.name))),
            }
            // Places take all that follow.
            if key.is_none() && !matches!(param.kind, Kind::Places) {
                place += 1;
            }
        }
        let values =
            spec.params.iter().zip(texts).map(|(param, texts)| param.read(name, texts.as_deref())).collect::<Result<_, _>>()?;
        let step = Self { spec, values };
        (spec.check)(&step).map_err(|why| Error::Recipe(format!("{name}: {why}")))?;
        Ok(step)
    }
}

impl Param {
    fn read(&self, step: &str, texts: Option<&[&str]>) -> Result<Value, Error> {
        let Some(texts) = texts else {
            let text = self.default.ok_or_else(|| {
                Error::Recipe(format!(
                    "{step} needs {}: {}; there is no default. Give {step}({}=…)",
                    self.name, self.help, self.name
                ))
            })?;
            return self.read(step, Some(&[text]));
        };
        let first = texts.first().copied().unwrap_or("");
        let wrong = |allowed: String| Error::Recipe(format!("{step}: {} is {first:?}; allowed {allowed}", self.name));
        match &self.kind {
            Kind::Count(range) => match first.parse() {
                Ok(n) if range.contains(&n) => Ok(Value::Count(n)),
                _ => Err(wrong(format!("are whole numbers from {} to {}", range.start(), range.end()))),
            },
            Kind::Number(low, high) => match first.parse::<f64>() {
                Ok(x) if x.is_finite() && x > *low && x < *high => Ok(Value::Number(x)),
                _ if high.is_infinite() && low.is_infinite() => Err(wrong("are numbers".into())),
                _ if high.is_infinite() => Err(wrong(format!("are numbers above {low}"))),
                _ => Err(wrong(format!("are numbers above {low} and below {high}"))),
            },
            Kind::Word(words) => match words.iter().find(|w| **w == first) {
                Some(word) => Ok(Value::Word(word)),
                None => Err(wrong(format!("are {}", words.join(", ")))),
            },
            Kind::Places => {
                let all: Option<Vec<_>> = texts.iter().map(|t| Place::parse(t)).collect();
                all.filter(|all| !all.is_empty()).map(Value::Places).ok_or_else(|| {
                    Error::Recipe(format!(
                        "{step}: {}; allowed are ranges of the axis such as 650..1800, and names of features such as cocaine or \"N,N-dimethyltryptamine\"",
                        texts.join(", ")
                    ))
                })
            }
        }
    }
}

fn unknown(name: &str) -> Error {
    let near = STEPS.iter().map(|s| (distance(&name.to_lowercase(), s.name), s.name)).min();
    let hint = near.filter(|(d, _)| *d <= 2).map_or(String::new(), |(_, n)| format!("; {n} is there"));
    Error::Recipe(format!("there is no step {name:?}{hint}. striae prepare --list says which there are"))
}

/// Letters to change, add or leave out (V. I. Levenshtein, 1966).
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut next = vec![i + 1];
        for (j, y) in b.iter().enumerate() {
            next.push((last[j] + usize::from(x != *y)).min(last[j + 1] + 1).min(next[j] + 1));
        }
        last = next;
    }
    last[b.len()]
}

/// Steps in order.
#[derive(Clone, Debug, PartialEq)]
pub struct Recipe {
    pub steps: Vec<Step>,
}

impl fmt::Display for Recipe {
    /// One line that [`Recipe::parse`] reads back, every parameter written out.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, step) in self.steps.iter().enumerate() {
            write!(f, "{}{step}", if i > 0 { " | " } else { "" })?;
        }
        Ok(())
    }
}

/// What a recipe in TOML looks like.
#[derive(serde::Deserialize)]
struct Document {
    step: Vec<toml::Table>,
}

impl Recipe {
    /// From one line, or from TOML with a `[[step]]` for each.
    ///
    /// # Errors
    /// [`Error::Recipe`], which names the step, what was given and what is allowed.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let recipe = if text.lines().any(|line| line.trim_start().starts_with("[[step]]")) {
            Self::from_toml(text)?
        } else {
            Self { steps: split(text, '|').into_iter().map(step).collect::<Result<_, _>>()? }
        };
        if recipe.steps.is_empty() {
            return Err(Error::Recipe("it has no step".into()));
        }
        Ok(recipe)
    }

    fn from_toml(text: &str) -> Result<Self, Error> {
        let document: Document = toml::from_str(text).map_err(|e| Error::Recipe(e.to_string().trim().to_owned()))?;
        let steps = document.step.into_iter().map(|table| {
            let Some(toml::Value::String(name)) = table.get("name") else {
                return Err(Error::Recipe("a [[step]] has no name = \"…\"".into()));
            };
            let mut given = Vec::new();
            for (key, value) in table.iter().filter(|(key, _)| *key != "name") {
                let one = |value: &toml::Value| match value {
                    toml::Value::String(text) => Ok(text.clone()),
                    toml::Value::Integer(n) => Ok(n.to_string()),
                    toml::Value::Float(x) => Ok(x.to_string()),
                    toml::Value::Boolean(b) => Ok(if *b { "yes" } else { "no" }.to_owned()),
                    other => Err(Error::Recipe(format!("{name}: {key} is a {}; give a number or a text", other.type_str()))),
                };
                match value {
                    toml::Value::Array(all) => {
                        for value in all {
                            given.push((Some(key.clone()), one(value)?));
                        }
                    }
                    value => given.push((Some(key.clone()), one(value)?)),
                }
            }
            Step::new(name, &given)
        });
        Ok(Self { steps: steps.collect::<Result<_, _>>()? })
    }

    /// Whether it learns anything from training rows.
    #[must_use]
    pub fn needs_fit(&self) -> bool {
        self.steps.iter().any(|s| s.spec.fitted)
    }
}

/// The parts of a text between `separator`s, but for those in quotes.
fn split(text: &str, separator: char) -> Vec<&str> {
    let (mut parts, mut start, mut quoted) = (Vec::new(), 0, false);
    for (at, sign) in text.char_indices() {
        if sign == '"' {
            quoted = !quoted;
        } else if sign == separator && !quoted {
            parts.push(&text[start..at]);
            start = at + sign.len_utf8();
        }
    }
    parts.push(&text[start..]);
    parts
}

/// `name` or `name(value, key=value, …)`.
fn step(text: &str) -> Result<Step, Error> {
    let text = text.trim();
    let (name, inner) = match text.split_once('(') {
        None => (text, ""),
        Some((name, rest)) => match rest.strip_suffix(')') {
            Some(inner) => (name.trim(), inner),
            None => return Err(Error::Recipe(format!("{text:?}: a closing bracket is missing"))),
        },
    };
    if name.is_empty() {
        return Err(Error::Recipe(
            "a step is empty; steps are separated by |, as in snv | savgol(window=15, poly=2, deriv=1)".into(),
        ));
    }
    let given: Vec<(Option<String>, String)> = split(inner, ',')
        .into_iter()
        .map(str::trim)
        .filter(|part| !part.is_empty())
        .map(|part| match part.split_once('=') {
            Some((key, value)) if !key.contains('"') => (Some(key.trim().to_owned()), value.trim().to_owned()),
            _ => (None, part.to_owned()),
        })
        .collect();
    Step::new(name, &given)
}

#[cfg(test)]
mod tests {
    use super::Recipe;

    #[test]
    fn what_is_written_out_is_read_back() {
        for (short, long) in [
            ("snv", "snv(ddof=1)"),
            ("snv(0)|centre", "snv(ddof=0) | centre"),
            ("savgol(15, 2, deriv=1)", "savgol(window=15, poly=2, deriv=1, edge=interp)"),
            ("keep(650..1800, 3100..2800)", "keep(650..1800, 2800..3100)"),
            ("asls(lam=1e6, p=0.01)", "asls(lam=1e6, p=0.01, tol=0.001, rounds=50)"),
            ("  sum | root(4) ", "sum | root(n=4)"),
            ("log(10)", "log(base=10, offset=0)"),
            ("internal(tetracosane)", "internal(\"tetracosane\")"),
            ("drop(\"N,N-dimethyl|amine (2..3)=x\", 1..2)", "drop(\"N,N-dimethyl|amine (2..3)=x\", 1..2)"),
        ] {
            let recipe = Recipe::parse(short).expect("right");
            assert_eq!(recipe.to_string(), long);
            assert_eq!(Recipe::parse(long).expect("right"), recipe);
        }
    }

    #[test]
    fn toml_says_the_same() {
        let text = "# for near infrared\n[[step]]\nname = \"savgol\"\nwindow = 15\npoly = 2\nderiv = 1\n\n[[step]]\nname = \"keep\"\nplaces = [\"650..1800\", \"2800..3100\"]\n";
        let recipe = Recipe::parse(text).expect("right");
        assert_eq!(recipe, Recipe::parse("savgol(window=15, poly=2, deriv=1) | keep(650..1800, 2800..3100)").expect("right"));
    }

    #[test]
    fn what_is_wrong_is_named_with_what_is_allowed() {
        for (text, words) in [
            ("", "empty"),
            ("snv |", "empty"),
            ("sv", "snv is there"),
            ("savgol(window=15", "closing bracket"),
            ("savgol(window=15)", "needs poly"),
            ("savgol(window=14, poly=2)", "odd"),
            ("savgol(window=5, poly=5)", "below"),
            ("savgol(window=5, poly=2, deriv=3)", "at most"),
            ("savgol(window=15, poly=2, width=3)", "it has window, poly, deriv, edge"),
            ("savgol(window=15, window=17, poly=2)", "twice"),
            ("asls(p=0.01)", "lam"),
            ("arpls", "there is no default"),
            ("asls(lam=-1, p=0.1)", "above 0"),
            ("asls(lam=1e5, p=1.5)", "below 1"),
            ("keep(100)", "ranges of the axis"),
            ("keep", "needs places"),
            ("internal(\"a)", "names of features"),
            ("internal(a\"b\")", "names of features"),
            ("snv(1, 2)", "too many"),
            ("savgol(15, 2, edge=round)", "interp, mirror"),
            ("[[step]]\nwindow = 3", "no name"),
            ("[[step]]\nname = 3x", "recipe"),
        ] {
            let error = Recipe::parse(text).expect_err(text).to_string();
            assert!(error.contains(words), "{text:?}: {error}");
        }
    }
}
