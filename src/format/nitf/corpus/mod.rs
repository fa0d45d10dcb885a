//! Tests over real files, which are not part of the repository: the folder that `OSML_IO_CORPUS` names, or
//! `../shared/data/corpus` beside the repository. Without one they pass with nothing done.

mod changed;
mod json;
mod sha256;
mod tests;
