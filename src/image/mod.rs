//! Images as the engine sees them: samples, layouts, block grids, views of pixels, and who provides them.

mod asked;
mod axis;
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
mod template;
mod view;
mod window_image;

pub(crate) use asked::Asked;
pub use canvas::{Canvas, TileMut};
pub use georeference::{Crs, Georeference, Transform};
pub use grid::{BlockGrid, BlockIndex, Window};
pub use layout::{ImageLayout, PadValue};
pub use memory_image::MemoryImage;
pub use palette::{Palette, PaletteImage};
pub use pixels::{Memory, Pixels};
pub use provider::{Access, Block, ImageProvider, StoredImage, at_level};
pub use reblock::{Padding, Reblock, TargetBlock};
pub use reduce::{Reducer, Reduction};
pub use reduced_image::ReducedImage;
pub use sample::{Interleave, SampleType};
pub use template::Template;
pub use view::absent_parts;
pub use window_image::WindowImage;
