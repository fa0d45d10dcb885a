"""Specification, section 'Writing Multi-File R-Set Pyramids'."""
import numpy as np
import pytest
from aws.osml.io import IO, AssetType, BufferedImageAssetProvider, BufferedTextAssetProvider, OptionError, PixelType, imread
from testkit.arrays import assert_same, image, smooth
from testkit.providers import buffered
from testkit.readers import listing

KINDS = ["tif", "ntf", "nsf", "png", "jpg"]


def levels(count=3, side=64, bands=3):
    """Images whose pixels differ from level to level; smooth, for the lossy format."""
    return [smooth((bands, side >> n, side >> n)) + np.uint8(n) for n in range(count)]


def paths_of(base, count=3):
    return [base, *(base.with_name(f"{base.name}.r{n}") for n in range(1, count))]


def write(paths, images, format=None, **options):
    with IO.open(paths, "w", format, **options) as writer:
        for n, data in enumerate(images):
            writer.add_asset(f"image:0:overview:{n}" if n else "image:0", buffered(data), roles=["overview" if n else "data"])


def same(found, expected, kind):
    if kind == "jpg":
        assert found.shape == expected.shape and np.abs(found.astype(int) - expected).max() < 12
    else:
        assert_same(found, expected)


def test_the_example(in_tmp, capsys):
    full_res = np.random.randint(0, 255, (3, 1024, 1024), dtype=np.uint8)
    overview_1 = np.random.randint(0, 255, (3, 512, 512), dtype=np.uint8)
    overview_2 = np.random.randint(0, 255, (3, 256, 256), dtype=np.uint8)

    base_provider = BufferedImageAssetProvider.create(
        key="image:0", num_columns=1024, num_rows=1024, num_bands=3,
        block_width=256, block_height=256, pixel_type=PixelType.UInt8,
    )
    base_provider.set_full_image(full_res)

    ovr1_provider = BufferedImageAssetProvider.create(
        key="image:0", num_columns=512, num_rows=512, num_bands=3,
        block_width=256, block_height=256, pixel_type=PixelType.UInt8,
    )
    ovr1_provider.set_full_image(overview_1)

    ovr2_provider = BufferedImageAssetProvider.create(
        key="image:0", num_columns=256, num_rows=256, num_bands=3,
        block_width=256, block_height=256, pixel_type=PixelType.UInt8,
    )
    ovr2_provider.set_full_image(overview_2)

    # Write — each overview is routed to its own file
    with IO.open(
        ["output.ntf", "output.ntf.r1", "output.ntf.r2"], "w", "nitf"
    ) as writer:
        writer.add_asset("image:0", base_provider,
                         title="Full Resolution", description="Base image",
                         roles=["data"])
        writer.add_asset("image:0:overview:1", ovr1_provider,
                         title="Overview 1", description="2x reduced",
                         roles=["overview"])
        writer.add_asset("image:0:overview:2", ovr2_provider,
                         title="Overview 2", description="4x reduced",
                         roles=["overview"])

    with IO.open(
        ["output.ntf", "output.ntf.r1", "output.ntf.r2"], "r"
    ) as dataset:
        for key in dataset.get_asset_keys(asset_type=AssetType.Image):
            asset = dataset.get_asset(key)
            print(f"{key}: {asset.num_columns}x{asset.num_rows}")
        # image:0: 1024x1024
        # image:0:overview:1: 512x512
        # image:0:overview:2: 256x256

    assert capsys.readouterr().out.splitlines() == [
        "image:0: 1024x1024", "image:0:overview:1: 512x512", "image:0:overview:2: 256x256"]
    assert listing(in_tmp) == ["output.ntf", "output.ntf.r1", "output.ntf.r2"]
    for path, pixels in zip(listing(in_tmp), (full_res, overview_1, overview_2), strict=True):
        assert_same(imread(path), pixels)


@pytest.mark.parametrize("kind", KINDS)
def test_the_key_decides_the_file_where_the_image_is_image_0(tmp_path, kind):
    paths, images = paths_of(tmp_path / f"a.{kind}"), levels()
    write(paths, images)
    for path, expected in zip(paths, images, strict=True):
        with IO.open(path) as reader:
            assert reader.get_asset_keys(asset_type="image") == ["image:0"]
            assert "overview" not in reader.get_asset("image:0").roles
            same(reader.get_asset("image:0").read(), expected, kind)


@pytest.mark.parametrize("kind", KINDS)
def test_levels_are_added_in_any_order(tmp_path, kind):
    paths, images = paths_of(tmp_path / f"a.{kind}"), levels()
    with IO.open(paths, "w") as writer:
        for n in (2, 0, 1):
            writer.add_asset(f"image:0:overview:{n}" if n else "image:0", buffered(images[n]))
    with IO.open(paths) as reader:
        for n, expected in enumerate(images):
            same(reader.get_asset(f"image:0:overview:{n}" if n else "image:0").read(), expected, kind)


@pytest.mark.parametrize("kind", KINDS)
def test_reading_the_same_paths_gives_the_image_and_its_overviews(tmp_path, kind):
    paths, images = paths_of(tmp_path / f"a.{kind}"), levels()
    write(paths, images)
    with IO.open(paths) as reader:
        keys = ["image:0", "image:0:overview:1", "image:0:overview:2"]
        assert reader.get_asset_keys(asset_type=AssetType.Image) == keys and list(reader) == keys
        assert reader.get_asset_keys(roles=["overview"]) == keys[1:]
        for key, expected in zip(keys, images, strict=True):
            same(reader.get_asset(key).read(), expected, kind)
            assert reader.get_asset(key).raw_asset.read()
        base = reader.get_asset("image:0")
        assert base.num_resolution_levels == 3
        for n, expected in enumerate(images):
            same(base.read(resolution_level=n), expected, kind)
    same(imread(paths, resolution_level=1, window=(3, 5, 20, 10)), images[1][:, 5:15, 3:23], kind)


@pytest.mark.parametrize("format,kind", [("tiff", "tif"), ("nitf", "ntf"), ("nsif", "nsf"), ("png", "png"), ("jpeg", "jpg")])
def test_the_format_is_given_once_and_holds_for_every_path(tmp_path, format, kind):
    paths = paths_of(tmp_path / "a.bin")
    write(paths, levels(), format)
    write(named := paths_of(tmp_path / f"b.{kind}"), levels())
    for path in (*paths, *named):
        with IO.open(path) as reader:
            assert reader.format == format
    with IO.open(paths, "r", format) as reader:
        assert len(reader) == 3


def test_the_format_of_a_level_is_that_of_the_base(tmp_path):
    paths = paths_of(tmp_path / "a.tif")
    write(paths, levels())
    write([tmp_path / "b.png"], levels(1, 32))
    (tmp_path / "b.png").replace(paths[1])
    with pytest.raises(OSError, match=r"a\.tif\.r1"):
        IO.open(paths)


@pytest.mark.parametrize("mode", ["r", "w"])
@pytest.mark.parametrize("wrong", ["b.tif", "a.tif.r0", "a.tif.r", "a.tif.rx", "a.tif.1", "a.r1.tif"])
def test_a_further_path_without_the_suffix_is_a_value_error_naming_it(in_tmp, mode, wrong):
    write(["a.tif"], levels(1))
    (in_tmp / wrong).touch()
    before = (in_tmp / "a.tif").read_bytes()
    with pytest.raises(ValueError, match=f"(?s){wrong}.*suffix"):
        IO.open(["a.tif", wrong], mode)
    assert (in_tmp / "a.tif").read_bytes() == before


@pytest.mark.parametrize("mode", ["r", "w"])
@pytest.mark.parametrize("paths,named", [
    (["a.tif", "a.tif.r2"], r"a\.tif\.r2"), (["a.tif", "a.tif.r1", "a.tif.r3"], r"a\.tif\.r3"),
    (["a.tif", "a.tif.r1", "b.tif.r1"], r"b\.tif\.r1"), (["a.tif.r1", "a.tif.r2"], r"a\.tif\.r1")])
def test_a_gap_or_a_second_file_of_a_level_is_a_value_error_naming_the_path(in_tmp, mode, paths, named):
    with pytest.raises(ValueError, match=named):
        IO.open(paths, mode)
    assert listing(in_tmp) == []


def test_further_paths_may_come_in_any_order(in_tmp):
    images = levels(4)
    write(["a.tif", "a.tif.r3", "a.tif.r1", "a.tif.r2"], images)
    for n, path in enumerate(["a.tif", "a.tif.r1", "a.tif.r2", "a.tif.r3"]):
        assert_same(imread(path), images[n])
    assert_same(imread(["a.tif", "a.tif.r2", "a.tif.r1"], asset="image:0:overview:2"), images[2])


def test_a_base_may_have_the_suffix_r0(in_tmp):
    images = levels()
    write(["a.ntf.r0", "a.ntf.r1", "a.ntf.r2"], images)
    with IO.open("a.ntf.r0", rset=True) as reader:
        assert reader.format == "nitf" and reader.get_asset("image:0").num_resolution_levels == 3


def test_a_level_without_a_path_is_a_value_error_naming_the_key(in_tmp):
    with IO.open(["a.tif", "a.tif.r1"], "w") as writer:
        writer.add_asset("image:0", buffered(levels(1)[0]))
        for level in (0, 2, 17):
            with pytest.raises(ValueError, match=f"image:0:overview:{level}"):
                writer.add_asset(f"image:0:overview:{level}", buffered(levels(1, 32)[0]))
        writer.add_asset("image:0:overview:1", buffered(levels(1, 32)[0]))
    assert listing(in_tmp) == ["a.tif", "a.tif.r1"]


def test_a_level_without_an_image_is_a_value_error_naming_its_path(in_tmp):
    with pytest.raises(ValueError, match=r"a\.tif\.r2.*overview:2"):
        with IO.open(["a.tif", "a.tif.r1", "a.tif.r2"], "w") as writer:
            writer.add_asset("image:0", buffered(levels(1)[0]))
            writer.add_asset("image:0:overview:1", buffered(levels(1, 32)[0]))
    assert listing(in_tmp) == []


def test_the_same_level_twice_is_a_value_error(in_tmp):
    with IO.open(["a.tif", "a.tif.r1"], "w") as writer:
        writer.add_asset("image:0", buffered(levels(1)[0]))
        writer.add_asset("image:0:overview:1", buffered(levels(1, 32)[0]))
        with pytest.raises(OptionError):
            writer.add_asset("image:0:overview:1", buffered(levels(1, 32)[0]))


def test_metadata_of_the_file_go_to_every_file(in_tmp):
    paths = ["a.ntf", "a.ntf.r1", "a.ntf.r2"]
    with IO.open(paths, "w") as writer:
        writer.metadata = {"FTITLE": "a title", "OSTAID": "station"}
        for n, data in enumerate(levels()):
            writer.add_asset(f"image:0:overview:{n}" if n else "image:0", buffered(data))
        writer.add_asset("text:0", BufferedTextAssetProvider.create("text:0", "only in the base"))
        writer.metadata["ONAME"] = "late"
    for path in paths:
        with IO.open(path) as reader:
            found = [reader.metadata[key].strip() for key in ("FTITLE", "OSTAID", "ONAME")]
            assert found == ["a title", "station", "late"]
            assert reader.has_asset("text:0") == (path == "a.ntf")
    with IO.open(paths) as reader:
        assert reader.metadata["FTITLE"].strip() == "a title" and reader.has_asset("text:0")


def test_files_are_closed_in_order_the_base_first(in_tmp):
    """Each file is complete when its stream is written, and the streams are written in the order of the levels."""
    written = []

    class Stream:
        def __init__(self, name):
            self.name = name

        def writable(self):
            return True

        def seekable(self):
            return False

        def write(self, data):
            if self.name not in written:
                written.append(self.name)
            return len(data)

        def flush(self):
            pass

    images = levels(4)
    with IO.open([Stream(n) for n in range(4)], "w", "tiff") as writer:
        for n in (3, 1, 0, 2):
            writer.add_asset(f"image:0:overview:{n}" if n else "image:0", buffered(images[n]))
    assert written == [0, 1, 2, 3]


def test_a_list_of_streams_is_a_set_by_position(in_tmp):
    import io

    images, streams = levels(), [io.BytesIO() for _ in range(3)]
    write(streams, images, "tiff")
    for stream in streams:
        stream.seek(0)
    with IO.open(streams) as reader:
        assert_same(reader.get_asset("image:0").read(resolution_level=2), images[2])
    with pytest.raises(ValueError, match="rset"):
        IO.open(streams[0], rset=True)
