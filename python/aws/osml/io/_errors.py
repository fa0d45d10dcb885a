"""Exceptions and warnings. The compiled module raises them; one table in `src/python/errors.rs` says which and when."""


class Error(Exception):
    """Base of everything this package raises by itself. System errors are plain `OSError`s."""


class FormatError(Error, OSError):
    """The input file breaks the standard of its format."""


class UnsupportedError(Error, NotImplementedError):
    """The input or the request is valid, but not implemented here."""


class LimitError(Error):
    """More than a limit allows; `max_bytes` raises it."""


class OptionError(Error, ValueError):
    """A wrong call, option or metadata value."""


class OutOfRangeError(OptionError, IndexError):
    """An index, band, window or resolution level outside of what there is."""


class AssetNotFoundError(Error, KeyError, ValueError):
    """A key that names no asset; the message lists the keys there are."""

    # KeyError shows its argument quoted, which makes a sentence unreadable.
    __str__ = Exception.__str__


class ProviderError(Error, RuntimeError):
    """A caller's image provider raised; the original exception is `__cause__`."""


class CancelledError(Error):
    """The caller's progress function returned False."""


class OsmlWarning(UserWarning):
    """Base of this package's warnings."""


class MetadataWarning(OsmlWarning):
    """A metadata value that was not used, or not as given."""


class ConformanceWarning(OsmlWarning):
    """A departure from a rule of the format's standard; the text has clause, place, value and rule."""


class PrecisionWarning(OsmlWarning):
    """A value that is stored less precisely than the image would need."""


class FileWarning(OsmlWarning):
    """A part of a file that cannot be read; the rest can."""


class PaddingWarning(OsmlWarning):
    """Absent blocks that are filled, as the file cannot leave them out."""


class FallbackWarning(OsmlWarning):
    """A default that gave way to another one."""


class ShapeWarning(OsmlWarning):
    """An array whose last axis looks like bands, which stand first here."""


for _class in list(vars().values()):
    if isinstance(_class, type):
        _class.__module__ = "aws.osml.io"
