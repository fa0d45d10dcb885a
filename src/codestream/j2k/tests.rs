//! Tests of the places of pixels, tile by tile, against the definitions of the standard.

use proptest::prelude::*;

use super::level::{Level, samples};
use super::samples::sample_type;
use crate::codec::j2k::Counted;
use crate::codec::j2k::geometry::TileGrid;
use crate::codec::j2k::markers::{Component, Place, Siz};
use crate::image::{SampleType, Window};

/// One axis: origin, length, tile origin, tile.
fn axis() -> impl Strategy<Value = (u32, u32, u32, u32)> {
    (1u32..30, 0u32..40, 1u32..60).prop_flat_map(|(tile, origin, length)| {
        (Just(origin), Just(length), origin.saturating_sub(tile - 1)..=origin, Just(tile))
    })
}

fn components() -> impl Strategy<Value = Vec<Component>> {
    let step = || prop_oneof![Just(1u8), Just(2), Just(3), Just(4)];
    prop::collection::vec((step(), step()), 1..4)
        .prop_map(|steps| steps.into_iter().map(|(dx, dy)| Component { depth: 7, dx, dy }).collect())
}

fn siz(x: (u32, u32, u32, u32), y: (u32, u32, u32, u32), components: Vec<Component>) -> Siz {
    let place = |x, y| Place { x, y };
    Siz {
        capabilities: 0,
        end: place(x.0 + x.1, y.0 + y.1),
        origin: place(x.0, y.0),
        tile: place(x.3, y.3),
        tile_origin: place(x.2, y.2),
        components: Counted(components),
    }
}

proptest! {
    #[test]
    fn the_samples_of_a_window_are_those_of_its_tile(
        x in axis(), y in axis(), components in components(), reduction in 0u8..3,
        corner in (0u32..30, 0u32..30, 1u32..30, 1u32..30),
    ) {
        let siz = siz(x, y, components);
        let Ok(Some(level)) = Level::new(&siz, reduction) else { return Ok(()) };
        let tiles = TileGrid::new(&siz);
        let step = level.step();
        for at in level.grid.blocks_of(level.grid.window()) {
            let block = level.grid.block_window(at);
            let tile = u32::from(level.tile_of(at));
            let tile = tiles.tile(tile % tiles.count().0, tile / tiles.count().0);
            let whole = level.area(at, Window::new(0, 0, block.width, block.height));
            prop_assert_eq!((whole.decoded, whole.tile), (tile, tile));
            let part = Window::new(corner.0 % block.width, corner.1 % block.height, corner.2, corner.3);
            let part = part.intersect(&Window::new(0, 0, block.width, block.height));
            let area = level.area(at, part);
            prop_assert_eq!((area.pixels.width(), area.pixels.height()), (part.width, part.height));
            prop_assert_eq!(area.decoded.intersect(&tile), area.decoded);
            for component in &siz.components.0 {
                let steps = (u64::from(component.dx) << reduction, u64::from(component.dy) << reduction);
                for (pixels, step, component, decoded, tile) in [
                    ((area.pixels.x0, area.pixels.x1), step.0, steps.0, (area.decoded.x0, area.decoded.x1), (tile.x0, tile.x1)),
                    ((area.pixels.y0, area.pixels.y1), step.1, steps.1, (area.decoded.y0, area.decoded.y1), (tile.y0, tile.y1)),
                ] {
                    let (of_tile, decoded) = (samples(tile, component), samples(decoded, component));
                    if of_tile.is_empty() {
                        continue;
                    }
                    for pixel in pixels.0..pixels.1 {
                        let place = u64::from(pixel) * step;
                        prop_assert!((u64::from(tile.0)..u64::from(tile.1)).contains(&place));
                        // The definition: the last sample at or before the pixel, or else the first.
                        let before = of_tile.clone().rfind(|sample| u64::from(*sample) * component <= place);
                        let sample = before.unwrap_or(of_tile.start);
                        prop_assert_eq!(Level::sample_of(pixel, step, component, &of_tile), sample);
                        prop_assert!(decoded.contains(&sample), "{} in {:?} of {:?}", sample, decoded, of_tile);
                    }
                }
            }
        }
    }
}

#[test]
fn a_large_tile_is_cut_where_code_blocks_end() {
    let siz = siz((100, 5000, 0, 8192), (0, 3000, 0, 8192), vec![Component { depth: 7, dx: 1, dy: 1 }]);
    let level = Level::new(&siz, 0).unwrap().unwrap();
    assert_eq!((level.grid.across(), level.grid.down(), level.grid.block_columns()), (5, 3, 1024));
    let first = level.grid.block_window(level.grid.at(0));
    assert_eq!((first.width, first.height), (924, 1024));
    let area = level.area(level.grid.at(1), Window::new(0, 0, 1024, 1024));
    assert_eq!((area.decoded.x0, area.decoded.x1), (1024, 2048));
    let half = Level::new(&siz, 1).unwrap().unwrap();
    assert_eq!((half.grid.across(), half.grid.columns()), (1, 2500), "half of it is not large");
}

#[test]
fn the_sample_type_holds_every_component() {
    let part = |depth| Component { depth, dx: 1, dy: 1 };
    assert_eq!(sample_type(&[part(0), part(7)]), (SampleType::UInt8, 8));
    assert_eq!(sample_type(&[part(8), part(3)]), (SampleType::UInt16, 9));
    assert_eq!(sample_type(&[part(7), part(0x87)]), (SampleType::Int16, 9));
    assert_eq!(sample_type(&[part(0x9E)]), (SampleType::Int32, 31));
    assert_eq!(sample_type(&[part(37)]), (SampleType::UInt64, 38));
}
