//! The four corners of an image: upper left, upper right, lower right, lower left, each (x, y).

/// Four corners.
pub(crate) type Quad = [(f64, f64); 4];

/// True for corners in the order of a mirror image, seen from above. No sensor or map makes one.
pub(crate) fn is_mirrored([a, b, _, d]: Quad) -> bool {
    (b.0 - a.0) * (d.1 - a.1) - (b.1 - a.1) * (d.0 - a.0) > 0.0
}

/// Corners of an image across the antimeridian, in degrees. Longitudes that jump there are made to continue beyond it.
pub(crate) fn in_one_piece(edges: Quad) -> Quad {
    let joined = near(edges, edges[0].0);
    if is_mirrored(edges) && !is_mirrored(joined) { joined } else { edges }
}

/// The same points with longitudes less than half a turn from `longitude`: an image across the antimeridian is in one piece.
pub(crate) fn near(points: Quad, longitude: f64) -> Quad {
    points.map(|(x, y)| (beside(x, longitude), y))
}

/// The longitude `x`, made less than half a turn from `longitude`.
pub(crate) fn beside(x: f64, longitude: f64) -> f64 {
    x - 360.0 * ((x - longitude) / 360.0).round()
}

/// True for finite corners of a quadrilateral that turns the same way at each.
pub(super) fn encloses(corners: Quad) -> bool {
    let turn = |n: usize| {
        let [a, b, c] = [corners[n], corners[(n + 1) % 4], corners[(n + 2) % 4]];
        (b.0 - a.0) * (c.1 - b.1) - (b.1 - a.1) * (c.0 - b.0)
    };
    let turns = [0, 1, 2, 3].map(turn);
    turns.iter().all(|turn| turn.is_finite() && *turn > 0.0) || turns.iter().all(|turn| *turn < 0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn longitudes_that_jump_continue_and_those_of_a_globe_stay() {
        let jump = [(179.5, 10.0), (-179.5, 10.0), (-179.5, 9.0), (179.5, 9.0)];
        assert_eq!(in_one_piece(jump), [(179.5, 10.0), (180.5, 10.0), (180.5, 9.0), (179.5, 9.0)]);
        for (west, east) in [(-180.0, 180.0), (-179.0, 179.0), (0.0, 360.0)] {
            let globe = [(west, 90.0), (east, 90.0), (east, -90.0), (west, -90.0)];
            assert_eq!(in_one_piece(globe), globe);
        }
        let upside_down = [(10.0, 50.0), (11.0, 50.0), (11.0, 51.0), (10.0, 51.0)];
        assert_eq!(in_one_piece(upside_down), upside_down);
    }
}
