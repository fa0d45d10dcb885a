//! Real files cut and changed: they open or are an error, and cost no more than what they are.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::tests::corpus;
use crate::error::{Error, Result};
use crate::format::OpenOptions;
use crate::format::nitf::open;
use crate::io::ByteSource;

/// The first bytes of a file with some changed, counting what is read of them.
struct Changed {
    bytes: Arc<Vec<u8>>,
    length: usize,
    changes: Vec<(usize, u8)>,
    read: AtomicU64,
}

impl ByteSource for Changed {
    fn size(&self) -> u64 {
        self.length as u64
    }

    fn read_at(&self, offset: u64, out: &mut [u8]) -> Result<()> {
        self.read.fetch_add(out.len() as u64, Ordering::Relaxed);
        let start = offset as usize;
        out.copy_from_slice(&self.bytes[start..start + out.len()]);
        for (at, byte) in &self.changes {
            if let Some(place) = at.checked_sub(start).and_then(|at| out.get_mut(at)) {
                *place = *byte;
            }
        }
        Ok(())
    }
}

/// Opens a changed file with all of its images; true where it could be opened.
fn survives(bytes: &Arc<Vec<u8>>, length: usize, changes: Vec<(usize, u8)>) -> bool {
    let source = Arc::new(Changed { bytes: Arc::clone(bytes), length, changes, read: AtomicU64::new(0) });
    let opened = open(Arc::clone(&source) as Arc<dyn ByteSource>, &OpenOptions::default());
    let read = source.read.load(Ordering::Relaxed);
    assert!(read <= 4 * length as u64 + (64 << 10), "{read} bytes read of a file of {length}");
    match opened {
        Ok(reader) => {
            for position in 0..reader.assets().len() {
                let _ = reader.image(position);
            }
            true
        }
        Err(Error::Malformed(_)) => false,
        Err(error) => panic!("{error}"),
    }
}

#[test]
fn files_that_are_cut_open_or_are_an_error() {
    let Some((root, files)) = corpus() else { return };
    for entry in &files {
        let Ok(bytes) = std::fs::read(root.join(entry.get("path").text())) else { continue };
        let bytes = Arc::new(bytes);
        // Half of the places among the headers, which stand first in most files.
        let near = (0..100).map(|place| place * bytes.len().min(4096) / 100);
        let far = (0..100).map(|place| place * bytes.len() / 100);
        let opened = near.chain(far).filter(|length| survives(&bytes, *length, Vec::new())).count();
        let short = bytes.len() < 400 || entry.get("class").text() == "nitf malformed";
        assert!(opened > 0 || short, "{}", entry.get("path").text());
    }
}

#[test]
fn files_whose_headers_are_changed_open_or_are_an_error() {
    let Some((root, files)) = corpus() else { return };
    let mut state = 1u64;
    let mut random = move |below: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % below.max(1)
    };
    for entry in &files {
        let Ok(bytes) = std::fs::read(root.join(entry.get("path").text())) else { continue };
        let bytes = Arc::new(bytes);
        for turn in 0..200 {
            let changes = (0..=turn % 3).map(|_| {
                // Digits for digits half of the time: lies are worse than nonsense.
                let byte = if random(2) == 0 { b'0' + random(10) as u8 } else { random(256) as u8 };
                (random(bytes.len().min(2048)), byte)
            });
            let changes = changes.collect();
            survives(&bytes, bytes.len(), changes);
        }
    }
}
