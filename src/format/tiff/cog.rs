//! The layout of a Cloud Optimized GeoTIFF (OGC 21-026; the ghost area is GDAL's): all directories, then the arrays of tile
//! offsets and lengths, then the tiles, the smallest overview first.
//!
//! A file gets this layout if it has overviews, or if an image requests it, and all its images have tiles. The tiles are encoded once, as they arrive, and
//! lie in the sink; the end of the file, when all directories are known, takes them back and writes them in their order.

use super::field::{Field, FieldType, FieldValue};
use super::layout::{Chain, Kind, LARGEST_OFFSET, check_counts, is_wide};
use super::tags;
use super::written::{Group, Written};
use crate::error::Result;
use crate::io::{ByteSink, Spool};

/// True if a file of these images is laid out as a COG: each is tiled, and one has overviews or is requested to be one.
pub(super) fn is_cog(groups: &[Group]) -> bool {
    groups.iter().all(|group| group.full().is_some() && group.images().all(|image| image.tiled))
        && groups.iter().any(|group| group.has_overviews() || group.images().any(|image| image.is_cog))
}

/// Takes the blocks of all images back from the sink, and writes the file. `poll` is called before each block.
///
/// # Errors
/// If the sink fails; [`crate::Error::Usage`] if a directory has more fields than TIFF can count; any error of `poll`.
pub(super) fn write(groups: &[Group], sink: &mut dyn ByteSink, poll: &dyn Fn() -> Result<()>) -> Result<()> {
    let images: Vec<&Written> = groups.iter().flat_map(Group::images).collect();
    let order = Order::of(groups);
    let head = head(&images, &order)?;
    let mut spool = sink.withdraw()?;
    sink.write(&head)?;
    let mut stored = Vec::new();
    for block in &order.blocks {
        poll()?;
        let (offset, count) = images[block.image].ranges.get(block.number);
        copy_block(&mut spool, (offset, count), &mut stored)?;
        sink.write(&stored)?;
    }
    Ok(())
}

/// Reads a block as it is stored: its length, its bytes, and the last 4 of these again.
fn copy_block(spool: &mut Spool, (offset, count): (u64, u64), stored: &mut Vec<u8>) -> Result<()> {
    let length = count as usize;
    stored.clear();
    stored.extend((count as u32).to_le_bytes());
    stored.resize(LEADER as usize + length + TRAILER as usize, 0);
    spool.read(offset, &mut stored[LEADER as usize..][..length])?;
    let repeated = length.min(TRAILER as usize);
    let end = LEADER as usize + length;
    stored.copy_within(end - repeated..end, end);
    Ok(())
}

/// The blocks of a file in the order in which they are stored. Absent blocks are not stored.
struct Order {
    blocks: Vec<Place>,
    /// True if every block of a mask follows that of its image.
    interleaved: bool,
}

/// Block `number` of image number `image` of the file.
#[derive(Clone, Copy)]
struct Place {
    image: usize,
    number: usize,
}

impl Order {
    fn of(groups: &[Group]) -> Self {
        let (mut blocks, mut start) = (Vec::new(), 0);
        let interleaved = groups.iter().all(Group::interleaves) && groups.iter().any(Group::has_masks);
        for group in groups {
            let images: Vec<_> = group.images().collect();
            for (image, mask) in group.levels() {
                let here = |number: usize| images[number];
                match mask.filter(|_| interleaved) {
                    Some(mask) => {
                        for number in 0..here(image).ranges.len() {
                            blocks.extend([image, mask].map(|image| Place { image: start + image, number }));
                        }
                    }
                    None => {
                        for image in [Some(image), mask].into_iter().flatten() {
                            let numbers = 0..here(image).ranges.len();
                            blocks.extend(numbers.map(|number| Place { image: start + image, number }));
                        }
                    }
                }
            }
            start += images.len();
        }
        let all: Vec<&Written> = groups.iter().flat_map(Group::images).collect();
        blocks.retain(|block| all[block.image].ranges.get(block.number).1 > 0);
        Self { blocks, interleaved }
    }
}

/// The bytes before the blocks.
fn head(images: &[&Written], order: &Order) -> Result<Vec<u8>> {
    let (classic, end) = head_of(Kind::Classic, images, order)?;
    let needs_big = end > LARGEST_OFFSET || images.iter().flat_map(|image| &image.fields).any(is_wide);
    if needs_big { head_of(Kind::Big, images, order).map(|(head, _)| head) } else { Ok(classic) }
}

/// The bytes before the blocks, and the length of the file.
fn head_of(kind: Kind, images: &[&Written], order: &Order) -> Result<(Vec<u8>, u64)> {
    let ghost = ghost(order.interleaved);
    let first = (kind.header_bytes() + ghost.len() as u64).next_multiple_of(2);
    let mut head = kind.header();
    kind.put(&mut head, first);
    head.extend(ghost);
    head.resize(first as usize, 0);
    let chain = Chain { kind, unit: 2, apart: &[tags::TILE_OFFSETS, tags::TILE_BYTE_COUNTS] };
    let mut offsets: Vec<Vec<u64>> = images.iter().map(|image| vec![0; image.ranges.len()]).collect();
    let directories = |offsets: &[Vec<u64>]| -> Vec<Vec<Field>> {
        images.iter().zip(offsets).map(|(image, offsets)| directory(kind, image, offsets)).collect()
    };
    // The length of the directories does not depend on the offsets.
    let unplaced = directories(&offsets);
    check_counts(&unplaced)?;
    let mut end = first + chain.bytes(&unplaced, first).len() as u64;
    for block in &order.blocks {
        offsets[block.image][block.number] = end + LEADER;
        end += LEADER + images[block.image].ranges.get(block.number).1 + TRAILER;
    }
    head.extend(chain.bytes(&directories(&offsets), first));
    Ok((head, end))
}

/// The fields of an image with the final offsets of its tiles.
fn directory(kind: Kind, image: &Written, offsets: &[u64]) -> Vec<Field> {
    let wide = if kind == Kind::Big { FieldType::Long8 } else { FieldType::Long };
    let unsigned = |tag, kind, values: &[u64]| Field { tag, kind, value: FieldValue::Unsigned(values.to_vec()) };
    let mut fields = image.fields.clone();
    fields.push(unsigned(tags::TILE_OFFSETS, wide, offsets));
    fields.push(unsigned(tags::TILE_BYTE_COUNTS, FieldType::Long, &image.ranges.counts));
    fields.sort_by_key(|field| field.tag);
    fields
}

/// The area behind the header that describes the layout. A reader that knows it fetches a tile without its length.
fn ghost(interleaved: bool) -> Vec<u8> {
    let mut lines = GHOST.to_owned();
    if interleaved {
        lines.push_str("MASK_INTERLEAVED_WITH_IMAGERY=YES\n");
    }
    format!("GDAL_STRUCTURAL_METADATA_SIZE={:06} bytes\n{lines}", lines.len()).into_bytes()
}

/// A program that changes the file in place overwrites `NO` and the space after the line.
const GHOST: &str = "LAYOUT=IFDS_BEFORE_DATA\nBLOCK_ORDER=ROW_MAJOR\nBLOCK_LEADER=SIZE_AS_UINT4\n\
    BLOCK_TRAILER=LAST_4_BYTES_REPEATED\nKNOWN_INCOMPATIBLE_EDITION=NO\n ";

/// Bytes before a tile: its length, in little-endian order whatever the order of the file.
const LEADER: u64 = 4;
/// Bytes after a tile: its last 4 bytes again.
const TRAILER: u64 = 4;
