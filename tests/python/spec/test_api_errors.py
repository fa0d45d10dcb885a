"""The exception classes: their bases, their messages, and the conditions that raise them."""
import numpy as np
import pytest
from aws.osml.io import (AssetNotFoundError, Error, FormatError, IO, LimitError, OptionError, ProviderError, UnsupportedError,
                         imread, imsave)
from testkit.arrays import image
from testkit.providers import GridProvider


@pytest.mark.parametrize("kind,bases", [(Error, (Exception,)), (FormatError, (Error, OSError)),
                                        (UnsupportedError, (Error, NotImplementedError)), (LimitError, (Error,)),
                                        (OptionError, (Error, ValueError)), (AssetNotFoundError, (Error, KeyError, ValueError)),
                                        (ProviderError, (Error, RuntimeError))])
def test_each_error_is_also_what_a_caller_would_expect(kind, bases):
    assert all(issubclass(kind, base) for base in bases)


@pytest.mark.parametrize("content", [b"II*\0", b"II*\0\x08\0\0\0", b"II*\0\xff\xff\xff\x7f", b"MM\0*\0\0\0\0", b"\x89PNG\r\n\x1a\n",
                                     b"\xff\xd8\xff\xe0\0\x10JFIF", b"II+\0\x08\0\0\0"],
                         ids=["tiff header", "no IFD", "IFD beyond the file", "no first IFD", "png signature", "jpeg start", "bigtiff header"])
def test_a_broken_file_is_a_format_error(tmp_path, content):
    (tmp_path / "a.bin").write_bytes(content)
    with pytest.raises(FormatError):
        imread(tmp_path / "a.bin")


@pytest.mark.parametrize("content", [b"", b"\0", b"II", b"\x89PN", b"GIF89a" + bytes(50)])
def test_a_file_of_no_known_kind_is_an_error_of_ours(tmp_path, content):
    (tmp_path / "a.bin").write_bytes(content)
    with pytest.raises(Error):
        imread(tmp_path / "a.bin")


def test_messages_start_in_lower_case_and_have_no_full_stop(tmp_path):
    messages = []
    for call in (lambda: imread(tmp_path / "short.tif"), lambda: imsave(tmp_path / "a.tif", np.zeros((1, 8, 8), np.uint8), compression="x"),
                 lambda: imsave(tmp_path / "a.png", np.zeros((1, 8, 8), np.int64)), lambda: imsave(tmp_path / "a.xyz", np.zeros((2, 2)))):
        (tmp_path / "short.tif").write_bytes(b"II*\0\x08\0\0\0\x01\0")
        with pytest.raises(Error) as caught:
            call()
        messages.append(str(caught.value))
    for text in messages:
        assert text and not text.endswith("."), text
        first = text.split()[0]
        assert not (first[0].isupper() and first[1:].islower()), text


def test_a_format_error_names_the_place(tmp_path, rgb):
    imsave(tmp_path / "a.tif", rgb)
    content = (tmp_path / "a.tif").read_bytes()
    (tmp_path / "a.tif").write_bytes(content[: len(content) // 3])
    with pytest.raises(FormatError, match=r"\d"):
        imread(tmp_path / "a.tif")


def test_an_unknown_asset_lists_the_keys_there_are(tmp_path, rgb):
    imsave(tmp_path / "a.tif", rgb)
    with IO.open([tmp_path / "a.tif"]) as reader:
        with pytest.raises(AssetNotFoundError, match="image:0") as caught:
            reader.get_asset("image:7")
        assert isinstance(caught.value, KeyError)
        assert not str(caught.value).startswith(("'", '"')), "a KeyError's repr-quoted message is hard to read"


def test_a_provider_error_keeps_the_original_as_cause(tmp_path):
    original = LookupError("no such granule")

    class Broken(GridProvider):
        def get_block(self, *args, **kwargs):
            raise original

    with pytest.raises(ProviderError, match="no such granule") as caught:
        with IO.open([tmp_path / "a.tif"], "w") as writer:
            writer.add_asset("image:0", Broken(image((1, 64, 64), np.uint8)))
    assert caught.value.__cause__ is original


def test_an_unwritable_place_is_an_os_error(tmp_path):
    (tmp_path / "file").write_bytes(b"x")
    for path in (tmp_path / "no" / "such" / "folder" / "a.tif", tmp_path / "file" / "a.tif"):
        with pytest.raises(OSError):
            imsave(path, np.zeros((1, 8, 8), np.uint8))


def test_a_missing_folder_is_a_file_not_found_error(tmp_path):
    with pytest.raises(FileNotFoundError):
        imsave(tmp_path / "no" / "a.tif", np.zeros((1, 8, 8), np.uint8))
