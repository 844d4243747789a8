"""Pictures for the demo, drawn here: neutral figures, never a face. They stand where a camera's picture would."""

from __future__ import annotations

import io
import json
import random
from functools import cache

from PIL import Image, ImageDraw, ImageFilter

GROUND, FIGURE = (220, 220, 213), (185, 188, 182)


def portrait(seed: str) -> bytes:
    """Head and shoulders in grey for a badge; build and hair differ a little from one to the next."""
    dice = random.Random(seed)
    image = Image.new("RGB", (400, 500), GROUND)
    _person(ImageDraw.Draw(image), dice, image.size, FIGURE)
    return _jpeg(image.filter(ImageFilter.GaussianBlur(1)), 80)


def bedside(seed: str, gesture: str) -> bytes:
    """A figure in a room, its hand where the gesture wants it; large enough to be shrunk and hashed like a real one."""
    dice = random.Random(seed)
    wall = tuple(dice.randint(150, 205) for _ in range(3))
    image = Image.new("RGB", (600, 800), wall)
    pen = ImageDraw.Draw(image)
    for _ in range(5):  # a window, a cupboard, a calendar: every room differs
        left, top = dice.randint(-60, 520), dice.randint(-40, 350)
        shade = tuple(max(0, min(255, tone + dice.randint(-45, 45))) for tone in wall)
        pen.rectangle((left, top, left + dice.randint(60, 260), top + dice.randint(60, 320)), fill=shade)
    dark = tuple(dice.randint(70, 120) for _ in range(3))
    _person(pen, dice, image.size, dark)
    hand = {"hand-on-chest": (0.56, 0.72), "hand-on-ear": (0.30, 0.38), "left-hand-on-chest": (0.44, 0.72)}
    x, y = hand.get(gesture, (0.76, 0.56))
    if gesture not in ("none", "eyes-to-window"):
        pen.ellipse((600 * x - 46, 800 * y - 40, 600 * x + 46, 800 * y + 40), fill=tuple(t + 60 for t in dark))
    return _jpeg(Image.blend(image, _grain(image.size), 0.06), 60)


@cache
def _grain(size: tuple[int, int]) -> Image.Image:
    """What a cheap lens adds; the same in every picture, for it is slow to make."""
    return Image.effect_noise(size, 14).convert("RGB")


def paper(seed: str) -> bytes:
    """A sheet with lines where words would stand."""
    dice = random.Random(seed)
    image = Image.new("RGB", (640, 880), (96, 88, 76))
    pen = ImageDraw.Draw(image)
    pen.rectangle((50, 40, 590, 840), fill=(242, 239, 230))
    for line in range(90, 780, 38):
        pen.line((96, line, 96 + dice.randint(160, 440), line), fill=(120, 120, 120), width=5)
    return _jpeg(image, 60)


def signature(seed: str) -> bytes:
    """Strokes as the phone keeps them (pwa/signature.ts): `{v, w, h, strokes}`, differences after the first point."""
    dice = random.Random(seed)
    strokes = []
    for part in range(dice.randint(5, 9)):
        points = [30 + part * 30 + dice.randint(-6, 6), 60 + dice.randint(-18, 18)]
        for _ in range(dice.randint(4, 9)):
            points += [dice.randint(-3, 11), dice.randint(-9, 11)]
        strokes.append(points)
    return json.dumps({"v": 1, "w": 328, "h": 132, "strokes": strokes}, separators=(",", ":")).encode()


def _person(pen: ImageDraw.ImageDraw, dice: random.Random, size: tuple[int, int], tone: tuple[int, ...]) -> None:
    w, h = size
    head, broad, middle = dice.uniform(0.17, 0.2), dice.uniform(0.36, 0.42), dice.uniform(0.47, 0.53)
    hair = tuple(max(0, value - 30) for value in tone)
    if dice.random() < 0.5:
        pen.ellipse((w * (middle - head * 1.12), h * 0.16, w * (middle + head * 1.12), h * 0.5), fill=hair)
    pen.ellipse((w * (middle - head), h * 0.18, w * (middle + head), h * 0.55), fill=tone)
    pen.rectangle((w * (middle - 0.07), h * 0.5, w * (middle + 0.07), h * 0.64), fill=tone)
    pen.ellipse((w * (middle - broad), h * 0.6, w * (middle + broad), h * 1.4), fill=tone)


def _jpeg(image: Image.Image, quality: int) -> bytes:
    file = io.BytesIO()
    image.save(file, "JPEG", quality=quality)
    return file.getvalue()
