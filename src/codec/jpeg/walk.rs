//! Walks through the entropy-coded data of every scan without computing pixels, to find data that end early
//! (ITU-T T.81 §F.2.2, §G.2).
//!
//! Decoders continue with zeros when a marker comes too early, so a damaged image looks like a complete one. A single sequential
//! scan is guarded more cheaply (see [`super::stream`]). This file serves progressive images and images of several scans.

use super::huffman::{Bits, Codes, Short};
use super::markers::{FrameHeader, Process};
use super::scans::{Cut, Part, Scan, each_scan};
use crate::error::{Error, Result};

/// What was found of the coefficients of a component.
struct Seen {
    /// Blocks across and down, padded to whole MCUs.
    across: u32,
    down: u32,
    /// For each block, the coefficients that are not zero. Only refinements need it.
    nonzero: Vec<u64>,
    /// For each coefficient, the low bits that no scan has coded yet; `None` before its first scan.
    missing: [Option<u8>; 64],
}

/// Checks that every scan of the normalised stream `plain` holds all its MCUs, and that the scans hold every component and, in
/// a progressive image, every bit.
///
/// # Errors
/// [`Error::Malformed`] with the number of MCUs that are there.
pub(super) fn check(frame: &FrameHeader, plain: &[u8]) -> Result<()> {
    let mut walk = Walk::new(frame);
    walk.scans(plain, |_, _| {})?;
    walk.check_all_seen()
}

/// The end of the last whole scan of a damaged progressive image, if the scans up to there show every component.
pub(super) fn whole_scans(frame: &FrameHeader, plain: &[u8]) -> Option<usize> {
    let mut last = None;
    // The error is known: the image is damaged.
    let _ = Walk::new(frame).scans(plain, |walk, end| {
        if walk.seen.iter().all(|seen| seen.missing[0].is_some()) {
            last = Some(end);
        }
    });
    last
}

struct Walk<'f> {
    frame: &'f FrameHeader,
    seen: Vec<Seen>,
}

/// The coding of the coefficients in a scan.
#[derive(Clone, Copy)]
struct Band {
    first: u8,
    last: u8,
    /// True if an earlier scan coded the upper bits.
    refines: bool,
}

impl<'f> Walk<'f> {
    fn new(frame: &'f FrameHeader) -> Self {
        let seen = frame.components.iter().map(|part| {
            let (across, down) = frame.padded_units(*part);
            Seen { across, down, nonzero: Vec::new(), missing: [None; 64] }
        });
        Self { frame, seen: seen.collect() }
    }

    /// Walks through all scans. `done` is called after each whole scan, with the end of its data.
    fn scans(&mut self, plain: &[u8], mut done: impl FnMut(&Self, usize)) -> Result<()> {
        each_scan(self.frame, plain, |scan| {
            let end = self.scan(scan)?;
            done(self, end);
            Ok(end)
        })
    }

    /// Walks through a scan; returns the end of its data.
    fn scan(&mut self, scan: &Scan<'_>) -> std::result::Result<usize, Cut> {
        let [first, last, bits] = scan.tail;
        let progressive = self.frame.process == Process::Progressive;
        let band = Band {
            first: if progressive { first } else { 0 },
            last: if progressive { last.min(63) } else { 63 },
            refines: progressive && bits >> 4 > 0,
        };
        for component in &scan.header.components {
            let seen = &mut self.seen[*component];
            let left = if progressive { scan.header.shift } else { 0 };
            seen.missing[usize::from(band.first)..=usize::from(band.last.max(band.first))].fill(Some(left));
            if progressive && band.first > 0 && seen.nonzero.is_empty() {
                seen.nonzero = vec![0; (seen.across * seen.down) as usize];
            }
        }
        let mut run = 0;
        scan.each_unit(self.frame, |place, bits, restarts| {
            if restarts {
                run = 0;
            }
            self.mcu(scan, band, place, bits, &mut run)
        })
    }

    fn mcu(
        &mut self,
        scan: &Scan<'_>,
        band: Band,
        (row, column): (u32, u32),
        bits: &mut Bits<'_>,
        run: &mut u32,
    ) -> std::result::Result<(), Short> {
        for Part { component, dc, ac, factors: (h, v) } in &scan.parts {
            let seen = &mut self.seen[*component];
            for y in row * v..(row + 1) * v {
                for x in column * h..(column + 1) * h {
                    if self.frame.process != Process::Progressive {
                        bits.dc(*dc)?;
                        bits.ac(ac.ok_or(Short)?, |bits, _, size| bits.skip(size))?;
                    } else if band.first == 0 {
                        if band.refines { bits.skip(1)? } else { bits.dc(*dc)? }
                    } else {
                        let block = &mut seen.nonzero[(y * seen.across + x) as usize];
                        let codes = ac.ok_or(Short)?;
                        if band.refines {
                            bits.refine(codes, band, block, run)?;
                        } else {
                            bits.first(codes, band, block, run)?;
                        }
                    }
                }
            }
        }
        Ok(())
    }

    /// Checks that no component and no bit of a coefficient is missing.
    fn check_all_seen(&self) -> Result<()> {
        let without = self.seen.iter().filter(|seen| seen.missing[0].is_none()).count();
        if without > 0 {
            let (all, there) = (self.seen.len(), self.seen.len() - without);
            return Err(Error::malformed("JPEG stream: ends early,").field("components").found(there).allowed(all));
        }
        let missing = self.seen.iter().flat_map(|seen| &seen.missing).filter(|left| **left != Some(0)).count();
        if missing == 0 {
            return Ok(());
        }
        let all = 64 * self.seen.len();
        let error =
            Error::malformed("JPEG stream: the last progressive scans are missing,").field("whole coefficients");
        Err(error.found(all - missing).allowed(all))
    }
}

impl Bits<'_> {
    fn dc(&mut self, codes: Option<&Codes>) -> std::result::Result<(), Short> {
        let size = self.symbol(codes.ok_or(Short)?)?;
        self.skip(u32::from(size.min(16)))
    }

    /// The first bits of the AC coefficients of a block of a progressive scan (§G.1.2.2).
    fn first(&mut self, codes: &Codes, band: Band, block: &mut u64, run: &mut u32) -> std::result::Result<(), Short> {
        if *run > 0 {
            *run -= 1;
            return Ok(());
        }
        let mut k = u32::from(band.first);
        while k <= u32::from(band.last) {
            let symbol = self.symbol(codes)?;
            let (zeros, size) = (u32::from(symbol >> 4), u32::from(symbol & 15));
            if size == 0 {
                if zeros < 15 {
                    *run = (1 << zeros) + self.take(zeros)? - 1;
                    break;
                }
                k += 16;
                continue;
            }
            k += zeros;
            self.skip(size)?;
            *block |= 1 << (k & 63);
            k += 1;
        }
        Ok(())
    }

    /// A further bit of the AC coefficients of a block (§G.1.2.3).
    fn refine(&mut self, codes: &Codes, band: Band, block: &mut u64, run: &mut u32) -> std::result::Result<(), Short> {
        let (mut k, last) = (u32::from(band.first), u32::from(band.last));
        let inside = u64::MAX >> (63 - last);
        while *run == 0 && k <= last {
            let symbol = self.symbol(codes)?;
            let (zeros, size) = (u32::from(symbol >> 4), u32::from(symbol & 15));
            if size == 0 && zeros < 15 {
                *run = (1 << zeros) + self.take(zeros)?;
                break;
            }
            // The coefficient behind the zeros that are skipped, or the end of the band. Each coefficient in between that is
            // not zero has a bit.
            let mut free = !*block & inside & (u64::MAX << k);
            for _ in 0..zeros {
                free &= free.wrapping_sub(1);
            }
            let place = if free == 0 { last + 1 } else { free.trailing_zeros() };
            let passed = *block & (u64::MAX << k) & (u64::MAX.checked_shl(place).map_or(u64::MAX, |above| !above));
            self.skip(passed.count_ones() + u32::from(size > 0))?;
            if size > 0 && place <= last {
                *block |= 1 << place;
            }
            k = place + 1;
        }
        if *run > 0 {
            *run -= 1;
            let rest = if k > last { 0 } else { *block & inside & (u64::MAX << k) };
            self.skip(rest.count_ones())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
