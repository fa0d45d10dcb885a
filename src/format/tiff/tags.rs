//! The tags of TIFF in one table: numbers, the standards' names, types, named values, and the writer's treatment of each.
//!
//! Sources: TIFF 6.0, Supplements 1 and 2, Technical Note 2, OGC 19-008r4 §7, GDAL's registered tags.

use super::compression;
use super::field::FieldType;
use crate::error::nearest;

/// A tag of the table.
#[derive(Debug, Clone, Copy)]
pub struct Tag {
    /// Its number.
    pub number: u16,
    /// The name the standard gives it.
    pub name: &'static str,
    /// Values that have names, e.g. `(8, "Deflate")`.
    pub values: &'static [(u64, &'static str)],
    /// The types a value may have; a writer takes the first that holds it.
    pub(super) kinds: &'static [FieldType],
    /// The writer's treatment of a value.
    pub(super) treatment: Treatment,
}

/// The writer's treatment of a tag in an image's metadata.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Treatment {
    /// It is an option of the writer.
    Setting,
    /// It is a fact of the image's storage, which the writer determines itself: a copied value is ignored.
    Computed,
    /// It is a part of the stored data under one of these codes of compression, and does not apply to others.
    Coding(&'static [u64]),
    /// It describes the storage of YCbCr (`PhotometricInterpretation` 6). Under another interpretation it is written unchanged.
    YCbCr,
    /// It is part of the georeference.
    Geo,
    /// It is an offset into the file it was copied from.
    Pointer,
    /// It is written unchanged.
    Plain,
}

/// The tag with this number.
pub fn by_number(number: u16) -> Option<&'static Tag> {
    TAGS.binary_search_by_key(&number, |tag| tag.number).ok().map(|position| &TAGS[position])
}

/// The tag with this name; case is ignored. `TileHeight` is a synonym of `TileLength`.
pub fn by_name(name: &str) -> Option<&'static Tag> {
    let synonym = SYNONYMS.iter().find(|(synonym, _)| synonym.eq_ignore_ascii_case(name));
    let name = synonym.map_or(name, |(_, name)| name);
    TAGS.iter().find(|tag| tag.name.eq_ignore_ascii_case(name))
}

/// The name nearest to a misspelt one, if any is near.
pub fn nearest_name(name: &str) -> Option<&'static str> {
    nearest(name, TAGS.iter().map(|tag| tag.name).chain(SYNONYMS.iter().map(|(synonym, _)| *synonym)))
}

impl Tag {
    /// The number of a named value; case is ignored.
    pub fn value_number(&self, name: &str) -> Option<u64> {
        self.values.iter().find(|(_, known)| known.eq_ignore_ascii_case(name.trim())).map(|(number, _)| *number)
    }

    /// The name of a value.
    pub fn value_name(&self, number: u64) -> Option<&'static str> {
        self.values.iter().find(|(known, _)| *known == number).map(|(_, name)| *name)
    }

    /// The names of values, for messages.
    pub fn value_names(&self) -> String {
        self.values.iter().map(|(_, name)| *name).collect::<Vec<_>>().join(" ")
    }
}

/// The name of a tag in messages: `Compression (259)`, or the bare number if the table lacks the tag.
pub(super) fn describe(number: u16) -> String {
    by_number(number).map_or_else(|| number.to_string(), |tag| format!("{} ({number})", tag.name))
}

macro_rules! numbers {
    ($($(#[$doc:meta])* $name:ident = $number:literal;)*) => {
        $($(#[$doc])* #[allow(missing_docs, reason = "the names are the standard's")] pub(super) const $name: u16 = $number;)*
    };
}
numbers! {
    NEW_SUBFILE_TYPE = 254;
    SUBFILE_TYPE = 255;
    IMAGE_WIDTH = 256;
    IMAGE_LENGTH = 257;
    BITS_PER_SAMPLE = 258;
    COMPRESSION = 259;
    PHOTOMETRIC_INTERPRETATION = 262;
    FILL_ORDER = 266;
    DOCUMENT_NAME = 269;
    IMAGE_DESCRIPTION = 270;
    STRIP_OFFSETS = 273;
    ORIENTATION = 274;
    SAMPLES_PER_PIXEL = 277;
    ROWS_PER_STRIP = 278;
    STRIP_BYTE_COUNTS = 279;
    X_RESOLUTION = 282;
    Y_RESOLUTION = 283;
    PLANAR_CONFIGURATION = 284;
    FREE_OFFSETS = 288;
    FREE_BYTE_COUNTS = 289;
    T4_OPTIONS = 292;
    RESOLUTION_UNIT = 296;
    SOFTWARE = 305;
    PREDICTOR = 317;
    COLOR_MAP = 320;
    TILE_WIDTH = 322;
    TILE_LENGTH = 323;
    TILE_OFFSETS = 324;
    TILE_BYTE_COUNTS = 325;
    SUB_IFDS = 330;
    EXTRA_SAMPLES = 338;
    SAMPLE_FORMAT = 339;
    JPEG_TABLES = 347;
    JPEG_PROC = 512;
    JPEG_INTERCHANGE_FORMAT = 513;
    JPEG_RESTART_INTERVAL = 515;
    JPEG_Q_TABLES = 519;
    JPEG_DC_TABLES = 520;
    JPEG_AC_TABLES = 521;
    YCBCR_COEFFICIENTS = 529;
    YCBCR_SUB_SAMPLING = 530;
    YCBCR_POSITIONING = 531;
    REFERENCE_BLACK_WHITE = 532;
    MODEL_PIXEL_SCALE = 33550;
    MODEL_TIEPOINT = 33922;
    MODEL_TRANSFORMATION = 34264;
    GEO_KEY_DIRECTORY = 34735;
    GEO_DOUBLE_PARAMS = 34736;
    GEO_ASCII_PARAMS = 34737;
    EXIF_IFD = 34665;
    GPS_IFD = 34853;
    GDAL_METADATA = 42112;
    GDAL_NODATA = 42113;
    INTEROPERABILITY_IFD = 40965;
    LERC_PARAMETERS = 50674;
    RPC_COEFFICIENT = 50844;
}

/// Tags of directories inside fields: EXIF, GPS and interoperability (EXIF 2.32 §4.6.3).
pub(super) const DIRECTORIES: [u16; 3] = [EXIF_IFD, GPS_IFD, INTEROPERABILITY_IFD];

const SYNONYMS: &[(&str, &str)] = &[
    ("TileHeight", "TileLength"),
    ("ImageHeight", "ImageLength"),
    ("Photometric", "PhotometricInterpretation"),
    ("NoData", "GDAL_NODATA"),
];

const fn tag(number: u16, name: &'static str, kinds: &'static [FieldType], treatment: Treatment) -> Tag {
    Tag { number, name, kinds, treatment, values: &[] }
}

const fn named(
    number: u16,
    name: &'static str,
    kinds: &'static [FieldType],
    treatment: Treatment,
    values: &'static [(u64, &'static str)],
) -> Tag {
    Tag { number, name, values, kinds, treatment }
}

use FieldType::{Ascii, Byte, Double, Ifd, Ifd8, Long, Long8, Rational, Short, Undefined};
use Treatment::{Coding, Computed, Geo, Plain, Pointer, Setting, YCbCr};

const SIZE: &[FieldType] = &[Short, Long];
const OFFSET: &[FieldType] = &[Long, Long8];

/// Codes of compression that have tags of their own.
const FAX: &[u64] = &[2, 3, 4];
const OLD_JPEG: &[u64] = &[compression::OLD_JPEG as u64];
const JPEG: &[u64] = &[compression::JPEG as u64];

const POINTER: &[FieldType] = &[Long, Ifd, Long8, Ifd8];

/// Every tag the library knows by name, in ascending order.
#[rustfmt::skip]
pub static TAGS: &[Tag] = &[
    named(254, "NewSubfileType", &[Long], Setting, &[(0, "FullResolution"), (1, "ReducedResolution"), (2, "Page"), (4, "Mask"), (5, "ReducedResolutionMask")]),
    tag(255, "SubfileType", &[Short], Setting),
    tag(256, "ImageWidth", SIZE, Computed),
    tag(257, "ImageLength", SIZE, Computed),
    tag(258, "BitsPerSample", &[Short], Computed),
    named(259, "Compression", &[Short], Setting, &compression::NAMES),
    named(262, "PhotometricInterpretation", &[Short], Setting, &[
        (0, "WhiteIsZero"), (1, "BlackIsZero"), (2, "RGB"), (3, "Palette"), (4, "TransparencyMask"), (5, "CMYK"), (6, "YCbCr"), (8, "CIELab"),
        (9, "ICCLab"), (10, "ITULab"), (32_803, "CFA"), (32_844, "LogL"), (32_845, "LogLuv"), (34_892, "LinearRaw"),
        (0, "MinIsWhite"), (1, "MinIsBlack"), (5, "Separated"), (3, "PaletteColor"),
    ]),
    named(263, "Threshholding", &[Short], Plain, &[(1, "Bilevel"), (2, "Halftone"), (3, "ErrorDiffuse")]),
    tag(264, "CellWidth", &[Short], Plain),
    tag(265, "CellLength", &[Short], Plain),
    named(266, "FillOrder", &[Short], Computed, &[(1, "MSB2LSB"), (2, "LSB2MSB")]),
    tag(269, "DocumentName", &[Ascii], Plain),
    tag(270, "ImageDescription", &[Ascii], Plain),
    tag(271, "Make", &[Ascii], Plain),
    tag(272, "Model", &[Ascii], Plain),
    tag(273, "StripOffsets", OFFSET, Computed),
    named(274, "Orientation", &[Short], Plain, &[
        (1, "TopLeft"), (2, "TopRight"), (3, "BottomRight"), (4, "BottomLeft"), (5, "LeftTop"), (6, "RightTop"), (7, "RightBottom"), (8, "LeftBottom"),
    ]),
    tag(277, "SamplesPerPixel", &[Short], Computed),
    tag(278, "RowsPerStrip", SIZE, Setting),
    tag(279, "StripByteCounts", OFFSET, Computed),
    tag(280, "MinSampleValue", &[Short], Plain),
    tag(281, "MaxSampleValue", &[Short], Plain),
    tag(282, "XResolution", &[Rational], Plain),
    tag(283, "YResolution", &[Rational], Plain),
    named(284, "PlanarConfiguration", &[Short], Setting, &[(1, "Chunky"), (2, "Planar"), (1, "Contiguous"), (2, "Separate")]),
    tag(285, "PageName", &[Ascii], Plain),
    tag(286, "XPosition", &[Rational], Plain),
    tag(287, "YPosition", &[Rational], Plain),
    tag(288, "FreeOffsets", OFFSET, Pointer),
    tag(289, "FreeByteCounts", OFFSET, Pointer),
    tag(290, "GrayResponseUnit", &[Short], Plain),
    tag(291, "GrayResponseCurve", &[Short], Plain),
    tag(292, "T4Options", &[Long], Coding(FAX)),
    tag(293, "T6Options", &[Long], Coding(FAX)),
    named(296, "ResolutionUnit", &[Short], Plain, &[(1, "None"), (2, "Inch"), (3, "Centimeter")]),
    tag(297, "PageNumber", &[Short], Plain),
    tag(301, "TransferFunction", &[Short], Plain),
    tag(305, "Software", &[Ascii], Plain),
    tag(306, "DateTime", &[Ascii], Plain),
    tag(315, "Artist", &[Ascii], Plain),
    tag(316, "HostComputer", &[Ascii], Plain),
    named(317, "Predictor", &[Short], Setting, &[(1, "None"), (2, "Horizontal"), (3, "FloatingPoint")]),
    tag(318, "WhitePoint", &[Rational], Plain),
    tag(319, "PrimaryChromaticities", &[Rational], Plain),
    tag(320, "ColorMap", &[Short], Setting),
    tag(321, "HalftoneHints", &[Short], Plain),
    tag(322, "TileWidth", SIZE, Setting),
    tag(323, "TileLength", SIZE, Setting),
    tag(324, "TileOffsets", OFFSET, Computed),
    tag(325, "TileByteCounts", OFFSET, Computed),
    tag(330, "SubIFDs", POINTER, Pointer),
    named(332, "InkSet", &[Short], Plain, &[(1, "CMYK"), (2, "NotCMYK")]),
    tag(333, "InkNames", &[Ascii], Plain),
    tag(334, "NumberOfInks", &[Short], Plain),
    tag(336, "DotRange", &[Byte, Short], Plain),
    tag(337, "TargetPrinter", &[Ascii], Plain),
    named(338, "ExtraSamples", &[Short], Setting, &[(0, "Unspecified"), (1, "AssociatedAlpha"), (2, "UnassociatedAlpha")]),
    named(339, "SampleFormat", &[Short], Computed, &[(1, "UInt"), (2, "Int"), (3, "Float"), (4, "Undefined"), (5, "ComplexInt"), (6, "ComplexFloat")]),
    tag(340, "SMinSampleValue", &[Double], Plain),
    tag(341, "SMaxSampleValue", &[Double], Plain),
    tag(347, "JPEGTables", &[Undefined], Coding(JPEG)),
    tag(512, "JPEGProc", &[Short], Coding(OLD_JPEG)),
    tag(513, "JPEGInterchangeFormat", &[Long], Coding(OLD_JPEG)),
    tag(514, "JPEGInterchangeFormatLength", &[Long], Coding(OLD_JPEG)),
    tag(515, "JPEGRestartInterval", &[Short], Coding(OLD_JPEG)),
    tag(517, "JPEGLosslessPredictors", &[Short], Coding(OLD_JPEG)),
    tag(518, "JPEGPointTransforms", &[Short], Coding(OLD_JPEG)),
    tag(519, "JPEGQTables", &[Long], Coding(OLD_JPEG)),
    tag(520, "JPEGDCTables", &[Long], Coding(OLD_JPEG)),
    tag(521, "JPEGACTables", &[Long], Coding(OLD_JPEG)),
    tag(529, "YCbCrCoefficients", &[Rational], YCbCr),
    tag(530, "YCbCrSubSampling", &[Short], Setting),
    named(531, "YCbCrPositioning", &[Short], YCbCr, &[(1, "Centered"), (2, "Cosited")]),
    tag(532, "ReferenceBlackWhite", &[Rational], YCbCr),
    tag(700, "XMP", &[Byte], Plain),
    tag(32_781, "ImageID", &[Ascii], Plain),
    tag(33_432, "Copyright", &[Ascii], Plain),
    tag(33_550, "ModelPixelScale", &[Double], Geo),
    tag(33_723, "IPTC", &[Undefined], Plain),
    tag(33_922, "ModelTiepoint", &[Double], Geo),
    tag(34_264, "ModelTransformation", &[Double], Geo),
    tag(34_377, "Photoshop", &[Byte], Plain),
    tag(34_665, "ExifIFD", POINTER, Pointer),
    tag(34_675, "ICCProfile", &[Undefined], Plain),
    tag(34_735, "GeoKeyDirectory", &[Short], Geo),
    tag(34_736, "GeoDoubleParams", &[Double], Geo),
    tag(34_737, "GeoAsciiParams", &[Ascii], Geo),
    tag(34_853, "GPSIFD", POINTER, Pointer),
    tag(37_724, "ImageSourceData", &[Undefined], Plain),
    tag(40_965, "InteroperabilityIFD", POINTER, Pointer),
    tag(42_112, "GDAL_METADATA", &[Ascii], Plain),
    tag(42_113, "GDAL_NODATA", &[Ascii], Setting),
    tag(50_674, "LercParameters", &[Long], Setting),
    tag(50_844, "RPCCoefficient", &[Double], Geo),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_in_order_and_found_by_number_and_name() {
        assert!(TAGS.is_sorted_by_key(|tag| tag.number));
        for tag in TAGS {
            assert_eq!(by_number(tag.number).map(|found| found.name), Some(tag.name));
            assert_eq!(by_name(&tag.name.to_uppercase()).map(|found| found.number), Some(tag.number));
        }
        assert_eq!(by_name("TileHeight").map(|tag| tag.number), Some(TILE_LENGTH));
        assert_eq!(nearest_name("Compresion"), Some("Compression"));
    }

    #[test]
    fn a_value_with_two_names_is_read_by_both_and_named_by_the_first() {
        let tag = by_name("photometricinterpretation").unwrap();
        assert_eq!((tag.value_number("minisblack"), tag.value_number("BlackIsZero")), (Some(1), Some(1)));
        assert_eq!(tag.value_name(1), Some("BlackIsZero"));
        assert_eq!(by_name("Compression").unwrap().value_number("deflate"), Some(8));
    }
}
