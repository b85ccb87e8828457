"""Pictures: checked for what they really are, named by their content and size, written once."""

import hashlib
import io
import warnings
from pathlib import Path

from PIL import Image

from dengxia import files

TYPES = {"PNG": "png", "JPEG": "jpg", "GIF": "gif", "WEBP": "webp", "AVIF": "avif"}
MAX_BYTES = 20 * 2**20
MAX_PIXELS = 50_000_000


def name(data: bytes) -> str:
    """The name a picture is kept under: `<hash of its bytes>-<width>x<height>.<type>`.

    The size stands in the name so that a page can keep its room without a look at the file. ValueError, in the
    user's language, where the bytes are not a picture that a page may show.
    """
    if len(data) > MAX_BYTES:
        raise ValueError(f"图片有 {len(data) / 2**20:.1f} MB，最多 {MAX_BYTES // 2**20} MB")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            with Image.open(io.BytesIO(data), formats=list(TYPES)) as picture:
                kind, (width, height) = picture.format, picture.size
                if width * height > MAX_PIXELS:
                    raise ValueError(f"图片有 {width}×{height} 点，最多 {MAX_PIXELS // 10_000} 万点")
                picture.verify()
    except (OSError, SyntaxError, Warning, Image.DecompressionBombError):
        raise ValueError("不是 PNG、JPEG、GIF、WebP 或 AVIF 图片，或者已损坏") from None
    return f"{hashlib.sha256(data).hexdigest()[:24]}-{width}x{height}.{TYPES[kind]}"


def keep(data: bytes, folder: Path) -> str:
    """Write a picture into `folder` unless it is there, and give its name."""
    target = folder / name(data)
    if not target.exists():
        files.create(target, data)
    return target.name
