//! Made-up coefficients.

/// Numbers that look random (xorshift).
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }

    pub(crate) fn below(&mut self, end: usize) -> usize {
        (self.next() >> 16) as usize % end
    }
}

/// The number of cases of a test: `PROPTEST_CASES` if it is set.
pub(crate) fn cases(usual: u32) -> u32 {
    std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(usual)
}

/// Kinds of coefficients.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Sample {
    Zero,
    One,
    Sparse,
    Noise,
    Laplace,
    Largest,
    Stripes,
}

impl Sample {
    pub(crate) const ALL: [Self; 7] =
        [Self::Zero, Self::One, Self::Sparse, Self::Noise, Self::Laplace, Self::Largest, Self::Stripes];
}

/// Coefficients whose magnitudes have `bits` bits.
pub(crate) fn samples(kind: Sample, count: usize, bits: u32, random: &mut Random) -> Vec<i64> {
    let largest = (1u64 << bits) - 1;
    let only = random.below(count);
    (0..count)
        .map(|i| {
            let any = random.next() & largest;
            let magnitude = match kind {
                Sample::Zero => 0,
                Sample::One => any * u64::from(i == only),
                Sample::Sparse => any * u64::from(random.below(20) == 0),
                Sample::Noise => any,
                Sample::Laplace => any >> (random.next() | 1 << bits).trailing_zeros(),
                Sample::Largest => largest,
                Sample::Stripes => any * u64::from(i % 16 < 4),
            };
            if random.below(2) == 0 { magnitude as i64 } else { -(magnitude as i64) }
        })
        .collect()
}
