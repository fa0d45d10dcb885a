//! The README matches the registries, and its Rust code compiles.

use osml_io::Result;

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

#[test]
fn the_rust_code_of_the_readme_is_code_that_compiles() {
    let page = include_str!("../../README.md");
    let shown = page.split_once("```rust\n").and_then(|(_, rest)| rest.split_once("```")).expect("a Rust block").0;
    let here = include_str!("documents.rs");
    let body = here.split_once("{\n    // begin\n").and_then(|(_, rest)| rest.split_once("\n    Ok(())"));
    let body: Vec<_> = body.expect("the function below").0.lines().map(|line| line.get(4..).unwrap_or("")).collect();
    assert_eq!(shown.trim_end(), body.join("\n"));
    let _: fn() -> Result<()> = readme;
}

fn readme() -> Result<()> {
    // begin
    use osml_io::dataset::{DatasetReader, ReadOptions, SaveOptions, read, save};
    use osml_io::format::OpenOptions;
    use osml_io::image::Window;

    let corner = ReadOptions { window: Some(Window::new(0, 0, 512, 512)), ..ReadOptions::default() };
    let pixels = read("scene.ntf", &corner)?;
    let [bands, rows, columns] = pixels.shape();

    let reader = DatasetReader::open("scene.tif", None, &OpenOptions::default())?;
    let image = reader.image(reader.default_image()?)?;
    let warnings = save("scene.png", &*image, &SaveOptions::default())?;
    assert!(warnings.is_empty() && bands * rows * columns > 0);
    Ok(())
}
