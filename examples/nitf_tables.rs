//! Writes the pages of `docs/formats/` that list the fields of NITF structures, from the tables with which the library reads
//! and writes them.
//!
//! ```sh
//! cargo run --example nitf_tables
//! ```

use std::fmt::Write;
use std::path::Path;
use std::{fs, io};

use osml_io::format::nitf::{des_layout, des_names, header, tre_layouts, tre_names};
use osml_io::schema::{Structure, document};

fn main() -> io::Result<()> {
    for (name, text) in pages() {
        fs::write(Path::new(env!("CARGO_MANIFEST_DIR")).join(name), text)?;
    }
    Ok(())
}

/// The path and text of each page.
pub(crate) fn pages() -> [(&'static str, String); 3] {
    let headers = ["HEADER", "IMAGE", "GRAPHIC", "TEXT", "DATA", "RESERVED"];
    let headers: Vec<_> = headers.iter().filter_map(|name| header(name)).collect();
    let mut tres: Vec<&Structure> = Vec::new();
    for name in tre_names() {
        let tag = name.split('.').next().unwrap_or(name);
        let layouts = tre_layouts(tag).expect("the tables of the crate are tested to load");
        tres.extend(layouts.into_iter().filter(|layout| layout.name == name));
    }
    let mut des: Vec<&Structure> = Vec::new();
    for name in des_names() {
        let (id, version) = name.rsplit_once('.').unwrap_or((name, "1"));
        let layout = des_layout(id, version.parse().unwrap_or(1), usize::MAX);
        des.extend(layout.expect("the tables of the crate are tested to load"));
    }
    [
        ("docs/formats/nitf-headers.md", page("NITF: header and subheaders", HEADERS, &headers)),
        ("docs/formats/nitf-tres.md", page("NITF: tagged record extensions", TRES, &tres)),
        ("docs/formats/nitf-des.md", page("NITF: user-defined subheaders of data extensions", DES, &des)),
    ]
}

fn page(title: &str, about: &str, structures: &[&Structure]) -> String {
    let mut page = format!("# {title}\n\n{about}\n\n{READING}\n\n{MADE}\n");
    for structure in structures {
        let title = if structure.title.is_empty() { String::new() } else { format!(": {}", structure.title) };
        let _ =
            write!(page, "\n## {}{title}\n\nSource: {}\n\n{}", structure.name, structure.source, document(structure));
    }
    page
}

const READING: &str = "*n times* NAME is a list of records under that name, *if* a condition on fields above. A default is \
what is written where the field is not given; without one that is blanks, or zeros for an integer, where these are legal \
values, else an error. Text is padded with blanks, numbers with zeros. `as +00.0000` is the form in which a number is written.";

const MADE: &str =
    "This page is made from the tables in `src/format/nitf/layouts/` by `cargo run --example nitf_tables`.";

const HEADERS: &str = "The fields of NITF 2.1 and NSIF 1.0 files, by the names under which they are metadata.";

const TRES: &str = "The fields of every tagged record extension (TRE) with a layout. A TRE whose layout depends on its \
length is listed once for each, as TAG.LENGTH. Others are carried as bytes, and can be given a layout at run time.";

const DES: &str = "The fields of DESSHF, by DESID (and DESVER, where versions differ). The DESSHF of other data extensions \
is carried as bytes, and can be given a layout at run time.";
