//! The tables of user-defined subheaders of data extension segments, checked against the lengths of the documents.

use crate::schema::{Record, Structure, read, write};

/// The structures of a file in `layouts/des`.
fn tables(file: &str) -> Vec<Structure> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/format/nitf/layouts/des");
    Structure::load(&std::fs::read_to_string(format!("{folder}/{file}.txt")).unwrap()).unwrap()
}

#[test]
fn xml_content_has_the_four_lengths_of_its_document() {
    let table = &tables("XML_DATA_CONTENT")[0];
    for length in [0, 5, 283, 773] {
        let bytes = vec![b'1'; length];
        let (record, used) = read(table, &bytes).unwrap();
        assert_eq!((used, write(table, &record).unwrap().len()), (length, length));
    }
    for (field, length) in [("DESCRC", 5), ("DESSHTN", 283), ("DESSHABS", 773)] {
        let record: Record = [(field, "7")].into_iter().collect();
        assert_eq!(write(table, &record).unwrap().len(), length, "{field}");
    }
}

#[test]
fn support_data_have_the_lengths_of_their_documents() {
    for name in ["CSATTB", "CSEPHB", "CSCSDB", "CSSFAB"] {
        let table = &tables(name)[0];
        let identifier = "01234567-89ab-cdef-0123-456789abcdef";
        for (bytes, count) in
            [(format!("{identifier}ALL0000000"), 0), (format!("{identifier}002001002001{identifier}0003abc"), 1)]
        {
            let (record, used) = read(table, bytes.as_bytes()).unwrap();
            assert_eq!((used, record.int("NUM_ASSOC_ELEM")), (bytes.len(), Some(count)), "{name}");
            assert_eq!(write(table, &record).unwrap(), bytes.as_bytes());
        }
    }
    let zeros = [b'0'; 400];
    assert_eq!(read(&tables("CSATTA")[0], &zeros).unwrap().1, 52);
    assert_eq!(read(&tables("CSSHPA")[0], &zeros).unwrap().1, 62);
    let clouds = [&b"CLOUD_SHAPES             "[..], &zeros].concat();
    assert_eq!(read(&tables("CSSHPA")[0], &clouds).unwrap().1, 80);
    let sizes: Vec<_> = tables("CSSHPB").iter().map(|table| read(table, &zeros).unwrap().1).collect();
    assert_eq!(sizes, [222 + 2, 222]);
    assert_eq!(read(&tables("EXT_DEF_CONTENT")[0], b"0018Content-Use: a b\r\n").unwrap().1, 22);
}

#[test]
fn every_table_names_its_document_and_its_fields() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/format/nitf/layouts/des");
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        for table in tables(path.file_stem().unwrap().to_str().unwrap()) {
            assert!(!table.source.is_empty() && !table.title.is_empty(), "{}", table.name);
            assert!(table.fields().iter().all(|field| !field.note.is_empty()), "{}", table.name);
        }
    }
}
