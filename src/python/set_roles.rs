//! The argument `roles` of `IO.open`: the level of each file of an R-set.

use pyo3::prelude::*;
use pyo3::types::PyString;

use crate::error::Error;

/// The levels that the argument `roles` states for `count` files: a list of roles for each.
///
/// # Errors
/// `OptionError` for another number of lists, for text in place of a list, and for a list that does not state a level.
pub(super) fn levels(roles: &Bound<'_, PyAny>, count: usize) -> PyResult<Vec<u32>> {
    let shape = || -> PyResult<PyErr> {
        let error = Error::usage("roles:").found(roles.repr()?).allowed("a list of roles for each path or stream");
        Ok(error.into())
    };
    let lists: Vec<Bound<'_, PyAny>> = match roles.try_iter() {
        Ok(lists) if !roles.is_instance_of::<PyString>() => lists.collect::<PyResult<_>>()?,
        _ => return Err(shape()?),
    };
    if lists.len() != count {
        let error = Error::usage("roles:").found(format!("{} lists", lists.len()));
        return Err(error.allowed(format!("{count}, one for each path or stream")).into());
    }
    let levels = lists.iter().zip(0..).map(|(list, position)| match list.extract::<Vec<String>>() {
        Ok(list) => Ok(level(&list, position)?),
        Err(_) => Err(shape()?),
    });
    levels.collect()
}

/// The level of a file with these roles: that of `overview:N`, or 0 with `data`. By default, files are in the order of their levels.
fn level(roles: &[String], position: u32) -> Result<u32, Error> {
    let number =
        |role: &String| role.strip_prefix("overview:").map(|digits| digits.parse::<u32>().ok().filter(|n| *n > 0));
    match roles.iter().find_map(number) {
        Some(Some(level)) => Ok(level),
        None if roles.iter().any(|role| role == "data") => Ok(0),
        None if roles.is_empty() || roles.iter().any(|role| role == "overview") => Ok(position),
        _ => Err(Error::usage("roles of a file:")
            .found(format!("{roles:?}"))
            .allowed("\"data\" or \"overview:N\", from 1")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_role_states_the_level() {
        let of =
            |roles: &[&str], position| level(&roles.iter().map(ToString::to_string).collect::<Vec<_>>(), position).ok();
        assert_eq!(
            [of(&["data"], 3), of(&["overview:2"], 1), of(&["x", "overview:12"], 0)],
            [Some(0), Some(2), Some(12)]
        );
        assert_eq!([of(&[], 2), of(&["overview"], 1)], [Some(2), Some(1)]);
        assert_eq!([of(&["mask"], 0), of(&["overview:0"], 0), of(&["overview:x"], 0)], [None; 3]);
    }
}
