//! Writes a NITF file. Images are written when they are added, at their final place if the file header does not become longer.
//! The rest follows when the file is completed.

use super::super::areas::{self, Area};
use super::super::capacity::MAX_SEGMENTS;
use super::super::kind::Kind;
use super::super::rules::segment_findings;
use super::super::subheader::read_before;
use super::super::values::FAMILY;
use super::areas::{Overflow, fill as fill_areas};
use super::copy::StoredPlan;
use super::data::{self, Pending, SegmentKind};
use super::field_sets::{IMAGE, IMAGE_REFUSED};
use super::given::{Given, structure};
use super::header::{Features, FileHeader, Flavour, Lengths, check_file, class_of, image_level};
use super::image_data::{Copied, Finished, ImageData, Space};
use super::levels::{self, Levels, image_size};
use super::plan::{ImagePlan, part_record};
use super::stream_copy::StreamPlan;
use crate::codec::Encoded;
use crate::error::{Error, Result};
use crate::format::{Begun, Blocks, ContainerWriter, DataRequest, ImageRequest, WriteContext, no_image};
use crate::io::{ByteSink, SpooledSink};
use crate::metadata::Metadata;
use crate::pipeline::{BlockSink, BlocksEnd};
use crate::schema::{Record, write};

/// A file under construction.
pub(in super::super) struct NitfWriter {
    sink: Box<dyn ByteSink>,
    flavour: Flavour,
    header: Option<FileHeader>,
    /// Bytes reserved for the file header, once the first image is written.
    room: Option<u64>,
    images: Vec<Image>,
    /// The data of an image that is waiting for its blocks or its stored bytes, and its first segment.
    open: Option<(Box<dyn ImageData>, usize)>,
    graphics: Vec<Pending>,
    texts: Vec<Pending>,
    data: Vec<Pending>,
    reserved: Vec<Pending>,
    levels: Levels,
    /// The most bytes of image data in a segment.
    limit: u64,
}

/// An image segment in the file.
struct Image {
    /// Bytes of the subheader, and of the data.
    subheader: u64,
    data: u64,
    /// The offset of COMRAT in the file.
    rate_at: Option<u64>,
    /// TREs that overflow, each with the place of the index that names its segment.
    overflows: Vec<(Overflow, u64)>,
    record: Record,
}

/// Begins a file.
///
/// # Errors
/// If the sink cannot be used.
pub(in super::super) fn create(sink: Box<dyn ByteSink>, flavour: Flavour) -> Result<NitfWriter> {
    // The header comes first but is known last: its length may differ from the expected one.
    let sink = if sink.can_move() { sink } else { Box::new(SpooledSink::over(sink)?) };
    Ok(NitfWriter {
        sink,
        flavour,
        header: None,
        room: None,
        images: Vec::new(),
        open: None,
        graphics: Vec::new(),
        texts: Vec::new(),
        data: Vec::new(),
        reserved: Vec::new(),
        levels: Levels::default(),
        limit: u64::MAX,
    })
}

impl ContainerWriter for NitfWriter {
    fn set_metadata(&mut self, metadata: &Metadata, context: &mut WriteContext<'_, '_>) -> Result<()> {
        self.header = Some(FileHeader::new(self.flavour, metadata, context)?);
        Ok(())
    }

    fn begin_image(&mut self, image: &ImageRequest<'_>, context: &mut WriteContext<'_, '_>) -> Result<Begun> {
        let stored = match image.provider.whole().filter(|_| image.blocks != Blocks::Caller) {
            Some(segment) => StoredPlan::new(image, segment, context)?,
            None => None,
        };
        match stored {
            Some(stored) => self.begin_copy(image, stored, context),
            None => self.begin_pixels(image, context),
        }
    }

    fn append_stored(&mut self, bytes: &[u8]) -> Result<()> {
        self.sink.write(bytes)
    }

    fn finish_image(&mut self, end: &BlocksEnd, context: &mut WriteContext<'_, '_>) -> Result<()> {
        let (data, first) = self.open.take().ok_or_else(no_image)?;
        let Finished { lengths, rate, finding } = data.finish(end, &mut *self.sink, &|| context.control.poll())?;
        for (image, length) in self.images[first..].iter_mut().zip(lengths) {
            image.data = length;
            if let (Some(at), Some(rate)) = (image.rate_at, &rate) {
                self.sink.patch(at, rate.as_bytes())?;
                image.record.set("COMRAT", rate.as_str());
            }
        }
        finding.map_or(Ok(()), |finding| context.report(finding))
    }

    fn add_data(&mut self, data: &DataRequest<'_>, context: &mut WriteContext<'_, '_>) -> Result<()> {
        let is_read = data.metadata.is_copy_of(FAMILY);
        if is_read && data.roles.iter().any(|role| role == "overflow") {
            // Its TREs came with the metadata of the segment they overflowed from.
            return Ok(());
        }
        let id = data.metadata.get("DESID").and_then(|id| id.as_text()).map(str::trim);
        if id == Some("TRE_OVERFLOW") && !is_read {
            let error = Error::usage("value of").field("DESID").found("TRE_OVERFLOW");
            return Err(error.allowed("another name, as the writer makes the segments for TREs that overflow"));
        }
        let mut levels = self.levels.clone();
        let (kind, pending) = Pending::new(data, &mut levels, context)?;
        let list = match kind {
            SegmentKind::Graphic => &mut self.graphics,
            SegmentKind::Text => &mut self.texts,
            SegmentKind::Data => &mut self.data,
            SegmentKind::Reserved => &mut self.reserved,
        };
        check_count(kind.counter(), list.len() + 1)?;
        list.push(pending);
        self.levels = levels;
        Ok(())
    }

    fn finish(mut self: Box<Self>, context: &mut WriteContext<'_, '_>) -> Result<Box<dyn ByteSink>> {
        for finding in self.levels.findings() {
            context.report(finding)?;
        }
        let mut header = self.take_header(context)?;
        // The overflow of the header is classified like the header.
        header.classify(&self.classes(), context)?;
        let overflows = self.link_overflows(&header)?;
        let lengths = self.lengths();
        let mut features = self.features();
        let bytes = header.complete(
            &lengths,
            &mut features,
            |area| overflows.iter().find(|(name, _)| *name == area).map(|found| found.1),
            context,
        )?;
        let length = bytes.len() as u64;
        match self.room {
            Some(room) if room != length => self.sink.move_tail(room, length, &|| context.control.poll())?,
            Some(_) => {}
            None => {
                self.sink.reserve(length)?;
            }
        }
        let lists = [&self.graphics, &self.texts, &self.data, &self.reserved];
        for segment in lists.into_iter().flatten() {
            self.sink.write(&segment.subheader)?;
            self.sink.write(&segment.data)?;
        }
        self.sink.patch(0, &bytes)?;
        Ok(self.sink)
    }
}

impl NitfWriter {
    /// A writer that cuts images at another size than the standard's, for tests.
    #[cfg(test)]
    pub(super) fn with_limit(self, limit: u64) -> Self {
        Self { limit, ..self }
    }

    /// Begins an image whose stored bytes are copied.
    fn begin_copy(
        &mut self,
        image: &ImageRequest<'_>,
        plan: StoredPlan,
        context: &mut WriteContext<'_, '_>,
    ) -> Result<Begun> {
        let StoredPlan { mut record, given, segment, length } = plan;
        let mut levels = self.levels.clone();
        levels.assign(&mut record, &given, levels::IMAGE)?;
        levels.add(image.key, &record, levels::IMAGE, image_size(&record));
        let space = Space { reserved: 0, appended: length };
        let first = self.images.len();
        let starts = self.begin_segments(image.key, vec![record], &given, &[space], context)?;
        self.levels = levels;
        self.open = Some((Box::new(Copied { start: starts[0], rate: None }), first));
        Ok(Begun::Copy(segment))
    }

    /// Begins an image whose blocks are encoded, or whose codestream another file has.
    fn begin_pixels(&mut self, image: &ImageRequest<'_>, context: &mut WriteContext<'_, '_>) -> Result<Begun> {
        let mut plan = ImagePlan::new(image, self.limit, context)?;
        let stream = StreamPlan::new(image, &plan)?;
        let spaces = stream.as_ref().map_or_else(|| plan.spaces(), |stream| vec![stream.space()]);
        let bytes = spaces.iter().map(|space| space.bytes());
        check_file(bytes.fold(self.lengths().total(), u64::saturating_add))?;
        check_count("NUMI", self.images.len() + spaces.len())?;
        let mut levels = self.levels.clone();
        let records: Vec<Record> = (0..spaces.len())
            .map(|number| part_record(&mut plan, number, image.key, &mut levels))
            .collect::<Result<_>>()?;
        let first = self.images.len();
        let starts = self.begin_segments(image.key, records, &plan.given, &spaces, context)?;
        let (data, begun) = if let Some(stream) = stream {
            stream.open(starts[0], &mut *self.sink)?
        } else {
            let (data, open) = plan.open(image.key, starts, context.concurrency.threads(), &mut *self.sink)?;
            (data, Begun::Encode(open))
        };
        (self.levels, self.open) = (levels, Some((data, first)));
        Ok(begun)
    }

    /// Writes the subheaders of the segments of an image, each followed by the space that its data need; the first takes all
    /// TREs. Returns where the data begin. All checks come first.
    fn begin_segments(
        &mut self,
        key: &str,
        mut records: Vec<Record>,
        given: &Given,
        spaces: &[Space],
        context: &mut WriteContext<'_, '_>,
    ) -> Result<Vec<u64>> {
        for record in &records {
            given.report(segment_findings(Kind::Image, record, key), &IMAGE_REFUSED, context)?;
        }
        let mut overflows = fill_areas(&mut records[0], &given.tres, areas::IMAGE)?;
        let subheaders: Vec<Vec<u8>> =
            records.iter().map(|record| write(structure("IMAGE"), record)).collect::<Result<_>>()?;
        given.check_computed(structure("IMAGE"), IMAGE.following, &subheaders[0])?;
        self.check_room(&subheaders, spaces, context)?;
        let mut starts = Vec::new();
        for ((subheader, record), space) in subheaders.iter().zip(records).zip(spaces) {
            let at = self.sink.position();
            self.sink.write(subheader)?;
            starts.push(self.sink.reserve(space.reserved)?);
            let overflows = std::mem::take(&mut overflows);
            self.images.push(Image::new(at, subheader, space.bytes(), overflows, record));
        }
        Ok(starts)
    }

    /// Checks that the file can hold more image segments, and reserves space for the header before the first.
    fn check_room(
        &mut self,
        subheaders: &[Vec<u8>],
        spaces: &[Space],
        context: &mut WriteContext<'_, '_>,
    ) -> Result<()> {
        let mut lengths = self.lengths();
        let subheaders = subheaders.iter().map(|subheader| subheader.len() as u64);
        lengths.images.extend(subheaders.zip(spaces.iter().map(|space| space.bytes())));
        let header = self.take_header(context)?;
        let length = header.length(&lengths)?;
        check_file(length + lengths.total())?;
        self.header = Some(header);
        if self.room.is_none() {
            self.sink.reserve(length)?;
            self.room = Some(length);
        }
        Ok(())
    }

    fn take_header(&mut self, context: &mut WriteContext<'_, '_>) -> Result<FileHeader> {
        match self.header.take() {
            Some(header) => Ok(header),
            None => FileHeader::new(self.flavour, &Metadata::new(), context),
        }
    }

    /// Makes the overflow segments, writes their ordinals into the indices that name them, and returns those of the file
    /// header.
    fn link_overflows(&mut self, header: &FileHeader) -> Result<Vec<(&'static str, usize)>> {
        let mut made = Vec::new();
        let mut next = self.data.len();
        let mut add = |overflow: Overflow, item: usize, of: &Record, prefix: &str| {
            next += 1;
            made.push(data::overflow(overflow, item, of, prefix)?);
            Ok::<_, Error>(next)
        };
        for (item, image) in self.images.iter_mut().enumerate() {
            for (overflow, index_at) in std::mem::take(&mut image.overflows) {
                let ordinal = add(overflow, item + 1, &image.record, "IS")?;
                self.sink.patch(index_at, &index(ordinal)?)?;
            }
        }
        for (list, prefix) in [(&mut self.graphics, "SS"), (&mut self.texts, "TS")] {
            for (item, pending) in list.iter_mut().enumerate() {
                for overflow in std::mem::take(&mut pending.overflows) {
                    let at = overflow.area.index_offset(pending.areas, &pending.record, pending.subheader.len());
                    let ordinal = add(overflow, item + 1, &pending.record, prefix)?;
                    pending.subheader[at..at + 3].copy_from_slice(&index(ordinal)?);
                }
            }
        }
        let mut of_header = Vec::new();
        for overflow in &header.overflows {
            of_header.push((overflow.area.name, add(overflow.clone(), 0, header.record(), "FS")?));
        }
        self.data.append(&mut made);
        Ok(of_header)
    }

    fn lengths(&self) -> Lengths {
        let of = |list: &[Pending]| {
            list.iter().map(|pending| (pending.subheader.len() as u64, pending.data.len() as u64)).collect()
        };
        Lengths {
            images: self.images.iter().map(|image| (image.subheader, image.data)).collect(),
            graphics: of(&self.graphics),
            texts: of(&self.texts),
            data: of(&self.data),
            reserved: of(&self.reserved),
        }
    }

    fn classes(&self) -> Vec<String> {
        let lists = [(&self.graphics, "SS"), (&self.texts, "TS"), (&self.data, "DES"), (&self.reserved, "RES")];
        let others = lists
            .into_iter()
            .flat_map(|(list, prefix)| list.iter().map(move |pending| class_of(&pending.record, prefix)));
        self.images.iter().map(|image| class_of(&image.record, "IS")).chain(others).collect()
    }

    fn features(&self) -> Features {
        let (row, column) = self.levels.extent();
        let bands = |image: &Image| image.record.int("NBANDS").unwrap_or(0) + image.record.int("XBANDS").unwrap_or(0);
        Features {
            images: self.images.iter().map(|image| image_level(&image.record)).max().unwrap_or(3),
            bands: self.images.iter().map(|image| bands(image).max(0) as u64).sum(),
            extent: row.max(column),
            file_bytes: 0,
            image_segments: self.images.len(),
            graphic_segments: self.graphics.len(),
            graphic_bytes: self.graphics.iter().map(|graphic| graphic.data.len() as u64).sum(),
            text_segments: self.texts.len(),
            data_segments: self.data.len(),
        }
    }
}

impl BlockSink for NitfWriter {
    fn append(&mut self, block: &Encoded) -> Result<()> {
        let (data, _) = self.open.as_mut().ok_or_else(no_image)?;
        data.append(block, &mut *self.sink)
    }
}

impl Image {
    /// The image segment whose subheader begins at byte `at`.
    fn new(at: u64, subheader: &[u8], data: u64, overflows: Vec<Overflow>, record: Record) -> Self {
        let index_at = |area: Area| at + area.index_offset(areas::IMAGE, &record, subheader.len()) as u64;
        let overflows = overflows
            .into_iter()
            .map(|overflow| (index_at(overflow.area), overflow))
            .map(|(at, overflow)| (overflow, at));
        // COMRAT follows the two characters of IC.
        let coded = record.get("COMRAT").and_then(|_| read_before(structure("IMAGE"), "IC", subheader));
        let rate_at = coded.map(|(_, ic)| at + ic as u64 + 2);
        Self { subheader: subheader.len() as u64, data, rate_at, overflows: overflows.collect(), record }
    }
}

/// Checks the number of segments of a kind.
///
/// # Errors
/// [`Error::Usage`] if there are more segments than the header can count.
fn check_count(counter: &'static str, count: usize) -> Result<()> {
    if count > MAX_SEGMENTS {
        return Err(Error::usage("segments of a kind:").field(counter).found(count).allowed(MAX_SEGMENTS));
    }
    Ok(())
}

/// The three digits that name an extension segment.
fn index(ordinal: usize) -> Result<[u8; 3]> {
    let text = format!("{ordinal:03}");
    let wrong = || Error::usage("data extension segments:").found(ordinal).allowed(999);
    text.as_bytes().try_into().map_err(|_| wrong())
}
