"""Run by itself, in a process with limits: a picture on stdin; its difference hash, a line break and a new JPEG on stdout.

Nothing of the old file goes through but its pixels: no EXIF, no profile, no trailing bytes.
"""

from __future__ import annotations

import io
import itertools
import resource
import sys

MEMORY = 1024 * 1024 * 1024
SECONDS = 10
PIXELS = 16_000_000
LARGEST_SIDE = 1600
HASH_SIDE = 16


def main() -> None:
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    from PIL import Image, ImageOps

    Image.MAX_IMAGE_PIXELS = PIXELS
    with Image.open(io.BytesIO(sys.stdin.buffer.read()), formats=("JPEG", "PNG", "WEBP")) as found:
        if found.width * found.height > PIXELS:
            raise SystemExit("more pixels than a phone's picture has")
        upright = ImageOps.exif_transpose(found)
        flat = Image.new("RGB", upright.size, (255, 255, 255))
        if upright.mode in ("RGBA", "LA", "P"):
            clear = upright.convert("RGBA")
            flat.paste(clear, mask=clear.getchannel("A"))
        else:
            flat.paste(upright.convert("RGB"))
    flat.thumbnail((LARGEST_SIDE, LARGEST_SIDE))
    drawn = io.BytesIO()
    flat.save(drawn, "JPEG", quality=82, optimize=True)
    sys.stdout.buffer.write(near_hash(flat).encode() + b"\n" + drawn.getvalue())


def near_hash(picture: object) -> str:
    """The difference hash of 256 bits, bit for bit as ImageHash's `dhash(picture, 16)` writes it."""
    from PIL import Image

    assert isinstance(picture, Image.Image)
    small = picture.convert("L").resize((HASH_SIDE + 1, HASH_SIDE), Image.Resampling.LANCZOS)
    grey = small.tobytes()
    bits = 0
    for row in range(HASH_SIDE):
        line = grey[row * (HASH_SIDE + 1) : (row + 1) * (HASH_SIDE + 1)]
        for left, right in itertools.pairwise(line):
            bits = bits << 1 | (right > left)
    return f"{bits:0{HASH_SIDE * HASH_SIDE // 4}x}"


if __name__ == "__main__":
    main()
