"""Pictures of faces for badges: re-encoded small, without anything the camera wrote about itself.

No face is looked for or compared (design §6): the middle is kept in the shape of the card.
"""

from __future__ import annotations

import io
import warnings

from PIL import Image, ImageOps, UnidentifiedImageError

SIZE = (200, 250)  # twice what the page at the door draws
MAX_BYTES = 6_000  # the page with its picture stays under 20 KB, even where nothing is compressed
MAX_SOURCE_PIXELS = 60_000_000


class NoPicture(ValueError):
    """The file is no picture, or too large to open safely."""


def portrait(source: bytes) -> bytes:
    """Give a JPEG of 200 × 250 pixels and at most 6 KB, upright, its metadata dropped. Raises NoPicture."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            image = Image.open(io.BytesIO(source), formats=("JPEG", "PNG", "WEBP"))
            if image.width * image.height > MAX_SOURCE_PIXELS:
                raise NoPicture(f"{image.width} × {image.height}")
            image.draft("RGB", (SIZE[0] * 2, SIZE[1] * 2))
            upright = ImageOps.exif_transpose(image).convert("RGB")
    except (
        UnidentifiedImageError,
        Image.DecompressionBombWarning,
        Image.DecompressionBombError,
        OSError,
        SyntaxError,
        ValueError,
    ) as error:
        raise NoPicture(str(error)) from error
    # People stand with the head in the upper part, so what is cut is cut below.
    fitted = ImageOps.fit(upright, SIZE, Image.Resampling.LANCZOS, centering=(0.5, 0.3))
    for quality in range(82, 10, -6):
        file = io.BytesIO()
        fitted.save(file, "JPEG", quality=quality, optimize=True, progressive=True)
        if file.tell() <= MAX_BYTES:
            break
    return file.getvalue()
