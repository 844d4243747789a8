"""A signature as a phone kept it: strokes of whole pixels, drawn as SVG for whoever checks it. Only numbers come through.

`{"v": 1, "w": 320, "h": 132, "strokes": [[x0, y0, dx, dy, …], …]}`; after the first point, differences.
"""

from __future__ import annotations

import json

MOST = 20_000  # points; a mark has a few hundred


def svg(text: bytes | str) -> str:
    """The mark as an SVG document, black on white. Raises ValueError when these are no strokes."""
    found = json.loads(text)
    if not isinstance(found, dict) or not isinstance(found.get("strokes"), list):
        raise ValueError("no strokes")
    width, height = _size(found.get("w")), _size(found.get("h"))
    paths = "".join(_path(stroke) for stroke in found["strokes"][:MOST])
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}">'
        f'<rect width="{width}" height="{height}" fill="#fff"/>'
        f'<path d="{paths}" fill="none" stroke="#000" stroke-width="2.5" stroke-linecap="round" stroke-linejoin="round"/></svg>'
    )


def _path(stroke: object) -> str:
    if not isinstance(stroke, list) or len(stroke) < 2 or len(stroke) > MOST:
        return ""
    numbers = [_whole(each) for each in stroke]
    start, steps = numbers[:2], numbers[2 : 2 + (len(numbers) - 2) // 2 * 2]
    if not steps:
        return f"M{start[0]} {start[1]}h0"  # a dot
    pairs = zip(steps[::2], steps[1::2], strict=True)
    return f"M{start[0]} {start[1]}" + "".join(f"l{x} {y}" for x, y in pairs)


def _size(value: object) -> int:
    return min(max(_whole(value), 1), 4000)


def _whole(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int | float) or abs(value) > 10_000:
        raise ValueError("no strokes")
    return round(value)
