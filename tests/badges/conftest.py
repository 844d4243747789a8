"""A face drawn by hand (nobody's), and a badge for 王芳."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import pytest
from PIL import Image, ImageDraw

from actions import badges
from models import Badge, Person


def draw(size: tuple[int, int] = (900, 1200), kind: str = "JPEG", **saving: Any) -> bytes:
    """A head and shoulders in grey."""
    image = Image.effect_noise(size, 40).convert("RGB")  # noise, so that it is as hard to shrink as a camera's picture
    pen = ImageDraw.Draw(image)
    w, h = size
    pen.ellipse((w * 0.31, h * 0.18, w * 0.69, h * 0.54), fill="#8c8378")
    pen.ellipse((w * 0.1, h * 0.6, w * 0.9, h * 1.4), fill="#5b6b66")
    file = io.BytesIO()
    image.save(file, kind, **saving)
    return file.getvalue()


@pytest.fixture
def issued(db, cast, now) -> Callable[..., Badge]:
    """`issued(picture=…)` gives 王芳 a badge, by 罗国秀."""

    def make(worker=cast.wang_fang, by=cast.luo_guoxiu, **order: Any) -> Badge:
        order.setdefault("picture", draw())
        order.setdefault("phone", "10286310427")
        at = order.pop("now", now)
        found = badges.Order(Person.get_by_id(worker.id), worker.actor.posts, **order)
        return badges.issue([found], actor=by.actor, now=at)[0]

    return make
