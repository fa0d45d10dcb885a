//! The pages of NITF fields match the tables.

use std::fs;
use std::path::Path;

#[path = "../../examples/nitf_tables.rs"]
#[allow(dead_code, reason = "the program's `main` is not used here")]
mod nitf_tables;

#[test]
fn the_pages_of_fields_are_those_of_the_tables() {
    for (name, text) in nitf_tables::pages() {
        let shown = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(name)).unwrap_or_default();
        assert!(shown == text, "{name} is out of date: `cargo run --example nitf_tables`");
    }
}
