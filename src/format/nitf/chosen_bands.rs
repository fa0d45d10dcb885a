//! The metadata of an image segment of which only some bands are written.

use crate::metadata::{Metadata, Value};

/// Gives `BAND_INFO` the records of `bands`, in this order. The writer renews IREP if it does not suit the number of bands.
pub(super) fn adjust(metadata: &mut Metadata, bands: &[u32]) {
    let Some(Value::List(records)) = metadata.get(BAND_INFO) else { return };
    let chosen: Option<Vec<Value>> = bands.iter().map(|band| records.get(*band as usize).cloned()).collect();
    match chosen {
        Some(chosen) => metadata.set(BAND_INFO, Value::List(chosen)),
        None => {
            metadata.remove(BAND_INFO);
        }
    }
}

const BAND_INFO: &str = "BAND_INFO";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bands_keep_their_records() {
        let record = |role: &str| Value::Map(vec![("IREPBAND".into(), role.into())]);
        let all = Value::List(["R", "G", "B"].map(record).to_vec());
        let mut metadata: Metadata = [(BAND_INFO, all)].into_iter().collect();
        adjust(&mut metadata, &[2, 0]);
        assert_eq!(metadata.get(BAND_INFO), Some(&Value::List(vec![record("B"), record("R")])));
        adjust(&mut metadata, &[5]);
        assert!(metadata.get(BAND_INFO).is_none());
    }
}
