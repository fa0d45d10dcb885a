//! Tests of the crate through its public interface, for every registered format.

#![allow(clippy::unwrap_used, reason = "helpers of tests fail by panicking, as tests do")]

mod cog;
mod copying;
mod documents;
mod faults;
mod one_liners;
mod processes;
mod pyramid;
mod reading;
mod rsets;
mod support;
mod tables;
mod writing;
