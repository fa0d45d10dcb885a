//! A decoder of blocks, bit by bit and sample by sample, as T.814 §7 describes it.

use super::super::rows::{FIRST, OTHER};

/// The exponents of run lengths (Table 2).
const EXPONENTS: [u32; 13] = [0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 4, 5];

/// The samples of a block: magnitude, sign, and the lowest plane that is known. `None` if the passes cannot be.
pub(super) fn decode(
    cleanup: &[u8],
    refinement: Option<(&[u8], bool)>,
    (width, height): (usize, usize),
    (plane, most): (u32, u32),
    causal: bool,
) -> Option<Vec<(u64, bool, u32)>> {
    let mut block = Block { width, height, samples: vec![(0, false, plane); width * height] };
    block.cleanup(cleanup, plane, most)?;
    if let Some((segment, has_refinement)) = refinement {
        block.refine(segment, plane - 1, has_refinement, causal);
    }
    Some(block.samples)
}

/// Bits of a stream, then the same bit without end.
struct Bits {
    bits: std::vec::IntoIter<bool>,
    end: bool,
}

impl Bits {
    fn next(&mut self) -> u64 {
        self.bits.next().unwrap_or(self.end).into()
    }

    fn take(&mut self, count: u32) -> u64 {
        (0..count).fold(0, |value, place| value | self.next() << place)
    }
}

/// Bits of bytes in ascending addresses; the highest of a byte first if `from_top`.
fn forward(bytes: &[u8], from_top: bool, end: bool) -> Bits {
    let (mut bits, mut before) = (Vec::new(), 0);
    for byte in bytes {
        let count = if before == 0xFF { 7 } else { 8 };
        let bit = |place: u32| byte >> if from_top { count - 1 - place } else { place } & 1 == 1;
        bits.extend((0..count).map(bit));
        before = *byte;
    }
    Bits { bits: bits.into_iter(), end }
}

/// Bits of bytes in descending addresses, without the first `skipped`. The byte at a higher address was `before`.
fn backward(bytes: &[u8], mut before: u8, skipped: usize) -> Bits {
    let mut bits = Vec::new();
    for byte in bytes.iter().rev() {
        let count = if before > 0x8F && byte & 0x7F == 0x7F { 7 } else { 8 };
        bits.extend((0..count).map(|place| byte >> place & 1 == 1));
        before = *byte;
    }
    bits.drain(..skipped.min(bits.len()));
    Bits { bits: bits.into_iter(), end: false }
}

struct Mel {
    bits: Bits,
    state: usize,
    /// Events that do not happen, and whether one that does follows them.
    run: (u64, bool),
}

impl Mel {
    fn event(&mut self) -> bool {
        while self.run == (0, false) {
            let exponent = EXPONENTS[self.state];
            if self.bits.next() == 1 {
                self.run = (1 << exponent, false);
                self.state = (self.state + 1).min(12);
            } else {
                self.run = ((0..exponent).fold(0, |run, _| run << 1 | self.bits.next()), true);
                self.state = self.state.saturating_sub(1);
            }
        }
        if self.run.0 > 0 {
            self.run.0 -= 1;
            return false;
        }
        self.run = (0, false);
        true
    }
}

/// What a codeword states: ρ, whether there is a `u`, `ε_k`, `ε_1`.
type Quad = (u64, bool, u64, u64);

fn codeword(vlc: &mut Bits, is_first: bool, context: u64) -> Quad {
    let rows = if is_first { &FIRST[..] } else { &OTHER };
    let (mut bits, mut length) = (0, 0);
    loop {
        bits |= vlc.next() << length;
        length += 1;
        for row in rows.iter().map(|row| u64::from(*row)) {
            let field = |shift: u32| row >> shift & 0xF;
            if (row >> 24, field(16) & 7, row & 0xFF) == (context, length, bits) {
                return (field(20), field(16) >> 3 == 1, field(12), field(8));
            }
        }
    }
}

/// The `u` without its suffix, and the bits of the suffix.
fn prefix(vlc: &mut Bits) -> (u64, u32) {
    match (0..3).find(|_| vlc.next() == 1) {
        Some(0) => (1, 0),
        Some(1) => (2, 0),
        Some(_) => (3, 1),
        None => (5, 5),
    }
}

struct Block {
    width: usize,
    height: usize,
    samples: Vec<(u64, bool, u32)>,
}

/// The quads of a block, with a border of zeros: ρ, and the exponents by sample.
struct Grid {
    exponents: Vec<Vec<u64>>,
}

impl Grid {
    /// The exponent of the sample in column `x` − 2 and row `y` − 1.
    fn at(&self, x: usize, y: usize) -> u64 {
        self.exponents[y][x]
    }

    fn is_significant(&self, x: usize, y: usize) -> u64 {
        u64::from(self.at(x, y) > 0)
    }
}

impl Block {
    fn cleanup(&mut self, segment: &[u8], plane: u32, most: u32) -> Option<()> {
        let [.., before, last] = segment else { return None };
        let suffix = usize::from(*last) << 4 | usize::from(before & 0xF);
        if !(2..=segment.len().min(4079)).contains(&suffix) {
            return None;
        }
        let (magnitudes, shared) = segment.split_at(segment.len() - suffix);
        let mut shared = shared[..suffix - 1].to_vec();
        *shared.last_mut()? |= 0xF;
        let mut mel = Mel { bits: forward(&shared, true, true), state: 0, run: (0, false) };
        let mut vlc = backward(&shared, 0xFF, 4);
        let mut magnitudes = forward(magnitudes, false, true);
        let (across, down) = (self.width.div_ceil(2), self.height.div_ceil(2));
        let mut grid = Grid { exponents: vec![vec![0; 2 * across + 6]; 2 * down + 1] };
        for line in 0..down {
            for pair in (0..across).step_by(2) {
                let mut quads = Vec::new();
                for quad in pair..across.min(pair + 2) {
                    let left = quads.last().map(|quad: &Quad| quad.0);
                    quads.push(quad_at(&grid, quad, line, left, &mut mel, &mut vlc));
                }
                let u = u_of(&quads, line == 0, &mut mel, &mut vlc);
                for (n, (quad, u)) in quads.iter().zip(u).enumerate() {
                    self.quad(&mut grid, (pair + n, line), *quad, u, (plane, most), &mut magnitudes)?;
                }
            }
        }
        Some(())
    }

    /// Reads the magnitudes of a quad.
    fn quad(
        &mut self,
        grid: &mut Grid,
        (column, line): (usize, usize),
        (rho, _, known, ones): Quad,
        u: u64,
        (plane, most): (u32, u32),
        magnitudes: &mut Bits,
    ) -> Option<()> {
        let (x, y) = (2 * column + 2, 2 * line + 1);
        let above = (x - 1..x + 3).map(|x| grid.at(x, y - 1)).max().unwrap_or(0);
        let predicted = if rho.count_ones() > 1 { above.saturating_sub(1).max(1) } else { 1 };
        let bound = u + predicted;
        if bound > u64::from(most) {
            return None;
        }
        for (n, (dx, dy)) in [(0, 0), (0, 1), (1, 0), (1, 1)].into_iter().enumerate() {
            if rho >> n & 1 == 0 {
                continue;
            }
            let length = bound - (known >> n & 1);
            let value = magnitudes.take(length as u32) | (ones >> n & 1) << length;
            grid.exponents[y + dy][x + dx] = u64::from(u64::BITS - (value | 1).leading_zeros());
            let (x, y) = (x + dx - 2, y + dy - 1);
            if x < self.width && y < self.height {
                self.samples[y * self.width + x] = ((value >> 1) + 1, value & 1 == 1, plane);
            }
        }
        Some(())
    }

    fn refine(&mut self, segment: &[u8], plane: u32, has_refinement: bool, causal: bool) {
        let coded: Vec<bool> = self.samples.iter().map(|sample| sample.0 > 0).collect();
        let mut significant = coded.clone();
        let mut propagated = forward(segment, false, false);
        let mut refined = backward(segment, 0xFF, 0);
        let (width, height) = (self.width, self.height);
        for stripe in (0..height).step_by(4) {
            for group in (0..width).step_by(4) {
                let places =
                    (group..width.min(group + 4)).flat_map(|x| (stripe..height.min(stripe + 4)).map(move |y| (x, y)));
                let mut new = Vec::new();
                for (x, y) in places {
                    let at = y * width + x;
                    let near = |v: usize, end: usize| v.saturating_sub(1)..end.min(v + 2);
                    let end = if causal { height.min(stripe + 4) } else { height };
                    let is_beside = near(y, end).any(|y| near(x, width).any(|x| significant[y * width + x]));
                    if coded[at] {
                        if has_refinement {
                            let sample = &mut self.samples[at];
                            *sample = (sample.0 << 1 | refined.next(), sample.1, plane);
                        }
                    } else if is_beside && propagated.next() == 1 {
                        significant[at] = true;
                        new.push(at);
                    }
                }
                for at in new {
                    self.samples[at] = (1, propagated.next() == 1, plane);
                }
            }
        }
    }
}

/// Reads a quad, of which `left` is the ρ of the quad before in the same pair.
fn quad_at(grid: &Grid, quad: usize, line: usize, left: Option<u64>, mel: &mut Mel, vlc: &mut Bits) -> Quad {
    let (x, y) = (2 * quad + 2, 2 * line + 1);
    let stored = [(x - 2, y), (x - 2, y + 1), (x - 1, y), (x - 1, y + 1)].map(|(x, y)| grid.is_significant(x, y));
    let left = left.map_or(stored, |rho| [0, 1, 2, 3].map(|n| rho >> n & 1));
    let context = if line == 0 {
        (left[0] | left[1]) + 2 * left[2] + 4 * left[3]
    } else {
        let above = [x - 1, x, x + 1, x + 2].map(|x| grid.is_significant(x, y - 1));
        (above[0] | above[1]) + 2 * (left[2] | left[3]) + 4 * (above[2] | above[3])
    };
    if context > 0 || mel.event() { codeword(vlc, line == 0, context) } else { (0, false, 0, 0) }
}

/// Reads the `u` of a pair.
fn u_of(quads: &[Quad], is_first: bool, mel: &mut Mel, vlc: &mut Bits) -> [u64; 2] {
    let has = [0, 1].map(|n| quads.get(n).is_some_and(|quad: &Quad| quad.1));
    let are_two = is_first && has == [true, true];
    let are_large = are_two && mel.event();
    let first = if has[0] { prefix(vlc) } else { (0, 0) };
    let second = match has[1] {
        true if are_two && !are_large && first.0 > 2 => (1 + vlc.next(), 0),
        true => prefix(vlc),
        false => (0, 0),
    };
    let u = [first, second].map(|(least, suffix)| least + vlc.take(suffix));
    u.map(|u| if u > 32 { u + 4 * vlc.take(4) } else { u }).map(|u| if are_large { u + 2 } else { u })
}
