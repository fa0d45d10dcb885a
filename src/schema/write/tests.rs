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
fn a_field_without_a_sensible_default_is_required() {
    let table =
        "structure DEMO\nfield BIAS 4 A real\nfield OFF 4 A real nullable required\nfield SCALE 4 A real required
repeat 2 as COEFF\nfield COEFF 4 A real required\nend";
    let demo = Structure::load(table).unwrap().remove(0);
    let mut record = Record::new();
    let message = |record: &Record| write(&demo, record).unwrap_err().to_string();
    assert!(message(&record).starts_with("DEMO lacks a value for OFF, SCALE: expected "), "{}", message(&record));
    record.set("OFF", "");
    record.set("SCALE", 2);
    assert!(message(&record).starts_with("DEMO lacks a value for COEFF: expected "), "{}", message(&record));
    let turn = || [("COEFF", 1)].into_iter().collect::<Record>();
    record.set("COEFF", vec![turn(), turn()]);
    assert_eq!(write(&demo, &record).unwrap(), b"0000    000200010001");
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

const FORMS: &str = "
structure FORMS
field COEFFICIENT 12 A real nullable format +0.000000E+0
field OFFSET 8 A real range -90 90 format +00.0000
field ROWS 6 A real format 000000 default 000001
field SUN 5 A real format +00.0
field FREE 7 A real nullable
field COUNT 3 N+
field NAME 4 A
field WHEN 14 N datetime
field DAY 8 A date
field CLASS 1 A values U S default U
field FLAG 2 A int values 00 01 default 00
";

/// The content of a field of `FORMS` after a value was set.
fn formed(name: &str, data: impl Into<FieldData>) -> Result<String> {
    let structure = Structure::load(FORMS).unwrap().remove(0);
    let mut record = Record::new();
    record.set(name, data);
    let bytes = write(&structure, &record)?;
    assert_eq!(bytes.len(), 12 + 8 + 6 + 5 + 7 + 3 + 4 + 14 + 8 + 1 + 2);
    match read(&structure, &bytes).unwrap().0.get(name) {
        Some(FieldData::Text(text)) => Ok(text.clone()),
        other => panic!("{other:?}"),
    }
}

#[test]
fn values_are_written_in_the_form_of_their_field() {
    let cases: [(&str, FieldData, &str); 27] = [
        ("COEFFICIENT", (-0.001_234_567_8).into(), "-1.234568E-3"),
        ("COEFFICIENT", 1.into(), "+1.000000E+0"),
        ("COEFFICIENT", "0.5".into(), "+5.000000E-1"),
        ("COEFFICIENT", "+1.234567E-3".into(), "+1.234567E-3"),
        ("COEFFICIENT", "".into(), "            "),
        ("OFFSET", 7.25.into(), "+07.2500"),
        ("OFFSET", (-7).into(), "-07.0000"),
        ("ROWS", 4096.0.into(), "004096"),
        ("ROWS", "12".into(), "000012"),
        ("SUN", 999.9.into(), "999.9"),
        ("SUN", (-5.25).into(), "-05.2"),
        ("FREE", 0.123_456_789.into(), "0.12346"),
        ("FREE", 1.5e-9.into(), "1.50E-9"),
        ("FREE", "-1.5".into(), "-0001.5"),
        ("FREE", "-".into(), "-------"),
        ("COUNT", 7.0.into(), "007"),
        ("COUNT", "7".into(), "007"),
        ("NAME", 12.into(), "12  "),
        ("NAME", 0.5.into(), "0.5 "),
        ("WHEN", "2024-05-06T07:08:09+02:00".into(), "20240506050809"),
        ("WHEN", 20_240_506_070_809_i64.into(), "20240506070809"),
        ("WHEN", "".into(), "--------------"),
        ("DAY", "2024-05-06".into(), "20240506"),
        ("DAY", "".into(), "        "),
        ("CLASS", "S".into(), "S"),
        ("FLAG", 1.into(), "01"),
        ("FLAG", "0".into(), "00"),
    ];
    for (name, data, expected) in cases {
        assert_eq!(formed(name, data.clone()).unwrap(), expected, "{name} {data}");
    }
}

#[test]
fn values_that_break_the_form_of_their_field_are_errors() {
    let cases: [(&str, FieldData); 15] = [
        ("COEFFICIENT", 1e10.into()),
        ("COEFFICIENT", f64::NAN.into()),
        ("OFFSET", 90.5.into()),
        ("OFFSET", "".into()),
        ("ROWS", 0.5.into()),
        ("ROWS", 1_000_000.into()),
        ("FREE", 123_456_789.0.into()),
        ("FREE", "inf".into()),
        ("COUNT", 7.5.into()),
        ("COUNT", "x".into()),
        ("NAME", "abcde".into()),
        ("NAME", vec![65].into()),
        ("WHEN", "20241301000000".into()),
        ("DAY", "20240230".into()),
        ("CLASS", "".into()),
    ];
    for (name, data) in cases {
        let error = formed(name, data.clone()).expect_err(&format!("{name} {data}"));
        let message = error.to_string();
        assert!(matches!(error, Error::Usage(_)), "{message}");
        assert!(message.contains(name) && message.contains("FORMS") && message.contains("expected"), "{message}");
    }
}

#[test]
fn what_was_read_is_written_back_and_what_was_changed_is_checked() {
    let structure = Structure::load(FORMS).unwrap().remove(0);
    let (mut record, size) = read(&structure, &[b'?'; 70]).unwrap();
    assert_eq!((size, write(&structure, &record).unwrap()), (70, vec![b'?'; 70]));
    let mut copy: Record = record.iter().map(|(name, data)| (name.to_owned(), data.clone())).collect();
    assert!(write(&structure, &copy).is_err());
    copy.keep(&record);
    assert_eq!(write(&structure, &copy).unwrap(), write(&structure, &record).unwrap());
    copy.set("CLASS", "?");
    assert!(write(&structure, &copy).unwrap_err().to_string().contains("CLASS"));
    record.set("CLASS", "S");
    assert!(write(&structure, &record).is_ok());
}

#[test]
fn a_required_value_that_is_not_given_is_an_error() {
    let structure = Structure::load("structure X\nfield N 2 N+ range 1 9\nfield T 1 A values A B").unwrap().remove(0);
    let mut record = Record::new();
    assert_eq!(
        write(&structure, &record).unwrap_err().to_string(),
        "X lacks a value for N: expected 2 BCS-N positive integer characters, an integer, 1 to 9"
    );
    record.set("N", 1);
    assert!(write(&structure, &record).unwrap_err().to_string().contains("lacks a value for T"));
}

#[test]
fn a_value_without_a_place_is_an_error_if_all_must_have_one() {
    let mut record: Record = [("KIND", "A")].into_iter().collect();
    record.set("MASK", 3);
    assert!(write(&demo(), &record).is_ok());
    let message = write_whole(&demo(), &record).unwrap_err().to_string();
    assert_eq!(message, "DEMO value of MASK: got 3, expected a value only if KIND == \"B\"");
    let mut turn = point(1.0, "x");
    turn.set("NAMELEN", 0);
    let record: Record = [("POINT", vec![turn])].into_iter().collect();
    assert!(write_whole(&demo(), &record).unwrap_err().to_string().contains("NAMELEN > 0"));
}

#[test]
fn lengths_with_a_fixed_part_and_counts_in_groups_follow() {
    let table = "structure X\nfield L 3 N+ default 000\nwhen L != 0\nfield O 3 N+\nfield D (L - 3) BIN bytes\nend
field N 1 N+\nwhen N != 0\nfield E 2 N+\nrepeat N as G\nfield B E BIN bytes\nend\nend";
    let structure = Structure::load(table).unwrap().remove(0);
    let mut record = Record::new();
    assert_eq!(write(&structure, &record).unwrap(), b"0000");
    record.set("D", b"ab".to_vec());
    let turn: Record = [("B", b"xyz".to_vec())].into_iter().collect();
    record.set("G", vec![turn]);
    assert_eq!(write(&structure, &record).unwrap(), b"005000ab103xyz");
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
