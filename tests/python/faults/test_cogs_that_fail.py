"""COGs that cannot be completed: the error names the cause, the target stays as it was, and nothing is left beside it."""
import signal

import numpy as np
import pytest
from aws.osml.io import IO, OptionError, ProviderError, UnsupportedError, imread, imsave
from aws.osml.io.tiff import write_cog
from testkit.arrays import assert_same, image
from testkit.children import run, run_json
from testkit.providers import FailsAt, GridProvider, raises
from testkit.readers import listing

DATA = image((2, 200, 260), np.uint16)
BLOCKS = 4 * 5


@pytest.fixture
def untouched(tmp_path):
    path = tmp_path / "a.tif"
    imsave(path, DATA)
    before = path.read_bytes()
    yield path
    assert path.read_bytes() == before
    assert listing(tmp_path) == [path.name]


@pytest.mark.parametrize("k", range(BLOCKS))
@pytest.mark.parametrize("threads", [1, 3])
def test_an_exception_at_any_block_leaves_the_target(untouched, k, threads):
    original = ValueError(f"bad granule {k}")
    with pytest.raises(ProviderError, match=f"bad granule {k}") as caught:
        write_cog(untouched, FailsAt(DATA, k, raises(original)), block_size=64, threads=threads)
    assert caught.value.__cause__ is original


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit])
def test_interrupts_pass_unchanged(untouched, error):
    original = error("enough")
    with pytest.raises(error) as caught:
        write_cog(untouched, FailsAt(DATA, 7, raises(original)), block_size=64)
    assert caught.value is original


@pytest.mark.parametrize("settings,message", [
    ({"overviews": [3]}, "factor of an overview"), ({"overviews": [2, 2]}, "each once"), ({"overviews": [1024]}, "factor"),
    ({"overviews": "all"}, "overviews"), ({"resampling": "lanczos"}, "nearest average"), ({"block_size": 100}, "block_size"),
    ({"mask": np.ones((3, 3), bool)}, "mask of an image"), ({"mask": np.ones((200, 260))}, "mask: got dtype float64"),
    ({"compression": "zip9"}, "compression"), ({"metadata": {"RowsPerStrip": 8}}, "TileWidth")])
def test_a_wrong_request_is_refused_before_the_first_block(untouched, settings, message):
    provider = GridProvider(DATA)
    if "metadata" in settings:
        provider.metadata = settings.pop("metadata")
    with pytest.raises(OptionError, match=message):
        write_cog(untouched, provider, **settings)
    assert provider.asked == []


def test_complex_samples_have_no_root_mean_square(untouched):
    with pytest.raises(OptionError, match="rms"):
        write_cog(untouched, np.ones((1, 600, 600), np.complex64), resampling="rms")


@pytest.mark.parametrize("extension", ["ntf", "png", "jpg"])
def test_other_formats_do_not_have_overviews_in_a_file(tmp_path, extension):
    # A mask of a PNG is alpha.
    masks = [] if extension == "png" else [{"mask": np.ones((64, 64), bool)}]
    for settings in ({"cog": True}, {"overviews": [2]}, {"mask": np.ones((64, 64), bool), "overviews": [2]}, *masks):
        with pytest.raises((OptionError, UnsupportedError), match="tiff"):
            imsave(tmp_path / f"a.{extension}", np.zeros((1, 64, 64), np.uint8), **settings)
    assert listing(tmp_path) == []


def test_a_request_that_is_refused_leaves_the_writer_usable(tmp_path):
    with IO.open(tmp_path / "a.tif", "w") as writer:
        with pytest.raises(OptionError):
            writer._save_image("image:0", GridProvider(DATA), {"overviews": [3]})
        writer.add_asset("image:0", GridProvider(DATA))
    assert_same(imread(tmp_path / "a.tif"), DATA)


FULL_DISK = """
    import json, os, resource, signal, sys
    import numpy as np
    from aws.osml.io.tiff import write_cog

    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    path, limit = sys.argv[1], int(sys.argv[2])
    data = np.random.default_rng(1).integers(0, 256, (3, 1024, 1024), np.uint8)
    if limit:
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
    try:
        write_cog(path, data, block_size=256, mask=data[0] > 9)
        print(json.dumps(os.path.getsize(path)))
    except OSError as error:
        print(json.dumps("OSError"))
"""


def test_a_disk_that_is_full_at_any_stage_is_an_os_error(untouched, tmp_path_factory):
    """Among the tiles of the image, among those of the overviews, and when the tiles are put in order at last."""
    size = run_json(FULL_DISK, tmp_path_factory.mktemp("whole") / "a.tif", 0)
    for limit in (1000, size // 3, size * 9 // 10, size - 100):
        assert run_json(FULL_DISK, untouched, limit) == "OSError", limit


KILLED = """
    import json, os, signal, sys, threading
    import numpy as np
    from aws.osml.io.tiff import write_cog

    path, blocks = sys.argv[1], int(sys.argv[2])
    from testkit.providers import FailsAt, GridProvider, raises

    class Kills(GridProvider):
        def get_block(self, *arguments):
            block = super().get_block(*arguments)
            if len(self.asked) == blocks:
                os.kill(os.getpid(), signal.SIGKILL)
            return block

    write_cog(path, Kills(np.zeros((1, 512, 512), np.uint8), (64, 64)), block_size=64)
"""


@pytest.mark.parametrize("blocks", [1, 30, 64])
def test_a_killed_process_leaves_the_target_and_nothing_else(untouched, blocks):
    status, _, err = run(KILLED, untouched, blocks)
    assert status == -signal.SIGKILL, err
