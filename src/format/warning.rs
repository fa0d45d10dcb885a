//! Warnings: reports about a call that succeeded.

use std::borrow::Cow;

use crate::error::Error;

/// A report to the caller, such as a value that was ignored or changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Warning {
    /// The metadata key or argument concerned.
    pub key: String,
    /// What was done, and why.
    pub message: Cow<'static, str>,
    /// The subject, for callers who filter.
    pub kind: WarningKind,
    /// The names of what the file does not take over from another file, without the reasons.
    pub left_out: Vec<String>,
}

/// The subject of a warning.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum WarningKind {
    /// A value that was ignored or changed.
    Metadata,
    /// A departure from a rule of the format's standard.
    Conformance,
    /// A value that is stored with less precision than the image needs.
    Precision,
    /// A part of an input file that cannot be read.
    File,
    /// Absent blocks that are filled, as the file cannot omit them.
    Padding,
    /// A default that was replaced by another one.
    Fallback,
}

/// A departure from a rule of a standard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Finding {
    /// The clause or table, e.g. `2500C Table A-3`.
    pub clause: &'static str,
    /// The field, with its segment if there are several.
    pub place: String,
    /// The value found.
    pub value: String,
    /// The requirement of the rule.
    pub rule: Cow<'static, str>,
}

impl Warning {
    /// A warning about `key`, which names a metadata value, an argument or an asset.
    pub(crate) fn new(kind: WarningKind, key: impl Into<String>, message: impl Into<Cow<'static, str>>) -> Self {
        Self { key: key.into(), message: message.into(), kind, left_out: Vec::new() }
    }

    /// A warning that the file `target` does not take over what `named` lists: names, some with a reason in parentheses.
    pub(crate) fn left_out(key: impl Into<String>, target: &str, named: &[String]) -> Self {
        let message = format!("{target} cannot hold and leaves out: {}", named.join(", "));
        Self { left_out: names_alone(named), ..Self::new(WarningKind::Metadata, key, message) }
    }
}

/// The names without their reasons.
pub(crate) fn names_alone(named: &[String]) -> Vec<String> {
    named.iter().map(|name| name.split_once(" (").map_or(&**name, |(name, _)| name).to_owned()).collect()
}

impl Finding {
    /// The finding as an error of a request.
    pub(crate) fn into_usage(self) -> Error {
        Error::usage(format!("{}:", self.clause)).field(self.place).found(self.value).allowed(self.rule)
    }

    /// The finding as an error of a file.
    pub(crate) fn into_malformed(self) -> Error {
        Error::malformed(format!("{}:", self.clause)).field(self.place).found(self.value).allowed(self.rule)
    }

    /// The finding as a warning.
    pub(crate) fn into_warning(self) -> Warning {
        let message = format!("{} does not allow {:?}: {}", self.clause, self.value, self.rule);
        Warning::new(WarningKind::Conformance, self.place, message)
    }
}
