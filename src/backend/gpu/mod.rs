//! Real GPUs.
