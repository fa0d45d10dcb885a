"""The requests by name, and their execution: the hash and length of the file, and the kinds of warnings."""

import hashlib
import json
import os
import tempfile
import warnings
from collections import Counter
from pathlib import Path
from unittest.mock import patch

from golden.pixels import pixels
from testkit.nitf_ours import provider, write

HASHES = Path(__file__).with_name("hashes.json")
REQUESTS = {}
_SUFFIXES = {"tiff": ".tif", "png": ".png", "jpeg": ".jpg", "nitf": ".ntf", "nsif": ".nsf", "jp2": ".jp2", "jph": ".jph"}
_CLOCK = "1700000000"
# The writer waits until a file is on the disk; a file in memory is there at once.
_MEMORY = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None


def add(name, make, *arguments, **options):
    """Adds a request: `make(path, …)` writes the file; the name begins with its format."""
    assert name not in REQUESTS, f"two requests have the name {name}"
    REQUESTS[name] = lambda path: make(path, *arguments, **options)


def request(name, *arguments, **options):
    """The function that follows is a request with these arguments."""

    def decorate(make):
        add(name, make, *arguments, **options)
        return make

    return decorate


def save(name, spec, **options):
    """Adds a request of one `imsave`."""
    add(name, _save, spec, **options)


def image(name, spec, metadata=None, block=None, header=None, **fields):
    """Adds a request of one image whose metadata control its encoding; `header` is the metadata of the file."""
    add(name, _image, name.split("/")[0], spec, metadata, block, header, **fields)


def outcome(name, threads):
    """What a request leaves in an empty folder, with a number of threads."""
    environment = {"OSML_IO_THREADS": str(threads), "SOURCE_DATE_EPOCH": _CLOCK}
    with tempfile.TemporaryDirectory(dir=_MEMORY) as folder, patch.dict(os.environ, environment), warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        path = Path(folder) / f"file{_SUFFIXES[name.split('/')[0]]}"
        REQUESTS[name](path)
        content = path.read_bytes()
    counts = Counter(warning.category.__name__ for warning in caught)
    return {"length": len(content), "sha256": hashlib.sha256(content).hexdigest(), "warnings": dict(sorted(counts.items()))}


def recorded():
    """The outcomes on record by the names of their requests."""
    return json.loads(HASHES.read_text(encoding="ascii")) if HASHES.exists() else {}


def _save(path, spec, **options):
    from aws.osml.io import imsave

    imsave(path, pixels(spec), **options)


def _image(path, kind, spec, metadata, block, header, **fields):
    write(path, provider(pixels(spec), metadata, block, **fields), metadata=header, format=kind)
