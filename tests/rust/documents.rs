//! The README says what the registries say.

#[path = "../../examples/support_table.rs"]
#[allow(dead_code, reason = "the program's `main` is not used here")]
mod support_table;

#[test]
fn the_readme_has_the_support_table() {
    let readme = include_str!("../../README.md");
    let between = |text: &'static str| text.split_once("<!-- support table -->\n")?.1.split_once("<!-- end -->");
    let (shown, _) = between(readme).expect("the README has the markers of the table");
    let table = support_table::support_table();
    assert_eq!(shown.trim(), table.trim(), "copy the output of `cargo run --example support_table` into the README");
    assert_eq!(table.lines().filter(|line| line.ends_with("|  |")).count(), 0, "every format has a note");
}
