use proptest::prelude::*;

use super::*;
use crate::codec::j2k::markers::Place;
use crate::codec::j2k::wire::Counted;

fn style(levels: u8, block: (u8, u8), precincts: Vec<u8>) -> CodingStyle {
    CodingStyle { levels, block_width: block.0, block_height: block.1, block_style: 0, wavelet: 1, precincts }
}

fn siz(image: Rect, tile: (u32, u32), tile_origin: (u32, u32)) -> Siz {
    let place = |(x, y)| Place { x, y };
    Siz {
        capabilities: 0,
        end: place((image.x1, image.y1)),
        origin: place((image.x0, image.y0)),
        tile: place(tile),
        tile_origin: place(tile_origin),
        components: Counted(Vec::new()),
    }
}

/// The samples that rectangles cover, each once.
fn covered(rects: impl IntoIterator<Item = Rect>, bounds: Rect) -> bool {
    let mut seen = vec![false; bounds.area() as usize];
    for rect in rects {
        for (y, x) in (rect.y0..rect.y1).flat_map(|y| (rect.x0..rect.x1).map(move |x| (y, x))) {
            let place = (y - bounds.y0) as usize * bounds.width() as usize + (x - bounds.x0) as usize;
            if std::mem::replace(&mut seen[place], true) {
                return false;
            }
        }
    }
    seen.into_iter().all(|seen| seen)
}

prop_compose! {
    fn rects()(x0 in 0u32..60, y0 in 0u32..60, width in 1u32..70, height in 1u32..70) -> Rect {
        Rect { x0, y0, x1: x0 + width, y1: y0 + height }
    }
}

proptest! {
    #[test]
    fn tiles_cover_the_image_once(
        image in rects(), tile in (1u32..40, 1u32..40), before in (0u32..40, 0u32..40)
    ) {
        let first = |origin: u32, tile: u32, before: u32| origin - before.min(origin).min(tile - 1);
        let tile_origin = (first(image.x0, tile.0, before.0), first(image.y0, tile.1, before.1));
        let grid = TileGrid::new(&siz(image, tile, tile_origin));
        let (across, down) = grid.count();
        let tiles: Vec<_> = (0..down).flat_map(|row| (0..across).map(move |column| grid.tile(column, row))).collect();
        prop_assert!(tiles.iter().all(|tile| !tile.is_empty()));
        prop_assert!(covered(tiles, image));
    }

    #[test]
    fn bands_hold_every_coefficient_and_blocks_every_coefficient_of_a_band(
        bounds in rects(), levels in 0u8..7, block in (0u8..3, 0u8..3), sizes in prop::collection::vec(1u8..5, 14),
    ) {
        let precincts = (0..=levels).map(|r| sizes[usize::from(r)] | sizes[13 - usize::from(r)] << 4).collect();
        for precincts in [Vec::new(), precincts] {
            let component = TileComponent::new(bounds, &style(levels, block, precincts));
            let bands = || component.resolutions.iter().flat_map(|resolution| &resolution.bands);
            prop_assert_eq!(bands().map(|band| band.bounds.area()).sum::<u64>(), bounds.area());
            for resolution in &component.resolutions {
                for band in &resolution.bands {
                    let arrays = (0..resolution.count() as u32).map(|k| band.blocks(resolution, k));
                    let blocks = arrays.flat_map(|array| (0..array.count()).map(move |n| array.block(n)));
                    prop_assert!(covered(blocks.filter(|block| !block.is_empty()), band.bounds));
                }
            }
        }
    }
}

#[test]
fn the_bands_of_an_odd_corner_change_places() {
    let component = TileComponent::new(Rect { x0: 1, y0: 0, x1: 4, y1: 2 }, &style(1, (4, 4), Vec::new()));
    let sizes: Vec<_> = component
        .resolutions
        .iter()
        .flat_map(|resolution| &resolution.bands)
        .map(|band| (band.bounds.width(), band.bounds.height()))
        .collect();
    assert_eq!(sizes, [(1, 1), (2, 1), (1, 1), (2, 1)]);
}

#[test]
fn a_step_of_many_levels_leaves_one_sample_or_none() {
    let bounds = Rect { x0: 0, y0: 0, x1: u32::MAX, y1: 3 };
    assert_eq!(bounds.reduced(32), Rect { x0: 0, y0: 0, x1: 1, y1: 1 });
    let component = TileComponent::new(Rect { x0: 5, y0: 5, x1: 6, y1: 6 }, &style(32, (4, 4), Vec::new()));
    assert_eq!(component.resolutions.len(), 33);
    assert_eq!(component.resolutions[0].count(), 0);
}
