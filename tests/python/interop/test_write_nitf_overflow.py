"""TREs that do not fit their area: TRE_OVERFLOW segments, linked both ways (the hand parser checks every link)."""
import pytest
from aws.osml.io import IO, BufferedDataAssetProvider, BufferedGraphicAssetProvider, BufferedMetadataProvider, BufferedTextAssetProvider, OptionError
from testkit import nitf_make
from testkit.arrays import image
from testkit.nitf_bytes import parse
from testkit.nitf_judges import jbpy_check
from testkit.nitf_ours import copy, provider, quiet, write

DATA = image((1, 20, 30), "uint8")
ROOM = 99985  # the largest CEDATA of an area of 99999 bytes


@pytest.fixture
def ntf(tmp_path):
    return tmp_path / "a.ntf"


def many(sizes, tag="BIGTRE"):
    metadata = BufferedMetadataProvider()
    for i, size in enumerate(sizes):
        metadata.append(tag, bytes([i % 251]) * size)
    return metadata


def bodies(segment, tag="BIGTRE"):
    return [(len(t.data), t.data[:1]) for t in segment.tres if t.tag == tag]


def overflow_segments(found):
    return [(d.text("DESOFLW"), d.number("DESITEM")) for d in found.des if d.text("DESID") == "TRE_OVERFLOW"]


def check_overflow(found):
    for des in found.des:
        if des.text("DESID") == "TRE_OVERFLOW":
            assert (des["DESVER"], des.user) == ("01", b"")
    names = [d.text("DESID") for d in found.des]
    assert names == sorted(names, key=lambda name: name == "TRE_OVERFLOW"), "the caller's DES come first"


def test_a_full_area_needs_no_overflow(ntf):
    write(ntf, provider(DATA, many([ROOM])))
    found = parse(ntf)
    assert bodies(found.images[0]) == [(ROOM, b"\0")] and found.des == []
    assert found.images[0]["IXSHDL"] == "99999"
    jbpy_check(ntf)


@pytest.mark.parametrize("sizes", [[40_000] * 8, [ROOM] * 4, [60_000, 100, 60_000, 100, 60_000, 100, 60_000], [1000] * 300])
def test_more_than_an_image_holds(ntf, sizes):
    with quiet():
        write(ntf, provider(DATA, many(sizes)))
    found = parse(ntf)
    assert sorted(bodies(found.images[0])) == sorted((size, bytes([i % 251])) for i, size in enumerate(sizes))
    assert overflow_segments(found)
    assert all(area in ("UDID", "IXSHD") and item == 1 for area, item in overflow_segments(found))
    check_overflow(found)
    jbpy_check(ntf)
    with IO.open([ntf]) as reader:
        metadata = reader.get_asset("image:0").metadata
        assert [(len(v), v[:1]) for v in map(bytes, metadata.get_all("BIGTRE"))] == [(size, bytes([i % 251])) for i, size in enumerate(sizes)]
        assert [key for key in reader.get_asset_keys(asset_type="data")] == [f"data:{i}" for i in range(len(found.des))]


def test_more_than_a_file_header_holds(ntf):
    write(ntf, provider(DATA), metadata=many([50_000] * 6))
    found = parse(ntf)
    assert sorted(bodies(found.header)) == [(50_000, bytes([i])) for i in range(6)]
    assert overflow_segments(found) and {item for _, item in overflow_segments(found)} == {0}
    assert {area for area, _ in overflow_segments(found)} <= {"UDHD", "XHD"}
    jbpy_check(ntf)
    with IO.open([ntf]) as reader:
        assert [bytes(v)[:1] for v in reader.metadata.get_all("BIGTRE")] == [bytes([i]) for i in range(6)]


def test_small_areas_of_texts_and_graphics(ntf):
    write(ntf, BufferedTextAssetProvider.create("text:0", "hello", metadata=many([9_724])),
          BufferedGraphicAssetProvider.create("graphic:0", b"\0\x20\0\x40", metadata=many([9_740])),
          BufferedTextAssetProvider.create("text:1", "hello", metadata=many([9_703])),
          BufferedGraphicAssetProvider.create("graphic:1", b"\0\x20\0\x40", metadata=many([9_727])))
    found = parse(ntf)
    assert [bodies(s)[0][0] for s in (*found.texts, *found.graphics)] == [9_724, 9_703, 9_740, 9_727]
    assert sorted(overflow_segments(found)) == [("SXSHD", 1), ("TXSHD", 1)], "those of 9741 and 9717 bytes just fit"
    jbpy_check(ntf)


def test_overflow_of_several_segments_beside_data_of_the_caller(ntf):
    write(ntf, BufferedDataAssetProvider.create("data:0", b"mine", metadata={"DESID": "MINE"}),
          provider(DATA, many([ROOM] * 3), key="image:0"), provider(DATA, key="image:1"), provider(DATA, many([70_000] * 5), key="image:2"),
          BufferedDataAssetProvider.create("data:1", b"also mine", metadata={"DESID": "MINE"}), metadata=many([ROOM] * 3))
    found = parse(ntf)
    assert [bodies(s) and len(bodies(s)) for s in (found.header, *found.images)] == [3, 3, [], 5]
    assert {item for area, item in overflow_segments(found) if area in ("UDID", "IXSHD")} == {1, 3}
    check_overflow(found)
    assert [d.data for d in found.des[:2]] == [b"mine", b"also mine"]
    jbpy_check(ntf)


def test_a_copy_of_a_file_with_overflow_has_the_same_tres_and_no_orphan(tmp_path, ntf):
    big = [nitf_make.tre("BIGTRE", bytes([i]) * 60_000) for i in range(3)]
    ntf.write_bytes(nitf_make.file([nitf_make.image(DATA, udid=nitf_make.tre("FIRST", b"1"), ixshd=big[0], ixsofl=2)],
                                   des=[nitf_make.des(b"own"), nitf_make.overflow_des("IXSHD", 1, big[1] + big[2])]))
    parse(ntf)
    copy(ntf, tmp_path / "b.ntf")
    found = parse(tmp_path / "b.ntf")
    assert bodies(found.images[0]) == [(60_000, bytes([i])) for i in range(3)]
    assert found.images[0].tags("UDID") == ["FIRST"] or "FIRST" in found.images[0].tags()
    assert [d.data for d in found.des if d.text("DESID") == "TEST_DES"] == [b"own"]
    assert len(overflow_segments(found)) == 1
    jbpy_check(tmp_path / "b.ntf")


def test_an_overflow_that_is_no_longer_needed_is_gone(tmp_path, ntf):
    write(ntf, provider(DATA, many([60_000] * 5)))
    with IO.open([ntf]) as reader:
        metadata = BufferedMetadataProvider(source=reader.get_asset("image:0").metadata)
    metadata["BIGTRE"] = b"small"
    write(tmp_path / "b.ntf", provider(DATA, metadata))
    found = parse(tmp_path / "b.ntf")
    assert found.des == [] and bodies(found.images[0]) == [(5, b"s")]


@pytest.mark.parametrize("size", [100_000, 1_000_000])
def test_a_tre_longer_than_its_length_field_is_an_error(ntf, size):
    with pytest.raises(OptionError, match="BIGTRE"):
        write(ntf, provider(DATA, many([size])))
    assert not ntf.exists()


def test_an_overflow_that_leads_nowhere_does_not_hide_the_rest(tmp_path):
    from aws.osml.io import FileWarning, FormatError, OsmlWarning, imread

    path = tmp_path / "a.ntf"
    path.write_bytes(nitf_make.file([nitf_make.image(DATA, ixshd=nitf_make.tre("ABCDEF", b"1"), ixsofl=7)], des=[nitf_make.des()]))
    with pytest.warns(OsmlWarning), IO.open([path]) as reader:
        assert bytes(reader.get_asset("image:0").metadata["ABCDEF"]) == b"1"
        assert (reader.get_asset("image:0").read() == DATA).all()
    assert issubclass(FileWarning, OsmlWarning) and issubclass(FormatError, OSError)
    with pytest.warns(OsmlWarning):
        assert (imread(path) == DATA).all()
