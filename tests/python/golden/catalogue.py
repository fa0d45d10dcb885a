"""The requests by name, and how one is carried out: the file's hash and length and the warnings on the way."""
import hashlib
import json
import os
import warnings
from collections import Counter
from pathlib import Path
from unittest.mock import patch

from golden.pixels import pixels

HASHES = Path(__file__).with_name("hashes.json")
REQUESTS = {}
_SUFFIXES = {"tiff": ".tif", "png": ".png", "jpeg": ".jpg", "nitf": ".ntf", "nsif": ".nsf"}
_CLOCK = "1700000000"


def add(name, write, *arguments, **options):
    """Adds a request: `write(path, …)` writes the file; the name begins with its format."""
    assert name not in REQUESTS, f"two requests have the name {name}"
    REQUESTS[name] = lambda path: write(path, *arguments, **options)


def request(name):
    """The function that follows is a request."""

    def decorate(write):
        add(name, write)
        return write

    return decorate


def save(name, spec, **options):
    """Adds a request of one `imsave`."""
    add(name, _save, spec, **options)


def outcome(name, folder, threads):
    """What a request leaves in `folder`, which must be empty, with a number of threads."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"file{_SUFFIXES[name.split('/')[0]]}"
    environment = {"OSML_IO_THREADS": str(threads), "SOURCE_DATE_EPOCH": _CLOCK}
    with patch.dict(os.environ, environment), warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
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
