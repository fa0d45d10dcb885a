use super::*;
use crate::schema::read;

const TABLE: &str = "
structure DEMO Demonstration
field COUNT 2 N+
repeat COUNT as POINT
  field LON 6 A real
  field NAMELEN 2 N+
  when NAMELEN > 0
    field NAME NAMELEN U8
  end
end
field KIND 1 A values A B default A
when KIND == \"B\"
  field MASK 2 BIN uint
  when bit(MASK, 3)
    field SCALE 4 BIN float
  end
end
when remaining > 0
  field REST 3 EA nullable
end
";

fn demo() -> Structure {
    Structure::load(TABLE).unwrap().remove(0)
}

fn point(lon: impl Into<FieldData>, name: &str) -> Record {
    let mut record = Record::new();
    record.set("LON", lon);
    if !name.is_empty() {
        record.set("NAME", name);
    }
    record
}

#[test]
fn counts_and_lengths_follow_from_what_they_count() {
    let record: Record = [("POINT", vec![point(-1.5, "é"), point("002.25", "")])].into_iter().collect();
    let bytes = write(&demo(), &record).unwrap();
    assert_eq!(bytes, "02-001.502é002.2500A".as_bytes());
    let (back, size) = read(&demo(), &bytes).unwrap();
    assert_eq!((size, write(&demo(), &back).unwrap()), (bytes.len(), bytes));
}

#[test]
fn conditions_and_binary_fields_are_written_and_read_back() {
    let mut record: Record = [("KIND", "B")].into_iter().collect();
    record.set("MASK", 8);
    record.set("SCALE", 0.5);
    record.set("REST", "é");
    let bytes = write(&demo(), &record).unwrap();
    assert_eq!(bytes, b"00B\x00\x08\x3F\x00\x00\x00\xE9  ");
    let (back, _) = read(&demo(), &bytes).unwrap();
    assert_eq!((back.int("MASK"), back.text("REST")), (Some(8), Some("é")));
    assert_eq!(write(&demo(), &back).unwrap(), bytes);
}

#[test]
fn what_does_not_fit_is_an_error_that_names_the_field() {
    let cases: [(&str, FieldData, &str); 6] = [
        ("KIND", "C".into(), "KIND"),
        ("KIND", "AB".into(), "KIND"),
        ("KYND", "A".into(), "KIND"),
        ("COUNT", 3.into(), "POINT"),
        ("COUNT", (-1).into(), "COUNT"),
        ("POINT", "x".into(), "POINT"),
    ];
    for (name, data, named) in cases {
        let mut record = Record::new();
        record.set(name, data.clone());
        let message = write(&demo(), &record).unwrap_err().to_string();
        assert!(message.contains(named) && message.contains("DEMO"), "{name} {data}: {message}");
    }
    let record: Record = [("POINT", vec![point(123_456_789.0, "")])].into_iter().collect();
    assert!(write(&demo(), &record).unwrap_err().to_string().contains("LON"));
}

#[test]
fn no_bytes_make_the_reader_panic_or_allocate() {
    let bytes = b"9906.5  05nameB\xFF\xFF\x00\x00\x00\x00 rest of it";
    for end in 0..bytes.len() {
        for flip in 0..=255u8 {
            let mut bytes = bytes[..=end].to_vec();
            bytes[end] = flip;
            let _ = read(&demo(), &bytes);
        }
    }
    let huge = Structure::load("structure X\nfield N 9 N+\nrepeat N * N as G\nend").unwrap().remove(0);
    assert!(matches!(read(&huge, b"999999999"), Err(Error::Malformed(_))));
}

mod random {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_is_written_is_read_back(
            points in proptest::collection::vec(("[+-]?[0-9]{1,2}(\\.[0-9]{1,2})?", "[a-zé]{0,9}"), 0..9), kind: bool, mask: u16, scale: f32,
            rest in proptest::option::of("[ -~]{3}"),
        ) {
            let mut record = Record::new();
            let group: Vec<_> = points.iter().map(|(lon, name)| point(lon.as_str(), name)).collect();
            record.set("POINT", group);
            if kind {
                record.set("KIND", "B");
                record.set("MASK", u32::from(mask));
                if mask & 8 != 0 { record.set("SCALE", f64::from(scale)); }
            }
            if let Some(rest) = &rest { record.set("REST", rest.as_str()); }
            let bytes = write(&demo(), &record).unwrap();
            let (back, size) = read(&demo(), &bytes).unwrap();
            prop_assert_eq!(size, bytes.len());
            prop_assert_eq!(write(&demo(), &back).unwrap(), bytes);
        }
    }
}
