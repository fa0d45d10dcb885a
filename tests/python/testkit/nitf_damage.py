"""A complete NITF file with one segment of each kind, and the parts that stay readable if it is damaged."""
import io
import re
import warnings

import numpy as np
from testkit import nitf_forge as nb

FIRST = (np.arange(19 * 21).reshape(1, 19, 21) % 250 + 1).astype(np.uint8)
SECOND = (np.arange(3 * 12 * 10).reshape(3, 12, 10) * 7 + 300).astype(np.uint16)
BLOCK = (8, 8)
EXPECTED = {"image:0": FIRST, "image:1": SECOND, "graphic:0": b"\0\x20CGM data", "text:0": b"two\r\nlines\r\n", "data:0": b"own data",
            "reserved:0": b"own reserved data"}
KEYS = tuple(EXPECTED)


def points(count, given=None):
    """A BNDPLB of `count` points whose count field is `given`."""
    body = f"{count if given is None else given:04}" + "".join(f"{7 + n:+015.9f}{3 + n:+015.9f}" for n in range(count))
    return nb.tre("BNDPLB", body)


def whole(edit=None, *, ixshd=b"", udid=b"", xhd=b"", overflow=0, des=None, tail=b"", second=(), **lies):
    """The file; `edit(file)` changes it before it is written, `lies` are fields of the file header."""
    images = [(nb.image(19, 21, block=BLOCK, ixshd=ixshd, udid=udid, overflow=overflow), nb.stored(FIRST, "B", BLOCK)),
              (nb.image(12, 10, 3, nbpp=16, imode="P", idlvl=2, **dict(second)), nb.stored(SECOND, "P"))]
    file = nb.File(images, [(nb.graphic(), EXPECTED["graphic:0"])], [(nb.text(), EXPECTED["text:0"])],
                   des or [(nb.des(header=b"user"), EXPECTED["data:0"])], [(nb.res(), EXPECTED["reserved:0"])], xhd=xhd, tail=tail, lies=lies)
    if edit is not None:
        edit(file)
    return file


class Survey:
    """Everything that can be read of `content`: `values` and `errors` by key, the `error` of opening, the `warnings`."""

    def __init__(self, content, **options):
        from aws.osml.io import Error, IO, OsmlWarning

        self.values, self.errors, self.metadata, self.error, self.file_metadata = {}, {}, {}, None, None
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            try:
                reader = IO.open(io.BytesIO(bytes(content)), **options)
            except (Error, OSError, ValueError) as error:
                self.error = error
            else:
                with reader:
                    self.file_metadata = reader.metadata
                    for key in reader:
                        self.look(reader, key, (Error, OSError, ValueError))
        self.warnings = [one.message for one in caught if issubclass(one.category, OsmlWarning)]

    def look(self, reader, key, allowed):
        try:
            asset = reader.get_asset(key)
            self.metadata[key] = asset.metadata
            self.values[key] = asset.read() if key.startswith("image") else asset.raw_asset.read()
        except allowed as error:
            self.errors[key] = error

    def noted(self):
        return self.error is not None or bool(self.errors) or bool(self.warnings)

    def texts(self):
        return [str(text) for text in [self.error, *self.errors.values(), *self.warnings] if text is not None]


def same(found, expected):
    if isinstance(expected, bytes):
        return found == expected
    return found.shape == expected.shape and found.dtype == expected.dtype and bool((found == expected).all())


def assert_honest(survey, must=(), noted=True, expected=None):
    """Values that are read are right, `must` is read, and each error or warning has a position: a number or a field name."""
    from aws.osml.io import FormatError

    expected = EXPECTED if expected is None else expected
    if survey.error is not None:
        assert not must, f"does not open: {survey.error}"
        assert isinstance(survey.error, (FormatError, NotImplementedError)), repr(survey.error)
    for key, found in survey.values.items():
        if key in expected:
            assert same(found, expected[key]), f"{key} is not what the file holds"
    missing = [key for key in must if key not in survey.values]
    assert not missing, f"{missing} could be read: {survey.errors}"
    if noted:
        assert survey.noted(), "the damage is not reported"
        assert any(re.search(r"\d|[A-Z]{2,}", text) for text in survey.texts()), survey.texts()
