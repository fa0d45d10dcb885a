//! Time to read and write one TRE, the file header, and all TREs of an image.

use std::hint::black_box;
use std::time::Duration;

use criterion::{Criterion, criterion_group, criterion_main};
use osml_io::format::nitf::{Tre, TreBody, header, parse_tres, tre_layout, write_tres};
use osml_io::schema::{Record, read, write};

/// A group of records with one field each, which has the group's name.
fn column(name: &str, turns: usize) -> (String, Vec<Record>) {
    (name.to_owned(), vec![[(name, "+1.234567E-3")].into_iter().collect(); turns])
}

fn rpc() -> Record {
    let names = ["LINE_NUM_COEFF", "LINE_DEN_COEFF", "SAMP_NUM_COEFF", "SAMP_DEN_COEFF"];
    names.into_iter().map(|name| column(name, 20)).collect()
}

/// A frame sensor with general data, one time-stamped set and one uncertainty.
fn sensrb() -> Record {
    let mut record: Record =
        [("GENERAL_DATA", "Y"), ("SENSOR", "CAMERA"), ("SENSOR_ARRAY_DATA", "Y")].into_iter().collect();
    record.set("ATTITUDE_EULER_ANGLES", "Y");
    let stamp = |time: &str| -> Record {
        [("TIME_STAMP_TIME_NNNN", time), ("TIME_STAMP_VALUE_NNNN", "0010.5")].into_iter().collect()
    };
    let mut set: Record = [("TIME_STAMP_TYPE_MM", "06a")].into_iter().collect();
    set.set("TIME_STAMP_COUNTS", vec![stamp("1"), stamp("2"), stamp("3")]);
    record.set("TIME_STAMPED_SET", vec![set]);
    record
}

fn bandsb() -> Record {
    let mut record = Record::new();
    record.set("EXISTENCE_MASK", 0x1100_0000);
    record.set("WAVE_LENGTH_UNIT", "U");
    let band: Record = [("BANDID", "blue"), ("CWAVE", "0000.48")].into_iter().collect();
    record.set("BANDS", vec![band; 8]);
    record
}

fn samples() -> Vec<(&'static str, Record)> {
    vec![
        ("RPC00B", rpc()),
        ("ICHIPB", Record::new()),
        ("USE00A", Record::new()),
        ("STDIDC", Record::new()),
        ("SENSRB", sensrb()),
        ("BANDSB", bandsb()),
    ]
}

fn tres(c: &mut Criterion) {
    let mut area = Vec::new();
    for (tag, record) in samples() {
        let layout = tre_layout(tag, 0).expect("tables load").expect("the tag is known");
        let body = write(layout, &record).expect("the record fits");
        let tre = [Tre { tag: tag.to_owned(), body: TreBody::Bytes(body) }];
        let bytes = write_tres(&tre).expect("the TRE fits");
        let parsed = parse_tres(&bytes).expect("the TRE is well-formed");
        assert!(matches!(parsed[0].body, TreBody::Fields(_)), "{tag}");
        c.bench_function(&format!("read {tag}"), |b| b.iter(|| parse_tres(black_box(&bytes))));
        c.bench_function(&format!("write {tag}"), |b| b.iter(|| write_tres(black_box(&parsed))));
        area.extend(bytes);
    }
    let area = area.repeat(8);
    c.bench_function("read 48 TREs", |b| b.iter(|| parse_tres(black_box(&area))));
}

fn headers(c: &mut Criterion) {
    let structure = header("HEADER").expect("the header has a table");
    let mut record: Record = [("OSTAID", "OSML-IO"), ("FTITLE", "a title")].into_iter().collect();
    record.set("CLEVEL", 3);
    record.set("FL", 2000);
    record.set("HL", 404);
    let mut lengths = Record::new();
    lengths.set("LISH", 439);
    lengths.set("LI", 65536);
    record.set("IMAGE_SEGMENTS", vec![lengths]);
    let bytes = write(structure, &record).expect("the record fits");
    c.bench_function("read file header", |b| b.iter(|| read(structure, black_box(&bytes))));
    c.bench_function("write file header", |b| b.iter(|| write(structure, black_box(&record))));
}

criterion_group! {
    name = benches;
    config = Criterion::default().warm_up_time(Duration::from_millis(200)).measurement_time(Duration::from_millis(600)).sample_size(20);
    targets = tres, headers
}
criterion_main!(benches);
