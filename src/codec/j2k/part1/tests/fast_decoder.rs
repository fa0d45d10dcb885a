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
    let mut values = vec![0; width * height];
    for stripe in 0..height.div_ceil(4) {
        for (x, (magnitudes, negative)) in decoder.stripe(stripe).enumerate() {
            for row in 0..4.min(height - 4 * stripe) {
                let double: u64 = magnitudes[row].into();
                let value = ((double & double.wrapping_sub(1)) >> 1) as i64;
                values[(4 * stripe + row) * width + x] = if negative[row] { -value } else { value };
            }
        }
    }
    values
}
