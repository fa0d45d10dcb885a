//! One axis of an image on its reference grid: where blocks begin and end at every resolution (T.800 B.2 to B.5).

/// The pixels of an image along one axis, cut into blocks of one size. Positions are on a reference grid. Neither the image nor
/// the first block needs to begin at 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Axis {
    /// If the image begins.
    pub(super) origin: u32,
    /// Pixels of the image.
    pub(super) length: u32,
    /// Where the first block begins: at or before the start of the image, by less than one block.
    pub(super) first: u32,
    /// Pixels of a block.
    pub(super) block: u32,
}

impl Axis {
    /// An axis that begins at 0.
    pub(super) const fn new(length: u32, block: u32) -> Self {
        Self { origin: 0, length, first: 0, block }
    }

    /// Number of blocks, including those that a reduction leaves without pixels.
    pub(super) const fn count(&self) -> u32 {
        (self.length as u64 + self.offset() as u64).div_ceil(self.block as u64) as u32
    }

    /// Pixels of the image reduced by 2^`reduction`.
    pub(super) const fn size(&self, reduction: u8) -> u32 {
        if reduction == 0 {
            return self.length;
        }
        (self.reduced(self.end(), reduction) - self.reduced(self.origin as u64, reduction)) as u32
    }

    /// Pixels of the largest block, reduced by 2^`reduction`.
    pub(super) const fn block_size(&self, reduction: u8) -> u32 {
        (self.block as u64).div_ceil(1 << reduction) as u32
    }

    /// The first pixel of block `at`, relative to the first pixel of the image, and the block's length; both are reduced by
    /// 2^`reduction`. The last block may extend past the end of the image. Past the end, the first pixel saturates.
    pub(super) const fn block(&self, at: u32, reduction: u8) -> (u32, u32) {
        if reduction == 0 && self.offset() == 0 {
            return (at.saturating_mul(self.block), self.block);
        }
        let (start, end) = (self.edge(at as u64, reduction), self.edge(at as u64 + 1, reduction));
        (if start > u32::MAX as u64 { u32::MAX } else { start as u32 }, (end - start) as u32)
    }

    /// The block that holds pixel `at` of the image reduced by 2^`reduction`.
    pub(super) const fn block_of(&self, at: u32, reduction: u8) -> u32 {
        if reduction == 0 && self.offset() == 0 {
            return at / self.block;
        }
        // A reduced pixel is the reference-grid pixel at its own position times 2^reduction: ⌈e / 2^r⌉ ≤ p ⇔ e ≤ p · 2^r.
        let position = (self.reduced(self.origin as u64, reduction) + at as u64) << reduction;
        ((position - self.first as u64) / self.block as u64) as u32
    }

    /// Where block `at` begins, relative to the first pixel of the image, both reduced. T.800 (B-7): the first block begins
    /// where the image does.
    const fn edge(&self, at: u64, reduction: u8) -> u64 {
        let (edge, origin) = (self.first as u64 + at * self.block as u64, self.origin as u64);
        self.reduced(if edge < origin { origin } else { edge }, reduction) - self.reduced(origin, reduction)
    }

    /// Pixels of the first block that lie before the image.
    const fn offset(&self) -> u32 {
        self.origin - self.first
    }

    /// If the image ends.
    const fn end(&self) -> u64 {
        self.origin as u64 + self.length as u64
    }

    /// A position on the reference grid, reduced: T.800 (B-14) and (B-15) round up.
    #[allow(clippy::unused_self, reason = "a position of this axis")]
    const fn reduced(&self, position: u64, reduction: u8) -> u64 {
        position.div_ceil(1 << reduction)
    }
}
