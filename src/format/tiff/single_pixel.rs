//! A TIFF file of a single pixel, which holds a georeference for a file of another format.

use std::sync::PoisonError;

use super::writer;
use crate::error::Result;
use crate::format::{Begun, ImageRequest, WriteContext, no_image};
use crate::image::{Interleave, MemoryImage, Pixels, SampleType};
use crate::io::MemorySink;
use crate::metadata::Metadata;
use crate::pipeline::{BlocksEnd, Concurrency, Control, write_blocks};

/// The bytes of a file with a georeference, given as `Geo…` names.
///
/// # Errors
/// [`crate::Error::Usage`] for names or values that GeoTIFF cannot store.
pub(in crate::format) fn write_georeference(names: &Metadata) -> Result<Vec<u8>> {
    let mut metadata = names.clone();
    metadata.set("Compression", "None");
    let pixels = Pixels::from_vec(vec![0], [1, 1, 1], SampleType::UInt8, Interleave::Band)?;
    let image = MemoryImage::from_pixels(pixels, 1, 1)?;
    let (sink, target) = MemorySink::new();
    let (concurrency, control, mut warnings) = (Concurrency::SINGLE, Control::default(), Vec::new());
    let mut context = WriteContext { concurrency, control: &control, warnings: &mut warnings, strict: false };
    let mut writer = writer::create(Box::new(sink))?;
    let Begun::Encode(open) = writer.begin_image(&ImageRequest::new("image:0", &image, &metadata), &mut context)?
    else {
        return Err(no_image());
    };
    write_blocks(&image, &open.blocks, &[], &mut *writer, concurrency, &control)?;
    writer.finish_image(&BlocksEnd::default(), &mut context)?;
    writer.finish(&mut context)?.prepare()?.publish()?;
    let bytes = std::mem::take(&mut *target.lock().unwrap_or_else(PoisonError::into_inner));
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::tiff::read_georeference;
    use crate::image::{Crs, Georeference, Transform};
    use crate::limits::Limits;

    #[test]
    fn a_georeference_comes_back() {
        let transform = Transform([300_000.0, 10.0, 0.0, 4_500_000.0, 0.0, -10.0]);
        let given = Georeference { transform: Some(transform), crs: Some(Crs::Epsg(32618)), corners: None };
        let names = crate::format::tiff::names_of(&given).unwrap().into_iter().collect();
        let bytes = write_georeference(&names).unwrap();
        assert!(bytes.len() < 1000);
        let (found, _) = read_georeference(&bytes, &Limits::default()).unwrap();
        assert_eq!((found.transform, found.crs), (given.transform, given.crs));
    }
}
