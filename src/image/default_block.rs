//! The size of a block that nobody has chosen.

/// The most bytes of a default block with all its bands. It leaves the usual sizes to images of up to a thousand bytes a pixel in
/// tiles of 256 × 256, and bounds the memory of the blocks in flight for all others.
const MOST_BYTES: u64 = 64 << 20;

/// The default columns and rows of a block: `usual`, with the longer side halved until the block has few enough bytes. Sides are
/// multiples of `unit` and not below `least`.
pub(crate) fn default_block(usual: [u32; 2], least: [u32; 2], unit: u32, pixel_bytes: usize) -> [u32; 2] {
    let mut sides = usual;
    while u64::from(sides[0]) * u64::from(sides[1]) * pixel_bytes as u64 > MOST_BYTES {
        let halved = [0, 1].map(|axis| (sides[axis] / 2).max(least[axis]).next_multiple_of(unit).min(sides[axis]));
        let longer = usize::from(sides[1] > sides[0]);
        let Some(axis) = [longer, 1 - longer].into_iter().find(|axis| halved[*axis] < sides[*axis]) else { break };
        sides[axis] = halved[axis];
    }
    sides
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_default_block_shrinks_to_its_bound_or_to_its_least_sides() {
        assert_eq!(default_block([256, 256], [16, 16], 16, 1024), [256, 256]);
        assert_eq!(default_block([256, 256], [16, 16], 16, 1025), [128, 256]);
        assert_eq!(default_block([256, 256], [16, 16], 16, 8 * 20_000), [16, 16]);
        assert_eq!(default_block([48, 256], [16, 256], 16, 20_000), [16, 256]);
        assert_eq!(default_block([1000, 700], [30, 1], 1, 1000), [250, 175]);
        assert_eq!(default_block([16, 16], [16, 16], 16, usize::MAX >> 20), [16, 16]);
    }
}
