"""A picture is what its bytes are, bounded in size, named by its content, and there whole or not at all."""

import hashlib
import io
import struct
import subprocess
import sys
import zlib

import pytest
from conftest import ROOT
from PIL import ExifTags, Image, ImageCms, features

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
        picture("PPM"),
        picture("PDF"),
        picture("TIFF"),
        png(10, 10, (b"zTXt", b"a\0\0" + zlib.compress(b"x" * 10_000_000))),
    ],
    ids=["nothing", "head", "svg", "html", "pdf", "bmp", "ppm", "pdf of a picture", "tiff", "text bomb"],
)
def test_not_a_picture(data):
    with pytest.raises(ValueError, match="不是 PNG、JPEG"):
        images.name(data)


@pytest.mark.parametrize("size", [(10_001, 5_000), (20_000, 20_000), (2**31 - 1, 2**31 - 1)])
def test_too_many_pixels(size):
    with pytest.raises(ValueError, match="点太多"):
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
    assert not list((tmp_path / "media").iterdir())


# Made anew


def kept(data, folder):
    """The forms that a picture is kept in, by name, opened; each is read to its end."""
    name = images.keep(data, folder)
    opened = {form: Image.open(io.BytesIO((folder / form).read_bytes())) for form in images.forms(name)}
    for form in opened.values():
        form.load()
    return name, opened


PROFILE = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def photograph(kind="JPEG", orientation=6, size=(1000, 600)):
    """A picture as a camera writes it, red on the left, with a place, words and a profile."""
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    exif[ExifTags.Base.ImageDescription] = "SECRET"
    exif.get_ifd(ExifTags.IFD.GPSInfo)[ExifTags.GPS.GPSLatitude] = (31.0, 14.0, 0.0)
    shown = Image.new("RGB", size, "blue")
    shown.paste("red", (0, 0, size[0] // 2, size[1]))
    words = {"comment": b"SECRET"} if kind in ("JPEG", "GIF") else {}
    xmp = {"xmp": b"<x:xmpmeta>SECRET</x:xmpmeta>"} if kind in ("JPEG", "WEBP") else {}
    data = io.BytesIO()
    shown.save(data, kind, exif=exif, icc_profile=PROFILE, **words, **xmp)
    return data.getvalue()


@pytest.mark.parametrize("kind", sorted(KINDS.keys() - {"GIF"}))
def test_what_a_camera_tells_is_gone_and_the_picture_upright(kind, tmp_path):
    data = photograph(kind)
    assert b"SECRET" in data
    name, opened = kept(data, tmp_path)
    assert name == f"{hashlib.sha256(data).hexdigest()[:24]}-600x1000-s.{KINDS[kind]}"
    for form, shown in opened.items():
        assert b"SECRET" not in (tmp_path / form).read_bytes()
        assert not shown.getexif()
        assert not {"exif", "xmp", "comment"} & shown.info.keys()
        assert shown.info["icc_profile"] == PROFILE
        above, below = (shown.convert("RGB").getpixel((shown.width // 2, y)) for y in (9, shown.height - 9))
        # Turned to the right, the left is above.
        assert above[0] > 200 > 60 > above[2], form
        assert below[2] > 200 > 60 > below[0], form


@pytest.mark.parametrize("orientation", range(10))
def test_each_way_to_hold_a_camera(orientation, tmp_path):
    """Against the library's own function."""
    from PIL import ImageOps

    data = photograph("PNG", orientation, (30, 20))
    _, opened = kept(data, tmp_path)
    [shown] = opened.values()
    wanted = ImageOps.exif_transpose(Image.open(io.BytesIO(data)))
    assert shown.size == wanted.size
    assert shown.tobytes() == wanted.tobytes()


def test_broken_exif_does_not_refuse_a_picture(tmp_path):
    name, _ = kept(picture("JPEG", exif=b"Exif\0\0II*\0\x08\0\0\0\xff\xff"), tmp_path)
    assert name.endswith("-64x48.jpg")


@pytest.mark.parametrize(
    ("size", "widths"),
    [((480, 9), []), ((481, 9), [480]), ((1600, 9), [480, 960]), ((2000, 9), [480, 960, 1600]), ((600, 20500), [])],
)
def test_smaller_widths(size, widths, tmp_path):
    """As WebP, which can be 16383 points high."""
    data = io.BytesIO()
    Image.new("RGB", size).save(data, "PNG")
    name, opened = kept(data.getvalue(), tmp_path)
    assert [form.width for form in opened.values()] == [*widths, size[0]]
    assert [form.format for form in opened.values()] == ["WEBP"] * len(widths) + ["PNG"]
    assert sorted(file.name for file in tmp_path.iterdir()) == sorted(opened)
    assert ("-s." in name) == bool(widths)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "I;16"])
def test_modes_of_a_png(mode, tmp_path):
    """Half black, half white; where there can be, a corner to see through."""
    shown = Image.new("L", (500, 50), 255)
    shown.paste(0, (0, 0, 250, 50))
    shown = shown.convert("I").point(lambda value: value * 257) if mode == "I;16" else shown
    shown, data, clear = shown.convert(mode), io.BytesIO(), mode in ("LA", "RGBA")
    if clear:
        shown.putpixel((499, 49), (255, 0) if mode == "LA" else (255, 255, 255, 0))
    shown.save(data, "PNG")
    for form in kept(data.getvalue(), tmp_path)[1].values():
        pixels = [form.convert("RGBA").getpixel((x, 5)) for x in (5, form.width - 5)]
        assert pixels == [(0, 0, 0, 255), (255, 255, 255, 255)]
        assert (form.convert("RGBA").getpixel((form.width - 1, form.height - 1))[3] < 255) == clear


def test_colours_of_print_become_those_of_screens(tmp_path):
    data = io.BytesIO()
    Image.new("CMYK", (500, 50), (0, 255, 255, 0)).save(data, "JPEG")
    for form in kept(data.getvalue(), tmp_path)[1].values():
        red, green, blue = form.convert("RGB").getpixel((5, 5))
        assert form.mode == "RGB"
        assert red > 200 > 90 > max(green, blue)


@pytest.mark.parametrize("kind", ["GIF", "WEBP"])
def test_what_moves_goes_on_moving(kind, tmp_path):
    """In its own size only; its frames count together."""
    frames = [Image.new("RGB", (500, 40), color) for color in ("red", "green", "blue")]
    data = io.BytesIO()
    words = {"comment": b"SECRET"} if kind == "GIF" else {"xmp": b"SECRET"}
    frames[0].save(data, kind, save_all=True, append_images=frames[1:], duration=[100, 200, 300], loop=0, **words)
    name, opened = kept(data.getvalue(), tmp_path)
    assert name.endswith(f"-500x40.{kind.lower()}")
    assert b"SECRET" in data.getvalue()
    assert b"SECRET" not in (tmp_path / name).read_bytes()
    [moving] = opened.values()
    durations = []
    for frame in range(moving.n_frames):
        moving.seek(frame)
        moving.load()
        durations.append(moving.info["duration"])
    assert (durations, moving.info["loop"]) == ([100, 200, 300], 0)


def test_frames_count_together(monkeypatch):
    frames = [Image.new("RGB", (500, 400), color) for color in ("red", "green", "blue")]
    data = io.BytesIO()
    frames[0].save(data, "GIF", save_all=True, append_images=frames[1:])
    monkeypatch.setitem(images.MAX_PIXELS, "GIF", 500_000)
    with pytest.raises(ValueError, match="动画把各帧加在一起算"):
        images.name(data.getvalue())


@pytest.mark.parametrize("kind", ["WEBP", "AVIF"])
def test_what_takes_more_memory_may_have_fewer_points(monkeypatch, kind):
    monkeypatch.setattr(images, "MAX_PIXELS", {**dict.fromkeys(images.MAX_PIXELS, 5000), kind: 4999})
    assert images.name(picture("PNG", size=(100, 50)))
    with pytest.raises(ValueError, match="点太多，请先缩小"):
        images.name(picture(kind, size=(100, 50)))


def test_one_at_a_time_in_all_processes(tmp_path):
    keeps = "import sys; from pathlib import Path; from dengxia import images; "
    keeps += "images.keep(sys.stdin.buffer.read(), Path(sys.argv[1]))"
    with images._one_at_a_time(tmp_path):
        other = subprocess.Popen([sys.executable, "-c", keeps, tmp_path], cwd=ROOT, stdin=subprocess.PIPE)
        with pytest.raises(subprocess.TimeoutExpired):
            other.communicate(picture(), timeout=1.5)
        assert not list(tmp_path.iterdir())
    other.communicate(timeout=20)
    assert (other.returncode, len(list(tmp_path.iterdir()))) == (0, 1)


def test_kept_before_there_were_widths_stays_as_it_is(tmp_path):
    data = picture(size=(500, 40))
    old = images.name(data).replace("-s.", ".")
    (tmp_path / old).write_bytes(data)
    assert images.keep(data, tmp_path) == old
    assert [file.name for file in tmp_path.iterdir()] == [old]
    assert images.forms(old) == {old: 500}


def test_put_back_under_its_own_name(tmp_path):
    name = images.keep(photograph(), tmp_path / "media")
    for form in images.forms(name):
        images.put_back(form, (tmp_path / "media" / form).read_bytes(), tmp_path / "other")
        assert (tmp_path / "other" / form).read_bytes() == (tmp_path / "media" / form).read_bytes()
    for form, data in ((name, picture()), (name.replace(".jpg", ".png"), picture("JPEG")), ("x.png", picture())):
        with pytest.raises(ValueError, match="名字"):
            images.put_back(form, data, tmp_path / "none")
    with pytest.raises(ValueError, match="不是 PNG"):
        images.put_back(name, b"<html>", tmp_path / "none")
    assert not (tmp_path / "none").exists()


def test_nothing_is_done_again_for_a_picture_that_is_there(tmp_path, monkeypatch):
    data = picture(size=(500, 40))
    name = images.keep(data, tmp_path)
    monkeypatch.setattr(images, "_made", lambda data: 1 / 0)
    assert images.keep(data, tmp_path) == name
