//! Walks through the entropy-coded data of every scan without computing pixels, to find data that end early
//! (ITU-T T.81 §F.2.2, §G.2).
//!
//! Decoders continue with zeros when a marker comes too early, so a damaged image looks like a complete one. A single sequential
//! scan is guarded more cheaply (see [`super::stream`]). This file serves progressive images and images of several scans.

use super::markers::{DHT, DRI, EOI, FrameHeader, Process, RST0, RST7, SOS, ScanHeader};
use super::segments::next_segment;
use crate::error::{Error, Result};

/// Bits of a code that a table resolves at once.
const FAST: u32 = 9;

/// Most bits of a code.
const LONGEST: usize = 16;

/// The codes of a Huffman table.
#[derive(Clone)]
struct Codes {
    /// For each value of the next [`FAST`] bits, the length of the code and its symbol; a length of 0 for longer codes.
    fast: Box<[(u8, u8); 1 << FAST]>,
    /// For each length, the end of its codes (exclusive), shifted up to [`LONGEST`] bits.
    ends: [u32; LONGEST + 1],
    /// For each length, the number that turns a code into the position of its symbol.
    offsets: [i32; LONGEST + 1],
    symbols: Vec<u8>,
}

/// Entropy-coded data, read bit by bit up to the next marker.
struct Bits<'a> {
    data: &'a [u8],
    at: usize,
    held: u64,
    count: u32,
}

/// The scan ended before its data did, or a code is not in its table.
struct Short;

/// What was found of the coefficients of a component.
struct Seen {
    /// Blocks across and down, padded to whole MCUs.
    across: u32,
    down: u32,
    /// Blocks across and down of the component alone.
    own: (u32, u32),
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
    /// Tables of DC and AC codes.
    tables: [[Option<Codes>; 4]; 2],
    interval: u32,
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
        let (horizontal, vertical) = frame.sampling();
        let (mcu_columns, mcu_rows) = frame.mcu();
        let mcus = (u32::from(frame.columns).div_ceil(mcu_columns), u32::from(frame.rows).div_ceil(mcu_rows));
        let single = frame.components.len() == 1;
        let seen = frame.components.iter().map(|part| {
            // An only component is not subsampled.
            let (h, v) = if single { (1, 1) } else { (u32::from(part.horizontal), u32::from(part.vertical)) };
            let side = |length: u16, own: u32, most: u8| {
                let most = if single { 1 } else { u32::from(most) };
                (u32::from(length) * own).div_ceil(most).div_ceil(8)
            };
            let own = (side(frame.columns, h, horizontal), side(frame.rows, v, vertical));
            Seen { across: mcus.0 * h, down: mcus.1 * v, own, nonzero: Vec::new(), missing: [None; 64] }
        });
        Self { frame, tables: Default::default(), interval: 0, seen: seen.collect() }
    }

    /// Walks through all scans. `done` is called after each whole scan, with the end of its data.
    fn scans(&mut self, plain: &[u8], mut done: impl FnMut(&Self, usize)) -> Result<()> {
        let mut at = 2;
        let mut number = 0;
        while let Some(segment) = next_segment(plain, at)? {
            at = segment.end;
            match segment.marker {
                EOI => break,
                DHT => self.define(segment.payload),
                DRI => self.interval = segment.payload.iter().fold(0, |value, byte| value << 8 | u32::from(*byte)),
                SOS => {
                    let scan = ScanHeader::parse(self.frame, segment.payload, segment.offset as u64)?;
                    number += 1;
                    at = self.scan(&scan, segment.payload, plain, at).map_err(|(found, expected)| {
                        let field = format!("MCUs of scan {number}");
                        Error::malformed("JPEG scan: ends early,").field(field).found(found).allowed(expected)
                    })?;
                    done(self, at);
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Takes the tables of a segment; tables that break the standard are left to the decoder.
    fn define(&mut self, mut payload: &[u8]) {
        while let Some((class, rest)) = payload.split_first() {
            let Some((counts, rest)) = rest.split_first_chunk::<LONGEST>() else { return };
            let count = counts.iter().map(|count| usize::from(*count)).sum::<usize>();
            let Some((symbols, rest)) = rest.split_at_checked(count) else { return };
            if let Some(table) = self.tables.get_mut(usize::from(class >> 4))
                && let Some(place) = table.get_mut(usize::from(class & 15))
            {
                *place = Some(Codes::new(counts, symbols));
            }
            payload = rest;
        }
    }

    /// Walks through a scan whose data begin at `at`; returns their end. The error is the number of MCUs found and expected.
    fn scan(
        &mut self,
        scan: &ScanHeader,
        payload: &[u8],
        data: &[u8],
        at: usize,
    ) -> std::result::Result<usize, (u64, u64)> {
        let count = scan.components.len();
        let tail = &payload[1 + 2 * count..];
        let progressive = self.frame.process == Process::Progressive;
        let band = Band {
            first: if progressive { tail[0] } else { 0 },
            last: if progressive { tail[1].min(63) } else { 63 },
            refines: progressive && tail[2] >> 4 > 0,
        };
        for component in &scan.components {
            let seen = &mut self.seen[*component];
            let left = if progressive { scan.shift } else { 0 };
            seen.missing[usize::from(band.first)..=usize::from(band.last.max(band.first))].fill(Some(left));
            if progressive && band.first > 0 && seen.nonzero.is_empty() {
                seen.nonzero = vec![0; (seen.across * seen.down) as usize];
            }
        }
        let (across, down) = if count > 1 {
            let (columns, rows) = self.frame.mcu();
            (u32::from(self.frame.columns).div_ceil(columns), u32::from(self.frame.rows).div_ceil(rows))
        } else {
            self.seen[scan.components[0]].own
        };
        let expected = u64::from(across) * u64::from(down);
        let mut bits = Bits { data, at, held: 0, count: 0 };
        let (mut found, mut run) = (0, 0);
        for row in 0..down {
            for column in 0..across {
                if self.interval > 0 && found > 0 && found % u64::from(self.interval) == 0 {
                    bits.restart().map_err(|Short| (found, expected))?;
                    run = 0;
                }
                self.mcu(scan, payload, band, (row, column), &mut bits, &mut run).map_err(|Short| (found, expected))?;
                found += 1;
            }
        }
        Ok(bits.at)
    }

    fn mcu(
        &mut self,
        scan: &ScanHeader,
        payload: &[u8],
        band: Band,
        (row, column): (u32, u32),
        bits: &mut Bits<'_>,
        run: &mut u32,
    ) -> std::result::Result<(), Short> {
        let single = scan.components.len() == 1;
        for (place, component) in scan.components.iter().enumerate() {
            let part = &self.frame.components[*component];
            let selected = payload[2 + 2 * place];
            let (dc, ac) = (&self.tables[0][usize::from(selected >> 4)], &self.tables[1][usize::from(selected & 15)]);
            let seen = &mut self.seen[*component];
            let (h, v) = if single { (1, 1) } else { (part.horizontal.into(), part.vertical.into()) };
            for y in row * v..(row + 1) * v {
                for x in column * h..(column + 1) * h {
                    if self.frame.process != Process::Progressive {
                        bits.dc(dc.as_ref())?;
                        bits.ac(ac.as_ref().ok_or(Short)?)?;
                    } else if band.first == 0 {
                        if band.refines { bits.skip(1)? } else { bits.dc(dc.as_ref())? }
                    } else {
                        let block = &mut seen.nonzero[(y * seen.across + x) as usize];
                        let codes = ac.as_ref().ok_or(Short)?;
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

impl Codes {
    fn new(counts: &[u8; LONGEST], symbols: &[u8]) -> Self {
        let mut codes = Self {
            fast: Box::new([(0, 0); 1 << FAST]),
            ends: [0; LONGEST + 1],
            offsets: [0; LONGEST + 1],
            symbols: symbols.to_vec(),
        };
        let (mut code, mut place) = (0u32, 0i32);
        for (length, count) in (1..).zip(counts) {
            codes.offsets[length] = place - code as i32;
            for _ in 0..*count {
                let shift = FAST.wrapping_sub(length as u32);
                if length as u32 <= FAST && (code as usize) < 1 << length {
                    let first = (code << shift) as usize;
                    codes.fast[first..first + (1 << shift)].fill((length as u8, symbols[place as usize]));
                }
                code += 1;
                place += 1;
            }
            codes.ends[length] = code << (LONGEST - length);
            code <<= 1;
        }
        codes
    }

    /// The length and the symbol of a code longer than [`FAST`] bits, at the start of 16 bits.
    #[cold]
    fn long(&self, next: u32) -> Option<(u32, u8)> {
        let length = (FAST as usize + 1..=LONGEST).find(|length| next < self.ends[*length])?;
        let place = (next >> (LONGEST - length)) as i32 + self.offsets[length];
        let symbol = usize::try_from(place).ok().and_then(|place| self.symbols.get(place))?;
        Some((length as u32, *symbol))
    }
}

impl Bits<'_> {
    /// Holds at least 32 bits if the data have them.
    fn refill(&mut self) {
        if self.count <= 32
            && let Some(next) = self.data.get(self.at..).and_then(<[u8]>::first_chunk)
        {
            let next = u32::from_be_bytes(*next);
            // True if no byte is 0xFF: none of the bytes of the complement is zero.
            if (!next).wrapping_sub(0x0101_0101) & next & 0x8080_8080 == 0 {
                self.held = self.held << 32 | u64::from(next);
                self.count += 32;
                self.at += 4;
                return;
            }
        }
        while self.count <= 48 {
            let Some(byte) = self.data.get(self.at) else { return };
            if *byte == 0xFF {
                if self.data.get(self.at + 1) != Some(&0) {
                    return;
                }
                self.at += 1;
            }
            self.at += 1;
            self.held = self.held << 8 | u64::from(*byte);
            self.count += 8;
        }
    }

    /// Skips up to 64 bits.
    fn skip(&mut self, count: u32) -> std::result::Result<(), Short> {
        if count > 32 {
            self.take(32)?;
        }
        self.take(if count > 32 { count - 32 } else { count }).map(|_| ())
    }

    /// Takes up to 32 bits.
    fn take(&mut self, count: u32) -> std::result::Result<u32, Short> {
        if self.count < count {
            self.refill();
            if self.count < count {
                return Err(Short);
            }
        }
        self.count -= count;
        Ok((self.held >> self.count & ((1 << count) - 1)) as u32)
    }

    fn symbol(&mut self, codes: &Codes) -> std::result::Result<u8, Short> {
        if self.count < 32 {
            self.refill();
        }
        // Missing bits are zeros; the length of the code shows whether it needed them.
        let next = (if self.count >= LONGEST as u32 {
            self.held >> (self.count - LONGEST as u32)
        } else {
            self.held << (LONGEST as u32 - self.count)
        } & 0xFFFF) as u32;
        let (length, symbol) = match codes.fast[(next >> (LONGEST as u32 - FAST)) as usize] {
            (0, _) => codes.long(next).ok_or(Short)?,
            (length, symbol) => (u32::from(length), symbol),
        };
        if length > self.count {
            return Err(Short);
        }
        self.count -= length;
        Ok(symbol)
    }

    fn dc(&mut self, codes: Option<&Codes>) -> std::result::Result<(), Short> {
        let size = self.symbol(codes.ok_or(Short)?)?;
        self.skip(u32::from(size.min(16)))
    }

    /// The AC coefficients of a block of a sequential scan.
    fn ac(&mut self, codes: &Codes) -> std::result::Result<(), Short> {
        let mut k = 1;
        while k < 64 {
            match self.symbol(codes)? {
                0xF0 => k += 16,
                symbol => {
                    let size = u32::from(symbol & 15);
                    if size == 0 {
                        break;
                    }
                    k += u32::from(symbol >> 4) + 1;
                    self.skip(size)?;
                }
            }
        }
        Ok(())
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

    /// Continues after a restart marker; bits before it are padding.
    fn restart(&mut self) -> std::result::Result<(), Short> {
        (self.held, self.count) = (0, 0);
        while let Some([first, second]) = self.data.get(self.at..self.at + 2) {
            match (*first, *second) {
                (0xFF, RST0..=RST7) => {
                    self.at += 2;
                    return Ok(());
                }
                (0xFF, 0) => self.at += 2,
                (0xFF, 0xFF) => self.at += 1,
                (0xFF, _) => return Err(Short),
                _ => self.at += 1,
            }
        }
        Err(Short)
    }
}

#[cfg(test)]
mod tests;
