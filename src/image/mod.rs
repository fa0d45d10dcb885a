//! Images as the engine sees them: samples, layouts, block grids, views of pixels, and who provides them.

mod asked;
mod canvas;
mod georeference;
mod grid;
mod layout;
mod memory_image;
mod pixels;
mod provider;
mod reblock;
mod sample;
mod template;

pub(crate) use asked::Asked;
pub use canvas::{Canvas, TileMut};
pub use georeference::{Crs, Georeference, Transform};
pub use grid::{BlockGrid, BlockIndex, Window};
pub use layout::{ImageLayout, PadValue};
pub use memory_image::MemoryImage;
pub use pixels::{Memory, Pixels};
pub use provider::{Access, Block, ImageProvider, StoredImage};
pub use reblock::{Padding, Reblock, TargetBlock};
pub use sample::{Interleave, SampleType};
pub use template::Template;
