//! Images as the engine sees them: samples, layouts, block grids, views of pixels, and their providers.

mod block_store;
mod canvas;
mod georeference;
mod grid;
mod layout;
mod memory_image;
mod palette;
mod pixels;
mod provider;
mod reblock;
mod reduce;
mod reduced_image;
mod sample;
mod stored_image;
mod template;
mod view;
mod window_image;

pub use block_store::Scratch;
pub(crate) use block_store::{BlockCoding, BlockForm, BlockStore, Piece, StoredBlock, StoredSamples};
pub(crate) use canvas::{Canvas, TileMut};
pub use georeference::{Crs, Georeference, Transform};
pub use grid::{BlockGrid, BlockIndex, Window};
pub use layout::{ImageLayout, PadValue};
pub use memory_image::MemoryImage;
pub use palette::{Palette, PaletteImage};
pub use pixels::{Memory, Pixels};
pub use provider::{Access, Block, ImageProvider};
pub(crate) use provider::{Asked, FileImage, InFile, at_level, read_whole_block};
pub(crate) use reblock::{Padding, Reblock, TargetBlock};
#[cfg(feature = "python")]
pub(crate) use reduce::Reducer;
pub use reduce::Reduction;
pub use reduced_image::ReducedImage;
pub use sample::{Interleave, SampleType};
pub(crate) use stored_image::StoredImage;
pub use template::Template;
pub use view::absent_parts;
pub use window_image::WindowImage;
