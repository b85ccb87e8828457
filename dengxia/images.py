"""Pictures: checked for what they really are, named by their content and size, written once."""

import hashlib
import io
import warnings
from pathlib import Path

from PIL import Image

from dengxia import files

TYPES = {"PNG": "png", "JPEG": "jpg", "GIF": "gif", "WEBP": "webp", "AVIF": "avif"}
# What Pillow calls a JPEG of several pictures, as some phones write it.
ALSO = {"MPO": "JPEG"}
MAX_BYTES = 20 * 2**20
MAX_PIXELS = Image.MAX_IMAGE_PIXELS = 50_000_000


def name(data: bytes) -> str:
    """The name a picture is kept under: `<hash of its bytes>-<width>x<height>.<type>`.

    The size stands in the name so that a page can keep its room without a look at the file. ValueError, in the
    user's language, where the bytes are not a picture that a page may show.
    """
    if len(data) > MAX_BYTES:
        raise ValueError(f"图片超过 {MAX_BYTES // 2**20} MB")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            kind, width, height = _read(data)
    except (Image.DecompressionBombWarning, Image.DecompressionBombError):
        raise ValueError(f"图片超过 {MAX_PIXELS // 10_000} 万点") from None
    except Exception:  # Pillow's readers raise whatever a broken file makes them stumble over
        raise ValueError("不是 PNG、JPEG、GIF、WebP 或 AVIF 图片，或者已损坏") from None
    return f"{hashlib.sha256(data).hexdigest()[:24]}-{width}x{height}.{TYPES[kind]}"


def _read(data: bytes) -> tuple[str, int, int]:
    with Image.open(io.BytesIO(data), formats=list(TYPES)) as picture:
        kind, (width, height) = ALSO.get(picture.format, picture.format), picture.size
        # A JPEG is read to its end also at an eighth of its size, which takes a sixty-fourth of the memory.
        picture.draft(None, (1, 1))
        picture.load()
    return kind, width, height


def keep(data: bytes, folder: Path) -> str:
    """Write a picture into `folder` unless it is there, and give its name."""
    target = folder / name(data)
    if not target.exists():
        files.create(target, data)
    return target.name
