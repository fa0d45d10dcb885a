"""Short ways to write NITF files with the package under test."""
import warnings
from contextlib import contextmanager


def provider(data, metadata=None, block=None, key="image:0", **more):
    """`data` (bands, rows, columns) as an image to be written; without `block` = (width, height) the whole image is one block."""
    from aws.osml.io import BufferedImageAssetProvider

    bands, rows, cols = data.shape
    width, height = block or (cols, rows)
    made = BufferedImageAssetProvider.create(key=key, num_columns=cols, num_rows=rows, num_bands=bands, block_width=width, block_height=height,
                                             pixel_type=data.dtype, metadata=metadata, **more)
    made.set_full_image(data)
    return made


def sparse(data, present, block, metadata=None, **more):
    """The blocks `present` = {(row, column)} of `data`, and no others."""
    from aws.osml.io import BufferedImageAssetProvider

    (bands, rows, cols), (width, height) = data.shape, block
    made = BufferedImageAssetProvider.create(key="sparse", num_columns=cols, num_rows=rows, num_bands=bands, block_width=width,
                                             block_height=height, pixel_type=data.dtype, metadata=metadata, **more)
    for row, col in sorted(present):
        made.set_block(row, col, data[:, row * height:(row + 1) * height, col * width:(col + 1) * width])
    return made


def expected_sparse(data, present, block, fill):
    """The pixels of `sparse(...)` for a reader."""
    width, height = block
    found = data.copy()
    for row in range(-(-data.shape[1] // height)):
        for col in range(-(-data.shape[2] // width)):
            if (row, col) not in present:
                found[:, row * height:(row + 1) * height, col * width:(col + 1) * width] = fill
    return found


def write(path, *assets, metadata=None, format="nitf", strict=False, **options):
    """Writes the assets, given as providers or as (provider, title, description, roles); their own keys are used."""
    from aws.osml.io import IO

    with IO.open([path] if not hasattr(path, "write") else path, "w", format, strict=strict, **options) as writer:
        if metadata is not None:
            writer.metadata = metadata
        for asset in assets:
            asset, *rest = asset if isinstance(asset, tuple) else (asset,)
            writer.add_asset(asset.key, asset, *rest)


def save(path, data, **options):
    """`imsave` without compression: no warning of a fallback."""
    from aws.osml.io import imsave

    imsave(path, data, **{"compression": "none", "format": "nitf", **options})


def copy(source, target, format=None, **options):
    """Reads `source` and writes all its assets unchanged, with the metadata of the file."""
    from aws.osml.io import IO, BufferedMetadataProvider

    with IO.open([source], "r") as reader, IO.open([target], "w", format or reader.format, **options) as writer:
        writer.metadata = BufferedMetadataProvider(source=reader.metadata)
        for key in reader.get_asset_keys():
            asset = reader.get_asset(key)
            writer.add_asset(key, asset, asset.title, asset.description, list(asset.roles))


@contextmanager
def quiet():
    """Any user warning fails the test."""
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        yield


@contextmanager
def heard():
    """Collects user warnings as a list of (category, text)."""
    found = []
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        yield found
    found.extend((w.category, str(w.message)) for w in caught if issubclass(w.category, UserWarning))


@contextmanager
def warned(category, *words):
    """Requires a warning of this category with all `words` in its text. Other warnings of the package fail the test."""
    from aws.osml.io import OsmlWarning

    with heard() as found:
        yield
    ours = [(c, text) for c, text in found if issubclass(c, OsmlWarning)]
    fitting = [text for c, text in ours if issubclass(c, category) and all(str(word) in text for word in words)]
    assert fitting, f"no {category.__name__} with {words} among {ours}"
    assert all(issubclass(c, category) for c, _ in ours), ours
