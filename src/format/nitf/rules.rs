//! The rules of the standard that go beyond single fields: each has a clause and a check of a header or subheader.

use std::borrow::Cow;

use super::kind::Kind;
use crate::format::Finding;
use crate::schema::{FieldData, Record};

/// A rule: the clause, and a check that returns the field, the value and the requirement if the rule is broken.
struct Rule {
    clause: &'static str,
    check: fn(&Record) -> Option<Broken>,
}

/// Field, value found, requirement.
type Broken = (Cow<'static, str>, String, String);

/// Rules for image subheaders.
const IMAGE: &[Rule] = &[
    Rule { clause: "2500C Table A-2", check: representation_has_its_bands },
    Rule { clause: "2500C Table A-2", check: bands_have_their_roles },
    Rule { clause: "2500C Table A-2", check: tables_suit_the_representation },
    Rule { clause: "JBP Table 5.13-3", check: category_suits_the_representation },
    Rule { clause: "2500C Table A-2(A)", check: significant_bits_are_enough },
    Rule { clause: "2500C Table A-3", check: tables_need_integers },
    Rule { clause: "2500C Table A-3", check: identifier_has_letters },
    Rule { clause: "2500C Table A-3", check: sequential_mode_has_bands_and_blocks },
    Rule { clause: "2500C Table A-3", check: magnification_is_a_number },
    Rule { clause: "2500C §5.3.2", check: attached_below_its_own_level },
    Rule { clause: "2500C Table A-3", check: |record| security(record, "IS") },
    Rule { clause: "2500C Table A-3", check: |record| class_needs_system(record, "IS") },
];

/// Rules for file headers.
const FILE: &[Rule] = &[
    Rule { clause: "2500C Table A-1", check: |record| security(record, "FS") },
    Rule { clause: "2500C Table A-1", check: |record| class_needs_system(record, "FS") },
    Rule { clause: "2500C Table A-1", check: copies_are_counted },
    Rule { clause: "2500C Table A-1", check: station_is_named },
];

/// Rules for the other kinds of segments.
const GRAPHIC: &[Rule] = &[
    Rule { clause: "2500C Table A-5", check: |record| security(record, "SS") },
    Rule { clause: "2500C Table A-5", check: |record| class_needs_system(record, "SS") },
];
const TEXT: &[Rule] = &[
    Rule { clause: "2500C Table A-6", check: |record| security(record, "TS") },
    Rule { clause: "2500C Table A-6", check: |record| class_needs_system(record, "TS") },
];
const DATA: &[Rule] = &[
    Rule { clause: "2500C Table A-8", check: |record| security(record, "DES") },
    Rule { clause: "2500C Table A-8", check: |record| class_needs_system(record, "DES") },
];
const RESERVED: &[Rule] = &[
    Rule { clause: "2500C Table A-9", check: |record| security(record, "RES") },
    Rule { clause: "2500C Table A-9", check: |record| class_needs_system(record, "RES") },
];

/// The rules that the subheader of a kind of segment breaks.
pub(super) fn segment_findings(kind: Kind, record: &Record, place: &str) -> Vec<Finding> {
    let rules = match kind {
        Kind::Image => IMAGE,
        Kind::Graphic => GRAPHIC,
        Kind::Text => TEXT,
        Kind::Data => DATA,
        Kind::Reserved => RESERVED,
        Kind::Label => &[],
    };
    findings(rules, record, place)
}

/// The rules that a file header breaks.
pub(super) fn file_findings(record: &Record) -> Vec<Finding> {
    findings(FILE, record, "")
}

/// True if a representation may have this number of bands.
pub(super) fn suits(representation: &str, bands: u32) -> bool {
    match representation {
        "MONO" | "RGB/LUT" => bands == 1,
        "RGB" | "YCbCr601" => bands == 3,
        "POLAR" | "VPH" => bands == 2,
        _ => true,
    }
}

fn findings(rules: &[Rule], record: &Record, place: &str) -> Vec<Finding> {
    let broken = rules.iter().filter_map(|rule| (rule.check)(record).map(|broken| (rule.clause, broken)));
    let finding = |(clause, (field, value, rule)): (_, Broken)| {
        let place = if place.is_empty() { field.into_owned() } else { format!("{field} of {place}") };
        Finding { clause, place, value, rule: rule.into() }
    };
    broken.map(finding).collect()
}

fn bands(record: &Record) -> u32 {
    let number = |name: &str| record.int(name).unwrap_or(0).max(0) as u32;
    number("NBANDS") + number("XBANDS")
}

fn band_info(record: &Record) -> &[Record] {
    match record.get("BAND_INFO") {
        Some(FieldData::Group(info)) => info,
        _ => &[],
    }
}

fn roles(record: &Record) -> Vec<&str> {
    band_info(record).iter().map(|band| band.text("IREPBAND").unwrap_or_default()).collect()
}

fn representation_has_its_bands(record: &Record) -> Option<Broken> {
    let representation = record.text("IREP")?;
    let bands = bands(record);
    let rule = "MONO and RGB/LUT have 1 band, RGB and YCbCr601 3, POLAR and VPH 2";
    (!suits(representation, bands))
        .then(|| ("IREP".into(), format!("{representation} with {bands} bands"), rule.to_owned()))
}

fn bands_have_their_roles(record: &Record) -> Option<Broken> {
    let roles = roles(record);
    let (good, rule) = match record.text("IREP")? {
        "RGB" => (["R", "G", "B"].iter().all(|role| roles.contains(role)), "R, G and B once each for IREP RGB"),
        "YCbCr601" => {
            (["Y", "Cb", "Cr"].iter().all(|role| roles.contains(role)), "Y, Cb and Cr once each for IREP YCbCr601")
        }
        "MONO" => (roles.iter().all(|role| matches!(*role, "M" | "LU" | "")), "M, LU or blank for IREP MONO"),
        "RGB/LUT" => (roles.iter().all(|role| *role == "LU"), "LU for IREP RGB/LUT"),
        "NODISPLY" | "NVECTOR" | "VPH" => {
            (roles.iter().all(|role| role.is_empty()), "blank for an image that is not displayed")
        }
        "MULTI" => {
            let once = |name: &str| roles.iter().filter(|role| **role == name).count() <= 1;
            (["R", "G", "B"].into_iter().all(once), "R, G and B at most once each for IREP MULTI")
        }
        _ => return None,
    };
    (!good).then(|| ("IREPBAND".into(), roles.join(" "), rule.to_owned()))
}

fn tables_suit_the_representation(record: &Record) -> Option<Broken> {
    let count = band_info(record).first()?.int("NLUTS").unwrap_or(0);
    let (good, rule) = match record.text("IREP")? {
        "RGB/LUT" => (count == 3, "3 tables for IREP RGB/LUT"),
        "MONO" => (count <= 2, "at most 2 tables for IREP MONO"),
        "RGB" | "YCbCr601" => (count == 0, "no table for colours"),
        _ => return None,
    };
    (!good).then(|| ("NLUTS".into(), count.to_string(), rule.to_owned()))
}

fn tables_need_integers(record: &Record) -> Option<Broken> {
    let has_tables = band_info(record).iter().any(|band| band.int("NLUTS").unwrap_or(0) > 0);
    let kind = record.text("PVTYPE")?;
    (has_tables && !matches!(kind, "INT" | "B"))
        .then(|| ("PVTYPE".into(), kind.to_owned(), "INT or B for an image with tables".to_owned()))
}

fn significant_bits_are_enough(record: &Record) -> Option<Broken> {
    let (actual, stored) = (record.int("ABPP")?, record.int("NBPP")?);
    let least = match (record.text("PVTYPE")?, stored) {
        ("R" | "C", _) => stored,
        (_, 16) => 9,
        (_, 32) => 17,
        (_, 64) => 33,
        (_, 8) => 2,
        _ => 1,
    };
    let rule = || format!("{least} to {stored} for NBPP {stored}");
    (!(least..=stored).contains(&actual)).then(|| ("ABPP".into(), actual.to_string(), rule()))
}

fn identifier_has_letters(record: &Record) -> Option<Broken> {
    let name = record.text("IID1").unwrap_or_default();
    let good = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b' ' | b'_'));
    (!good).then(|| ("IID1".into(), name.to_owned(), "letters, digits, blanks and underscores, not blank".to_owned()))
}

fn sequential_mode_has_bands_and_blocks(record: &Record) -> Option<Broken> {
    let blocks = record.int("NBPR")?.saturating_mul(record.int("NBPC")?);
    let broken = record.text("IMODE")? == "S" && (bands(record) < 2 || blocks < 2);
    broken.then(|| ("IMODE".into(), "S".to_owned(), "another mode for an image of one band or one block".to_owned()))
}

fn magnification_is_a_number(record: &Record) -> Option<Broken> {
    let text = record.text("IMAG")?;
    let number = text.strip_prefix('/').unwrap_or(text);
    let good = number.parse::<f64>().is_ok_and(|number| number > 0.0);
    (!good).then(|| ("IMAG".into(), text.to_owned(), "a decimal number, or /2, /4, /8 …".to_owned()))
}

fn attached_below_its_own_level(record: &Record) -> Option<Broken> {
    let (level, parent) = (record.int("IDLVL")?, record.int("IALVL").unwrap_or(0));
    (parent >= level).then(|| ("IALVL".into(), format!("{parent:03}"), format!("less than IDLVL, {level:03}")))
}

/// Each kind of declassification or downgrading needs the field that completes it.
fn security(record: &Record, prefix: &str) -> Option<Broken> {
    let field = |name: &str| record.text(&format!("{prefix}{name}")).unwrap_or_default();
    let needed = match field("DCTP") {
        "DD" => "DCDT",
        "X" => "DCXM",
        "GD" => "DGDT",
        "GE" | "DE" => "CLTX",
        _ => return None,
    };
    let rule = || format!("a value if {prefix}DCTP is {}", field("DCTP"));
    field(needed).is_empty().then(|| (format!("{prefix}{needed}").into(), String::new(), rule()))
}

/// Classified content names the security system of its markings.
fn class_needs_system(record: &Record, prefix: &str) -> Option<Broken> {
    let field = |name: &str| record.text(&format!("{prefix}{name}")).unwrap_or_default();
    let class = field("CLAS");
    let broken = matches!(class, "T" | "S" | "C" | "R") && field("CLSY").is_empty();
    let rule = || format!("a security system if {prefix}CLAS is {class}");
    broken.then(|| (format!("{prefix}CLSY").into(), String::new(), rule()))
}

/// The category must suit the representation (Joint BIIF Profile Table 5.13-3).
fn category_suits_the_representation(record: &Record) -> Option<Broken> {
    const COLOURS: &str = "VIS OP CP PAT MAP LEG CCD DTV EOVIS MS";
    const BANDS: &str = "MS HS LWIR MWIR NIR SWIR UV VNIR EOVIS CAVIS";
    let allowed = match record.text("IREP")? {
        "MONO" => {
            "VIS OP SL TI FL RD EO HR BP FP VD CAT MRI XRAY IR MAP LEG SAR CCD PAN DTV ISAR LWIR MWIR NIR SWIR UV VNIR HS MS EOVIS"
        }
        "RGB" | "RGB/LUT" | "YCbCr601" => COLOURS,
        "MULTI" => BANDS,
        "POLAR" => "WIND CURRENT CCD",
        _ => return None,
    };
    let category = record.text("ICAT")?;
    let broken = !allowed.split(' ').any(|known| known == category);
    broken.then(|| {
        (
            "ICAT".into(),
            category.to_owned(),
            format!("one of {allowed} for IREP {}", record.text("IREP").unwrap_or_default()),
        )
    })
}

fn station_is_named(record: &Record) -> Option<Broken> {
    let blank = record.text("OSTAID").unwrap_or_default().is_empty();
    blank.then(|| ("OSTAID".into(), String::new(), "the originating station, not blank".to_owned()))
}

fn copies_are_counted(record: &Record) -> Option<Broken> {
    let (number, copies) = (record.int("FSCOP").unwrap_or(0), record.int("FSCPYS").unwrap_or(0));
    (copies > 0 && number > copies).then(|| ("FSCOP".into(), number.to_string(), format!("at most FSCPYS, {copies}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn image(entries: &[(&str, &str)], roles: &[&str]) -> Record {
        let plain = [
            ("IREP", "MONO"),
            ("PVTYPE", "INT"),
            ("NBPP", "8"),
            ("ABPP", "8"),
            ("IID1", "A"),
            ("IMODE", "B"),
            ("NBPR", "1"),
            ("NBPC", "1"),
        ];
        let mut record: Record = plain.into_iter().chain([("IDLVL", "1"), ("IMAG", "1.0 ")]).collect();
        for (name, value) in entries {
            record.set(*name, *value);
        }
        record.set("NBANDS", roles.len() as u64);
        record.set(
            "BAND_INFO",
            roles.iter().map(|role| [("IREPBAND", *role)].into_iter().collect()).collect::<Vec<Record>>(),
        );
        record
    }

    #[test]
    fn each_rule_finds_what_breaks_it() {
        assert_eq!(segment_findings(Kind::Image, &image(&[], &["M"]), "x"), []);
        assert_eq!(segment_findings(Kind::Image, &image(&[("IREP", "RGB")], &["R", "G", "B"]), "x"), []);
        for (entries, roles, field) in [
            (&[("IREP", "RGB")][..], &["R", "G"][..], "IREP"),
            (&[("IREP", "RGB")], &["R", "G", "G"], "IREPBAND"),
            (&[("IREP", "RGB/LUT")], &["LU"], "NLUTS"),
            (&[("NBPP", "16")], &["M"], "ABPP"),
            (&[("PVTYPE", "R"), ("NBPP", "32"), ("ABPP", "31")], &["M"], "ABPP"),
            (&[("IID1", "a-b")], &["M"], "IID1"),
            (&[("IMODE", "S"), ("NBPR", "9")], &["M"], "IMODE"),
            (&[("IMAG", "big")], &["M"], "IMAG"),
            (&[("IALVL", "1")], &["M"], "IALVL"),
            (&[("ISDCTP", "DD")], &["M"], "ISDCDT"),
            (&[("ISCLAS", "S")], &["M"], "ISCLSY"),
            (&[("ICAT", "WIND")], &["M"], "ICAT"),
        ] {
            let found = segment_findings(Kind::Image, &image(entries, roles), "image:0");
            assert!(found.iter().any(|finding| finding.place == format!("{field} of image:0")), "{field}: {found:?}");
        }
        let header: Record = [("FSCOP", "00009"), ("FSCPYS", "00003"), ("OSTAID", "X")].into_iter().collect();
        assert_eq!(file_findings(&header).len(), 1);
        for (kind, prefix) in [
            (Kind::Graphic, "SS"),
            (Kind::Text, "TS"),
            (Kind::Data, "DES"),
            (Kind::Reserved, "RES"),
            (Kind::Image, "IS"),
        ] {
            let record: Record = [("DCTP", "X"), ("CLAS", "S")]
                .map(|(name, value)| (format!("{prefix}{name}"), value))
                .into_iter()
                .collect();
            let found = segment_findings(kind, &record, "x:0");
            for name in ["DCXM", "CLSY"] {
                assert!(found.iter().any(|finding| finding.place == format!("{prefix}{name} of x:0")), "{found:?}");
            }
        }
    }
}
