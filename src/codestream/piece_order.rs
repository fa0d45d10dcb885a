//! The order of pieces in a stream whose blocks have several: the first pieces of all blocks, then the second pieces, and so on.

use crate::codec::Encoded;
use crate::codestream::Codestream;
use crate::error::Result;
use crate::io::{ByteSink, Spool};

/// Writes the pieces of blocks in the order of their stream. Those that come later are spooled.
pub(crate) struct PieceOrder {
    /// The second pieces, the third pieces …
    later: Vec<Spool>,
}

impl PieceOrder {
    /// The order of a stream.
    pub(crate) fn of(stream: &dyn Codestream) -> Self {
        Self { later: (1..stream.rounds()).map(|_| Spool::new()).collect() }
    }

    /// Writes a block as far as its turn has come.
    ///
    /// # Errors
    /// If the sink or the spool fails.
    pub(crate) fn append(&mut self, block: &Encoded, sink: &mut dyn ByteSink) -> Result<()> {
        if self.later.is_empty() {
            return block.pieces().try_for_each(|piece| sink.write(piece));
        }
        for (number, piece) in block.pieces().enumerate() {
            match number.checked_sub(1).and_then(|number| self.later.get_mut(number)) {
                Some(spool) => drop(spool.append(piece)?),
                None => sink.write(piece)?,
            }
        }
        Ok(())
    }

    /// Bytes that are not in the sink yet.
    pub(crate) fn spooled(&self) -> u64 {
        self.later.iter().map(Spool::length).sum()
    }

    /// Writes the later pieces, after the last block. `poll` is called before each round.
    ///
    /// # Errors
    /// If the sink, the spool or `poll` fails.
    pub(crate) fn finish(&mut self, sink: &mut dyn ByteSink, poll: &dyn Fn() -> Result<()>) -> Result<()> {
        for mut spool in self.later.drain(..) {
            poll()?;
            let all = (0, spool.length());
            spool.copy(all, &mut |bytes| sink.write(bytes))?;
        }
        Ok(())
    }
}
