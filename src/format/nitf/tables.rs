//! Every table of the format under one identifier, for use outside of a file.
//!
//! The identifiers are `HEADER`, `IMAGE`, `GRAPHIC`, `TEXT`, `DATA`, `RESERVED` for the headers, the tag (or `TAG.LENGTH`) for a
//! TRE, and `DES:` with the DESID (or `DESID.DESVER`) for the user-defined subheader of a data extension.

use super::fields::to_record;
use super::layouts::{DES, TRES, header};
use super::values::to_map;
use crate::error::{Error, Result, nearest};
use crate::metadata::Value;
use crate::schema::{Structure, read, write, write_whole};

/// The structures of the file header and of the subheaders.
const HEADERS: [&str; 6] = ["HEADER", "IMAGE", "GRAPHIC", "TEXT", "DATA", "RESERVED"];
/// What stands before the DESID.
const DES_PREFIX: &str = "DES:";

/// The identifiers of all tables, also of those registered at run time: headers, TREs, data extensions.
pub fn table_ids() -> Vec<String> {
    let headers = HEADERS.iter().map(|name| (*name).to_owned());
    let des = DES.names().into_iter().map(|name| format!("{DES_PREFIX}{name}"));
    headers.chain(TRES.names()).chain(des).collect()
}

/// The table with this identifier.
///
/// # Errors
/// [`Error::Usage`] that names the nearest one, or the versions of a TRE.
pub fn table(id: &str) -> Result<&'static Structure> {
    let found = match id.strip_prefix(DES_PREFIX) {
        Some(name) => DES.named(name)?,
        None => header(id).filter(|_| HEADERS.contains(&id)).map_or_else(|| TRES.named(id), |found| Ok(Some(found)))?,
    };
    found.ok_or_else(|| {
        let ids = table_ids();
        let versions: Vec<_> = ids.iter().filter(|known| known.starts_with(&format!("{id}."))).cloned().collect();
        let near = if versions.is_empty() {
            nearest(id, ids.iter().map(String::as_str))
                .map_or_else(|| "a name of a table".to_owned(), ToOwned::to_owned)
        } else {
            versions.join(", ")
        };
        Error::usage("no table").found(format!("{id:?}")).allowed(near)
    })
}

/// The fields of a table in bytes, in the form of metadata: text, and a list of mappings for a group.
///
/// # Errors
/// [`Error::Malformed`] if the bytes end early, if bytes are left, and for a count or size that is not a number.
pub fn decode_table(table: &Structure, bytes: &[u8]) -> Result<Value> {
    let (record, length) = read(table, bytes)?;
    if length != bytes.len() {
        let error = Error::malformed("bytes of").field(&table.name).found(format!("{} bytes", bytes.len()));
        return Err(error.allowed(length));
    }
    Ok(to_map(record))
}

/// The bytes of a table with these fields. Others have their defaults. A field whose condition does not hold is left out, and is
/// an error if `strict`.
///
/// # Errors
/// [`Error::Usage`] for an unknown name, and for a value that does not fit its field or breaks a rule of the table.
pub fn encode_table(table: &Structure, fields: &Value, strict: bool) -> Result<Vec<u8>> {
    let Value::Map(entries) = fields else {
        return Err(Error::usage("fields of").field(&table.name).found(fields).allowed("a mapping"));
    };
    let record = to_record(&table.items, entries.iter().map(|(name, value)| (&**name, value)))?;
    if strict { write_whole(table, &record) } else { write(table, &record) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_table_is_found_under_its_identifier() {
        let ids = table_ids();
        assert!(ids.len() > 130, "{}", ids.len());
        for id in &ids {
            assert!(id.ends_with(&table(id).unwrap().name), "{id}");
        }
        assert!(["IMAGE", "RPC00B", "ACFTA.132", "DES:CSATTB"].iter().all(|id| ids.iter().any(|known| known == id)));
    }

    #[test]
    fn a_wrong_identifier_names_the_nearest() {
        for (id, near) in
            [("RPC00C", "RPC00"), ("ACFTA", "ACFTA.132, ACFTA.154"), ("DES:CSATTX", "DES:CSATTB"), ("SECURITY", "")]
        {
            let message = table(id).unwrap_err().to_string();
            assert!(message.contains(near) && message.contains(id), "{message}");
        }
    }

    #[test]
    fn fields_become_bytes_and_fields_again() {
        let offset = table("OFFSET").unwrap();
        let fields = |name: &str, value: &str| Value::Map(vec![(name.into(), value.into())]);
        let bytes = encode_table(offset, &fields("LINE", "7"), true).unwrap();
        let Value::Map(read) = decode_table(offset, &bytes).unwrap() else { panic!("a mapping") };
        assert_eq!(read[0], ("LINE".into(), Value::from("00000007")));
        assert!(encode_table(offset, &fields("LINES", "7"), false).unwrap_err().to_string().contains("LINE"));
        assert!(decode_table(offset, &[bytes.as_slice(), b" "].concat()).is_err());
        assert!(encode_table(offset, &Value::Null, false).is_err());
    }
}
