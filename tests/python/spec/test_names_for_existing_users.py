"""Names of this API that existing programs use: `docs/guide/existing-users.md`."""
import io

import aws.osml.io
import fsspec
import numpy as np
import pytest
from aws.osml.io import (
    IO,
    AssetProvider,
    AssetType,
    BufferedDataAssetProvider,
    BufferedImageAssetProvider,
    BufferedMetadataProvider,
    BufferedTextAssetProvider,
    DataAssetProvider,
    GraphicsAssetProvider,
    StructureRegistry,
    TextAssetProvider,
    convenience,
    iminfo,
    imread,
    imsave,
    tiles,
)
from aws.osml.io.tiff.utils import TagNameResolver
from testkit.arrays import assert_same, image
from testkit.providers import GridProvider, buffered


@pytest.fixture
def pixels():
    return image((3, 100, 150), np.uint8)


def test_open_is_io_open_and_no_star_import_has_it(tmp_path, pixels):
    imsave(tmp_path / "a.tif", pixels)
    with aws.osml.io.open(tmp_path / "a.tif") as reader:
        assert reader.get_asset_keys() == ["image:0"]
    assert "open" not in aws.osml.io.__all__


def test_the_module_convenience_has_the_functions():
    assert convenience.imread is imread and convenience.imsave is imsave
    assert convenience.tiles is tiles and convenience.iminfo is iminfo


@pytest.mark.parametrize("alias,name", [("jbp", "nitf"), ("JBP", "nitf"), ("jpeg2000", "jp2")])
def test_formats_have_aliases(alias, name, pixels):
    stream = io.BytesIO()
    imsave(stream, pixels, format=alias)
    assert iminfo(io.BytesIO(stream.getvalue())).format == name


# Roles and file systems


def levels(pixels):
    """Streams of an R-set without names: the base and two levels."""
    streams = [io.BytesIO() for _ in range(3)]
    with IO.open(streams, "w", "nitf", roles=[["data"], ["overview:1"], ["overview:2"]]) as writer:
        for key, step in (("image:0", 1), ("image:0:overview:1", 2), ("image:0:overview:2", 4)):
            writer.add_asset(key, buffered(np.ascontiguousarray(pixels[:, ::step, ::step])))
    return [io.BytesIO(stream.getvalue()) for stream in streams]


def test_roles_state_the_levels_of_streams(pixels):
    base, first, second = levels(pixels)
    with IO.open([base, second, first], "r", roles=[["data"], ["overview:2"], ["overview:1"]]) as reader:
        assert reader.get_asset_keys() == ["image:0", "image:0:overview:1", "image:0:overview:2"]
        assert_same(reader.get_asset("image:0:overview:2").read(), pixels[:, ::4, ::4])


def test_roles_state_the_levels_of_paths_without_suffixes(tmp_path, pixels):
    paths = [tmp_path / "big.ntf", tmp_path / "small.ntf"]
    with IO.open(paths, "w", roles=[["data"], ["overview:1"]]) as writer:
        writer.add_asset("image:0", buffered(pixels))
        writer.add_asset("image:0:overview:1", buffered(np.ascontiguousarray(pixels[:, ::2, ::2])))
    with IO.open(paths, "r", roles=[["data"], []]) as reader:
        assert_same(reader.get_asset("image:0:overview:1").read(), pixels[:, ::2, ::2])
    with pytest.raises(ValueError, match="small.ntf"):
        IO.open(paths)


@pytest.mark.parametrize("roles,message", [
    ([["data"]], "1 lists, expected 2"), (["data", "overview:1"], "list of roles for each"), ("data", "list of roles for each"),
    ([["overview:1"], ["data"]], "first file"), ([["data"], ["overview:2"]], "gap"), ([["data"], ["data"]], "second file"),
    ([["data"], ["overview:0"]], "from 1"), ([["data"], ["mask"]], "overview:N"), (5, "list of roles for each"),
])
def test_roles_are_checked(roles, message, pixels):
    with pytest.raises(ValueError, match=message):
        IO.open([io.BytesIO(), io.BytesIO()], "w", "nitf", roles=roles)


@pytest.fixture
def remote():
    filesystem = fsspec.filesystem("memory")
    yield filesystem
    filesystem.store.clear()


@pytest.mark.parametrize("name", ["a.tif", "a.ntf", "a.png"])
def test_a_file_system_opens_the_paths(name, remote, pixels):
    imsave(f"/x/{name}", pixels, filesystem=remote)
    assert remote.size(f"/x/{name}") > 0
    assert_same(imread(f"/x/{name}", filesystem=remote), pixels)
    assert iminfo(f"/x/{name}", filesystem=remote).width == 150
    parts = [tile.data for tile in tiles(f"/x/{name}", (150, 50), filesystem=remote)]
    assert_same(np.concatenate(parts, axis=1), pixels)
    with IO.open([f"/x/{name}"], "r", filesystem=remote) as reader:
        assert_same(reader.get_asset("image:0").read(), pixels)


def test_an_rset_on_a_file_system(remote, pixels):
    paths = ["/s.ntf", "/s.ntf.r1"]
    with IO.open(paths, "w", filesystem=remote) as writer:
        writer.add_asset("image:0", buffered(pixels))
        writer.add_asset("image:0:overview:1", buffered(np.ascontiguousarray(pixels[:, ::2, ::2])))
    assert remote.exists("/s.ntf.r1")
    with IO.open(paths, "r", filesystem=remote) as reader:
        assert reader.get_asset("image:0:overview:1").num_rows == 50


def test_a_file_system_sees_nothing_of_a_write_that_fails(tmp_path, remote, pixels):
    class Fails(GridProvider):
        def get_block(self, row, col, level, bands=None):
            raise ValueError("no block")

    with pytest.raises(RuntimeError, match="no block"), IO.open("/bad.tif", "w", filesystem=remote) as writer:
        writer.add_asset("image:0", Fails(pixels))
    assert not remote.exists("/bad.tif")


def test_a_file_system_of_the_disk_writes_what_no_file_system_writes(tmp_path, pixels):
    local = fsspec.filesystem("file")
    imsave(str(tmp_path / "a.tif"), pixels, filesystem=local)
    imsave(tmp_path / "b.tif", pixels)
    assert (tmp_path / "a.tif").read_bytes() == (tmp_path / "b.tif").read_bytes()
    with pytest.raises(FileNotFoundError):
        imread(str(tmp_path / "missing.tif"), filesystem=local)


def test_an_object_that_is_not_a_file_system_is_refused(pixels, tmp_path):
    with pytest.raises(TypeError, match="object with open"):
        imsave("a.tif", pixels, filesystem=5)
    imsave(tmp_path / "a.tif", pixels)
    with IO.open(tmp_path / "a.tif") as reader, pytest.raises(ValueError, match="filesystem"):
        imread(reader, filesystem=fsspec.filesystem("memory"))


# Assets


def test_bytes_are_assets_of_any_type(tmp_path, pixels):
    stream = io.BytesIO()
    imsave(stream, pixels, format="png")
    made = [
        AssetProvider.from_bytes("image:0", stream.getvalue(), AssetType.Image, title="Picture"),
        AssetProvider.from_bytes("text:0", "Größe".encode(), "text", "Title", roles=["text"]),
        AssetProvider.from_bytes("graphic:0", bytes(6), AssetType.Graphics),
        AssetProvider.from_bytes("data:0", bytearray(b"<a/>"), AssetType.Data, media_type="application/xml"),
    ]
    assert [type(asset) for asset in made] == [AssetProvider, TextAssetProvider, GraphicsAssetProvider, DataAssetProvider]
    assert made[0].raw_asset.getvalue() == stream.getvalue() and made[0].title == "Picture"
    assert made[1].text == "Größe" and made[1].roles == ["text"] and made[3].mime_type == "application/xml"
    with IO.open(tmp_path / "a.ntf", "w") as writer:
        for asset in made:
            writer.add_asset(asset.key, asset)
    with IO.open(tmp_path / "a.ntf") as reader:
        assert_same(reader.get_asset("image:0").read(), pixels)
        assert reader.get_asset("image:0").title == "Picture"
        found = [reader.get_asset(key) for key in ("text:0", "graphic:0", "data:0")]
        assert [type(asset) for asset in found] == [TextAssetProvider, GraphicsAssetProvider, DataAssetProvider]
        assert (found[0].text, found[0].format, found[0].encoding) == ("Größe", "U8S", "UTF-8")
        assert found[1].data == bytes(6) and found[2].data == b"<a/>"


def test_bytes_that_are_not_an_image_are_refused_when_they_are_added(tmp_path):
    asset = AssetProvider.from_bytes("image:0", b"nothing", AssetType.Image)
    with IO.open(tmp_path / "a.ntf", "w") as writer:
        with pytest.raises((OSError, ValueError)):
            writer.add_asset("image:0", asset)
        writer.add_asset("text:0", BufferedTextAssetProvider.create("text:0", "x"))
    with pytest.raises(ValueError, match="movie"):
        AssetProvider.from_bytes("x", b"", "movie")
    with pytest.raises(TypeError):
        AssetProvider.from_bytes("x", "text", AssetType.Text)


def test_assets_in_memory_are_of_the_classes_that_a_reader_returns():
    text = BufferedTextAssetProvider.create("text:0", "x")
    assert isinstance(text, TextAssetProvider) and text.text == text.text_content == "x"
    data = BufferedDataAssetProvider.create("data:0", b"x", "a/b")
    assert isinstance(data, DataAssetProvider) and (data.mime_type, data.data) == ("a/b", b"x")


@pytest.mark.parametrize("encoding,text,expected", [
    ("STA", "plain", "STA"), ("MTF", "plain", "MTF"), ("UT1", "Größe", "UT1"), ("ECS", "Größe", "UT1"), ("U8S", "plain", "U8S"),
    ("UTF-8", "plain", "STA"),
])
def test_a_text_has_the_format_that_its_encoding_names(tmp_path, encoding, text, expected):
    made = BufferedTextAssetProvider.create("text:0", text, encoding=encoding)
    assert (made.encoding, made.format) == (encoding, expected)
    with IO.open(tmp_path / "a.ntf", "w") as writer:
        writer.add_asset("text:0", made)
    with IO.open(tmp_path / "a.ntf") as reader:
        read = reader.get_asset("text:0")
        assert (read.metadata["TXTFMT"], read.format, read.text) == (expected, expected, text)


def test_a_text_that_its_format_lacks_is_refused():
    for encoding in ("STA", "MTF"):
        with pytest.raises(ValueError, match=encoding):
            BufferedTextAssetProvider.create("text:0", "Größe", encoding=encoding)


# Copies in memory


def test_a_copy_in_memory_has_other_blocks_and_can_be_changed(tmp_path, pixels):
    imsave(tmp_path / "a.tif", pixels, block_size=(64, 64), metadata={"Software": "s"})
    with IO.open(tmp_path / "a.tif") as reader:
        source = reader.get_asset("image:0")
        copy = BufferedImageAssetProvider.from_provider(source, block_width=50, block_height=40)
    assert copy.block_shape == (3, 40, 50) and copy.key == "image:0" and copy.metadata["Software"] == "s"
    assert_same(copy.read(), pixels)
    copy.set_block(0, 0, np.zeros((3, 40, 50), np.uint8))
    copy.metadata["Software"] = "t"
    assert not copy.get_block(0, 0).any() and imread(tmp_path / "a.tif").any()
    imsave(tmp_path / "b.tif", copy)
    expected = pixels.copy()
    expected[:, :40, :50] = 0
    assert_same(imread(tmp_path / "b.tif"), expected)


def test_a_copy_of_an_object_and_its_metadata(pixels):
    provider = GridProvider(pixels, metadata={"IREP": "MULTI"})
    copy = BufferedImageAssetProvider.from_provider(provider, key="mine")
    assert (copy.key, copy.block_shape, copy.irep, copy.title) == ("mine", (3, 64, 64), "MULTI", "grid")
    assert_same(copy.read(), pixels)
    other = BufferedImageAssetProvider.from_provider(copy, metadata={"IC": "NC"})
    assert dict(other.metadata) == {"IC": "NC"} and other.irep == "RGB"
    other.irep = "MULTI"
    assert other.metadata["IREP"] == "MULTI"


def test_absent_blocks_of_a_copy_stay_absent():
    sparse = BufferedImageAssetProvider.create("x", 100, 100, block_width=50, block_height=50)
    sparse.set_block(0, 1, np.full((1, 50, 50), 7, np.uint8))
    copy = BufferedImageAssetProvider.from_provider(sparse, block_width=25, block_height=25)
    assert [copy.has_block(0, 1), copy.has_block(0, 2), copy.has_block(3, 3)] == [False, True, False]
    assert_same(copy.read(), sparse.read())


def test_metadata_come_from_a_provider(tmp_path, pixels):
    made = BufferedMetadataProvider.from_provider(GridProvider(pixels, metadata={"A": 1}))
    assert dict(made) == {"A": 1} and dict(BufferedMetadataProvider.from_provider({"B": 2})) == {"B": 2}
    imsave(tmp_path / "a.ntf", pixels)
    with IO.open(tmp_path / "a.ntf") as reader:
        source = reader.get_asset("image:0")
        assert BufferedMetadataProvider.from_provider(source) == BufferedMetadataProvider(source.metadata)


# Writers and blocks


def test_strict_encoding_is_the_strict_of_the_writer(tmp_path, pixels):
    request = {"ICAT": "NOTOFIT"}
    with IO.open(tmp_path / "a.ntf", "w", strict=True) as writer:
        assert writer.strict_encoding is True
        with pytest.raises(ValueError, match="ICAT"):
            writer.add_asset("image:0", buffered(pixels, request))
        writer.strict_encoding = False
        with pytest.warns(UserWarning, match="ICAT"):
            writer.add_asset("image:0", buffered(pixels, request))
    with pytest.raises(ValueError, match="closed"):
        writer.strict_encoding = True


@pytest.mark.parametrize("name,settings", [
    ("a.tif", {"block_size": (64, 64), "compression": "deflate"}), ("b.tif", {"compression": "none"}),
    ("c.ntf", {"compression": "none", "block_size": (64, 64)}), ("d.ntf", {"compression": "NC", "block_size": (64, 64), "metadata": {"IMODE": "S"}}),
])
def test_stored_blocks_lie_where_their_ranges_say(tmp_path, pixels, name, settings):
    imsave(tmp_path / name, pixels, **settings)
    content = (tmp_path / name).read_bytes()
    with IO.open(tmp_path / name) as reader:
        asset = reader.get_asset("image:0")
        ranges, form = asset.tile_byte_ranges(), asset.codec_configuration()
    down, across = form["grid_shape"]
    assert len(ranges) == down * across * form["planes"]
    assert all(offset + length <= len(content) for offset, length in ranges)
    if form["codec"] in ("none", "raw"):
        offset, length = ranges[0]
        rows, columns = form["block_shape"]
        first = np.frombuffer(content[offset:offset + length], form["dtype"])
        shape = (rows, columns, -1) if form["interleave"] == "pixel" else (-1, rows, columns)
        block = first.reshape(shape) if form["interleave"] == "band" else np.moveaxis(first.reshape(shape), -1, 0)
        assert_same(block[0, :50, :50], pixels[0, :50, :50])


def test_stored_blocks_of_a_tiff_are_those_that_tifffile_finds(tmp_path, pixels):
    import tifffile

    imsave(tmp_path / "a.tif", pixels, block_size=(64, 48), compression="lzw")
    with tifffile.TiffFile(tmp_path / "a.tif") as file, IO.open(tmp_path / "a.tif") as reader:
        page, asset = file.pages[0], reader.get_asset("image:0")
        assert asset.tile_byte_ranges() == list(zip(page.dataoffsets, page.databytecounts))
        form = asset.codec_configuration()
        assert (form["codec"], form["predictor"], form["compression"], form["bits"]) == ("lzw", "Horizontal", "lzw", 8)


def test_a_sparse_block_does_not_have_a_range(tmp_path):
    sparse = BufferedImageAssetProvider.create("x", 128, 64, block_width=64, block_height=64)
    sparse.set_block(0, 1, np.ones((1, 64, 64), np.uint8))
    imsave(tmp_path / "a.tif", sparse, block_size=64)
    with IO.open(tmp_path / "a.tif") as reader:
        first, second = reader.get_asset("image:0").tile_byte_ranges()
    assert first is None and second[1] > 0
    with pytest.raises(NotImplementedError, match="stored blocks"):
        sparse.tile_byte_ranges()


# Names of tags, and structures


def test_the_resolver_has_the_mappings_and_the_methods():
    assert TagNameResolver.DEFAULT_MAPPING["Compression"] == "259"
    assert TagNameResolver.VALUE_MAPPING["Compression"]["Deflate"] == 8
    tags = {"259": 8, "ICHIPB": {"a": 1}, "65000": 4}
    resolver = TagNameResolver(tags, custom_mapping={"Mine": 65000})
    resolver.set("TileWidth", 64)
    assert (resolver.by_number(259), resolver.by_number(322), resolver["mine"]) == ("Deflate", 64, 4)
    assert list(resolver) == ["Compression", "ICHIPB", "Mine", "TileWidth"]
    assert resolver["ICHIPB"] == {"a": 1} and TagNameResolver(tags, {"65000": "Mine"})["Mine"] == 4
    resolver["SomethingElse"] = "x"
    assert tags["SomethingElse"] == "x"
    with pytest.raises(KeyError):
        resolver.by_number(1)
    with pytest.raises(ValueError, match="custom_mapping"):
        TagNameResolver({}, {"a": "b"})
    with pytest.raises(TypeError):
        TagNameResolver.DEFAULT_MAPPING["x"] = "1"


def test_a_structure_is_used_outside_of_a_file():
    assert {"IMAGE", "RPC00B", "DES:CSATTB"} <= set(StructureRegistry.list())
    ichipb = StructureRegistry.get("ICHIPB")
    assert (ichipb.id, ichipb.field_names[0], bool(ichipb.title or ichipb.source)) == ("ICHIPB", "XFRM_FLAG", True)
    corners = {name: 1 for name in ichipb.field_names if name[:6] in ("OP_ROW", "OP_COL", "FI_ROW", "FI_COL")}
    data = ichipb.encode(corners)
    assert len(data) == 224
    fields = ichipb.decode(data)
    assert fields["XFRM_FLAG"] == "00" and ichipb.encode(fields) == data
    assert "XFRM_FLAG" in ichipb.describe() and ichipb.describe().startswith("ICHIPB")
    with pytest.raises(OSError):
        ichipb.decode(data[:-1])
    with pytest.raises(ValueError, match="XFRM_FLAG"):
        ichipb.encode({"XFRM_FLAGS": "00"})
    with pytest.raises(KeyError, match="ACFTA.132"):
        StructureRegistry.get("ACFTA")


def test_strict_encoding_of_a_structure_refuses_fields_without_a_place():
    made = StructureRegistry.register("structure ZZEXIS Test\nfield N 1 N+ int\nwhen N > 0\nfield A 2 A\nend")
    assert made.id == "ZZEXIS" and made.encode({"N": 0, "A": "xy"}) == b"0" and made.encode({"N": 1, "A": "xy"}) == b"1xy"
    with pytest.raises(ValueError, match="A"):
        made.encode({"N": 0, "A": "xy"}, strict=True)
