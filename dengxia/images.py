"""Pictures: checked for what they really are, made anew without what they tell beside the picture, written once.

A picture is kept under `<hash of the bytes that came>-<width>x<height>.<type>`, in its own format: upright, with its
colour profile, and with nothing else (no EXIF, so no place where it was taken). Where smaller widths are worth it they
lie beside it as WebP, and its name says so (`-s` before the type), so that a page knows without a look at the folder
what there is, and how much room to keep. An animation stays one, in its own size only.
"""

import fcntl
import hashlib
import io
import os
import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from PIL import ExifTags, Image, ImageCms

from dengxia import files

TYPES = {"PNG": "png", "JPEG": "jpg", "GIF": "gif", "WEBP": "webp", "AVIF": "avif"}
# What Pillow calls a JPEG of several pictures, as some phones write it.
ALSO = {"MPO": "JPEG"}
MAX_BYTES = 20 * 2**20
# A point takes 8 to 10 bytes of memory while a JPEG or a PNG is made anew, up to 35 for WebP and AVIF: 200 to 280 MB.
MAX_PIXELS = {"PNG": 25_000_000, "JPEG": 25_000_000, "GIF": 25_000_000, "WEBP": 8_000_000, "AVIF": 6_000_000}
Image.MAX_IMAGE_PIXELS = max(MAX_PIXELS.values())
# A column of text is 700 points wide, a telephone 400; screens have one, two or three dots for each.
WIDTHS = (480, 960, 1600)
MAX_WEBP = 16383
NAME = re.compile(rf"([0-9a-f]{{16,}}-(\d+)x(\d+))(-s)?\.(?:{'|'.join(TYPES.values())})")
_FORM = re.compile(rf"{NAME.pattern}|[0-9a-f]{{16,}}-\d+x\d+-(?:{'|'.join(map(str, WIDTHS))})\.webp")
_OPTIONS = {
    "JPEG": {"quality": 85, "progressive": True, "optimize": True},
    "WEBP": {"quality": 85},
    # At its usual speed a photograph of 12 million pixels takes 10 s.
    "AVIF": {"quality": 75, "speed": 8},
}
_KEPT = ("icc_profile", "transparency", "loop", "background")


class _Seen(NamedTuple):
    """A picture's format, its size upright, whether it moves."""

    kind: str
    width: int
    height: int
    moves: bool


def name(data: bytes) -> str:
    """The name that a picture is kept under.

    ValueError, in the user's language, where the bytes are not a picture that a page may show.
    """
    if len(data) > MAX_BYTES:
        raise ValueError(f"图片超过 {MAX_BYTES // 2**20} MB")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            kind, width, height, moves = _read(data)
    except (Image.DecompressionBombWarning, Image.DecompressionBombError):
        most = "、".join(f"{kind} {pixels // 10_000} 万" for kind, pixels in MAX_PIXELS.items())
        raise ValueError(f"图片的点太多，请先缩小：最多 {most}（动画把各帧加在一起算）") from None
    except Exception:  # Pillow's readers raise whatever a broken file makes them stumble over
        raise ValueError("不是 PNG、JPEG、GIF、WebP 或 AVIF 图片，或者已损坏") from None
    smaller = "-s" if widths(width, height) and not moves else ""
    return f"{hashlib.sha256(data).hexdigest()[:24]}-{width}x{height}{smaller}.{TYPES[kind]}"


def widths(width: int, height: int) -> list[int]:
    """The smaller widths that a picture of this size is kept in."""
    return [w for w in WIDTHS if w < width and height * w / width <= MAX_WEBP]


def forms(name: str) -> dict[str, int]:
    """The names of a picture's forms, smallest first, with their widths; only itself where there are no others."""
    stem, width, height, smaller = NAME.fullmatch(name).groups()
    found = {f"{stem}-{w}.webp": w for w in widths(int(width), int(height)) if smaller}
    return {**found, name: int(width)}


def keep(data: bytes, folder: Path) -> str:
    """Write a picture in all its forms into `folder` unless it is there, and give its name."""
    with _one_at_a_time(folder):
        named = name(data)
        # Without the mark: from before there were smaller widths.
        for known in (named, named.replace("-s.", ".")):
            if (folder / known).exists():
                return known
        with warnings.catch_warnings(action="ignore"):
            # The picture itself is last, so where it is there all are.
            for form, made in zip(forms(named), _made(data), strict=True):
                files.create(folder / form, made)
        return named


@contextmanager
def _one_at_a_time(folder: Path) -> Iterator[None]:
    """One picture in memory, whichever of the site's processes has it."""
    folder.mkdir(parents=True, exist_ok=True)
    number = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(number, fcntl.LOCK_EX)
        yield
    finally:
        os.close(number)


def put_back(form: str, data: bytes, folder: Path) -> None:
    """Write a form of a picture as an export gives it, under the name that the texts there have for it.

    ValueError as from `name`, and where the bytes are not of the type that the name says.
    """
    if not _FORM.fullmatch(form) or not form.endswith(name(data).rpartition(".")[2]):
        raise ValueError("名字不像是这里存的图片")
    files.create(folder / form, data)


def _read(data: bytes) -> _Seen:
    with _opened(data) as picture:
        kind, (width, height), moves = ALSO.get(picture.format, picture.format), picture.size, _moves(picture)
        if (picture.n_frames if moves else 1) * width * height > MAX_PIXELS[kind]:
            raise Image.DecompressionBombError
        # A JPEG is read to its end also at an eighth of its size, which takes a sixty-fourth of the memory.
        picture.draft(None, (1, 1))
        for frame in range(picture.n_frames if moves else 1):
            picture.seek(frame)
            picture.load()
        if not moves and _turn(picture) in _SIDEWAYS:
            width, height = height, width
    return _Seen(kind, width, height, moves)


def _opened(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(data), formats=list(TYPES))


def _moves(picture: Image.Image) -> bool:
    return picture.format not in ALSO and getattr(picture, "is_animated", False)


def _turn(picture: Image.Image) -> Image.Transpose | None:
    """What makes a picture upright that a camera held otherwise."""
    try:
        return _UPRIGHT.get(picture.getexif().get(ExifTags.Base.Orientation))
    except Exception:  # EXIF that is broken says nothing; the picture may be whole
        return None


_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_SIDEWAYS = [_UPRIGHT[number] for number in (5, 6, 7, 8)]


def _made(data: bytes) -> Iterator[bytes]:
    """The forms of a picture that has been checked, as `forms` names them."""
    picture = _opened(data)
    kind = ALSO.get(picture.format, picture.format)
    if _moves(picture):
        nothing = dict.fromkeys(("comment", "exif", "xmp"), b"")
        yield _encoded(picture, kind, save_all=True, duration=_durations(picture), **nothing)
        return
    picture = _upright(picture)
    picture = _as_shown(picture)
    yield from reversed([_encoded(small, "WEBP", quality=80) for small in _smaller(picture)])
    yield _encoded(picture, kind)


def _upright(picture: Image.Image) -> Image.Image:
    """The picture as it was held, with nothing that is told beside it."""
    turn = _turn(picture)
    picture.load()
    picture.info = {name: value for name, value in picture.info.items() if name in _KEPT}
    # A copy, for WebP's reader keeps twice the picture as long as it lives.
    return picture.copy() if turn is None else picture.transpose(turn)


def _smaller(picture: Image.Image) -> Iterator[Image.Image]:
    """The picture in its smaller widths, largest first, each made of the one before."""
    mode, of_grey = "RGBA" if picture.has_transparency_data else "RGB", picture.mode in ("1", "L", "LA")
    width, height = picture.size
    for w in reversed(widths(width, height)):
        # A copy of the whole only where it must be.
        picture = picture if picture.mode == mode else picture.convert(mode)
        picture = picture.resize((w, max(1, round(height * w / width))), Image.Resampling.LANCZOS)
        if of_grey:
            picture.info.pop("icc_profile", None)
        yield picture


def _durations(picture: Image.Image) -> list[int]:
    found = []
    for frame in range(picture.n_frames):
        picture.seek(frame)
        picture.load()
        found.append(int(picture.info.get("duration", 100)))
    picture.seek(0)
    return found


def _as_shown(picture: Image.Image) -> Image.Image:
    """In colours that every browser shows: not those of print, nor grey of 16 bits."""
    if picture.mode.startswith("I"):
        return picture.convert("I").point(lambda value: value / 257).convert("L")
    if picture.mode not in ("1", "L", "LA", "P", "RGB", "RGBA"):
        profile = picture.info.pop("icc_profile", None)
        try:
            ours, theirs = ImageCms.createProfile("sRGB"), io.BytesIO(profile or b"")
            return ImageCms.profileToProfile(picture, theirs, ours, outputMode="RGB")
        except ImageCms.PyCMSError:
            return picture.convert("RGB")
    return picture


def _encoded(picture: Image.Image, kind: str, **options: object) -> bytes:
    out, profile = io.BytesIO(), picture.info.get("icc_profile")
    picture.save(out, kind, **{"icc_profile": profile, **_OPTIONS.get(kind, {}), **options})
    return out.getvalue()
