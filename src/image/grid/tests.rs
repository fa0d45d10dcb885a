use proptest::prelude::*;

use super::*;

#[test]
fn blocks_of_a_window_are_those_that_overlap_it() {
    let grid = BlockGrid::new(100, 50, 32, 32).unwrap();
    let blocks: Vec<_> = grid.blocks_of(Window::new(31, 31, 2, 2)).map(|at| (at.row, at.column)).collect();
    assert_eq!(blocks, [(0, 0), (0, 1), (1, 0), (1, 1)]);
    assert_eq!(grid.blocks_of(grid.window()).count() as u64, grid.count());
    assert_eq!(grid.blocks_of(Window::new(100, 0, 5, 5)).count(), 0);
}

#[test]
fn edge_blocks_are_cropped() {
    let grid = BlockGrid::new(100, 50, 32, 32).unwrap();
    assert_eq!(grid.block_window(BlockIndex { row: 1, column: 3 }), Window::new(96, 32, 4, 18));
    assert_eq!(grid.position(BlockIndex { row: 1, column: 3 }), 7);
    assert_eq!(grid.at(7), BlockIndex { row: 1, column: 3 });
}

#[test]
fn a_window_is_clipped_to_the_image() {
    for (window, expected) in [
        ([0, 0, 100, 50], Some(Window::new(0, 0, 100, 50))),
        ([-5, -6, 10, 10], Some(Window::new(0, 0, 5, 4))),
        ([99, 49, i64::MAX, i64::MAX], Some(Window::new(99, 49, 1, 1))),
        ([-1, -1, i64::MAX, 2], Some(Window::new(0, 0, 100, 1))),
        ([100, 0, 1, 1], None),
        ([0, 0, 0, 5], None),
        ([0, 0, 5, -5], None),
        ([i64::MIN, 0, -1, 5], None),
        ([i64::MAX, 0, 5, 5], None),
    ] {
        assert_eq!(Window::clipped(window, 100, 50), expected, "{window:?}");
    }
}

#[test]
fn a_block_reduced_to_nothing_is_empty_and_holds_no_pixel() {
    let grid = BlockGrid::new(8, 1, 1, 1).unwrap().reduced(2).unwrap();
    assert_eq!((grid.columns(), grid.rows(), grid.across()), (2, 1, 8));
    let held: Vec<_> = grid.blocks_of(grid.window()).map(|at| at.column).collect();
    assert_eq!(held, [0, 4]);
    assert!(grid.block_window(BlockIndex { row: 0, column: 1 }).is_empty());
    // From column 1 to 2 of the reference grid, no column is a multiple of 4.
    let between = BlockGrid::new(1, 1, 8, 8).unwrap().with_origin((1, 1), (0, 0)).unwrap();
    assert!(between.reduced(1).is_none());
}

#[test]
fn an_image_lies_inside_of_its_first_block() {
    let grid = BlockGrid::new(10, 10, 8, 8).unwrap();
    assert!(grid.with_origin((7, 0), (0, 0)).is_ok());
    for (image, blocks) in [((8, 0), (0, 0)), ((0, 0), (1, 0)), ((u32::MAX, 0), (u32::MAX, 0))] {
        assert!(grid.with_origin(image, blocks).is_err(), "{image:?} {blocks:?}");
    }
    assert_eq!(grid.with_origin((7, 0), (0, 0)).unwrap().block_window(BlockIndex::default()), Window::new(0, 0, 1, 8));
}

fn grids() -> impl Strategy<Value = (BlockGrid, (u32, u32))> {
    let sizes = (1u32..90, 1u32..90, 1u32..40, 1u32..40);
    (sizes, 0u32..1000, 0u32..1000, 0u32..40, 0u32..40).prop_map(|((w, h, bw, bh), x, y, dx, dy)| {
        let image = (x + dx % bw, y + dy % bh);
        (BlockGrid::new(w, h, bw, bh).unwrap().with_origin(image, (x, y)).unwrap(), image)
    })
}

proptest! {
    #[test]
    fn a_clipped_window_has_the_pixels_inside(
        window in (-20i64..20, -20i64..20, -5i64..40, -5i64..40), columns in 1u32..12, rows in 1u32..12,
    ) {
        let (x, y, width, height) = window;
        let inside = |at: i64, start: i64, length: i64| start <= at && at < start + length;
        let pixels = (0..rows).flat_map(|row| (0..columns).map(move |column| (column, row)));
        let expected: Vec<_> =
            pixels.clone().filter(|(c, r)| inside((*c).into(), x, width) && inside((*r).into(), y, height)).collect();
        let found = Window::clipped([x, y, width, height], columns, rows).unwrap_or_default();
        let found: Vec<_> =
            pixels.filter(|(c, r)| (found.x..found.right()).contains(c) && (found.y..found.bottom()).contains(r)).collect();
        prop_assert_eq!(found, expected);
    }

    /// T.800: every edge is divided by 2^r and rounded up.
    #[test]
    fn edges_of_a_level_are_those_of_the_grid_divided_and_rounded_up((grid, image) in grids(), level in 0u8..7) {
        let up = |edge: u32| edge.div_ceil(1 << level);
        let Some(reduced) = grid.reduced(level) else {
            prop_assert!(up(image.0) == up(image.0 + grid.columns()) || up(image.1) == up(image.1 + grid.rows()));
            return Ok(());
        };
        prop_assert_eq!(reduced.columns(), up(image.0 + grid.columns()) - up(image.0));
        prop_assert_eq!(reduced.rows(), up(image.1 + grid.rows()) - up(image.1));
        for position in 0..grid.count() {
            let at = grid.at(position);
            let (full, found) = (grid.block_window(at), reduced.block_window(at));
            prop_assert_eq!(found.x + up(image.0), up(image.0 + full.x));
            prop_assert_eq!(found.right() + up(image.0), up(image.0 + full.right()));
            prop_assert_eq!(found.y + up(image.1), up(image.1 + full.y));
            prop_assert_eq!(found.bottom() + up(image.1), up(image.1 + full.bottom()));
            prop_assert!(found.width <= reduced.block_columns() && found.height <= reduced.block_rows());
        }
    }

    #[test]
    fn the_blocks_of_a_level_partition_it((grid, _) in grids(), level in 0u8..7) {
        let Some(grid) = grid.reduced(level) else { return Ok(()) };
        let mut owner = vec![0u32; grid.columns() as usize * grid.rows() as usize];
        for at in grid.blocks_of(grid.window()) {
            let window = grid.block_window(at);
            prop_assert!(!window.is_empty());
            for y in window.y..window.bottom() {
                for x in window.x..window.right() {
                    owner[(y * grid.columns() + x) as usize] += 1;
                    prop_assert_eq!(grid.block_of(x, y), at);
                }
            }
        }
        prop_assert!(owner.iter().all(|count| *count == 1));
    }

    #[test]
    fn blocks_of_a_window_are_those_of_the_image_cropped((grid, _) in grids(), x in 0u32..90, y in 0u32..90, w in 1u32..90, h in 1u32..90) {
        let window = Window::new(x % grid.columns(), y % grid.rows(), w, h).intersect(&grid.window());
        let found = grid.cropped(window).unwrap();
        let blocks = found.blocks_of(found.window()).map(|at| found.block_window(at));
        let expected = grid.blocks_of(window).map(|at| grid.block_window(at).intersect(&window).relative_to(window.x, window.y));
        prop_assert_eq!(blocks.collect::<Vec<_>>(), expected.collect::<Vec<_>>());
    }

    #[test]
    fn levels_of_levels_are_levels((grid, _) in grids(), first in 0u8..4, second in 0u8..4) {
        let twice = grid.reduced(first).and_then(|grid| grid.reduced(second));
        prop_assert_eq!(twice, grid.reduced(first + second));
    }
}

#[test]
fn strips_cover_a_rectangle_from_the_top() {
    let window = Window::new(3, 5, 7, 10);
    let strips: Vec<_> = window.strips(4).collect();
    assert_eq!(strips, [Window::new(3, 5, 7, 4), Window::new(3, 9, 7, 4), Window::new(3, 13, 7, 2)]);
    assert_eq!(window.strips(u32::MAX).collect::<Vec<_>>(), [window]);
}

#[test]
fn rectangles_are_joined_if_one_continues_the_other() {
    let window = Window::new(2, 3, 4, 5);
    assert_eq!(window.joined(Window::new(6, 3, 1, 5)), Some(Window::new(2, 3, 5, 5)));
    assert_eq!(window.joined(Window::new(2, 8, 4, 2)), Some(Window::new(2, 3, 4, 7)));
    for other in [Window::new(7, 3, 1, 5), Window::new(6, 3, 1, 4), Window::new(2, 8, 3, 2), Window::new(2, 2, 4, 1)] {
        assert_eq!(window.joined(other), None);
    }
}
