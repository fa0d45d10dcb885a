//! A file being written, and its states.

mod image_writer;

use std::path::Path;
use std::sync::Arc;

pub use self::image_writer::{ImageWriter, remote_encoder};
use self::image_writer::{PendingImage, begin_for_caller};
use super::companions::Companion;
use super::reader::DatasetReader;
use super::settled::Settled;
use crate::codec::Encoded;
use crate::error::{Error, Result};
use crate::format::{
    Begun, Blocks, ContainerWriter, DataRequest, Format, ImageRequest, OpenImage, Overviews, Warning, WarningKind,
    WriteContext, by_extension, by_name, no_image,
};
use crate::image::{Asked, BlockStore, ImageProvider};
use crate::io::{self, ByteSink, Durability, Prepared, sink_at};
use crate::metadata::Metadata;
use crate::pipeline::{BlocksEnd, Concurrency, Control, Tap, append_stored, copy_blocks, show_blocks, write_blocks};

/// A file being written. Assets are written as they are added. Nothing is visible at the target before
/// [`DatasetWriter::close`]; dropping the writer discards everything.
pub struct DatasetWriter {
    state: State,
    format: &'static dyn Format,
    keys: Vec<String>,
    /// Masks and overviews that follow their images, unless they are added before the file is finished.
    companions: Vec<Companion>,
    /// The blocks of all images, and how many of them were copied undecoded.
    blocks: u64,
    copied: u64,
    /// Bytes of the finished file.
    bytes: u64,
    concurrency: Concurrency,
    pub(super) warnings: Vec<Warning>,
    strict: bool,
}

/// The state of a writer. A call that the state does not permit changes nothing.
enum State {
    /// Accepts assets.
    Open(Box<dyn ContainerWriter>),
    /// Accepts the blocks of the pending image.
    Pending(Box<dyn ContainerWriter>, Box<PendingImage>),
    /// Cannot be completed: adding the asset with this key failed after a part of it may have been written.
    Failed(String),
    /// Complete, but not yet visible.
    Finished(Prepared<'static>),
    /// Published or discarded.
    Closed,
}

/// Makes finished files visible at their targets: all of them, or none.
///
/// # Errors
/// [`Error::Usage`] if a file is not finished; all files then keep their state. [`Error::Io`] if publishing fails; the targets
/// are then unchanged.
pub fn publish_all<'w>(writers: impl IntoIterator<Item = &'w mut DatasetWriter>) -> Result<()> {
    let writers: Vec<_> = writers.into_iter().collect();
    if !writers.iter().all(|writer| matches!(writer.state, State::Finished(_))) {
        return Err(Error::usage("cannot publish a file that is not complete"));
    }
    let outputs = writers.into_iter().map(|writer| writer.state.take_finished());
    io::publish_all(outputs.collect::<Result<_>>()?)
}

/// The blocks of an image that is complete.
#[derive(Clone, Copy, Default)]
struct Written {
    blocks: u64,
    /// How many of them were copied undecoded.
    copied: u64,
}

/// Runs the blocks of an image that a container has begun through the engine, and completes the image.
fn complete_image(
    begun: Begun,
    container: &mut dyn ContainerWriter,
    image: &ImageRequest<'_>,
    taps: &[&dyn Tap],
    context: &mut WriteContext<'_, '_>,
) -> Result<Written> {
    let statistics = container.statistics();
    let taps: Vec<&dyn Tap> = taps.iter().copied().chain(statistics.as_ref().map(|tap| tap as &dyn Tap)).collect();
    let taps = &*taps;
    let (blocks, end) = match begun {
        Begun::Encode(open) => {
            let end = match stored_blocks(image, &open) {
                Some(store) => {
                    let end = append_stored(&**store, &open.blocks, container, context.control)?;
                    show_copied(image.provider, taps, context)?;
                    end
                }
                None => {
                    write_blocks(image.provider, &open.blocks, taps, container, context.concurrency, context.control)?
                }
            };
            (open.blocks.grid.count(), end)
        }
        Begun::Copy(stored) => {
            copy_blocks(&*stored, context.control, &mut |bytes| container.append_stored(bytes))?;
            show_copied(image.provider, taps, context)?;
            let blocks = image.provider.stored_grid().count();
            (blocks, BlocksEnd { copied: blocks, ..BlocksEnd::default() })
        }
    };
    if let Some(statistics) = statistics {
        container.set_statistics(&statistics.into_bands());
    }
    container.finish_image(&end, context)?;
    Ok(Written { blocks, copied: end.copied })
}

/// Passes the pixels of an image that was copied undecoded to the taps, if there are any.
fn show_copied(image: &dyn ImageProvider, taps: &[&dyn Tap], context: &WriteContext<'_, '_>) -> Result<()> {
    if taps.is_empty() {
        return Ok(());
    }
    show_blocks(image, taps, context.concurrency, context.control)
}

/// Writes an image into a container.
#[cfg(test)]
pub(crate) fn write_image(
    container: &mut dyn ContainerWriter,
    image: &ImageRequest<'_>,
    context: &mut WriteContext<'_, '_>,
) -> Result<u64> {
    let begun = container.begin_image(image, context)?;
    complete_image(begun, container, image, &[], context).map(|written| written.copied)
}

/// The stored blocks of an image, if the request allows to copy them and the file takes them.
fn stored_blocks<'i>(image: &ImageRequest<'i>, open: &OpenImage) -> Option<&'i Arc<dyn BlockStore>> {
    let store = image.provider.in_file()?.store()?;
    (image.blocks == Blocks::Stored && open.takes(&**store)).then_some(store)
}

impl DatasetWriter {
    /// Begins a file that will appear at `path`, on the medium ([`Durability::Synced`]).
    ///
    /// # Errors
    /// [`Error::Usage`] for an unknown format or extension, [`Error::Io`] if the folder is not writable.
    pub fn create(path: impl AsRef<Path>, format: Option<&str>, concurrency: Concurrency) -> Result<Self> {
        Self::create_with(path, format, concurrency, Durability::default())
    }

    /// As [`DatasetWriter::create`], with the durability of the caller's choice.
    ///
    /// # Errors
    /// As [`DatasetWriter::create`].
    pub fn create_with(
        path: impl AsRef<Path>,
        format: Option<&str>,
        concurrency: Concurrency,
        durability: Durability,
    ) -> Result<Self> {
        let path = path.as_ref();
        let format = match format {
            Some(name) => by_name(name)?,
            None => by_extension(path)?,
        };
        Self::to_sink(sink_at(path, durability)?, format, concurrency)
    }

    /// Begins a file in any sink.
    ///
    /// # Errors
    /// If the sink rejects the first bytes.
    pub fn to_sink(sink: Box<dyn ByteSink>, format: &'static dyn Format, concurrency: Concurrency) -> Result<Self> {
        let state = State::Open(format.create(sink)?.0);
        let (keys, companions, warnings) = (Vec::new(), Vec::new(), Vec::new());
        let (blocks, copied, bytes) = (0, 0, 0);
        Ok(Self { state, format, keys, companions, blocks, copied, bytes, concurrency, warnings, strict: false })
    }

    /// Reports departures from the format's standard as errors instead of warnings.
    #[must_use]
    pub fn strict(self, strict: bool) -> Self {
        Self { strict, ..self }
    }

    /// As [`DatasetWriter::strict`], for the assets that follow.
    pub fn set_strict(&mut self, strict: bool) {
        self.strict = strict;
    }

    /// The format.
    pub fn format(&self) -> &'static dyn Format {
        self.format
    }

    /// True if departures from the format's standard are errors.
    pub fn is_strict(&self) -> bool {
        self.strict
    }

    /// Sets metadata of the file.
    ///
    /// # Errors
    /// [`Error::Usage`] on a closed writer and for values that cannot be written.
    pub fn set_metadata(&mut self, metadata: &Metadata) -> Result<()> {
        let (mut container, format) = (self.state.take_open(State::Closed)?, self.format);
        let result = self.run(&Control::default(), |context| {
            let metadata = Settled::of_file(format, metadata, context.warnings);
            container.set_metadata(&metadata, context)
        });
        self.state = State::Open(container);
        result
    }

    /// Writes an image, and with [`ImageRequest::overviews`] its overviews and mask, under its key and the endings `:overview:1` …,
    /// `:mask` and `:mask:overview:1` …. They are made in the pass that writes the image.
    ///
    /// # Errors
    /// [`Error::Usage`] on a closed writer, for a key already in use, and for invalid options; [`Error::Unsupported`] for an
    /// image that the format cannot hold; any error of the provider. If the request is refused before the first block, the
    /// writer remains usable. After any other error the file cannot be completed ([`DatasetWriter::failed`]).
    pub fn add_image(&mut self, image: &ImageRequest<'_>, control: &Control<'_>) -> Result<()> {
        match image.overviews {
            Some(overviews) => self.add_with_overviews(image, overviews, control),
            None => self.add_image_with(image, &[], control),
        }
    }

    /// Writes an image and passes its pixels to `taps`.
    ///
    /// # Errors
    /// As [`DatasetWriter::add_image`], and errors of a tap. For taps, an image that is copied undecoded is decoded as well;
    /// its blocks are those of the source.
    pub fn add_image_with(&mut self, image: &ImageRequest<'_>, taps: &[&dyn Tap], control: &Control<'_>) -> Result<()> {
        let format = self.format;
        self.add(image.key, control, |container, context, begun| {
            let asked = Asked::new(image.provider);
            let settled = Settled::new(format, image, context.warnings)?;
            let image = &ImageRequest { provider: &asked, ..settled.request(image) };
            let blocks = container.begin_image(image, context)?;
            *begun = true;
            if matches!(blocks, Begun::Copy(_)) {
                settled.keep_stream(format, context.warnings);
            }
            complete_image(blocks, container, image, taps, context)
        })
        .map(|written| {
            self.blocks += written.blocks;
            self.copied += written.copied;
        })
        .map_err(|error| match error {
            // Only the file that is read can be damaged.
            Error::Malformed(_) => error.in_file(image.provider.path()),
            error => error,
        })
    }

    /// Writes the image at a position of a file as `image` requests, which has the pixels of that image. Its masks and overviews
    /// are written when the file is finished, under the key of the request and their own endings, unless they were added
    /// themselves. A format that cannot hold them gives a warning with their keys. A request with overviews has the mask of the
    /// image unless it has another one; the other masks and the overviews of the file are not copied then.
    ///
    /// # Errors
    /// As [`DatasetWriter::add_image`].
    pub fn add_image_of(
        &mut self,
        reader: &DatasetReader,
        position: usize,
        image: &ImageRequest<'_>,
        control: &Control<'_>,
    ) -> Result<()> {
        let Some(overviews) = image.overviews else {
            self.add_image(image, control)?;
            self.companions.retain(|companion| !companion.is(reader, position));
            self.add_companions_later(Companion::of(reader, position, image.key));
            return Ok(());
        };
        let mask = reader.mask(position).map(|mask| reader.image(mask)).transpose()?;
        let mask = overviews.mask.or(mask.as_deref());
        self.add_image(&ImageRequest { overviews: Some(&Overviews { mask, ..*overviews }), ..*image }, control)
    }

    /// Masks and overviews that follow their images when the file is finished, unless they are added before.
    pub(super) fn add_companions_later(&mut self, companions: impl IntoIterator<Item = Companion>) {
        self.companions.extend(companions);
    }

    /// True if masks or overviews follow.
    pub(super) fn has_companions(&self) -> bool {
        !self.companions.is_empty()
    }

    /// The masks and overviews that would follow; now they do not.
    pub(super) fn take_companions(&mut self) -> Vec<Companion> {
        std::mem::take(&mut self.companions)
    }

    /// Writes the companions of the images that were not added themselves. One that cannot be written becomes a warning.
    fn add_companions(&mut self, control: &Control<'_>) -> Result<()> {
        let mut left_out: Vec<String> = Vec::new();
        let mut reasons: Vec<String> = Vec::new();
        for companion in self.take_companions() {
            if self.keys.contains(&companion.key) {
                continue;
            }
            let added = match companion.request(self.format) {
                Ok(request) => self.add_image(&request, control),
                Err(reason) => Err(Error::unsupported(reason)),
            };
            match added {
                Ok(()) => {}
                Err(error) if is_refusal(&error) && matches!(self.state, State::Open(_)) => {
                    let reason = error.to_string();
                    left_out.push(companion.key);
                    reasons.extend((!reasons.contains(&reason)).then_some(reason));
                }
                Err(error) => return Err(error),
            }
        }
        if let Some(first) = left_out.first() {
            let message = format!("left out: {} ({})", left_out.join(", "), reasons.join("; "));
            let key = first.clone();
            self.warnings.push(Warning { left_out, ..Warning::new(WarningKind::Metadata, key, message) });
        }
        Ok(())
    }

    /// The number of blocks that were copied undecoded so far: those of images that the format copies as a whole, and those of
    /// requests with [`Blocks::Stored`].
    pub fn copied_blocks(&self) -> u64 {
        self.copied
    }

    /// The number of blocks of the images that were added so far, without those that the caller encoded.
    pub fn blocks(&self) -> u64 {
        self.blocks
    }

    /// The bytes of the file after [`DatasetWriter::finish`]; 0 before.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Begins an image whose blocks the caller encodes, on any thread or process, and appends. Pixels of the request's provider
    /// are not requested.
    ///
    /// # Errors
    /// As [`DatasetWriter::add_image`], before anything is written.
    pub fn begin_image(&mut self, image: &ImageRequest<'_>, control: &Control<'_>) -> Result<ImageWriter<'_>> {
        let format = self.format;
        let begun =
            self.add(image.key, control, |container, context, _| begin_for_caller(format, container, image, context))?;
        let container = self.state.take_open(State::Failed(image.key.to_owned()))?;
        let pending = PendingImage::new(image, begun)?;
        self.state = State::Pending(container, Box::new(pending));
        Ok(ImageWriter::new(self))
    }

    /// Appends a block of the pending image.
    pub(crate) fn append_block(&mut self, block: Encoded) -> Result<()> {
        let (mut container, mut pending) = self.state.take_pending()?;
        let accepted = pending.accept(block);
        let is_refused = accepted.as_ref().is_err_and(is_refusal);
        let result = accepted.and_then(|()| pending.append_ready(&mut *container));
        if result.is_ok() || is_refused {
            self.state = State::Pending(container, pending);
        }
        result
    }

    /// Completes the pending image.
    pub(crate) fn finish_image(&mut self, control: &Control<'_>) -> Result<()> {
        let (mut container, pending) = self.state.take_pending()?;
        self.run(control, |context| {
            let end = pending.complete(&mut *container)?;
            container.finish_image(&end, context)
        })?;
        self.state = State::Open(container);
        Ok(())
    }

    /// The pending image: begun, not complete.
    pub(crate) fn pending(&self) -> Option<&PendingImage> {
        match &self.state {
            State::Pending(_, image) => Some(image),
            _ => None,
        }
    }

    /// Adds a text, a graphic or other data.
    ///
    /// # Errors
    /// [`Error::Unsupported`] if files of the format hold images only; [`Error::Usage`] on a closed writer, for a key already
    /// in use, and for invalid options. After other errors the file cannot be completed.
    pub fn add_data(&mut self, data: &DataRequest<'_>) -> Result<()> {
        self.add(data.key, &Control::default(), |container, context, _| container.add_data(data, context))
    }

    /// Completes the file and makes it visible at its target.
    ///
    /// # Errors
    /// As [`DatasetWriter::finish`] and [`DatasetWriter::publish`].
    pub fn close(&mut self) -> Result<()> {
        self.finish(&Control::default())?;
        self.publish()
    }

    /// Completes the file on the medium, without making it visible. Findings about the file are among the warnings.
    /// [`DatasetWriter::abort`] can still discard it.
    ///
    /// # Errors
    /// [`Error::Usage`] on a closed or failed writer, and if nothing was added; [`Error::Io`] if writing fails; any error of
    /// the control.
    pub fn finish(&mut self, control: &Control<'_>) -> Result<()> {
        self.add_companions(control)?;
        let container = self.state.take_open(State::Closed)?;
        let (bytes, output) = self.run(control, |context| {
            let sink = container.finish(context)?;
            Ok((sink.position(), sink.prepare()?))
        })?;
        (self.bytes, self.state) = (bytes, State::Finished(output));
        Ok(())
    }

    /// Makes a finished file visible at its target.
    ///
    /// # Errors
    /// [`Error::Usage`] if the file is not finished; [`Error::Io`] if publishing fails.
    pub fn publish(&mut self) -> Result<()> {
        self.state.take_finished()?.publish()
    }

    /// The complete output, which the caller publishes.
    ///
    /// # Errors
    /// [`Error::Usage`] if the file is not finished.
    pub(super) fn take_output(&mut self) -> Result<Prepared<'static>> {
        self.state.take_finished()
    }

    /// Discards everything; the target remains unchanged.
    pub fn abort(&mut self) {
        self.state = State::Closed;
    }

    /// Marks the file as impossible to complete because of the asset called `key`. Does nothing on a closed writer.
    pub(crate) fn fail(&mut self, key: &str) {
        if !self.is_closed() {
            self.state = State::Failed(key.to_owned());
        }
    }

    /// The key of the asset that makes the file impossible to complete, if any.
    pub fn failed(&self) -> Option<&str> {
        match &self.state {
            State::Failed(key) => Some(key),
            _ => None,
        }
    }

    /// True after [`DatasetWriter::close`], [`DatasetWriter::finish`] or [`DatasetWriter::abort`].
    pub fn is_closed(&self) -> bool {
        matches!(self.state, State::Finished(_) | State::Closed)
    }

    /// The keys of the assets that were added.
    pub fn keys(&self) -> &[String] {
        &self.keys
    }

    /// Takes the warnings issued since the last call.
    pub fn take_warnings(&mut self) -> Vec<Warning> {
        std::mem::take(&mut self.warnings)
    }

    /// Adds an asset with `action`. The file cannot be completed if `action` panics, if it fails after it has set its flag because
    /// the container had begun the asset, or if its error is not a refusal.
    fn add<T>(
        &mut self,
        key: &str,
        control: &Control<'_>,
        action: impl FnOnce(&mut dyn ContainerWriter, &mut WriteContext<'_, '_>, &mut bool) -> Result<T>,
    ) -> Result<T> {
        let mut container = self.state.take_open(State::Failed(key.to_owned()))?;
        let mut begun = false;
        let result = if self.keys.iter().any(|known| known == key) {
            Err(Error::usage("asset key already used:").found(key))
        } else {
            self.run(control, |context| action(&mut *container, context, &mut begun))
        };
        if !result.as_ref().is_err_and(|error| begun || !is_refusal(error)) {
            self.state = State::Open(container);
        }
        if result.is_ok() {
            self.keys.push(key.to_owned());
        }
        result
    }

    /// Runs `action`. If it fails, its warnings are dropped: they concern data that is not in the file.
    fn run<T>(
        &mut self,
        control: &Control<'_>,
        action: impl FnOnce(&mut WriteContext<'_, '_>) -> Result<T>,
    ) -> Result<T> {
        let (concurrency, strict) = (self.concurrency, self.strict);
        let known = self.warnings.len();
        let mut context = WriteContext { concurrency, control, warnings: &mut self.warnings, strict };
        action(&mut context).inspect_err(|_| self.warnings.truncate(known))
    }
}

impl State {
    /// The container of an open writer. The state becomes `next` until another is set, so a panic leaves the writer in `next`.
    ///
    /// # Errors
    /// [`Error::Usage`] in any other state.
    fn take_open(&mut self, next: Self) -> Result<Box<dyn ContainerWriter>> {
        match std::mem::replace(self, next) {
            Self::Open(container) => Ok(container),
            other => Err(self.refuse(other)),
        }
    }

    /// The container and the pending image. The writer counts as failed until another state is set.
    ///
    /// # Errors
    /// [`Error::Usage`] in any other state.
    fn take_pending(&mut self) -> Result<(Box<dyn ContainerWriter>, Box<PendingImage>)> {
        match std::mem::replace(self, Self::Closed) {
            Self::Pending(container, image) => {
                *self = Self::Failed(image.key().to_owned());
                Ok((container, image))
            }
            other => Err(self.refuse(other)),
        }
    }

    /// The complete output.
    ///
    /// # Errors
    /// [`Error::Usage`] in any other state.
    fn take_finished(&mut self) -> Result<Prepared<'static>> {
        match std::mem::replace(self, Self::Closed) {
            Self::Finished(output) => Ok(output),
            Self::Closed => Err(Self::Closed.refusal()),
            other => {
                *self = other;
                Err(Error::usage("the file is not complete"))
            }
        }
    }

    fn refuse(&mut self, state: Self) -> Error {
        *self = state;
        self.refusal()
    }

    /// The error of a call that the state does not permit.
    fn refusal(&self) -> Error {
        match self {
            Self::Open(_) => no_image(),
            Self::Pending(_, image) => Error::usage("an image is not complete:").found(image.key()),
            Self::Failed(key) => Error::usage("the file cannot be completed: adding an asset failed:").found(key),
            Self::Finished(_) | Self::Closed => Error::usage("the writer is closed"),
        }
    }
}

/// True for an error that rejects a wrong or impossible request.
fn is_refusal(error: &Error) -> bool {
    matches!(error, Error::Usage(_) | Error::Unsupported(_) | Error::OutOfRange(_))
}
