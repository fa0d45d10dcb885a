"""The warnings of a call."""
import warnings

from aws.osml.io import FileWarning, MetadataWarning


def warned(action, *arguments):
    """The texts of the warnings of a call, all of which concern metadata or the file."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        action(*arguments)
    assert all(issubclass(warning.category, (MetadataWarning, FileWarning)) for warning in caught), caught
    return [str(warning.message) for warning in caught]
