"""Targets and sources that misbehave: full disks, folders, links, files that change, and limits."""
import os
import shutil
import stat
import struct
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from aws.osml.io import Error, IO, LimitError, imread, iminfo, imsave
from testkit.arrays import assert_same, image
from testkit.children import run, run_json
from testkit.providers import GridProvider
from testkit.readers import listing

DATA = image((1, 200, 260), np.uint8)
FORMATS = ["tif", "png", "ntf", "nsf", "jpg"]


def save(path, data, **options):
    """`imsave`; NITF without compression, to avoid the warning of a fallback."""
    imsave(path, data, compression="NC" if Path(path).suffix in (".ntf", ".nsf") else None, **options)


@pytest.mark.parametrize("name", [f"a.{f}" for f in FORMATS])
def test_a_target_that_is_a_directory_is_an_os_error_and_stays(tmp_path, name):
    (tmp_path / name).mkdir()
    (tmp_path / name / "inside").write_text("x")
    with pytest.raises(OSError):
        save(tmp_path / name, DATA)
    assert listing(tmp_path) == [name] and listing(tmp_path / name) == ["inside"]


def test_a_source_that_is_a_directory_is_an_os_error(tmp_path):
    (tmp_path / "a.tif").mkdir()
    for call in (imread, iminfo):
        with pytest.raises(OSError):
            call(tmp_path / "a.tif")


def test_a_folder_that_vanishes_before_close_is_an_os_error(tmp_path):
    folder = tmp_path / "folder"
    folder.mkdir()
    writer = IO.open(folder / "a.tif", "w")
    writer.add_asset("image:0", GridProvider(DATA))
    shutil.rmtree(folder)
    with pytest.raises(OSError):
        writer.close()
    assert not folder.exists()


def test_a_path_with_a_nul_or_a_name_too_long_is_a_clear_error(tmp_path):
    for path in (str(tmp_path / "a\0b.tif"), tmp_path / ("x" * 300 + ".tif")):
        with pytest.raises((OSError, ValueError)):
            imsave(path, DATA)
    assert listing(tmp_path) == []


def test_names_in_any_script_and_as_long_as_allowed_work(tmp_path):
    for name in ("снимок.tif", "画像.png", "with space & %41.tif", "x" * 240 + ".tif"):
        save(tmp_path / name, DATA)
        assert_same(imread(tmp_path / name), DATA)
    assert len(listing(tmp_path)) == 4


@pytest.mark.parametrize("extension", FORMATS)
def test_a_full_disk_is_an_os_error_and_the_old_file_stays(tmp_path, extension):
    path = tmp_path / f"a.{extension}"
    save(path, DATA)
    before = path.read_bytes()
    found = run_json("""
        import json, resource, sys
        import numpy as np
        from aws.osml.io import imsave
        path = sys.argv[1]
        options = dict(compression="NC") if path.endswith((".ntf", ".nsf")) else {}
        data = np.random.default_rng(0).integers(0, 256, (1, 3000, 3000), dtype=np.uint8)
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
        errors = []
        for threads in (1, 2):
            try:
                imsave(path, data, threads=threads, **options)
                errors.append("none")
            except OSError as error:
                errors.append("OSError")
            except BaseException as error:
                errors.append(type(error).__name__)
        print(json.dumps(errors))
        """, path)
    assert found == ["OSError", "OSError"]
    assert path.read_bytes() == before
    assert listing(tmp_path) == [path.name]


def test_a_device_that_is_full_is_an_os_error():
    if not os.path.exists("/dev/full"):
        pytest.skip("no /dev/full here")
    with pytest.raises(OSError):
        imsave("/dev/full", np.zeros((1, 500, 500), np.uint8), format="tiff", compression="none")
    assert stat.S_ISCHR(os.stat("/dev/full").st_mode), "a device must never be replaced"


@pytest.mark.parametrize("extension", FORMATS)
def test_a_symbolic_link_is_followed_and_stays_a_link(tmp_path, extension):
    real, link = tmp_path / "sub" / f"real.{extension}", tmp_path / f"link.{extension}"
    real.parent.mkdir()
    save(real, DATA)
    link.symlink_to(os.path.relpath(real, tmp_path))
    save(link, DATA[:, ::-1])
    assert link.is_symlink() and real.is_file() and not real.is_symlink()
    assert imread(real).tobytes() == imread(link).tobytes()
    assert listing(real.parent) == [real.name]


def test_a_dangling_link_creates_what_it_points_to(tmp_path):
    (tmp_path / "link.tif").symlink_to(tmp_path / "real.tif")
    imsave(tmp_path / "link.tif", DATA)
    assert (tmp_path / "link.tif").is_symlink()
    assert_same(imread(tmp_path / "real.tif"), DATA)


@pytest.mark.parametrize("mode", [0o644, 0o600, 0o664, 0o444])
def test_the_mode_of_a_replaced_file_is_kept(tmp_path, mode):
    path = tmp_path / "a.tif"
    imsave(path, DATA)
    path.chmod(mode)
    imsave(path, DATA)
    assert stat.S_IMODE(path.stat().st_mode) == mode


@pytest.mark.parametrize("mask", [0o022, 0o077, 0o002])
def test_a_new_file_gets_the_mode_the_umask_gives(tmp_path, mask):
    old = os.umask(mask)
    try:
        imsave(tmp_path / "a.tif", DATA)
    finally:
        os.umask(old)
    assert stat.S_IMODE((tmp_path / "a.tif").stat().st_mode) == 0o666 & ~mask


@pytest.mark.parametrize("extension", FORMATS[:-1])
def test_writing_over_the_file_that_is_being_read_is_safe(tmp_path, extension):
    path = tmp_path / f"a.{extension}"
    data = image((3, 700, 600), np.uint8)
    save(path, data)

    class Inverted(GridProvider):
        def __init__(self, source):
            super().__init__(data, (source.num_pixels_per_block_horizontal, source.num_pixels_per_block_vertical))
            self.source = source

        def get_block(self, block_row, block_col, resolution_level, bands=None):
            return 255 - self.source.get_block(block_row, block_col, 0)

    with IO.open(path) as reader:
        found = reader.get_asset("image:0")
        with IO.open(path, "w") as writer:
            writer.add_asset("image:0", Inverted(found))
        assert_same(found.read(window=(5, 6, 7, 8)), data[:, 6:14, 5:12], "the open reader still sees the old file")
    assert_same(imread(path), 255 - data)


@pytest.mark.parametrize("extension", FORMATS)
@pytest.mark.parametrize("keep", [0, 3, 200, 5000])
def test_a_file_that_shrinks_while_open_is_an_error_never_a_crash(tmp_path, extension, keep):
    path = tmp_path / f"a.{extension}"
    save(path, np.random.default_rng(0).integers(0, 256, (1, 2000, 2000), dtype=np.uint8))
    status, out, err = run("""
        import os, sys
        from aws.osml.io import IO, Error
        path, keep = sys.argv[1], int(sys.argv[2])
        with IO.open(path) as reader:
            image = reader.get_asset("image:0")
            image.read(window=(0, 0, 10, 10))
            os.truncate(path, keep)
            for call in (lambda: image.read(), lambda: image.get_block(0, 0, 0), lambda: image.read(window=(1900, 1900, 50, 50))):
                try:
                    call()
                    print("pixels")
                except (Error, OSError) as error:
                    print("error")
        """, path, keep)
    assert status == 0, f"ended with {status}: {err}"
    assert out.split()[0] == "error", "the whole image cannot be there any more"


def test_a_file_replaced_while_open_still_gives_the_old_pixels_or_an_error(tmp_path):
    path = tmp_path / "a.tif"
    data = image((1, 500, 500), np.uint8)
    imsave(path, data)
    with IO.open(path) as reader:
        found = reader.get_asset("image:0")
        imsave(path, 255 - data)
        try:
            assert_same(found.read(), data)
        except (Error, OSError):
            pass


def tiff_claiming(width, rows, bits=8, samples=1, compression=1, strip=b"\0"):
    """A few bytes that claim to be a huge image."""
    entries = [(256, 4, 1, width), (257, 4, 1, rows), (258, 3, 1, bits), (259, 3, 1, compression), (262, 3, 1, 1),
               (273, 4, 1, 8 + 2 + 12 * 9 + 4), (277, 3, 1, samples), (278, 4, 1, rows), (279, 4, 1, len(strip))]
    return (struct.pack("<2sHIH", b"II", 42, 8, 9) + b"".join(struct.pack("<HHII", *e) for e in entries)
            + struct.pack("<I", 0) + strip)


def png_claiming(width, rows, body=b"\x78\x9c\x03\x00\x00\x00\x00\x01"):
    import zlib

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, rows, 8, 0, 0, 0, 0)) + chunk(b"IDAT", body)
            + chunk(b"IEND", b""))


def nitf_claiming(width, rows, bands=1, bits=8, block=(8192, 8192), data=b"\0" * 100, ic="NC"):
    from testkit import nitf_forge as nb

    return bytes(nb.File([(nb.image(rows, width, bands, nbpp=bits, block=block, ic=ic), data)]))


NO_BLOCK = b"\0\0\0\x0e\0\4\0\0\0\0\xff\xff\xff\xff"  # a mask table whose only block is absent: a valid file of 30 TB
BOMBS = {"nitf": nitf_claiming(80_000_000, 80_000_000), "nitf bands": nitf_claiming(8192, 8192, 60_000, 64),
         "nitf masked": nitf_claiming(8192, 8192, 60_000, 64, ic="NM", data=NO_BLOCK),
         "nitf table": nitf_claiming(79_992, 79_992, ic="NM", block=(8, 8), data=b"\0\0\0\x0a\0\4\0\4\0\0"),
         "tiff": tiff_claiming(2**31, 2**31), "tiff deflate": tiff_claiming(500_000, 500_000, compression=8, strip=b"\x78\x9c\x03\0\0\0\0\x01"),
         "tiff samples": tiff_claiming(60000, 60000, bits=64, samples=65535), "png": png_claiming(2**31 - 1, 2**31 - 1),
         "png wide": png_claiming(2**31 - 1, 1)}


@pytest.mark.parametrize("name", BOMBS)
def test_a_small_file_that_claims_a_huge_image_is_refused_without_using_memory(tmp_path, name):
    path = tmp_path / "bomb"
    path.write_bytes(BOMBS[name])
    kind, growth = run_json("""
        import json, sys
        from aws.osml.io import Error, imread
        from testkit.peak import peak_kilobytes
        before = peak_kilobytes()
        try:
            imread(sys.argv[1])
            kind = "pixels"
        except Error as error:
            kind = "Error"
        print(json.dumps([kind, (peak_kilobytes() - before) >> 10]))
        """, path)
    assert kind == "Error"
    assert growth < 100, f"{growth} MB"


def test_max_bytes_is_a_limit_that_the_caller_can_lower_and_raise(tmp_path):
    path = tmp_path / "a.tif"
    imsave(path, np.zeros((1, 2000, 2000), np.uint8))
    with pytest.raises(LimitError, match=r"max_bytes|4[ _,]?000[ _,]?000|limit"):
        imread(path, max_bytes=1_000_000)
    assert imread(path, max_bytes=5_000_000).shape == (1, 2000, 2000)
    assert imread(path, window=(0, 0, 100, 100), max_bytes=1_000_000).shape == (1, 100, 100)
    with IO.open(path, max_bytes=1_000_000) as reader:
        found = reader.get_asset("image:0")
        with pytest.raises(LimitError):
            found.read()
        assert found.read(window=(0, 0, 10, 10)).shape == (1, 10, 10)


def test_a_compressed_bomb_does_not_grow_beyond_its_block(tmp_path):
    """A tile whose stream decodes to a thousand times its declared size."""
    import zlib

    content = tiff_claiming(64, 64, compression=8, strip=zlib.compress(bytes(200_000_000), 9))
    path = tmp_path / "bomb.tif"
    path.write_bytes(content)
    kind, growth = run_json("""
        import json, sys
        from aws.osml.io import Error, imread
        from testkit.peak import peak_kilobytes
        before = peak_kilobytes()
        try:
            kind = str(imread(sys.argv[1]).shape)
        except Error:
            kind = "Error"
        print(json.dumps([kind, (peak_kilobytes() - before) >> 10]))
        """, path)
    assert kind in ("Error", "(1, 64, 64)")
    assert growth < 64, f"{growth} MB"


@pytest.mark.parametrize("rows,cols", [(65536, 1), (1, 65536), (70000, 70000)])
def test_a_jpeg_beyond_65535_is_an_error_before_the_first_block(tmp_path, rows, cols):
    from testkit.providers import LazyProvider

    class Counting(LazyProvider):
        count = 0

        def get_block(self, *args, **kwargs):
            Counting.count += 1
            return super().get_block(*args, **kwargs)

    with pytest.raises(ValueError, match="65[ ,_]?535"):
        with IO.open(tmp_path / "a.jpg", "w") as writer:
            writer.add_asset("image:0", Counting(rows, cols))
    assert Counting.count == 0 and listing(tmp_path) == []


def test_a_jpeg_of_65535_is_fine(tmp_path):
    imsave(tmp_path / "a.jpg", np.full((1, 65535, 1), 100, np.uint8))
    assert iminfo(tmp_path / "a.jpg").shape == (1, 65535, 1)
    assert np.abs(imread(tmp_path / "a.jpg").astype(int) - 100).max() <= 2


def test_open_files_are_not_leaked(tmp_path):
    imsave(tmp_path / "a.tif", DATA)
    (tmp_path / "broken.tif").write_bytes((tmp_path / "a.tif").read_bytes()[:100])
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(200):
        imread(tmp_path / "a.tif")
        iminfo(tmp_path / "a.tif")
        with pytest.raises(Error):
            imread(tmp_path / "broken.tif")
        imsave(tmp_path / "b.tif", DATA)
    import gc

    gc.collect()
    assert len(os.listdir("/proc/self/fd")) <= before + 2


COUNTER = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>
static int counted(const char *name, int fd) {
    int log = open(getenv("SYNC_LOG"), O_WRONLY | O_APPEND | O_CREAT, 0600);
    if (log < 0 || write(log, "x", 1) != 1) abort();
    close(log);
    return ((int (*)(int))dlsym(RTLD_NEXT, name))(fd);
}
int fsync(int fd) { return counted("fsync", fd); }
int fdatasync(int fd) { return counted("fdatasync", fd); }
"""


@pytest.fixture
def syncs(tmp_path, monkeypatch):
    """A function that runs code in a process and returns how often it called `fsync`."""
    if not sys.platform.startswith("linux") or shutil.which("cc") is None:
        pytest.skip("the calls are counted by a C library on Linux")
    library, log = tmp_path / "counter.so", tmp_path / "log"
    subprocess.run(["cc", "-shared", "-fPIC", "-o", library, "-x", "c", "-", "-ldl"], input=COUNTER, text=True, check=True)
    monkeypatch.setenv("LD_PRELOAD", str(library))
    monkeypatch.setenv("SYNC_LOG", str(log))

    def count(code, *args):
        log.unlink(missing_ok=True)
        status, _, err = run(code, *args)
        assert status == 0, err
        return len(log.read_bytes()) if log.exists() else 0

    return count


@pytest.mark.parametrize("name", [f"a.{f}" for f in FORMATS])
def test_a_file_is_synced_unless_it_need_not_be_durable(tmp_path, syncs, name):
    path = tmp_path / name
    code = """
        import sys, warnings
        import numpy as np
        from aws.osml.io import BufferedImageAssetProvider, IO, imsave
        warnings.simplefilter("ignore")
        path, way, durable = sys.argv[1], sys.argv[2], sys.argv[3]
        more = {} if durable == "default" else {"durable": durable == "True"}
        if way == "imsave":
            imsave(path, np.zeros((40, 50), np.uint8), **more)
        else:
            provider = BufferedImageAssetProvider.create("k", 50, 40)
            provider.set_full_image(np.zeros((1, 40, 50), np.uint8))
            with IO.open(path, "w", **more) as writer:
                writer.add_asset("image:0", provider)
    """
    for way in ("imsave", "open"):
        assert syncs(code, path, way, "default") == syncs(code, path, way, "True") == 1
        assert syncs(code, path, way, "False") == 0
        assert imread(path).shape == (1, 40, 50)
    assert listing(tmp_path) == sorted([name, "counter.so"])


@pytest.mark.parametrize("durable", [True, False])
def test_a_file_that_fails_leaves_its_target_whatever_the_durability(tmp_path, durable):
    path = tmp_path / "a.tif"
    imsave(path, DATA)
    before = path.read_bytes()
    with pytest.raises(RuntimeError), IO.open(path, "w", durable=durable) as writer:
        writer.add_asset("image:0", GridProvider(DATA))
        assert path.read_bytes() == before
        raise RuntimeError
    assert path.read_bytes() == before and listing(tmp_path) == ["a.tif"]
