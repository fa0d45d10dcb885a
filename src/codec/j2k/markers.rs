//! The marker segments of a codestream (T.800 Annex A, T.814 for CAP): codes, and fields as tables.
//!
//! COC, QCC, RGN and POC name a component in one byte, or in two if the image has more than 256 components. Their fields here
//! begin after that number; `header.rs` reads and writes it.

use super::wire::{Counted, Repeated, structures};

/// Start of codestream.
pub(crate) const SOC: u16 = 0xFF4F;
/// Capabilities (T.814 A.3).
pub(crate) const CAP: u16 = 0xFF50;
/// Image and tile size.
pub(crate) const SIZ: u16 = 0xFF51;
/// Coding style default.
pub(crate) const COD: u16 = 0xFF52;
/// Coding style of a component.
pub(crate) const COC: u16 = 0xFF53;
/// Lengths of tile-parts.
pub(crate) const TLM: u16 = 0xFF55;
/// Packet lengths, main header.
pub(crate) const PLM: u16 = 0xFF57;
/// Packet lengths, tile-part header.
pub(crate) const PLT: u16 = 0xFF58;
/// Quantisation default.
pub(crate) const QCD: u16 = 0xFF5C;
/// Quantisation of a component.
pub(crate) const QCC: u16 = 0xFF5D;
/// Region of interest.
pub(crate) const RGN: u16 = 0xFF5E;
/// Changes of progression order.
pub(crate) const POC: u16 = 0xFF5F;
/// Packed packet headers, main header.
pub(crate) const PPM: u16 = 0xFF60;
/// Packed packet headers, tile-part header.
pub(crate) const PPT: u16 = 0xFF61;
/// Registration of components.
pub(crate) const CRG: u16 = 0xFF63;
/// Comment.
pub(crate) const COM: u16 = 0xFF64;
/// Start of tile-part.
pub(crate) const SOT: u16 = 0xFF90;
/// Start of data.
pub(crate) const SOD: u16 = 0xFF93;
/// End of codestream.
pub(crate) const EOC: u16 = 0xFFD9;

/// Reserved markers that have no segment (Table A.1).
pub(crate) const ALONE: std::ops::RangeInclusive<u16> = 0xFF30..=0xFF3F;

/// `Siz::capabilities` of Profile-1 (Table A.45), which NPJE and EPJE require.
pub(crate) const PROFILE_1: u16 = 2;

structures! {
    /// SIZ (A.5.1), after its length.
    Siz {
        /// `Rsiz`: the capabilities needed to decode.
        capabilities: u16,
        /// `Xsiz`, `Ysiz`: where the image ends on the reference grid.
        end: Place,
        /// `XOsiz`, `YOsiz`: where the image begins.
        origin: Place,
        /// `XTsiz`, `YTsiz`: the size of a tile.
        tile: Place,
        /// `XTOsiz`, `YTOsiz`: where the first tile begins.
        tile_origin: Place,
        /// `Ssiz`, `XRsiz`, `YRsiz` of each component.
        components: Counted<Component>,
    }

    /// A place or a size on the reference grid.
    Place {
        /// Column.
        x: u32,
        /// Row.
        y: u32,
    }

    /// A component in SIZ.
    Component {
        /// `Ssiz`: the precision minus one; bit 7 is set for signed samples.
        depth: u8,
        /// `XRsiz`: reference-grid columns from sample to sample.
        dx: u8,
        /// `YRsiz`.
        dy: u8,
    }

    /// COD (A.6.1).
    Cod {
        /// `Scod`: bit 0 precincts, bit 1 SOP, bit 2 EPH.
        style: u8,
        /// The progression order, 0 to 4: LRCP, RLCP, RPCL, PCRL, CPRL.
        progression: u8,
        /// Number of layers.
        layers: u16,
        /// 1 if the first three components are transformed.
        component_transform: u8,
        /// `SPcod`.
        coding: CodingStyle,
    }

    /// COC (A.6.2), after the component.
    Coc {
        /// `Scoc`: bit 0 precincts.
        style: u8,
        /// `SPcoc`.
        coding: CodingStyle,
    }

    /// The parameters `SPcod` and `SPcoc` (Table A.15).
    CodingStyle {
        /// Number of decompositions, 0 to 32.
        levels: u8,
        /// Log2 of the width of a code-block, minus 2.
        block_width: u8,
        /// Log2 of the height of a code-block, minus 2.
        block_height: u8,
        /// The code-block style (Table A.19).
        block_style: u8,
        /// 0: 9-7 irreversible, 1: 5-3 reversible.
        wavelet: u8,
        /// The precinct sizes, if the style has bit 0: for each resolution, log2 of the width in the low four bits, of the
        /// height in the high four bits.
        precincts: Vec<u8>,
    }

    /// QCD (A.6.4); QCC (A.6.5) after the component.
    Quantization {
        /// `Sqcd`: style in the low five bits, guard bits in the high three.
        style: u8,
        /// `SPqcd`: one byte a band without quantisation, else two.
        steps: Vec<u8>,
    }

    /// RGN (A.6.3), after the component.
    Rgn {
        /// `Srgn`: 0, the implicit region of interest.
        style: u8,
        /// `SPrgn`: the shift.
        shift: u8,
    }

    /// TLM (A.7.1).
    Tlm {
        /// `Ztlm`: number of the segment.
        index: u8,
        /// `Stlm`: bits 4 and 5 the bytes of a tile index, bit 6 set for lengths of four bytes.
        sizes: u8,
        /// Pairs of tile index and length of a tile-part.
        parts: Vec<u8>,
    }

    /// PLT (A.7.3), PPT (A.7.5) and PPM (A.7.4): bytes that continue from segment to segment.
    Continued {
        /// `Zplt`, `Zppt` or `Zppm`: number of the segment.
        index: u8,
        /// The bytes.
        data: Vec<u8>,
    }

    /// SOT (A.4.2), after its length.
    Sot {
        /// `Isot`: the tile.
        tile: u16,
        /// `Psot`: bytes from the first byte of SOT to the end of the tile-part; 0: to EOC.
        length: u32,
        /// `TPsot`: number of the tile-part within its tile.
        part: u8,
        /// `TNsot`: tile-parts of the tile; 0: not stated here.
        parts: u8,
    }

    /// COM (A.9.2).
    Com {
        /// `Rcom`: 0 binary, 1 Latin-1 text.
        kind: u16,
        /// The comment.
        text: Vec<u8>,
    }

    /// CAP (T.814 A.3).
    Cap {
        /// Pcap: a bit for each Part, Part 1 the most significant.
        parts: u32,
        /// Ccap of each Part that is set.
        details: Repeated<u16>,
    }
}

/// Bit of `Cap::parts` for Part 15.
pub(crate) const PART_15: u32 = 1 << 17;

/// Bit of `Siz::capabilities`: CAP follows.
pub(crate) const HAS_CAP: u16 = 1 << 14;

/// Bit of `CodingStyle::block_style`: blocks are those of Part 15.
pub(crate) const HIGH_THROUGHPUT: u8 = 1 << 6;

impl CodingStyle {
    /// True if blocks are those of Part 15.
    pub(crate) fn is_high_throughput(&self) -> bool {
        self.block_style & HIGH_THROUGHPUT != 0
    }
}

/// Bytes of SOT with its marker and length.
pub(crate) const SOT_BYTES: usize = 12;

/// The name of a marker, for messages.
pub(crate) fn name(marker: u16) -> &'static str {
    match marker {
        SOC => "SOC",
        CAP => "CAP",
        SIZ => "SIZ",
        COD => "COD",
        COC => "COC",
        TLM => "TLM",
        PLM => "PLM",
        PLT => "PLT",
        QCD => "QCD",
        QCC => "QCC",
        RGN => "RGN",
        POC => "POC",
        PPM => "PPM",
        PPT => "PPT",
        CRG => "CRG",
        COM => "COM",
        SOT => "SOT",
        SOD => "SOD",
        EOC => "EOC",
        _ => "unknown",
    }
}

/// A marker segment with its marker and length.
pub(crate) fn write_segment(marker: u16, write: impl FnOnce(&mut Vec<u8>), out: &mut Vec<u8>) {
    out.extend_from_slice(&marker.to_be_bytes());
    let start = out.len();
    out.extend_from_slice(&[0, 0]);
    write(out);
    // The length counts itself. Segments that may be longer than 65 535 bytes are divided by their writers.
    let length = (out.len() - start) as u16;
    out[start..start + 2].copy_from_slice(&length.to_be_bytes());
}
