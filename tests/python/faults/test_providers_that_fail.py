"""Providers that raise, lie or fail at block k: the right error, the original cause, an untouched target, no leftover files."""
import numpy as np
import pytest
from aws.osml.io import Error, IO, ProviderError, imread, imsave
from testkit.arrays import assert_same, image
from testkit.providers import FailsAt, GridProvider, raises
from testkit.readers import listing

DATA = image((2, 200, 260), np.uint16)
BLOCKS = 4 * 5
FORMATS = ["tif", "png", "ntf", "nsf"]


def failing(k, fail):
    return FailsAt(DATA, k, fail)


def save(path, data):
    """`imsave`; NITF without compression, to avoid the warning of a fallback."""
    imsave(path, data, compression="NC" if path.suffix in (".ntf", ".nsf") else None)


def write(path, provider, **options):
    with IO.open(path, "w", **options) as writer:
        writer.add_asset("image:0", provider)


@pytest.fixture(params=FORMATS)
def target(request, tmp_path):
    """A file that exists already and must survive every fault."""
    path = tmp_path / f"a.{request.param}"
    save(path, DATA)
    return path


@pytest.fixture
def untouched(target):
    before = target.read_bytes()
    yield target
    assert target.read_bytes() == before
    assert listing(target.parent) == [target.name]


@pytest.mark.parametrize("k", [0, 1, 7, BLOCKS - 1])
@pytest.mark.parametrize("threads", [1, 2, 5])
def test_an_exception_at_block_k_is_the_one_reported(untouched, k, threads):
    original = ValueError(f"bad granule {k}")
    with pytest.raises(ProviderError, match=f"bad granule {k}") as caught:
        write(untouched, failing(k, raises(original)), threads=threads)
    assert caught.value.__cause__ is original


@pytest.mark.parametrize("k", [0, 7, BLOCKS - 1])
@pytest.mark.parametrize("lie,message", [
    (lambda b: None, "None"), (lambda b: b[:1], r"\d"), (lambda b: b[:, :-1], r"\d"), (lambda b: b[0], r"\d"),
    (lambda b: np.zeros((2, 65, 64), b.dtype), r"65"), (lambda b: np.moveaxis(b, 0, 2), r"\d"), (lambda b: b.astype(np.float32), "float32"),
    (lambda b: b.astype(np.uint8), "uint8"), (lambda b: "block", "str"), (lambda b: b[:, :0], r"0"), (lambda b: 7, "int"),
    (lambda b: [b], r"\d|list")],
    ids=["None", "bands", "rows", "dimensions", "too many rows", "bands last", "float32", "uint8", "text", "empty", "number", "nested"])
def test_a_block_of_an_unexpected_kind_is_an_error_that_names_it(untouched, k, lie, message):
    with pytest.raises((Error, TypeError, ValueError), match=message):
        write(untouched, failing(k, lie))


def test_the_error_for_a_wrong_shape_names_block_found_and_expected(untouched):
    with pytest.raises((Error, ValueError)) as caught:
        write(untouched, failing(7, lambda b: np.zeros((2, 3, 5), b.dtype)))
    text = str(caught.value)
    assert "3" in text and "5" in text and "64" in text


@pytest.mark.parametrize("extension", ["tif", "ntf"])
def test_a_block_in_the_other_byte_order_is_the_same_block(tmp_path, extension):
    path = tmp_path / f"a.{extension}"
    write(path, failing(3, lambda b: b.astype(">u2")))
    assert_same(imread(path), DATA)


@pytest.mark.parametrize("extension", ["tif", "ntf"])
def test_a_block_that_is_a_view_is_read_right(tmp_path, extension):
    path = tmp_path / f"a.{extension}"
    write(path, failing(3, lambda b: np.ascontiguousarray(b[:, ::-1, ::-1])[:, ::-1, ::-1]))
    assert_same(imread(path), DATA)


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit])
@pytest.mark.parametrize("threads", [1, 2])
def test_interrupts_of_a_provider_pass_unchanged(untouched, error, threads):
    original = error("enough")
    with pytest.raises(error) as caught:
        write(untouched, failing(3, raises(original)), threads=threads)
    assert caught.value is original


@pytest.mark.parametrize("error", [MemoryError("none left"), RecursionError("too deep"), StopIteration("no more"), GeneratorExit("gone"),
                                   OSError(5, "input/output error"), UnicodeDecodeError("utf-8", b"\xff", 0, 1, "bad")], ids=repr)
def test_any_exception_of_a_provider_keeps_its_cause(untouched, error):
    with pytest.raises(BaseException) as caught:
        write(untouched, failing(3, raises(error)))
    assert caught.value is error or caught.value.__cause__ is error
    if isinstance(error, Exception):
        assert isinstance(caught.value, ProviderError)


def test_an_exception_of_has_block_is_reported_too(untouched):
    class Broken(GridProvider):
        def has_block(self, *args, **kwargs):
            raise LookupError("no index")

    with pytest.raises(RuntimeError, match="no index"):
        write(untouched, Broken(DATA, (64, 64)))


def test_an_attribute_that_raises_is_not_called_missing(untouched):
    class Broken(GridProvider):
        @property
        def num_rows(self):
            raise ConnectionError("store is down")

        @num_rows.setter
        def num_rows(self, value):
            pass

    with pytest.raises(Exception) as caught:
        write(untouched, Broken(DATA, (64, 64)))
    chain = [caught.value, caught.value.__cause__]
    assert any(isinstance(e, ConnectionError) for e in chain) and not isinstance(caught.value, TypeError)


BLOCK_SIZES = ["num_pixels_per_block_horizontal", "num_pixels_per_block_vertical"]
IMPOSSIBLE = [float("nan"), float("inf"), -1, 1.5, None, "10", 2**63, 2**70]
# A block size of 0 means one block, and a block may be larger than the image: both are valid.
SIZES = [(name, value) for name in ["num_rows", "num_columns", "num_bands", *BLOCK_SIZES] for value in IMPOSSIBLE]
SIZES += [(name, value) for name in ["num_rows", "num_columns", "num_bands"] for value in (0, 2**40)]


@pytest.mark.parametrize("name,value", SIZES, ids=str)
def test_an_impossible_size_is_an_error_before_the_first_block(untouched, name, value):
    provider = GridProvider(DATA, (64, 64))
    setattr(provider, name, value)
    with pytest.raises((Error, TypeError, ValueError, OverflowError)):
        write(untouched, provider)
    assert provider.asked == []


@pytest.mark.parametrize("value", ["uint7", 5, None, "object", "U5", object()], ids=repr)
def test_an_impossible_pixel_type_is_an_error_naming_the_attribute(untouched, value):
    provider = GridProvider(DATA, (64, 64))
    provider.pixel_value_type = value
    with pytest.raises((Error, TypeError, ValueError), match="pixel_value_type|dtype|type"):
        write(untouched, provider)
    assert provider.asked == []


def test_a_provider_that_writes_elsewhere_while_it_serves_does_not_deadlock(tmp_path):
    class Nested(GridProvider):
        def get_block(self, block_row, block_col, resolution_level, bands=None):
            imsave(tmp_path / "inner.tif", DATA[:, :32, :32], threads=2)
            assert imread(tmp_path / "inner.tif", threads=2).shape == (2, 32, 32)
            return super().get_block(block_row, block_col, resolution_level, bands)

    write(tmp_path / "outer.tif", Nested(DATA, (64, 64)), threads=2)
    assert_same(imread(tmp_path / "outer.tif"), DATA)


@pytest.mark.parametrize("extension", ["tif", "ntf"])
def test_the_first_error_stops_the_work_promptly(tmp_path, extension):
    provider = failing(2, raises(ValueError("stop here")))
    with pytest.raises(ProviderError):
        write(tmp_path / f"a.{extension}", provider, threads=2)
    assert len(provider.asked) == 3


def test_a_failed_write_leaks_neither_provider_nor_blocks(tmp_path):
    import gc
    import weakref

    provider = failing(2, raises(ValueError("x")))
    gone = weakref.ref(provider)
    try:
        write(tmp_path / "a.tif", provider)
    except ProviderError:
        pass
    del provider
    gc.collect()
    assert gone() is None


@pytest.mark.parametrize("extension", ["tif", "ntf"])
def test_an_error_in_one_writer_does_not_hurt_the_next(tmp_path, extension):
    path = tmp_path / f"a.{extension}"
    for _ in range(20):
        with pytest.raises(ProviderError):
            write(path, failing(5, raises(ValueError("x"))), threads=2)
    write(path, GridProvider(DATA, (64, 64)), threads=2)
    assert_same(imread(path), DATA)
    assert listing(tmp_path) == [path.name]
