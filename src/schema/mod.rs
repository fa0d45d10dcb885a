//! Structures of fixed fields as data: text tables with one row per field of a standard. One engine reads and writes them,
//! fills defaults and checks values. A new structure needs a table, not code.
//!
//! # The table
//! ```text
//! structure ICHIPB  Image chip boundaries          # name, title
//! source STDI-0002-1 App B
//! field  XFRM_FLAG     2  N+   int   values 00 01  default 00   # row: name, bytes, characters, kind, checks
//! field  SCALE_FACTOR 10  A    real  default 0001.00000
//! when XFRM_FLAG == 0
//!   field OP_ROW_11   12  N    real
//! end
//! repeat COUNT as POINT
//!   field LON 15 A real
//! end
//! ```
//! Kinds: `text` (left-justified, padded with blanks), `int`, `real` (right-justified, padded with zeros), `datetime`
//! (`CCYYMMDDhhmmss`, unknown pairs as hyphens), `date` (CCYYMMDD or blanks); with `BIN`: `uint`, `sint`, `float`, `bytes`.
//! Text with `as int` or `as real` is a number or words such as `N/A`: it is written as text, and its typed value is the number.
//! Checks: `values …`, `range LOW HIGH`, `nullable` (blanks are also a legal value). A field that is not given has its
//! `default …`, else blanks or zeros; one that is `required` must be given, because no default makes sense. `format PICTURE`
//! is the form in which a number is written: `0000`, `+00.0000` (always with a sign), `+0.000000E+0`.
//!
//! `include NAME PREFIX` inserts the rows of an earlier structure of the same text. The prefix replaces the `_` at the beginning
//! of their names.
//!
//! A size is a number or an expression; a condition is an expression. Expressions have integers, `"text"`, names of earlier
//! fields (innermost group first), `+ - * /`, `== != < <= > >=`, `and or not`, and these functions:
//! `bit(NAME, n)` (bit n of a binary field, 0 is the least significant), `blank(NAME)`,
//! `value(NAME, n)` (n without an earlier field NAME),
//! `same(GROUP, NAME)` (NAME in the record of an earlier group with the same turn as this one), and
//! `remaining` (when reading, the bytes left in the structure; when writing, whether a field of the group is given).

mod date;
mod document;
mod expression;
#[cfg(test)]
pub(crate) mod generate;
mod load;
mod picture;
mod read;
mod record;
mod table;
mod value;
mod write;

pub(crate) use date::{datetime_of, iso_datetime};
pub use document::document;
pub use read::{read, read_whole};
pub(crate) use record::number;
pub use record::{FieldData, Record};
pub use table::Structure;
pub(crate) use table::{Field, Item, Kind};
pub use write::{write, write_whole};
