"""How pictures are kept: a figure's file, and its small copy in the executed notebook. Git keeps recorded runs."""

from __future__ import annotations

import io

from PIL import Image

COLOURS, QUALITY = 256, 70
"""Of a figure's file: the palette of a PNG, which suits lines; the quality of a JPEG, which suits faces."""

COPY_WIDTH, COPY_COLOURS, COPY_QUALITY = 600, 24, 45
"""Pixels, palette and quality of a small copy."""

MIME_TYPES = {".png": "image/png", ".jpg": "image/jpeg"}
"""By a file's ending."""


def figure_file(drawn: bytes, pictures: bool) -> tuple[str, bytes]:
    """A figure as it is filed.

    Args:
        drawn: the figure, as an uncompressed PNG.
        pictures: whether it holds pictures, which may be smaller as JPEG; text and lines are sharper as PNG.

    Returns:
        The file's ending, ``".png"`` or ``".jpg"``, and its bytes.
    """
    with Image.open(io.BytesIO(drawn)) as opened:
        picture = opened.convert("RGB")
    palette = _encoded(picture.quantize(COLOURS), "PNG")
    if pictures:
        jpeg = _encoded(picture, "JPEG", quality=QUALITY, progressive=True)
        if len(jpeg) < len(palette):
            return ".jpg", jpeg
    return ".png", palette


def small_copy(picture: bytes) -> tuple[str, bytes]:
    """A picture made small for a notebook: its type and bytes. JPEG or PNG, whichever is smaller."""
    with Image.open(io.BytesIO(picture)) as opened:
        flat = Image.new("RGB", opened.size, "white")
        flat.paste(opened, mask=opened.getchannel("A") if opened.mode == "RGBA" else None)
    flat.thumbnail((COPY_WIDTH, 10 * COPY_WIDTH), Image.Resampling.LANCZOS)
    few = flat.quantize(COPY_COLOURS, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    palette, jpeg = _encoded(few, "PNG"), _encoded(flat, "JPEG", quality=COPY_QUALITY)
    return ("image/jpeg", jpeg) if len(jpeg) < len(palette) else ("image/png", palette)


def _encoded(picture: Image.Image, kind: str, **how: object) -> bytes:
    file = io.BytesIO()
    picture.save(file, kind, optimize=True, **how)
    return file.getvalue()
