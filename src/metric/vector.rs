//! One f32 step of a metric, written once for every width of vector register.

/// A register of f32 lanes. Backends implement it for what the processor has.
pub trait Vector: Copy {
    const LANES: usize;
    fn splat(x: f32) -> Self;
    /// The first `LANES` numbers of `from`.
    fn load(from: &[f32]) -> Self;
    /// Into the first `LANES` numbers of `to`.
    fn store(self, to: &mut [f32]);
    #[must_use]
    fn add(self, other: Self) -> Self;
    #[must_use]
    fn sub(self, other: Self) -> Self;
    /// self·by + to, rounded once or twice.
    #[must_use]
    fn mul_add(self, by: Self, to: Self) -> Self;
    #[must_use]
    fn abs(self) -> Self;
}

/// The f32 twin of a metric's sum: what one feature adds to `t`. The same as `step` in the metric's shader.
pub trait Step: 'static {
    fn step<V: Vector>(sum: V, x: V, y: V) -> V;
}

/// Something to be done with a metric's [`Step`], once it is known: see [`super::with_step`].
pub trait StepUser {
    type Answer;
    fn with<S: Step>(self) -> Self::Answer;
}
