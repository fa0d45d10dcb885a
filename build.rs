//! Gathers the layouts of TREs and data extensions. Every structure in `layouts/tre` and `layouts/des` becomes a row of a table
//! (name and text), sorted by name. Adding a layout takes a new file and nothing else.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;
use std::{env, fs, io};

fn main() -> io::Result<()> {
    let layouts = Path::new("src/format/nitf/layouts");
    println!("cargo:rerun-if-changed={}", layouts.display());
    let out = env::var_os("OUT_DIR").ok_or_else(|| io::Error::other("cargo sets OUT_DIR"))?;
    let mut code = String::new();
    for (table, folder) in [("TRE_TEXTS", "tre"), ("DES_TEXTS", "des")] {
        let rows = structures(&layouts.join(folder))?;
        let count = rows.len();
        let _ = write!(code, "static {table}: [(&str, &str); {count}] = [");
        for (name, text) in rows {
            let _ = write!(code, "({name:?}, {text:?}),");
        }
        code += "];\n";
    }
    fs::write(Path::new(&out).join("layouts.rs"), code)
}

/// The text of every structure in the files of a folder, keyed by name.
fn structures(folder: &Path) -> io::Result<BTreeMap<String, String>> {
    let mut rows = BTreeMap::new();
    if !folder.exists() {
        return Ok(rows);
    }
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_none_or(|extension| extension != "txt") {
            continue;
        }
        let text = fs::read_to_string(&path)?;
        let mut name = None;
        for line in text.lines() {
            if let Some(row) = line.strip_prefix("structure ") {
                name = Some(name_of(row));
            }
            // Text before the first structure is a comment.
            if let Some(name) = &name {
                let text: &mut String = rows.entry(name.clone()).or_default();
                *text += line;
                text.push('\n');
            }
        }
    }
    Ok(rows)
}

/// The name in a `structure` row; a name with blanks is quoted.
fn name_of(row: &str) -> String {
    let row = row.trim();
    let name = match row.strip_prefix('"') {
        Some(quoted) => quoted.split('"').next(),
        None => row.split_whitespace().next(),
    };
    name.unwrap_or_default().to_owned()
}
