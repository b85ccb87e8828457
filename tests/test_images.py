"""A picture is what its bytes are, bounded in size, named by its content, and there whole or not at all."""

import hashlib
import io
import struct
import zlib

import pytest
from PIL import Image, features

from dengxia import files, images

KINDS = {"PNG": "png", "JPEG": "jpg", "GIF": "gif", "WEBP": "webp"} | (
    {"AVIF": "avif"} if features.check("avif") else {}
)


def picture(kind="PNG", size=(64, 48), **options):
    # Noise, so that half of a file is not the whole picture.
    data = io.BytesIO()
    Image.effect_noise(size, 80).convert("RGB").save(data, kind, **options)
    return data.getvalue()


def png(width, height, *chunks):
    """A PNG that says it has this size, with chunks of our own."""
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    parts = [(b"IHDR", head), *chunks, (b"IDAT", zlib.compress(b"")), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data)) for name, data in parts
    )


@pytest.mark.parametrize(("kind", "ending"), KINDS.items())
def test_named_by_content_size_and_type(kind, ending):
    data = picture(kind)
    assert images.name(data) == f"{hashlib.sha256(data).hexdigest()[:24]}-64x48.{ending}"


def test_photo_of_several_pictures_is_a_jpeg():
    """As some phones write them."""
    data = picture("MPO", save_all=True, append_images=[Image.new("RGB", (64, 48))])
    assert images.name(data).endswith("-64x48.jpg")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("part", [0.3, 0.6, 0.95])
def test_truncated(kind, part):
    data = picture(kind)
    with pytest.raises(ValueError, match="已损坏"):
        images.name(data[: int(len(data) * part)])


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"GIF89a",
        b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>",
        b"<!doctype html><script>alert(1)</script>",
        b"%PDF-1.4",
        picture("BMP"),
        picture("TIFF"),
        png(10, 10, (b"zTXt", b"a\0\0" + zlib.compress(b"x" * 10_000_000))),
    ],
    ids=["nothing", "head", "svg", "html", "pdf", "bmp", "tiff", "text bomb"],
)
def test_not_a_picture(data):
    with pytest.raises(ValueError, match="不是 PNG、JPEG"):
        images.name(data)


@pytest.mark.parametrize("size", [(10_001, 5_000), (20_000, 20_000), (2**31 - 1, 2**31 - 1)])
def test_too_many_pixels(size):
    with pytest.raises(ValueError, match="万点"):
        images.name(png(*size))


def test_too_many_bytes(monkeypatch):
    monkeypatch.setattr(images, "MAX_BYTES", 2**20)
    with pytest.raises(ValueError, match="图片超过 1 MB"):
        images.name(picture() + bytes(2**20))


def test_kept_once_and_whole(tmp_path):
    data = picture()
    name = images.keep(data, tmp_path / "media")
    file = tmp_path / "media" / name
    first = file.stat()
    assert images.keep(data, tmp_path / "media") == name
    assert file.read_bytes() == data
    assert (file.stat().st_ino, file.stat().st_mtime_ns) == (first.st_ino, first.st_mtime_ns)
    assert first.st_mode & 0o777 == 0o644
    assert [file.name for file in (tmp_path / "media").iterdir()] == [name]


def test_nothing_is_left_of_a_write_that_fails(tmp_path, monkeypatch):
    monkeypatch.setattr("os.fsync", lambda number: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        files.create(tmp_path / "a", b"a")
    assert not list(tmp_path.iterdir())


def test_refused_picture_is_not_kept(tmp_path):
    with pytest.raises(ValueError):
        images.keep(b"<html>", tmp_path / "media")
    assert not (tmp_path / "media").exists()
