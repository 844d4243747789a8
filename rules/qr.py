"""QR codes as SVG: one path, crisp at any size, black on white in both themes (R-WEB-10)."""

from __future__ import annotations

from itertools import groupby

import qrcode

QUIET = 4  # modules of white around it, as the standard asks


def svg(text: str) -> str:
    """Give the code of this text at error level M as an `<svg>` element without a size of its own."""
    code = qrcode.QRCode(error_correction=qrcode.constants.ERROR_CORRECT_M, border=QUIET)
    code.add_data(text)
    code.make(fit=True)
    rows = code.get_matrix()
    parts: list[str] = []
    for y, row in enumerate(rows):
        x = 0
        for dark, run in groupby(row):
            length = len(list(run))
            if dark:
                parts.append(f"M{x} {y}h{length}v1h-{length}z")
            x += length
    size = len(rows)
    return (
        f'<svg viewBox="0 0 {size} {size}" shape-rendering="crispEdges" aria-hidden="true">'
        f'<path fill="#fff" d="M0 0h{size}v{size}h-{size}z"/><path fill="#000" d="{"".join(parts)}"/></svg>'
    )
