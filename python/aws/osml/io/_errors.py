"""Exceptions and warnings. The compiled module raises them by the table in `src/python/errors.rs`."""


class Error(Exception):
    """Base of the exceptions of this package. System errors are plain `OSError`s."""


class FormatError(Error, OSError):
    """The input file breaks the standard of its format."""

    # Hides the attribute of `OSError`, which pickling loses.
    filename: str | None = None
    """The path of the file, if it was opened from one."""


class UnsupportedError(Error, NotImplementedError):
    """The input or the request is valid, but not implemented here."""

    filename: str | None = None
    """The path of the file, if the error is about one that was opened from a path."""


class LimitError(Error):
    """Reading a file would exceed a limit on memory. The message names the argument that raises the limit, if there is one."""

    filename: str | None = None
    """The path of the file, if it was opened from one."""


class OptionError(Error, ValueError):
    """The call, an option or a metadata value is wrong."""


class OutOfRangeError(OptionError, IndexError):
    """An index, band, window or resolution level does not exist."""


class AssetNotFoundError(Error, KeyError, ValueError):
    """A key names no asset; the message lists the existing keys."""

    # KeyError quotes its argument, which makes a sentence hard to read.
    __str__ = Exception.__str__


class ProviderError(Error, RuntimeError):
    """A caller's image provider raised; the original exception is `__cause__`."""


class CancelledError(Error):
    """The caller's progress function returned False."""


class OsmlWarning(UserWarning):
    """Base of this package's warnings."""

    filename: str | None = None
    """The path of the file that is read, if the warning is about one that was opened from a path."""


class MetadataWarning(OsmlWarning):
    """A metadata value was not used, or not used as given."""


class ConformanceWarning(OsmlWarning):
    """A rule of the format's standard is broken; the text names clause, position, value and rule."""


class PrecisionWarning(OsmlWarning):
    """A value is stored less precisely than the image requires."""


class FileWarning(OsmlWarning):
    """Part of a file cannot be read; the rest can."""


class PaddingWarning(OsmlWarning):
    """Absent blocks are filled because the file cannot leave them out."""


class FallbackWarning(OsmlWarning):
    """A default cannot be used and another value replaces it."""


class ShapeWarning(OsmlWarning):
    """The last axis of an array looks like bands; this package expects bands first."""


for _class in list(vars().values()):
    if isinstance(_class, type):
        _class.__module__ = "aws.osml.io"
