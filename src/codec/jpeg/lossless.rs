//! Decoding of the lossless process (ITU-T T.81 Annex H): each sample is predicted from its neighbours, and the difference is
//! coded. Components are not subsampled.

use super::huffman::{Bits, Codes, Short};
use super::markers::FrameHeader;
use super::scans::{Cut, Part, Scan, each_scan};
use crate::error::{Error, Result};

/// The rows of a component that predict the next sample, before the point transform.
struct Lines {
    above: Vec<u16>,
    current: Vec<u16>,
}

/// Decodes the normalised stream `plain` to interleaved samples of 1 byte, or of 2 if the precision exceeds 8.
///
/// # Errors
/// [`Error::Malformed`] for scans that end early or are missing, [`Error::Unsupported`] for subsampled components.
pub(super) fn decode(frame: &FrameHeader, plain: &[u8], out: &mut [u8]) -> Result<()> {
    if frame.components.len() > 1 && frame.sampling() != (1, 1) {
        return Err(Error::unsupported("lossless JPEG with subsampling"));
    }
    let mut seen = vec![false; frame.components.len()];
    let mut wrong = None;
    each_scan(frame, plain, |scan| {
        scan.header.components.iter().for_each(|component| seen[*component] = true);
        // Prediction begins anew with an interval, and only a row has a rule for its beginning (§H.1.1).
        if !scan.interval.is_multiple_of(frame.columns.into()) {
            wrong = Some(scan.interval);
        }
        decode_scan(frame, scan, out)
    })?;
    if let Some(interval) = wrong {
        let error = Error::malformed("restart interval of lossless JPEG:").found(interval);
        return Err(error.allowed(format!("a multiple of {} columns", frame.columns)));
    }
    let there = seen.iter().filter(|seen| **seen).count();
    if there < seen.len() {
        return Err(Error::malformed("JPEG stream: ends early,").field("components").found(there).allowed(seen.len()));
    }
    Ok(())
}

fn decode_scan(frame: &FrameHeader, scan: &Scan<'_>, out: &mut [u8]) -> std::result::Result<usize, Cut> {
    let (columns, count) = (usize::from(frame.columns), frame.components.len());
    let (predictor, shift) = (scan.header.start, scan.header.shift);
    let middle = 1u16 << (frame.precision - shift - 1);
    let mut lines: Vec<Lines> =
        scan.parts.iter().map(|_| Lines { above: vec![0; columns], current: vec![0; columns] }).collect();
    let mut is_first = true;
    scan.each_unit(frame, |(row, column), bits, restarts| {
        let (row, column) = (row as usize, column as usize);
        if column == 0 {
            is_first = row == 0 || restarts;
            for Lines { above, current } in &mut lines {
                std::mem::swap(above, current);
            }
        }
        for (Part { component, dc, .. }, Lines { above, current }) in scan.parts.iter().zip(&mut lines) {
            let prediction = match (is_first, column) {
                (true, 0) => middle,
                (true, _) => current[column - 1],
                (false, 0) => above[0],
                _ => predict(predictor, current[column - 1], above[column], above[column - 1]),
            };
            let value = prediction.wrapping_add(difference(bits, dc.ok_or(Short)?)?);
            current[column] = value;
            let place = (row * columns + column) * count + component;
            let sample = value << shift;
            if frame.precision > 8 {
                out[2 * place..2 * place + 2].copy_from_slice(&sample.to_ne_bytes());
            } else {
                out[place] = sample as u8;
            }
        }
        Ok(())
    })
}

/// The next difference, modulo 2¹⁶ (§H.1.2.2).
fn difference(bits: &mut Bits<'_>, codes: &Codes) -> std::result::Result<u16, Short> {
    match bits.symbol(codes)? {
        16 => Ok(0x8000),
        size @ 0..16 => Ok(bits.signed(size.into())? as u16),
        _ => Err(Short),
    }
}

/// The prediction from the samples to the left, above, and above to the left (Table H.1).
fn predict(predictor: u8, left: u16, above: u16, corner: u16) -> u16 {
    let [a, b, c] = [left, above, corner].map(i32::from);
    let value = match predictor {
        1 => a,
        2 => b,
        3 => c,
        4 => a + b - c,
        5 => a + ((b - c) >> 1),
        6 => b + ((a - c) >> 1),
        _ => (a + b) >> 1,
    };
    value as u16
}

#[cfg(test)]
pub(super) mod tests;
