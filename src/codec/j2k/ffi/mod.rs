//! OpenJPEG behind a safe face: decodes a codestream in memory. No other folder calls C.
//!
//! The codestream must have been checked: OpenJPEG sees only markers that this crate has parsed. Each call has its own codec and
//! starts no thread, so calls from many threads are independent. Messages are collected, never printed.

#![allow(unsafe_code, reason = "the functions of a C library; `handle.rs` owns every pointer")]

mod decode;
mod handle;

pub(crate) use decode::{Decoded, Plane, Request, decode};

#[cfg(test)]
mod tests;
