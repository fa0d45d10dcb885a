//! The files of an R-set being written. They become visible together or not at all.

use super::super::companions::Companion;
use super::super::convert::{ConversionReport, ConvertOptions, convert_into};
use super::super::overviews::default_reduction;
use super::super::reader::DatasetReader;
use super::super::writer::{DatasetWriter, ImageWriter};
use super::keys::split_level;
use super::level_files::LevelFiles;
use super::level_request::Levels;
use super::paths::RsetPaths;
#[cfg(feature = "python")]
use crate::codec::Encoded;
use crate::error::{Error, Result};
use crate::format::{DataRequest, Format, ImageRequest, Warning, WarningKind, by_extension, by_name};
use crate::image::Reduction;
use crate::io::{self, ByteSink, Durability};
use crate::metadata::Metadata;
use crate::pipeline::{Concurrency, Control, Tap};

/// A file being written, or the files of an R-set. The key of an asset determines its file: `image:0:overview:2` is written to
/// the file of level 2, as `image:0`. All other assets are written to the base. Nothing is visible before
/// [`RsetWriter::close`]; dropping the writer discards everything.
pub struct RsetWriter {
    /// The base, then the levels from the largest.
    files: Vec<DatasetWriter>,
    /// The paths of the files, for messages; empty for a single file.
    names: Vec<String>,
    /// Levels that only a former set has. They are removed when the set is published.
    beyond: Option<RsetPaths>,
    /// The file that received the image begun last.
    begun: usize,
    warnings: Vec<Warning>,
}

impl RsetWriter {
    /// Begins the files of an R-set. The extension of the base determines the format if `format` is `None`. Files of a former
    /// set are replaced as a whole: levels that the new set lacks are removed.
    ///
    /// # Errors
    /// As [`DatasetWriter::create`].
    pub fn create(
        paths: &RsetPaths,
        format: Option<&str>,
        concurrency: Concurrency,
        durability: Durability,
    ) -> Result<Self> {
        let format = format.map_or_else(|| by_extension(paths.base()), by_name)?;
        let sinks = paths.all().iter().map(|path| io::sink_at(path, durability)).collect::<Result<_>>()?;
        let names = paths.all().iter().map(|path| path.display().to_string()).collect();
        let writer = Self::to_sinks(sinks, names, format, concurrency)?;
        Ok(Self { beyond: Some(paths.clone()), ..writer })
    }

    /// Begins the files of a set in any sinks, the base first. `names` name them in messages.
    ///
    /// # Errors
    /// If a sink rejects the first bytes.
    pub fn to_sinks(
        sinks: Vec<Box<dyn ByteSink>>,
        names: Vec<String>,
        format: &'static dyn Format,
        concurrency: Concurrency,
    ) -> Result<Self> {
        let files: Vec<_> =
            sinks.into_iter().map(|sink| DatasetWriter::to_sink(sink, format, concurrency)).collect::<Result<_>>()?;
        if files.is_empty() {
            return Err(Error::usage("no path"));
        }
        Ok(Self { files, names, beyond: None, begun: 0, warnings: Vec::new() })
    }

    /// Reports departures from the format's standard as errors instead of warnings.
    #[must_use]
    pub fn strict(self, strict: bool) -> Self {
        Self { files: self.files.into_iter().map(|file| file.strict(strict)).collect(), ..self }
    }

    /// As [`RsetWriter::strict`], for the assets that follow.
    pub fn set_strict(&mut self, strict: bool) {
        self.files.iter_mut().for_each(|file| file.set_strict(strict));
    }

    /// The format of all files.
    pub fn format(&self) -> &'static dyn Format {
        self.files[0].format()
    }

    /// True if departures from the format's standard are errors.
    pub fn is_strict(&self) -> bool {
        self.files[0].is_strict()
    }

    /// The number of levels, without the base.
    pub fn levels(&self) -> usize {
        self.files.len() - 1
    }

    /// Sets metadata of every file.
    ///
    /// # Errors
    /// As [`DatasetWriter::set_metadata`].
    pub fn set_metadata(&mut self, metadata: &Metadata) -> Result<()> {
        self.files.iter_mut().try_for_each(|file| file.set_metadata(metadata))
    }

    /// Writes an image to the file that its key determines.
    ///
    /// # Errors
    /// [`Error::Usage`] for a level without a file; otherwise as [`DatasetWriter::add_image`].
    pub fn add_image(&mut self, image: &ImageRequest<'_>, control: &Control<'_>) -> Result<()> {
        let roles = roles_in_file(image);
        let (file, request) = self.routed(image, &roles)?;
        self.files[file].add_image(&request, control)
    }

    /// Writes the image at a position of a file, as [`DatasetWriter::add_image_of`] does. Overviews follow it into the files of
    /// their levels.
    ///
    /// # Errors
    /// As [`RsetWriter::add_image`].
    pub fn add_image_of(
        &mut self,
        reader: &DatasetReader,
        position: usize,
        image: &ImageRequest<'_>,
        control: &Control<'_>,
    ) -> Result<()> {
        let roles = roles_in_file(image);
        let (file, request) = self.routed(image, &roles)?;
        self.files[file].add_image_of(reader, position, &request, control)
    }

    /// Converts an open file to a single file and finishes it, as [`convert_into`] does.
    ///
    /// # Errors
    /// As [`convert_into`]; [`Error::Usage`] for the files of a set.
    pub fn convert(
        &mut self,
        reader: &DatasetReader,
        options: &ConvertOptions,
        control: &Control<'_>,
    ) -> Result<ConversionReport> {
        let count = self.files.len();
        match self.files.as_mut_slice() {
            [file] => convert_into(reader, file, options, control),
            _ => Err(Error::usage("files of a conversion:").found(count).allowed(1)),
        }
    }

    /// Writes an image to the base and its reduced levels to all other files, in one pass over the pixels. `of` is the file and
    /// the position of the image, if it is one of a file; its masks follow it, and its overviews do not. By default, pixels
    /// are averaged, or chosen if they are indices or classes. Averages ignore the nodata value of the request, or else of the image.
    ///
    /// A level has the metadata of the image, with sizes, georeference and (in NITF) `IMAG` and `ICHIPB` of the reduced image.
    ///
    /// # Errors
    /// [`Error::Usage`] for a key of a level, and for more levels than the image has; otherwise as [`DatasetWriter::add_image`].
    /// After an error the set cannot be completed.
    pub fn add_image_with_levels(
        &mut self,
        image: &ImageRequest<'_>,
        of: Option<(&DatasetReader, usize)>,
        method: Option<Reduction>,
        control: &Control<'_>,
    ) -> Result<()> {
        if split_level(image.key).is_some() {
            return Err(Error::usage("key of an image with levels:").found(image.key).allowed("the key of the base"));
        }
        let added = self.add_in_one_pass(image, of, method, control);
        if added.is_err() {
            self.fail(image.key);
        }
        added
    }

    fn add_in_one_pass(
        &mut self,
        image: &ImageRequest<'_>,
        of: Option<(&DatasetReader, usize)>,
        method: Option<Reduction>,
        control: &Control<'_>,
    ) -> Result<()> {
        let terms = self.format().overview_terms(image.metadata);
        let method = method.unwrap_or_else(|| default_reduction(image.metadata, terms.as_ref()));
        let levels = Levels::new(self.format(), image, self.levels())?;
        self.warnings.extend(levels.warnings());
        let (base, files) = self.files.split_at_mut(1);
        let (base, files) = (&mut base[0], LevelFiles::begin(files, &levels, control)?);
        let pyramid = files.pyramid(method, levels.nodata());
        let taps: &[&dyn Tap] = if levels.is_empty() { &[] } else { &[&pyramid] };
        base.add_image_with(image, taps, control)?;
        drop(pyramid);
        files.finish(control)?;
        if let Some((reader, position)) = of {
            let masks = Companion::of(reader, position, image.key).filter(|mask| split_level(&mask.key).is_none());
            base.add_companions_later(masks);
        }
        Ok(())
    }

    /// Adds a text, a graphic or other data to the base.
    ///
    /// # Errors
    /// As [`DatasetWriter::add_data`].
    pub fn add_data(&mut self, data: &DataRequest<'_>) -> Result<()> {
        self.files[0].add_data(data)
    }

    /// Begins an image whose blocks the caller encodes, in the file that its key determines.
    ///
    /// # Errors
    /// As [`RsetWriter::add_image`] and [`DatasetWriter::begin_image`].
    pub fn begin_image(&mut self, image: &ImageRequest<'_>, control: &Control<'_>) -> Result<ImageWriter<'_>> {
        if let Some(pending) = self.files[self.begun].pending() {
            return Err(Error::usage("an image is not complete:").found(pending.key()));
        }
        let roles = roles_in_file(image);
        let (file, request) = self.routed(image, &roles)?;
        self.begun = file;
        self.files[file].begin_image(&request, control)
    }

    /// Appends a block of the pending image.
    #[cfg(feature = "python")]
    pub(crate) fn append_block(&mut self, block: Encoded) -> Result<()> {
        self.files[self.begun].append_block(block)
    }

    /// Completes the pending image.
    #[cfg(feature = "python")]
    pub(crate) fn finish_image(&mut self, control: &Control<'_>) -> Result<()> {
        self.files[self.begun].finish_image(control)
    }

    /// Completes all files and makes them visible.
    ///
    /// # Errors
    /// As [`RsetWriter::finish`] and [`RsetWriter::publish`].
    pub fn close(&mut self) -> Result<()> {
        self.finish(&Control::default())?;
        self.publish()
    }

    /// Completes all files, the base first and then the levels from the largest, without making them visible.
    ///
    /// # Errors
    /// [`Error::Usage`] that names the file of a level without an image; otherwise as [`DatasetWriter::finish`]. The set is then
    /// discarded.
    pub fn finish(&mut self, control: &Control<'_>) -> Result<()> {
        self.send_companions();
        let finished = self.finish_files(control);
        if finished.is_err() && self.failed().is_none() {
            self.abort();
        }
        finished
    }

    fn finish_files(&mut self, control: &Control<'_>) -> Result<()> {
        if let Some(failed) = self.files.iter_mut().find(|file| file.failed().is_some()) {
            return failed.finish(control);
        }
        for (level, file) in self.files.iter().enumerate().skip(1) {
            if !file.is_closed() && file.keys().is_empty() && !file.has_companions() {
                let found = self.names.get(level).map_or("stream", String::as_str);
                let error = Error::usage("file of an R-set without an image:").found(found);
                return Err(error.allowed(format!("an asset whose key ends in :overview:{level}")));
            }
        }
        self.files.iter_mut().try_for_each(|file| file.finish(control))
    }

    /// Makes the finished files visible: all of them, or none. The base and the levels that follow it without a gap belong to
    /// one set at every moment, also if the process is killed.
    ///
    /// # Errors
    /// [`Error::Usage`] if the files are not finished; [`Error::Io`] if publishing fails. The former set is then unchanged.
    pub fn publish(&mut self) -> Result<()> {
        if self.files.len() == 1 && self.beyond.is_none() {
            return self.files[0].publish();
        }
        let outputs = self.files.iter_mut().map(DatasetWriter::take_output).collect::<Result<_>>()?;
        io::publish_set(outputs, &self.beyond.as_ref().map(RsetPaths::beyond).unwrap_or_default())
    }

    /// Discards everything; the targets remain unchanged.
    pub fn abort(&mut self) {
        self.files.iter_mut().for_each(DatasetWriter::abort);
    }

    /// Marks the set as impossible to complete because of the asset called `key`.
    pub(crate) fn fail(&mut self, key: &str) {
        self.files[0].fail(key);
    }

    /// The key of the asset that makes the set impossible to complete, if any.
    pub fn failed(&self) -> Option<&str> {
        self.files.iter().find_map(DatasetWriter::failed)
    }

    /// The number of assets that were added.
    pub fn count(&self) -> usize {
        self.files.iter().map(|file| file.keys().len()).sum()
    }

    /// Takes the warnings issued since the last call. Files whose warnings are equal give one.
    pub fn take_warnings(&mut self) -> Vec<Warning> {
        let mut warnings: Vec<Warning> = Vec::new();
        let is_single = self.levels() == 0;
        let taken = self.files.iter_mut().flat_map(DatasetWriter::take_warnings);
        for warning in taken.chain(std::mem::take(&mut self.warnings)) {
            if is_single || !warnings.contains(&warning) {
                warnings.push(warning);
            }
        }
        warnings
    }

    /// The file of an image, and the request for it.
    fn routed<'i>(&self, image: &ImageRequest<'i>, roles: &'i [String]) -> Result<(usize, ImageRequest<'i>)> {
        let (file, key) = self.file_of(image.key)?;
        let roles = if file == 0 { image.roles } else { roles };
        Ok((file, ImageRequest { key, roles, ..*image }))
    }

    /// The file of an asset, and its key there. A single file takes every asset under its own key.
    fn file_of<'k>(&self, key: &'k str) -> Result<(usize, &'k str)> {
        match split_level(key).filter(|_| self.levels() > 0) {
            None => Ok((0, key)),
            Some((key, level)) if (1..=self.levels()).contains(&level) => Ok((level, key)),
            Some(_) => {
                let allowed = format!("a level from 1 to {}, which have files in this R-set", self.levels());
                Err(Error::usage("level of asset").found(key).allowed(allowed))
            }
        }
    }

    /// Sends the overviews that follow an image to the files of their levels. Those without a file are left out, with a warning.
    fn send_companions(&mut self) {
        if self.levels() == 0 {
            return;
        }
        let mut left_out = Vec::new();
        for mut companion in self.files[0].take_companions() {
            let Ok((file, key)) = self.file_of(&companion.key) else {
                left_out.push(companion.key);
                continue;
            };
            if file > 0 {
                let key = key.to_owned();
                companion.becomes_image(key);
            }
            self.files[file].add_companions_later([companion]);
        }
        if let Some(first) = left_out.first() {
            let message = format!("left out: {} (the R-set has {} levels)", left_out.join(", "), self.levels());
            self.warnings.push(Warning::new(WarningKind::Metadata, first.clone(), message));
        }
    }
}

/// The roles of an image of a level in its own file: there it is not an overview of another image.
fn roles_in_file(image: &ImageRequest<'_>) -> Vec<String> {
    let mut roles: Vec<_> = image.roles.iter().filter(|role| *role != "overview").cloned().collect();
    if roles.is_empty() && !image.key.contains(":mask") {
        roles.push("data".to_owned());
    }
    roles
}
