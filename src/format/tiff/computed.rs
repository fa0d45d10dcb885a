//! Tags that the writer determines: a value of the caller's choice must be the one that is written.

use super::field::{Field, FieldValue};
use super::options::{Given, Options};
use super::tags::{self, Treatment};
use super::values;
use crate::error::{Error, Result};
use crate::format::{Warning, WarningKind};

/// Checks the chosen values of computed tags against the fields of the image. Offsets and lengths of blocks, which follow the
/// pixels, are left out with a warning.
///
/// # Errors
/// [`Error::Usage`] for a value that contradicts the pixels.
pub(super) fn check(options: &Options<'_>, fields: &[Field], warnings: &mut Vec<Warning>) -> Result<()> {
    let is_computed = |tag: u16| tags::by_number(tag).is_some_and(|row| row.treatment == Treatment::Computed);
    for (tag, given) in &options.tags {
        if !is_computed(*tag) || !options.is_chosen(*given) {
            continue;
        }
        let written = match fields.iter().find(|field| field.tag == *tag).map(|field| &field.value) {
            Some(FieldValue::Unsigned(written)) => written.as_slice(),
            // The default order of bits, which needs no field.
            None if *tag == tags::FILL_ORDER => &[1],
            _ => {
                let message = "is ignored: the writer determines it";
                warnings.push(Warning::new(WarningKind::Metadata, given.key, message));
                continue;
            }
        };
        if !states(*tag, *given, written)? {
            let error = Error::usage("metadata value of").field(named(*tag, given.key)).found(given.value);
            return Err(error.allowed(format!("{}, which the pixels determine", values_of(written))));
        }
    }
    Ok(())
}

/// True if a value states what is written: as a list, or once for all samples.
fn states(tag: u16, given: Given<'_>, written: &[u64]) -> Result<bool> {
    let stated = values::unsigned(tag, given.key, given.value)?;
    Ok(stated == written || matches!(stated[..], [one] if written.iter().all(|value| *value == one)))
}

/// The tag with the key it was given under.
fn named(tag: u16, key: &str) -> String {
    let described = tags::describe(tag);
    if described.contains(key) { described } else { format!("{described}, given as {key},") }
}

/// One value if all are equal.
fn values_of(written: &[u64]) -> String {
    match written {
        [first, rest @ ..] if rest.iter().all(|value| value == first) => first.to_string(),
        all => all.iter().map(u64::to_string).collect::<Vec<_>>().join(", "),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::tiff::field::FieldType;
    use crate::metadata::{Metadata, Value};

    fn checked(entries: &[(&str, Value)]) -> Result<usize> {
        let metadata: Metadata = entries.iter().cloned().collect();
        let mut warnings = Vec::new();
        let options = Options::new(&metadata, &mut warnings)?;
        let short =
            |tag, values: &[u64]| Field { tag, kind: FieldType::Short, value: FieldValue::Unsigned(values.to_vec()) };
        check(&options, &[short(tags::IMAGE_WIDTH, &[90]), short(tags::BITS_PER_SAMPLE, &[8; 3])], &mut warnings)?;
        Ok(warnings.len())
    }

    #[test]
    fn a_chosen_value_must_be_the_one_that_is_written() {
        assert_eq!(checked(&[("256", 90.into()), ("258", "8".into()), ("FillOrder", 1.into())]).unwrap(), 0);
        assert_eq!(checked(&[("BitsPerSample", vec![Value::from(8); 3].into())]).unwrap(), 0);
        for (key, value) in [("256", 5), ("ImageWidth", 5), ("258", 16), ("FillOrder", 2)] {
            let error = checked(&[(key, value.into())]).unwrap_err().to_string();
            assert!(error.contains(key) && error.contains(&value.to_string()), "{error}");
        }
    }

    #[test]
    fn offsets_are_left_out_with_a_warning_and_copies_are_not_checked() {
        assert_eq!(checked(&[("TileOffsets", 5.into())]).unwrap(), 1);
        assert_eq!(checked(&[("256", 5.into()), ("257", 5.into()), ("258", 16.into())]).unwrap(), 0);
    }
}
