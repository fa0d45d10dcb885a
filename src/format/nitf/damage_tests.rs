//! Streamed files, damaged files, and files from writers that interpret the standard loosely.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use proptest::prelude::*;

use super::kind::Kind;
use super::reader::open;
use super::segments::Segments;
use super::version::Version;
use crate::error::{Error, Result};
use crate::format::{ContainerReader, OpenOptions};
use crate::io::{ByteSource, MemorySource};
use crate::schema::{FieldData, Record, write};

/// A file under construction: segments in the order of their kinds.
struct Made {
    version: Version,
    segments: Vec<(Kind, Vec<u8>, Vec<u8>)>,
}

impl Made {
    fn new(version: Version) -> Self {
        Self { version, segments: Vec::new() }
    }

    /// A file with one or two segments of every kind.
    fn of_all_kinds(version: Version) -> Self {
        let mut file = Self::new(version).image("FIRST", 5, 3).image("SECOND", 2, 2);
        file = file.segment(Kind::Graphic, &[("SID", "DRAWING"), ("SCOLOR", "C")], b"\0\x20cgm");
        if version.is_20() {
            file = file.segment(Kind::Label, &[("LID", "LABEL")], b"here");
        }
        let id = if version.is_20() { "DESTAG" } else { "DESID" };
        file.segment(Kind::Text, &[("TEXTID", "TEXT"), ("TXTFMT", "STA")], b"some text")
            .segment(Kind::Text, &[("TEXTID", "EMPTY"), ("TXTFMT", "STA")], b"")
            .segment(Kind::Data, &[(id, "SOME_DATA"), ("DESSHL", "0000")], b"data")
    }

    fn image(self, id: &str, columns: usize, rows: usize) -> Self {
        let number = |value: usize| value.to_string();
        let (across, down) = (number(columns), number(rows));
        let id_field = if self.version.is_20() { "IID" } else { "IID1" };
        let fields = [
            (id_field, id),
            ("PVTYPE", "INT"),
            ("IREP", "MONO"),
            ("NROWS", &down),
            ("NCOLS", &across),
            ("NPPBV", &down),
            ("NPPBH", &across),
            ("NBPR", "1"),
            ("NBPC", "1"),
            ("ABPP", "8"),
            ("NBPP", "8"),
            ("PJUST", "R"),
            ("IMODE", "B"),
            ("ISYNC", "0"),
        ];
        let pixels: Vec<u8> = (0..columns * rows).map(|value| value as u8).collect();
        self.segment(Kind::Image, &fields, &pixels)
    }

    fn segment(mut self, kind: Kind, fields: &[(&str, &str)], data: &[u8]) -> Self {
        let mut record: Record = fields.iter().copied().collect();
        match kind {
            Kind::Image => record.set("BAND_INFO", vec![Record::new()]),
            Kind::Label => {
                for field in ["LTC", "LBC"] {
                    record.set(field, FieldData::Bytes(vec![0; 3]));
                }
            }
            _ => {}
        }
        let subheader = write(self.version.subheader(kind), &record).unwrap();
        self.segments.push((kind, subheader, data.to_vec()));
        self
    }

    /// The file header; `change` may alter its lengths.
    fn header(&self, change: impl Fn(&mut Record)) -> Vec<u8> {
        let mut record: Record = [("OSTAID", "HERE"), ("CLEVEL", "03")].into_iter().collect();
        if self.version.is_20() {
            record.set("FVER", "02.00");
        } else {
            record.set("FBKGC", FieldData::Bytes(vec![0; 3]));
        }
        let names = [
            ("IMAGE_SEGMENTS", "LISH", "LI"),
            ("GRAPHIC_SEGMENTS", "LSSH", "LS"),
            ("LABEL_SEGMENTS", "LLSH", "LL"),
            ("TEXT_SEGMENTS", "LTSH", "LT"),
            ("DATA_SEGMENTS", "LDSH", "LD"),
            ("RESERVED_SEGMENTS", "LRESH", "LRE"),
        ];
        for (kind, (group, first, second)) in Kind::ALL.into_iter().zip(names) {
            if kind == Kind::Label && !self.version.is_20() {
                continue;
            }
            let lengths = self.segments.iter().filter(|segment| segment.0 == kind).map(|(_, subheader, data)| {
                [(first, subheader.len() as u64), (second, data.len() as u64)].into_iter().collect::<Record>()
            });
            record.set(group, lengths.collect::<Vec<_>>());
        }
        record.set("HL", 999);
        record.set("FL", 999);
        let length = write(self.version.file_header(), &record).unwrap().len();
        record.set("HL", length as u64);
        record.set("FL", (length + self.body().len()) as u64);
        change(&mut record);
        write(self.version.file_header(), &record).unwrap()
    }

    fn body(&self) -> Vec<u8> {
        self.segments.iter().flat_map(|(_, subheader, data)| [&subheader[..], data].concat()).collect()
    }

    fn bytes(&self) -> Vec<u8> {
        [self.header(|_| ()), self.body()].concat()
    }
}

fn segments(bytes: &[u8]) -> Segments {
    Segments::open(&MemorySource(bytes)).unwrap()
}

fn keys(file: &Segments) -> Vec<String> {
    file.list.iter().map(super::segments::Segment::key).collect()
}

fn warned(file: &Segments, key: &str, words: &str) -> bool {
    file.warnings.iter().any(|warning| warning.key == key && warning.message.contains(words))
}

/// The bytes with `old` replaced.
fn replaced(bytes: &[u8], old: &[u8], new: &[u8]) -> Vec<u8> {
    assert_eq!(old.len(), new.len());
    let at = bytes.windows(old.len()).position(|window| window == old).unwrap();
    [&bytes[..at], new, &bytes[at + old.len()..]].concat()
}

/// Reads everything in a file. Reading may fail but must not panic.
fn read_everything(reader: &dyn ContainerReader) {
    for position in 0..reader.assets().len() {
        let _ = reader.raw_asset(position);
        if let Ok(image) = reader.image(position)
            && image.layout().image_bytes() < 1 << 20
        {
            let _ = super::tests::read_all(&*image);
        }
    }
}

fn open_bytes(bytes: Vec<u8>) -> Result<Box<dyn ContainerReader>> {
    open(Arc::new(MemorySource(bytes)), &OpenOptions::default())
}

#[test]
fn every_version_has_its_segments_under_the_same_keys() {
    let all = ["image:0", "image:1", "graphic:0", "label:0", "text:0", "text:1", "data:0"];
    for version in [Version::Nitf20, Version::Nitf21] {
        let bytes = Made::of_all_kinds(version).bytes();
        let file = segments(&bytes);
        assert_eq!((file.version, &file.warnings[..]), (version, &[][..]));
        let expected: Vec<_> = all.iter().filter(|key| version.is_20() || **key != "label:0").collect();
        assert_eq!(keys(&file).iter().collect::<Vec<_>>(), expected);
        let reader = open_bytes(bytes).unwrap();
        let titles: Vec<_> = reader.assets().iter().map(|asset| asset.title.as_str()).collect();
        assert_eq!((titles[0], titles[1], titles[2]), ("FIRST", "SECOND", "DRAWING"));
        let text = reader.assets().iter().position(|asset| asset.key == "text:0").unwrap();
        assert_eq!(reader.raw_asset(text).unwrap(), b"some text");
        assert_eq!(reader.raw_asset(text + 1).unwrap(), b"");
        assert_eq!(super::tests::read_all(&*reader.image(0).unwrap()).unwrap(), (0..15).collect::<Vec<u8>>());
    }
}

#[test]
fn nitf_1_1_is_read_as_2_0() {
    let bytes = replaced(&Made::of_all_kinds(Version::Nitf20).bytes(), b"NITF02.00", b"NITF01.10");
    let file = segments(&bytes);
    assert_eq!((file.version, keys(&file).len(), file.warnings.len()), (Version::Nitf11, 7, 0));
}

/// A streamed file: nines in the header, the true header in a segment at the end.
fn streamed(with_header: bool) -> Vec<u8> {
    let mut made = Made::new(Version::Nitf21).image("STREAMED", 5, 3);
    if with_header {
        // The length of the header does not depend on the content of the segment.
        let probe = made.header(|_| ()).len() + "0200000000000".len();
        let fields = [("DESID", "STREAMING_FILE_HEADER"), ("DESSHL", "0000")];
        made = made.segment(Kind::Data, &fields, &vec![0; probe + 22]);
        let header = made.header(|_| ());
        assert_eq!(header.len(), probe);
        let length = format!("{probe:07}").into_bytes();
        let parts = [&length[..], &[0x0A, 0x6E, 0x1D, 0x97], &header, &[0x0E, 0xCA, 0x14, 0xBF], &length];
        made.segments.last_mut().unwrap().2 = parts.concat();
    }
    let unknown = made.header(|record| {
        record.set("FL", "999999999999");
        let lengths = [("LISH", "999999"), ("LI", "9999999999")].into_iter().collect::<Record>();
        record.set("IMAGE_SEGMENTS", vec![lengths]);
    });
    [unknown, made.body()].concat()
}

#[test]
fn a_streamed_file_is_read_by_the_header_at_its_end() {
    let bytes = streamed(true);
    let file = segments(&bytes);
    assert_eq!((keys(&file), &file.warnings[..]), (vec!["image:0".to_owned(), "data:0".to_owned()], &[][..]));
    assert_eq!(file.header.int("FL"), Some(bytes.len() as i128));
    assert_eq!((file.list[0].data_length, file.raw.len()), (15, 417));

    // Damage to the end gives a warning, and the image takes the bytes that are left.
    let cut = bytes.len() - 300;
    let mut damaged = bytes.clone();
    damaged[cut] = b'x';
    damaged[cut - 120] = 1;
    let last = damaged.len() - 1;
    damaged[last] ^= 1;
    let file = segments(&damaged);
    assert!(warned(&file, "file header", "at the end"), "{:?}", file.warnings);
    assert_eq!((keys(&file).len(), file.list[0].data_length), (2, 15));
    assert!(warned(&file, "image:0", "not known"));
}

#[test]
fn an_unknown_length_of_the_only_image_is_what_is_left_of_the_file() {
    let bytes = streamed(false);
    let file = segments(&bytes);
    assert_eq!((file.list[0].data_length, file.warnings.len()), (15, 2));
    let reader = open_bytes(bytes).unwrap();
    assert_eq!(super::tests::read_all(&*reader.image(0).unwrap()).unwrap(), (0..15).collect::<Vec<u8>>());
}

#[test]
fn numbers_with_blanks_and_signs_are_read_with_a_warning() {
    let made = Made::of_all_kinds(Version::Nitf21);
    let bytes = made.bytes();
    let length = format!("{:06}", made.header(|_| ()).len());
    let blank = replaced(&bytes, length.as_bytes(), format!("{:>6}", length.trim_start_matches('0')).as_bytes());
    let file = segments(&replaced(&blank, b"0000000300000005INT", b"+0000003       5INT"));
    assert_eq!(keys(&file).len(), 6);
    assert!(warned(&file, "file header", "HL"), "{:?}", file.warnings);
    assert!(warned(&file, "image:0", "NROWS \"+0000003\", NCOLS \"       5\""), "{:?}", file.warnings);
    assert!(super::pixels::Storage::read(&file.list[0].subheader).is_ok());
}

#[test]
fn lengths_that_lie_cost_no_other_segment() {
    let made = Made::of_all_kinds(Version::Nitf21);
    let bytes = made.bytes();
    // Three bytes too many between subheader and data: the length in the header counts.
    let mut longer = Made::of_all_kinds(Version::Nitf21);
    longer.segments[0].1.extend(b"xyz");
    let file = segments(&longer.bytes());
    assert!(warned(&file, "image:0", "442 bytes by the file header, 439 by its fields") && file.warnings.len() == 1);
    let reader = open_bytes(longer.bytes()).unwrap();
    assert_eq!(super::tests::read_all(&*reader.image(0).unwrap()).unwrap(), (0..15).collect::<Vec<u8>>());
    // A length three bytes short, and one that ends before the lengths of extensions.
    let short = replaced(&bytes, b"0004390000000015", b"0004360000000018");
    let file = segments(&short);
    assert!(warned(&file, "image:0", "436 bytes by the file header, 439 by its fields"), "{:?}", file.warnings);
    let mut early = Made::of_all_kinds(Version::Nitf21);
    early.segments[3].1.truncate(277);
    let file = segments(&early.bytes());
    assert!(warned(&file, "text:0", "from TXSHDL on") && keys(&file).len() == 6, "{:?}", file.warnings);
    let mut wild = Made::of_all_kinds(Version::Nitf21);
    let at = wild.segments[0].1.len() - 10;
    wild.segments[0].1[at..].copy_from_slice(b"99999abcde");
    let reader = open_bytes(wild.bytes()).unwrap();
    assert!(reader.warnings().iter().any(|warning| warning.message.contains("from UDIDL on")));
    assert_eq!(super::tests::read_all(&*reader.image(0).unwrap()).unwrap(), (0..15).collect::<Vec<u8>>());
    // Data past the end of the file: the segments after them are found from the end.
    for (wrong, left) in [(&b"0004390000000000"[..], 0), (b"0004390000000009", 9), (b"0004399999999998", 9_999_999_998)]
    {
        let file = segments(&replaced(&bytes, b"0004390000000004", wrong));
        assert_eq!((keys(&file).len(), file.list[1].data_length), (6, left), "{:?}", file.warnings);
        assert!(warned(&file, "graphic:0", "where those after it do") && warned(&file, "file header", "FL is"));
        assert_eq!(warned(&file, "image:1", "past the end of the file"), left > 1000);
    }
    // Two wrong lengths are too many: the segment is kept, those after it are lost.
    let two = replaced(&bytes, b"0004390000000004", b"0004399999999998");
    let file = segments(&replaced(&two, b"028200009", b"028200123"));
    assert_eq!(keys(&file), ["image:0", "image:1", "text:1", "data:0"], "{:?}", file.warnings);
    assert!(["graphic:0", "text:0"].iter().all(|key| warned(&file, key, "left out")));
}

#[test]
fn header_extensions_that_cannot_be_read_cost_nothing_else() {
    let made = Made::of_all_kinds(Version::Nitf21);
    let header = made.header(|_| ());
    for (at, field) in [(5, "XHDL"), (10, "UDHDL")] {
        let mut bytes = made.bytes();
        bytes[header.len() - at] = b'9';
        let file = segments(&bytes);
        assert_eq!((keys(&file).len(), file.raw.len()), (6, header.len()));
        assert!(warned(&file, "file header", &format!("from {field} on")), "{:?}", file.warnings);
    }
    // If a count is not a number, the segments listed before it are kept, provided HL agrees with the first segment.
    let bytes = replaced(&made.bytes(), b"0010200000000004", b"x010200000000004");
    let file = segments(&bytes);
    assert_eq!(keys(&file), ["image:0", "image:1", "graphic:0", "text:0", "text:1"]);
    assert!(warned(&file, "file header", "from NUMDES on"), "{:?}", file.warnings);
    let length = format!("{:06}002000439", header.len());
    let wrong = replaced(&bytes, length.as_bytes(), b"000400002000439");
    assert!(open_bytes(wrong).is_err());
}

#[test]
fn many_short_segments_are_read_together() {
    let mut made = Made::new(Version::Nitf21);
    for _ in 0..300 {
        made = made.segment(Kind::Text, &[("TEXTID", "TEXT"), ("TXTFMT", "STA")], b"text");
    }
    let bytes = made.bytes();
    let source =
        Sparse { size: bytes.len() as u64, beginning: bytes, read: AtomicU64::new(0), reads: AtomicU64::new(0) };
    let file = Segments::open(&source).unwrap();
    assert_eq!((file.list.len(), file.warnings.len()), (300, 0));
    assert!(source.reads.load(Ordering::Relaxed) < 40);
}

#[test]
fn a_subheader_that_cannot_be_read_leaves_the_other_keys_as_they_are() {
    let mut made = Made::of_all_kinds(Version::Nitf21);
    // NICOM, the number of comments.
    made.segments[0].1[372] = b'x';
    let file = segments(&made.bytes());
    assert_eq!(keys(&file), ["image:1", "graphic:0", "text:0", "text:1", "data:0"]);
    let place = format!("at byte {}", made.header(|_| ()).len() + 373);
    assert!(warned(&file, "image:0", "NICOM") && warned(&file, "image:0", &place), "{:?}", file.warnings);
}

#[test]
fn a_header_that_contradicts_itself_or_the_file_becomes_a_warning() {
    let made = Made::of_all_kinds(Version::Nitf21);
    let bytes = made.bytes();
    let file = segments(&[&bytes[..], b"more"].concat());
    assert!(warned(&file, "file header", "longer") && keys(&file).len() == 6);
    let file = segments(&bytes[..bytes.len() - 2]);
    assert!(
        warned(&file, "file header", "shorter") && warned(&file, "data:0", "past the end") && keys(&file).len() == 6
    );
    // The position of the first subheader shows that the header length is wrong.
    let wrong = [made.header(|record| record.set("HL", 399)), made.body()].concat();
    let file = segments(&wrong);
    assert!(warned(&file, "file header", "HL is") && keys(&file).len() == 6);
    let gap = [made.header(|record| record.set("HL", record.int("HL").unwrap() as u64 + 4)), vec![0; 4], made.body()];
    let file = segments(&gap.concat());
    assert!(warned(&file, "file header", "HL is") && keys(&file).len() == 6);
    let file = segments(&replaced(&bytes, b"0000020282", b"0030020282"));
    assert!(warned(&file, "file header", "NUMX is 3"), "{:?}", file.warnings);
}

#[test]
fn errors_name_the_field_and_its_place() {
    let bytes = Made::of_all_kinds(Version::Nitf21).bytes();
    let Err(error) = open_bytes(replaced(&bytes, b"002000439", b"0x2000439")) else { panic!("0x2 is not a number") };
    assert!(matches!(&error, Error::Malformed(detail) if detail.offset == Some(363)), "{error}");
    assert!(error.to_string().contains("NUMI"), "{error}");
    let Err(error) = open_bytes(bytes[..370].to_vec()) else { panic!("half a header is none") };
    assert!(error.to_string().contains("LI") && error.to_string().contains("369"), "{error}");
    let Err(error) = open_bytes(b"NITF02.50".to_vec()) else { panic!("version 02.50 does not exist") };
    assert!(error.to_string().contains("NITF02.50") && error.to_string().contains("NITF02.10"), "{error}");
}

/// A file of zeros except for its beginning, which counts the bytes read from it.
struct Sparse {
    beginning: Vec<u8>,
    size: u64,
    read: AtomicU64,
    reads: AtomicU64,
}

impl ByteSource for Sparse {
    fn size(&self) -> u64 {
        self.size
    }

    fn read_at(&self, offset: u64, out: &mut [u8]) -> Result<()> {
        self.read.fetch_add(out.len() as u64, Ordering::Relaxed);
        self.reads.fetch_add(1, Ordering::Relaxed);
        for (byte, at) in out.iter_mut().zip(offset..) {
            *byte = self.beginning.get(at as usize).copied().unwrap_or(0);
        }
        Ok(())
    }
}

#[test]
fn opening_reads_headers_and_nothing_else() {
    let made = Made::new(Version::Nitf21).image("LARGE", 2000, 2000);
    let beginning = [
        made.header(|record| {
            let lengths = [("LISH", "439"), ("LI", "9999999998")].into_iter().collect::<Record>();
            record.set("IMAGE_SEGMENTS", vec![lengths]);
        }),
        made.segments[0].1.clone(),
    ]
    .concat();
    let source = Arc::new(Sparse { beginning, size: 200 << 30, read: AtomicU64::new(0), reads: AtomicU64::new(0) });
    let reader = open(Arc::clone(&source) as Arc<dyn ByteSource>, &OpenOptions::default()).unwrap();
    assert_eq!(reader.assets().len(), 1);
    assert!(source.read.load(Ordering::Relaxed) <= 20 << 10);
}

#[test]
fn a_file_that_is_cut_anywhere_opens_or_is_an_error() {
    for bytes in
        [Made::of_all_kinds(Version::Nitf20).bytes(), Made::of_all_kinds(Version::Nitf21).bytes(), streamed(true)]
    {
        for length in 0..bytes.len() {
            match open_bytes(bytes[..length].to_vec()) {
                Ok(reader) => {
                    assert!(!reader.warnings().is_empty(), "{length} of {} bytes and nothing said", bytes.len());
                    read_everything(&*reader);
                }
                Err(error) => assert!(matches!(error, Error::Malformed(_)), "{error}"),
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]
    #[test]
    fn changes_of_bytes_make_nothing_panic(
        which in 0usize..3,
        changes in proptest::collection::vec((any::<prop::sample::Index>(), prop_oneof![any::<u8>(), b'0'..=b'9']), 1..6),
    ) {
        let mut bytes = match which {
            0 => Made::of_all_kinds(Version::Nitf20).bytes(),
            1 => Made::of_all_kinds(Version::Nitf21).bytes(),
            _ => streamed(true),
        };
        for (at, byte) in changes {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        if let Ok(reader) = open_bytes(bytes) {
            read_everything(&*reader);
        }
    }
}
