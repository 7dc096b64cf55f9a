//! SIMCA: is a row of a class at all? One PCA a class, and limits of the distances to it.
//!
//! Each class is modelled by the rows of its own (S. Wold, doi:10.1016/0031-3203(76)90014-5). With data-driven limits (DD-SIMCA;
//! A. L. Pomerantsev, O. Ye. Rodionova, doi:10.1002/cem.2506) a row is accepted when the full distance
//! f = N_h·T²/h₀ + N_q·Q/q₀ is at most χ²(1−α; N_h + N_q); with classic or χ² limits when both T² and Q are within theirs. A row may
//! be accepted by several classes or by none: that is an answer. Of a class, sensitivity is the share of its rows that it accepts, and
//! specificity the share of others that it does not.

use super::classes::Classes;
use super::columns::{Scaling, rows_of};
use super::error::Error;
use super::limits::{Flag, Limits, Rule};
use super::parts::Parts;
use super::pca::Pca;
use super::solver::Solver;
use faer::MatRef;

/// The model of one class.
#[derive(Clone, Debug, PartialEq)]
pub struct ClassModel {
    pub name: String,
    pub pca: Pca,
    pub limits: Limits,
}

/// One model a class; one class will do.
#[derive(Clone, Debug, PartialEq)]
pub struct Simca {
    pub classes: Vec<ClassModel>,
}

/// A row by one class.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Judged {
    pub t2: f64,
    pub q: f64,
    /// f over its limit; with separate limits the larger of T² and Q over theirs. At most 1: accepted.
    pub ratio: f64,
    pub flag: Flag,
}

impl Judged {
    #[must_use]
    pub fn accepted(&self) -> bool {
        self.ratio <= 1.0
    }
}

/// How classes are modelled.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    pub components: usize,
    pub scaling: Scaling,
    pub rule: Rule,
    pub alpha: f64,
    pub gamma: f64,
    pub solver: Solver,
}

impl Simca {
    /// One model for each of the classes, or only for `targets` where some are named.
    ///
    /// # Errors
    /// When a class has too few rows, or a target is no class.
    pub fn fit(x: MatRef<'_, f64>, classes: &Classes, targets: &[String], options: Options) -> Result<Self, Error> {
        if classes.of.len() != x.nrows() {
            return Err(Error::Labels { labels: classes.of.len(), rows: x.nrows() });
        }
        if let Some(stranger) = targets.iter().find(|t| !classes.names.contains(t)) {
            return Err(Error::Option(format!("there is no class {stranger:?}; there are {}", classes.names.join(", "))));
        }
        if classes.names.is_empty() {
            return Err(Error::OneClass { what: "SIMCA", found: Vec::new() });
        }
        let mut models = Vec::new();
        for (c, name) in classes.names.iter().enumerate().filter(|(_, n)| targets.is_empty() || targets.contains(n)) {
            let members = classes.members(c);
            let needed = options.components.saturating_add(2);
            if members.len() < needed {
                return Err(Error::FewInClass {
                    class: name.clone(),
                    what: "SIMCA with so many components",
                    got: members.len(),
                    needed,
                });
            }
            let own = rows_of(x, &members);
            let pca = Pca::fit(own.as_ref(), options.scaling, options.components, options.solver)?;
            let seen = pca.project(own.as_ref())?;
            let last = options.components - 1;
            let column = |m: &faer::Mat<f64>| (0..m.nrows()).map(|i| m[(i, last)]).collect::<Vec<_>>();
            let (t2, q) = (column(&seen.t2), column(&seen.q));
            let limits = Limits::of(&pca, options.components, &t2, &q, options.rule, options.alpha, options.gamma)?;
            models.push(ClassModel { name: name.clone(), pca, limits });
        }
        Ok(Self { classes: models })
    }

    /// Each row by each class: `judged[row][class]`.
    ///
    /// # Errors
    /// [`Error::Width`], [`Error::NotFinite`].
    pub fn judge(&self, x: MatRef<'_, f64>) -> Result<Vec<Vec<Judged>>, Error> {
        let mut judged = vec![Vec::with_capacity(self.classes.len()); x.nrows()];
        for model in &self.classes {
            let seen = model.pca.project(x)?;
            let last = model.pca.components() - 1;
            let judge = model.limits.judge(model.pca.rows);
            for (i, row) in judged.iter_mut().enumerate() {
                let (t2, q) = (seen.t2[(i, last)], seen.q[(i, last)]);
                row.push(Judged { t2, q, ratio: judge.ratio(t2, q), flag: judge.flag(t2, q) });
            }
        }
        Ok(judged)
    }

    #[must_use]
    pub fn to_parts(&self) -> Parts {
        let mut parts = Parts::of("simca");
        parts.put_list("classes", &self.classes.iter().map(|c| c.name.clone()).collect::<Vec<_>>());
        for (c, model) in self.classes.iter().enumerate() {
            let mut inner = model.pca.to_parts();
            Limits::put(std::slice::from_ref(&model.limits), &mut inner);
            parts.put_parts(&format!("class{c}"), &inner);
        }
        parts
    }

    /// # Errors
    /// [`Error::Stored`].
    pub fn from_parts(parts: &Parts) -> Result<Self, Error> {
        let names = parts.list("classes")?;
        let classes = names.into_iter().enumerate().map(|(c, name)| {
            let inner = parts.parts(&format!("class{c}"));
            let limits = Limits::take(&inner)?.first().copied();
            let limits = limits.ok_or_else(|| Error::Stored(format!("class {name} has no limits")))?;
            Ok(ClassModel { name, pca: Pca::from_parts(&inner)?, limits })
        });
        Ok(Self { classes: classes.collect::<Result<_, Error>>()? })
    }
}

#[cfg(test)]
mod tests {
    use super::{Options, Simca};
    use crate::chemometrics::limits::Rule;
    use crate::chemometrics::plsda::tests::three;
    use crate::chemometrics::{Error, Scaling, Solver};

    fn options(rule: Rule) -> Options {
        Options { components: 2, scaling: Scaling::Centre, rule, alpha: 0.05, gamma: 0.01, solver: Solver::Faer }
    }

    #[test]
    fn a_class_accepts_its_own_and_not_others() {
        let (x, classes) = three(600, 8, 12.0);
        for rule in Rule::ALL {
            let model = Simca::fit(x.as_ref(), &classes, &[], options(rule)).expect("fits");
            let judged = model.judge(x.as_ref()).expect("fits");
            let own = (0..600).filter(|&i| judged[i][i % 3].accepted()).count() as f64 / 600.0;
            let strange = (0..600).filter(|&i| judged[i][(i + 1) % 3].accepted()).count();
            assert!(own > 0.87 && own < 0.98 && strange == 0, "{rule:?}: {own} {strange}");
            assert_eq!(Simca::from_parts(&model.to_parts()), Ok(model));
        }
    }

    #[test]
    fn one_target_will_do_and_strangers_are_named() {
        let (x, classes) = three(60, 5, 3.0);
        let one = Simca::fit(x.as_ref(), &classes, &["b".into()], options(Rule::Moments)).expect("fits");
        assert_eq!(one.classes.len(), 1);
        let error = Simca::fit(x.as_ref(), &classes, &["z".into()], options(Rule::Moments)).expect_err("no class z");
        assert!(error.to_string().contains("there are a, b, c"));
        let (few, classes) = three(9, 5, 3.0);
        let error = Simca::fit(few.as_ref(), &classes, &[], options(Rule::Moments)).expect_err("three rows each");
        assert!(matches!(error, Error::FewInClass { got: 3, needed: 4, .. }));
    }
}
