//! Reading and writing an image in one call, with the format's defaults.

use std::path::Path;
use std::sync::Arc;

use super::{DatasetReader, DatasetWriter};
use crate::error::{Error, Result};
use crate::format::{
    ImageRequest, OpenOptions, OverviewLevels, Overviews, SaveSettings, Warning, WarningKind, palette_of,
};
use crate::image::{
    Gaps, ImageProvider, Interleave, PadValue, PaletteImage, PartialImage, Pixels, Reduction, Window, absent_parts,
    at_level,
};
use crate::io::Durability;
use crate::limits::Limits;
use crate::metadata::Metadata;
use crate::pipeline::{Concurrency, Control, ReadRequest, read_region};

/// How [`save`] writes an image.
#[derive(Debug, Clone, Default)]
pub struct SaveOptions {
    /// Compression, blocks, georeference, nodata, quality. The format chooses lossless defaults for unset values.
    pub settings: SaveSettings,
    /// Overviews that are made while the image is written, in formats that relate them to their image; by default none.
    pub overviews: Option<OverviewLevels>,
    /// How overviews are made; by default [`Overviews::resampling`].
    pub resampling: Option<Reduction>,
    /// Further metadata of the image; the settings take precedence.
    pub metadata: Metadata,
    /// The format; by default determined by the extension of the path.
    pub format: Option<String>,
    /// Number of threads; by default `OSML_IO_THREADS`, otherwise the number of cores.
    pub threads: Option<usize>,
    /// True if departures from the format's standard are errors.
    pub strict: bool,
    /// What the file survives: a crash of the system by default.
    pub durability: Durability,
}

/// What [`read`] reads from a file.
#[derive(Debug, Clone, Default)]
pub struct ReadOptions {
    /// The key of the image; by default the first with role `data`, otherwise the first.
    pub key: Option<String>,
    /// The window, in pixels of `level`, clipped to the image; by default the whole image.
    pub window: Option<Window>,
    /// The bands, in the requested order; by default all.
    pub bands: Option<Vec<u32>>,
    /// The resolution level; 0 is full resolution.
    pub level: u32,
    /// True to read the pixels of a damaged image that are there; [`read_in_part`] returns what is missing.
    pub partial: bool,
    /// The value of pixels in absent blocks, by default zero, and of missing pixels of a damaged image, by default the nodata or
    /// pad value, else zero.
    pub fill: Option<PadValue>,
    /// True to replace palette indices with the colours (or grey values) of the file's table; `bands` then selects among the
    /// bands of the table. Without a table this has no effect.
    pub expand: bool,
    /// The format; by default determined by the first bytes of the file.
    pub format: Option<String>,
    /// Number of threads; by default `OSML_IO_THREADS`, otherwise the number of cores.
    pub threads: Option<usize>,
    /// Limits on the memory that the file can make the library allocate.
    pub limits: Limits,
}

/// Writes an image to the file `path`, which appears when it is complete. Returns the warnings.
///
/// # Errors
/// [`crate::Error::Usage`] for an unknown format and for invalid options; [`crate::Error::Unsupported`] for an image that the
/// format cannot hold; any error of the provider; [`crate::Error::Io`] if the file cannot be written.
pub fn save(path: impl AsRef<Path>, image: &dyn ImageProvider, options: &SaveOptions) -> Result<Vec<Warning>> {
    let concurrency = Concurrency::resolve(options.threads)?;
    let format = options.format.as_deref();
    let mut writer = DatasetWriter::create_with(path, format, concurrency, options.durability)?.strict(options.strict);
    let overviews =
        options.overviews.as_ref().map(|levels| Overviews { levels, resampling: options.resampling, mask: None });
    let request = ImageRequest {
        roles: &["data".to_owned()],
        settings: Some(&options.settings),
        overviews: overviews.as_ref(),
        ..ImageRequest::new("image:0", image, &options.metadata)
    };
    writer.add_image(&request, &Control::default())?;
    writer.close()?;
    Ok(writer.take_warnings())
}

/// Reads an image of the file `path`, or a part of it.
///
/// # Errors
/// [`crate::Error::Io`], [`crate::Error::Malformed`] or [`crate::Error::Unsupported`] depending on the file,
/// [`crate::Error::AssetNotFound`] for an unknown key, [`crate::Error::OutOfRange`] for a window outside of the image and for a
/// band or level that does not exist, [`crate::Error::Usage`] for no bands and for a fill value that a sample cannot hold,
/// [`crate::Error::Limit`] if a limit is exceeded.
pub fn read(path: impl AsRef<Path>, options: &ReadOptions) -> Result<Pixels> {
    read_in_part(path, options).map(|(pixels, _)| pixels)
}

/// As [`read`]; also returns the warnings about the file, among them, with [`ReadOptions::partial`], one that names the missing
/// pixels.
///
/// # Errors
/// As [`read`].
pub fn read_in_part(path: impl AsRef<Path>, options: &ReadOptions) -> Result<(Pixels, Vec<Warning>)> {
    let open = OpenOptions { limits: options.limits, cache_bytes: 0, ..OpenOptions::default() };
    let reader = DatasetReader::open(&path, options.format.as_deref(), &open)?;
    let position = options.key.as_deref().map_or_else(|| reader.default_image(), |key| reader.position(key))?;
    let (key, indices) = (&reader.assets()[position].key, reader.image(position)?);
    let colors = if options.expand { expanded(&indices, &reader.assets()[position].metadata)? } else { None };
    let is_expanded = colors.is_some();
    let image = at_level(colors.unwrap_or(indices), options.level)?;
    let mut request = ReadRequest::whole(&*image);
    if let Some(window) = options.window {
        request.window = inside(window, request.window)?;
    }
    if let Some(bands) = &options.bands {
        if bands.is_empty() {
            return Err(Error::usage("bands").found("none").allowed("at least one"));
        }
        request.bands.clone_from(bands);
    }
    let sample = image.layout().sample;
    // A value that does not fit the colours is an error only if there are absent blocks to fill.
    let is_needed = !is_expanded || !absent_parts(&*image, request.window)?.is_empty();
    request.fill = image.layout().fill_bytes(options.fill.filter(|_| is_needed).unwrap_or(PadValue::ZERO))?;
    let bytes = request.bytes(&*image);
    let in_file = |error: Error| error.in_file(Some(path.as_ref()));
    options.limits.check_pixels("image", bytes, image.file_bytes()).map_err(in_file)?;
    let missing = if options.fill.is_some() { request.fill.clone() } else { image.layout().pad_bytes() };
    let (gaps, whole) = (Arc::new(Gaps::new(missing)), image.layout().grid.window());
    let image =
        if options.partial { Arc::new(PartialImage::new(image, &gaps)) as Arc<dyn ImageProvider> } else { image };
    let mut pixels = vec![0; usize::try_from(bytes).unwrap_or(usize::MAX)];
    let concurrency = Concurrency::resolve(options.threads)?;
    read_region(&*image, &request, &mut pixels, concurrency, &Control::default())?;
    let shape = [request.bands.len(), request.window.height as usize, request.window.width as usize];
    let mut warnings = reader.warnings().to_vec();
    let damage = gaps.take_message(whole);
    warnings.extend(damage.map(|message| Warning::new(WarningKind::File, key, message)));
    Ok((Pixels::from_vec(pixels, shape, sample, Interleave::Band)?, warnings))
}

/// An image with its indices replaced by the colours (or grey values) of the table in its metadata; `None` for an image without
/// a table.
///
/// # Errors
/// [`crate::Error::Malformed`] for an illegal table, [`crate::Error::Usage`] for samples that cannot be indices.
pub fn expanded(indices: &Arc<dyn ImageProvider>, metadata: &Metadata) -> Result<Option<Arc<dyn ImageProvider>>> {
    if indices.layout().bands != 1 {
        return Ok(None);
    }
    let Some(palette) = palette_of(metadata)? else { return Ok(None) };
    Ok(Some(Arc::new(PaletteImage::new(Arc::clone(indices), Arc::new(palette))?)))
}

/// The part of a window inside of the image.
///
/// # Errors
/// [`Error::OutOfRange`] for a window outside of it.
pub(super) fn inside(window: Window, image: Window) -> Result<Window> {
    let Window { x, y, width, height } = window;
    Window::clipped([x, y, width, height].map(i64::from), image.width, image.height).ok_or_else(|| {
        let allowed = format!("one that overlaps the image of {} × {}", image.width, image.height);
        Error::out_of_range("window").found(format!("({x}, {y}, {width}, {height})")).allowed(allowed)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::{MemoryImage, SampleType};

    #[test]
    fn an_image_is_saved_with_settings_and_read_in_parts() {
        let folder = tempfile::tempdir().unwrap();
        let shape = [3, 40, 50];
        let bytes: Vec<u8> = (0..6000u32).map(|n| (n % 251) as u8).collect();
        let pixels = Pixels::from_vec(bytes, shape, SampleType::UInt8, Interleave::Band).unwrap();
        let image = MemoryImage::from_pixels(pixels.clone(), 50, 40).unwrap();
        for name in ["a.tif", "a.png", "a.ntf"] {
            let path = folder.path().join(name);
            assert!(save(&path, &image, &SaveOptions::default()).unwrap().is_empty(), "{name}");
            let window = Window::new(7, 5, 20, 30);
            let options = ReadOptions { window: Some(window), bands: Some(vec![2, 0]), ..ReadOptions::default() };
            let part = read(&path, &options).unwrap();
            let expected = pixels.window(window).unwrap();
            assert_eq!(part.shape(), [2, 30, 20]);
            let mut wanted = vec![0; 3 * 600];
            expected.copy_to_block(&mut wanted, [3, 30, 20], 0, 0, Interleave::Band);
            let found = part.contiguous(Interleave::Band).unwrap();
            assert!(found[..600] == wanted[1200..] && found[600..] == wanted[..600], "{name}");
        }
        let settings = SaveSettings { compression: Some("zip9".to_owned()), ..SaveSettings::default() };
        let options = SaveOptions { settings, ..SaveOptions::default() };
        assert!(matches!(save(folder.path().join("b.tif"), &image, &options), Err(crate::Error::Usage(_))));
        assert!(!folder.path().join("b.tif").exists());
        let missing = ReadOptions { level: 3, ..ReadOptions::default() };
        assert!(matches!(read(folder.path().join("a.tif"), &missing), Err(crate::Error::OutOfRange(_))));
    }
}
