//! The fast decoder, as the tests compare it.

use super::{BlockDecoder, BlockShape, CodedBlock, Magnitude, Orientation, Segment, Style};

/// The segments of the first passes of a block.
pub(super) fn segments(coded: &CodedBlock, passes: usize) -> Vec<Segment<'_>> {
    let (mut segments, mut start, mut from) = (Vec::new(), 0, 0);
    for (number, pass) in coded.passes[..passes].iter().enumerate() {
        if pass.terminated || number + 1 == passes {
            let end = pass.length as usize;
            segments.push(Segment { passes: (number + 1 - from) as u32, bytes: &coded.bytes[start..end] });
            (start, from) = (end, number + 1);
        }
    }
    segments
}

/// Decodes the first passes of a block; the values without the middle of what is not known.
pub(super) fn decode<M: Magnitude + Into<u64>>(
    coded: &CodedBlock,
    passes: usize,
    (width, height): (usize, usize),
    orientation: Orientation,
    style: Style,
) -> Vec<i64>
where
    BlockDecoder<M>: Default,
{
    let mut decoder = BlockDecoder::<M>::default();
    let shape = BlockShape { width, height, orientation, planes: coded.planes };
    decoder.decode(shape, style, segments(coded, passes).into_iter()).unwrap();
    let value = |(double, is_negative): (M, bool)| {
        let double: u64 = double.into();
        let value = ((double & double.wrapping_sub(1)) >> 1) as i64;
        if is_negative { -value } else { value }
    };
    (0..height).flat_map(|y| decoder.row(y, 0..width).map(value).collect::<Vec<_>>()).collect()
}
