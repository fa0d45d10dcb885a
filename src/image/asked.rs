//! A provider that caches the answers of `has_block`: they decide where blocks lie, so they must not change during writing.

use std::sync::{Arc, Mutex, PoisonError};

use super::canvas::TileMut;
use super::grid::{BlockGrid, BlockIndex, Window};
use super::layout::ImageLayout;
use super::pixels::Pixels;
use super::provider::{Access, Block, FileImage, ImageProvider};
use super::stored::BlockStore;
use crate::error::Result;

/// A provider whose answers are cached.
pub(crate) struct Asked<'a> {
    provider: &'a dyn ImageProvider,
    answers: Mutex<Vec<Option<bool>>>,
}

impl<'a> Asked<'a> {
    /// A cache without answers.
    pub(crate) fn new(provider: &'a dyn ImageProvider) -> Self {
        Self { provider, answers: Mutex::default() }
    }
}

impl ImageProvider for Asked<'_> {
    fn layout(&self) -> &ImageLayout {
        self.provider.layout()
    }

    fn access(&self) -> Access {
        self.provider.access()
    }

    fn has_block(&self, at: BlockIndex) -> Result<bool> {
        let grid = self.layout().grid;
        let place = grid.position(grid.check(at)?) as usize;
        let known = |answers: &Vec<Option<bool>>| answers.get(place).copied().flatten();
        if let Some(answer) = known(&self.answers.lock().unwrap_or_else(PoisonError::into_inner)) {
            return Ok(answer);
        }
        let answer = self.provider.has_block(at)?;
        let mut answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        if answers.len() <= place {
            answers.resize(grid.count() as usize, None);
        }
        // If two threads ask at once, the first answer is kept.
        Ok(*answers[place].get_or_insert(answer))
    }

    fn block(&self, at: BlockIndex) -> Result<Block> {
        self.provider.block(at)
    }

    fn is_dense(&self) -> bool {
        self.provider.is_dense()
    }

    fn stored_grid(&self) -> BlockGrid {
        self.provider.stored_grid()
    }

    fn in_file(&self) -> Option<&dyn FileImage> {
        self.provider.in_file()
    }

    fn whole(&self) -> Option<&Arc<dyn BlockStore>> {
        self.provider.whole()
    }

    fn pixels(&self) -> Option<&Pixels> {
        self.provider.pixels()
    }

    fn levels(&self) -> &[Arc<dyn ImageProvider>] {
        self.provider.levels()
    }

    fn read_block(&self, at: BlockIndex, window: Window, bands: &[u32], out: &mut TileMut<'_>) -> Result<bool> {
        self.provider.read_block(at, window, bands, out)
    }

    fn check_unchanged(&self) -> Result<()> {
        self.provider.check_unchanged()
    }

    fn file_bytes(&self) -> u64 {
        self.provider.file_bytes()
    }
}
