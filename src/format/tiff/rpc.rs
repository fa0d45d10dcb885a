//! Sensor models as the tag `RPCCoefficient`: errors, offsets, scales and polynomials as 92 doubles (RPCs in GeoTIFF).

use super::tags;
use crate::error::{Error, Result};
use crate::image::{RPC_TERMS, Rpc};
use crate::metadata::{Metadata, Value};

/// Doubles before the polynomials, and of the tag.
const NUMBERS: usize = 12;
const COUNT: usize = NUMBERS + 4 * RPC_TERMS;

/// The number of an unknown error.
const UNKNOWN: f64 = -1.0;

/// The sensor model that the metadata of an image state; `None` if they state none.
pub(super) fn of_metadata(metadata: &Metadata) -> Option<Result<Rpc>> {
    let is_rpc = |key: &str| {
        key.parse() == Ok(tags::RPC_COEFFICIENT)
            || tags::by_name(key).is_some_and(|tag| tag.number == tags::RPC_COEFFICIENT)
    };
    metadata.iter().find(|(key, _)| is_rpc(key)).map(|(_, value)| read(value))
}

fn read(value: &Value) -> Result<Rpc> {
    let wrong = || Error::usage("values of").field(tags::describe(tags::RPC_COEFFICIENT)).allowed("92 numbers");
    let numbers = value.to_floats().and_then(|numbers| <[f64; COUNT]>::try_from(numbers).ok()).ok_or_else(wrong)?;
    // GDAL writes a negative number for an unknown error.
    let error = |place: usize| Some(numbers[place]).filter(|error| *error >= 0.0);
    let model = Rpc {
        errors: [error(0), error(1)],
        offsets: std::array::from_fn(|axis| numbers[2 + axis]),
        scales: std::array::from_fn(|axis| numbers[7 + axis]),
        polynomials: std::array::from_fn(|polynomial| {
            std::array::from_fn(|term| numbers[NUMBERS + polynomial * RPC_TERMS + term])
        }),
    };
    model.checked()
}

/// The metadata that state a sensor model.
pub(super) fn entries(model: &Rpc) -> Metadata {
    let errors = model.errors.map(|error| error.unwrap_or(UNKNOWN));
    let numbers = errors.iter().chain(&model.offsets).chain(&model.scales).chain(model.polynomials.as_flattened());
    let numbers: Vec<Value> = numbers.map(|number| Value::from(*number)).collect();
    [(tags::RPC_COEFFICIENT.to_string(), Value::from(numbers))].into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::rpc_tests::model;

    #[test]
    fn a_model_comes_back_from_its_tag() {
        let metadata = entries(&model());
        assert_eq!(of_metadata(&metadata).unwrap().unwrap(), model());
        assert!(of_metadata(&Metadata::new()).is_none());
    }

    #[test]
    fn a_tag_with_other_numbers_is_refused() {
        let metadata: Metadata = [("50844", Value::from(vec![Value::from(1.0); 91]))].into_iter().collect();
        assert!(of_metadata(&metadata).unwrap().unwrap_err().to_string().contains("92"));
    }
}
