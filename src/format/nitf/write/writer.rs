//! A NITF file in the making. Images are written when they are added, at the place they have if nothing makes the file header
//! longer; the rest follows when the file is completed.

use std::sync::atomic::{AtomicBool, Ordering};

use super::super::mask::MaskTable;
use super::super::segments::Kind;
use super::super::values::FAMILY;
use super::areas::{self, Area, Overflow};
use super::asked::Asked;
use super::blocks::{InPlace, Patch, PixelBlocks, fill_rest};
use super::clevel::{self, Features};
use super::copy::{StoredPlan, copy_bytes};
use super::data::{self, Pending, SegmentKind};
use super::given::structure;
use super::header::{FileHeader, Flavour, Lengths, MAX_SEGMENTS, check_file, class_of};
use super::levels::{self, Levels};
use super::parts;
use super::plan::{FOLLOWING, ImagePlan};
use super::rules;
use crate::error::{Error, Result};
use crate::format::{ContainerWriter, DataRequest, Finding, ImageRequest, WriteContext};
use crate::io::{ByteSink, SpooledSink};
use crate::metadata::Metadata;
use crate::pipeline::write_blocks;
use crate::schema::{Record, write};

/// A file in the making.
pub(in super::super) struct NitfWriter {
    sink: Box<dyn ByteSink>,
    flavour: Flavour,
    header: Option<FileHeader>,
    /// Bytes kept for the file header, once the first image is written.
    room: Option<u64>,
    images: Vec<Image>,
    graphics: Vec<Pending>,
    texts: Vec<Pending>,
    data: Vec<Pending>,
    reserved: Vec<Pending>,
    levels: Levels,
    /// The most bytes of image data of a segment.
    limit: u64,
}

/// An image segment in the file.
struct Image {
    subheader: u64,
    data: u64,
    /// TREs that overflow, each with the place of the index that names its segment.
    overflows: Vec<(Overflow, u64)>,
    record: Record,
}

/// Begins a file.
///
/// # Errors
/// Where the sink cannot be used.
pub(in super::super) fn create(sink: Box<dyn ByteSink>, flavour: Flavour) -> Result<NitfWriter> {
    // The header stands first and is known last: its length may come out other than foreseen.
    let sink = if sink.can_move() { sink } else { Box::new(SpooledSink::over(sink)?) };
    Ok(NitfWriter {
        sink,
        flavour,
        header: None,
        room: None,
        images: Vec::new(),
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

    fn add_image(&mut self, image: &ImageRequest<'_>, context: &mut WriteContext<'_, '_>) -> Result<()> {
        if let Some(stored) = StoredPlan::new(image, context)? {
            return self.add_stored(image, stored, context);
        }
        let asked = Asked::new(image.provider);
        let image = &ImageRequest { provider: &asked, ..*image };
        let mut plan = ImagePlan::new(image, self.limit, context)?;
        let parts = plan.places.parts();
        check_file(parts.iter().fold(self.lengths().total(), |sum, part| sum.saturating_add(plan.places.bytes(part))))?;
        check_count("NUMI", self.images.len() + parts.len())?;
        let mut levels = self.levels.clone();
        let mut records = Vec::new();
        for number in 0..plan.places.parts().len() {
            let record = parts::record(&mut plan, number, image.key, &mut levels)?;
            plan.given.report(rules::segment_findings(Kind::Image, &record, image.key), &rules::VALUES, context)?;
            records.push(record);
        }
        let overflows = areas::fill(&mut records[0], &plan.given.tres, areas::IMAGE)?;
        let subheaders: Vec<Vec<u8>> =
            records.iter().map(|record| write(structure("IMAGE"), record)).collect::<Result<_>>()?;
        plan.given.check_computed(structure("IMAGE"), &FOLLOWING, &subheaders[0])?;
        let tables: Vec<u64> =
            plan.places.parts().iter().map(|part| table_bytes(&plan, plan.places.record_count(part))).collect();
        let data: Vec<u64> =
            plan.places.parts().iter().zip(&tables).map(|(part, table)| table + plan.places.bytes(part)).collect();
        self.check_room(&subheaders, &data, context)?;
        // From here on, bytes are written.
        let mut starts = Vec::new();
        let mut tables_at = Vec::new();
        let mut overflows = Some(overflows);
        for ((subheader, bytes), (record, table)) in subheaders.iter().zip(&data).zip(records.into_iter().zip(&tables))
        {
            let at = self.sink.position();
            self.sink.write(subheader)?;
            let start = self.sink.reserve(*bytes)?;
            tables_at.push(start);
            starts.push(start + table);
            let overflows = overflows.take().unwrap_or_default();
            self.images.push(Image::new(at, subheader, *bytes, overflows, record));
        }
        self.write_pixels(image, &plan, &starts, &tables_at, context)?;
        self.levels = levels;
        Ok(())
    }

    fn add_data(&mut self, data: &DataRequest<'_>, context: &mut WriteContext<'_, '_>) -> Result<()> {
        let is_read = data.metadata.is_copy_of(FAMILY);
        if is_read && data.roles.iter().any(|role| role == "overflow") {
            // What it holds came with the metadata of what it overflowed from.
            return Ok(());
        }
        let id = data.metadata.get("DESID").and_then(|id| id.as_text()).map(str::trim);
        if id == Some("TRE_OVERFLOW") && !is_read {
            let error = Error::usage("value of").field("DESID").found("TRE_OVERFLOW");
            return Err(error.allowed("other names: the writer makes segments for TREs that overflow"));
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
        let count = self.images.len() + self.graphics.len() + self.texts.len() + self.data.len() + self.reserved.len();
        if count == 0 {
            return Err(Error::usage("a NITF file needs at least one image, graphic, text or data segment"));
        }
        for finding in self.levels.findings() {
            context.report(finding)?;
        }
        let mut header = self.take_header(context)?;
        // What overflows from the header is classified as it is.
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
    /// A writer that cuts images at another size than the standard makes it, for tests.
    #[cfg(test)]
    pub(super) fn with_limit(self, limit: u64) -> Self {
        Self { limit, ..self }
    }

    /// Writes an image whose stored bytes are kept as they are.
    fn add_stored(
        &mut self,
        image: &ImageRequest<'_>,
        mut plan: StoredPlan,
        context: &mut WriteContext<'_, '_>,
    ) -> Result<()> {
        let mut levels = self.levels.clone();
        levels.assign(&mut plan.record, &plan.given, levels::IMAGE)?;
        plan.given.report(rules::segment_findings(Kind::Image, &plan.record, image.key), &rules::VALUES, context)?;
        let overflows = areas::fill(&mut plan.record, &plan.given.tres, areas::IMAGE)?;
        let subheader = write(structure("IMAGE"), &plan.record)?;
        plan.given.check_computed(structure("IMAGE"), &FOLLOWING, &subheader)?;
        self.check_room(std::slice::from_ref(&subheader), &[plan.length], context)?;
        let at = self.sink.position();
        self.sink.write(&subheader)?;
        copy_bytes(&plan, &mut *self.sink, context)?;
        levels.add(image.key, &plan.record, levels::IMAGE, size_of(&plan.record));
        self.images.push(Image::new(at, &subheader, plan.length, overflows, plan.record));
        self.levels = levels;
        Ok(())
    }

    /// Checks that the file can hold further image segments, and keeps room for the header before the first.
    fn check_room(&mut self, subheaders: &[Vec<u8>], data: &[u64], context: &mut WriteContext<'_, '_>) -> Result<()> {
        let mut lengths = self.lengths();
        lengths.images.extend(subheaders.iter().map(Vec::len).map(|length| length as u64).zip(data.iter().copied()));
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

    fn write_pixels(
        &mut self,
        image: &ImageRequest<'_>,
        plan: &ImagePlan,
        starts: &[u64],
        tables: &[u64],
        context: &mut WriteContext<'_, '_>,
    ) -> Result<()> {
        let asked = plan.mask.as_ref().is_some_and(|mask| mask.pad.is_some());
        let records = |part| (0..plan.places.record_count(part)).map(|_| AtomicBool::new(false)).collect();
        let pads: Vec<Vec<AtomicBool>> =
            if asked { plan.places.parts().iter().map(records).collect() } else { Vec::new() };
        let (concurrency, control) = (context.concurrency, context.control);
        let excess = if let Some(target) = self.sink.positioned()? {
            let encoder = PixelBlocks::new(plan, starts, Some(&*target), &pads);
            write_blocks(image.provider, plan.work, &encoder, &mut InPlace, concurrency, control)?;
            encoder.has_excess()
        } else {
            let encoder = PixelBlocks::new(plan, starts, None, &pads);
            let mut sink = Patch::new(plan, starts, &mut *self.sink);
            write_blocks(image.provider, plan.work, &encoder, &mut sink, concurrency, control)?;
            encoder.has_excess()
        };
        if excess {
            context.report(Finding {
                clause: "2500C Table A-3",
                place: format!("ABPP of {}", image.key),
                value: format!("{:02}", plan.storage.actual_bits),
                rule: "the bits that the samples have: some have more".into(),
            })?;
        }
        fill_rest(plan, starts, &pads, &mut *self.sink)?;
        let Some(mask) = &plan.mask else { return Ok(()) };
        for (number, part) in plan.places.parts().iter().enumerate() {
            let table = MaskTable {
                data_offset: starts[number] - tables[number],
                blocks: mask.blocks.then(|| plan.places.records(part)),
                pad: mask.pad,
            };
            let pads: Option<Vec<bool>> =
                pads.get(number).map(|pads| pads.iter().map(|pad| pad.load(Ordering::Relaxed)).collect());
            self.sink.patch(tables[number], &table.write(pads.as_deref(), plan.storage.block_bytes()))?;
        }
        Ok(())
    }

    fn take_header(&mut self, context: &mut WriteContext<'_, '_>) -> Result<FileHeader> {
        match self.header.take() {
            Some(header) => Ok(header),
            None => FileHeader::new(self.flavour, &Metadata::new(), context),
        }
    }

    /// Makes the segments of what overflows, writes their ordinals where they are named, and gives those of the file header.
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
            images: self.images.iter().map(|image| clevel::of_image(&image.record)).max().unwrap_or(3),
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

impl Image {
    /// The image segment whose subheader stands at byte `at`.
    fn new(at: u64, subheader: &[u8], data: u64, overflows: Vec<Overflow>, record: Record) -> Self {
        let index_at = |area: Area| at + area.index_offset(areas::IMAGE, &record, subheader.len()) as u64;
        let overflows = overflows
            .into_iter()
            .map(|overflow| (index_at(overflow.area), overflow))
            .map(|(at, overflow)| (overflow, at));
        Self { subheader: subheader.len() as u64, data, overflows: overflows.collect(), record }
    }
}

/// Checks the number of segments of a kind.
///
/// # Errors
/// [`Error::Usage`] where there are more than the header can count.
fn check_count(counter: &'static str, count: usize) -> Result<()> {
    if count > MAX_SEGMENTS {
        return Err(Error::usage("segments of a kind:").field(counter).found(count).allowed(MAX_SEGMENTS));
    }
    Ok(())
}

/// Bytes of the mask table of a part with so many records.
fn table_bytes(plan: &ImagePlan, records: u64) -> u64 {
    plan.mask.as_ref().map_or(0, |mask| {
        MaskTable::bytes(records, mask.blocks, mask.pad.is_some(), mask.pad.map_or(0, |(_, bits)| bits))
    })
}

/// Rows and columns that a subheader says.
pub(super) fn size_of(record: &Record) -> (u32, u32) {
    let side = |name: &str| record.int(name).and_then(|side| u32::try_from(side).ok()).unwrap_or(0);
    (side("NROWS"), side("NCOLS"))
}

/// The three digits that name an extension segment.
fn index(ordinal: usize) -> Result<[u8; 3]> {
    let text = format!("{ordinal:03}");
    let wrong = || Error::usage("data extension segments:").found(ordinal).allowed(999);
    text.as_bytes().try_into().map_err(|_| wrong())
}
