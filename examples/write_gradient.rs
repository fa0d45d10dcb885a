//! Writes an image from a provider that computes each block on request.
//!
//! ```sh
//! cargo run --release --example write_gradient -- gradient.tif 20000
//! ```

use std::process::ExitCode;

use osml_io::dataset::{SaveOptions, save};
use osml_io::format::SaveSettings;
use osml_io::image::{
    Block, BlockGrid, BlockIndex, Crs, Georeference, ImageLayout, ImageProvider, Interleave, Pixels, SampleType,
    Transform,
};
use osml_io::{Error, Result};

/// Three bands with gradients from west to east, from north to south and along the diagonal.
struct Gradient {
    layout: ImageLayout,
}

impl Gradient {
    fn new(size: u32) -> Result<Self> {
        let grid = BlockGrid::new(size, size, 256, 256)?;
        Ok(Self { layout: ImageLayout::new(grid, 3, SampleType::UInt8)? })
    }
}

impl ImageProvider for Gradient {
    fn layout(&self) -> &ImageLayout {
        &self.layout
    }

    // Several threads call this at once, because `access` is `Parallel` unless a provider overrides it.
    fn block(&self, at: BlockIndex) -> Result<Block> {
        let grid = &self.layout.grid;
        let window = grid.block_window(grid.check(at)?);
        let (columns, rows) = (u64::from(grid.columns()), u64::from(grid.rows()));
        let mut bytes = Vec::with_capacity(window.pixels() as usize * 3);
        for y in window.y..window.bottom() {
            for x in window.x..window.right() {
                let (x, y) = (u64::from(x) * 255 / columns, u64::from(y) * 255 / rows);
                bytes.extend([x as u8, y as u8, u64::midpoint(x, y) as u8]);
            }
        }
        let shape = [3, window.height as usize, window.width as usize];
        Ok(Block::Pixels(Pixels::from_vec(bytes, shape, SampleType::UInt8, Interleave::Pixel)?))
    }

    fn is_dense(&self) -> bool {
        true
    }
}

fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let size = arguments.get(1).map_or(Ok(2048), |text| text.parse());
    let result = match (arguments.first(), size) {
        (Some(path), Ok(size)) => write(path, size),
        _ => Err(Error::usage("usage: write_gradient OUTPUT [SIZE]")),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = std::io::Write::write_fmt(&mut std::io::stderr(), format_args!("error: {error}\n"));
            ExitCode::FAILURE
        }
    }
}

fn write(path: &str, size: u32) -> Result<()> {
    let provider = Gradient::new(size)?;
    let corners = [(-77.0, 39.0), (-76.5, 39.0), (-76.5, 38.5), (-77.0, 38.5)];
    let georeference = Georeference {
        transform: Some(Transform::from_corners(corners, size, size)?),
        crs: Some(Crs::Epsg(4326)),
        corners: None,
    };
    let settings = SaveSettings { georeference, ..SaveSettings::default() };
    // The complete image replaces `path`; an earlier error leaves an existing file untouched.
    save(path, &provider, &SaveOptions { settings, ..SaveOptions::default() })?;
    Ok(())
}
