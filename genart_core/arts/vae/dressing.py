"""The layers that dress a face: hair, beard, hat and eyewear; each paints on the canvas."""

import numpy as np

from genart_core.arts.vae.canvas import (
    PIXEL,
    Array,
    Patch,
    cover,
    ellipse,
    mixed,
    rounded,
    scaled,
    stroke,
)
from genart_core.arts.vae.faces import Head, beard
from genart_core.arts.vae.painting import WHITE, outline

LENS = 0.155  # half the width of a lens


def sheen(canvas: Patch, head: Head) -> Array:
    """Return how the light models hair: a band of gloss round the skull, and soft strands."""
    x, y = canvas.x - head.x, canvas.y - head.y
    lit = x - 0.22 * head.light
    radius = np.sqrt(lit * lit + (y + 0.10) ** 2)
    gloss = np.maximum(1.0 - ((radius - 0.47) / 0.11) ** 2, 0.0) * np.clip(-1.6 * y, 0.0, 1.0)
    strands = np.sin(x * (24.0 - 8.0 * y) + 9.0 * head.sweep * y)
    tone: Array = 0.30 * gloss + 0.34 * head.light * x + 0.05 * strands - 0.16 * y - 0.10
    return tone


def hair_behind(canvas: Patch, head: Head, tone: Array) -> None:
    """Paint the long hair behind head and neck."""
    canvas.paint(cover(_mane(canvas, head)), scaled(head.hair, 0.72), tone)


def hair(canvas: Patch, head: Head, tone: Array, *, long: bool) -> None:
    """Paint the hair in front: a swept fringe and temples, or long locks beside the face."""
    x = (canvas.x - head.x + 0.10 * head.angle) * (1.0 / head.width)
    y = canvas.y - head.y
    square = x * x
    edge = head.hairline + 0.12 * head.sweep * x + 0.05 * square + 0.30 * square * square * square
    edge = edge + 0.05 * np.abs(np.sin(3.3 * x + head.sweep))
    skull = _skull(canvas, head)
    inside = np.minimum(skull, edge - y)
    low = np.maximum(inside, _locks(canvas, head)) if long else np.minimum(inside, 0.06 - y)
    canvas.darken(0.24 * cover(np.minimum(skull, low + 0.05), 0.08))
    canvas.paint(cover(low), head.hair, tone - 0.22 * cover(0.045 - low, 0.09))


def whiskers(canvas: Patch, head: Head, tone: Array) -> None:
    """Paint a full beard: moustache, cheeks and chin; it reaches a little below the chin."""
    part_y = canvas.y - head.y
    across = np.abs(canvas.x - head.x - 0.06 * head.angle) * (1.0 / head.width)
    lip = np.clip((across - 0.14) * 3.2, 0.0, 1.0)
    cheek = np.clip((across - 0.55) * 2.2, 0.0, 1.0)
    top = 0.222 + 0.085 * lip * lip * (3.0 - 2.0 * lip) - 0.33 * cheek * cheek
    grown = outline(canvas, head, more=0.035)
    inside = np.minimum(grown, part_y - top)
    strands = np.sin((canvas.x - head.x) * (26.0 + 14.0 * part_y))
    rim = cover(0.035 - inside, 0.07)
    canvas.darken(0.26 * cover(np.minimum(grown, inside + 0.03), 0.07))
    shaded = 0.8 * tone - 0.10 * part_y + 0.06 * strands - 0.20 * rim
    canvas.paint(cover(inside, 2 * PIXEL), beard(head), shaded)


def hat(canvas: Patch, head: Head) -> None:
    """Paint a knitted hat with a cuff and a bobble; the hair below it stays in sight."""
    x, y = head.x - 0.05 * head.angle, head.y
    part = canvas.near(x, y - 0.55, 0.75, 0.45)
    side, down = part.x - x, part.y - y
    lit = 0.34 * head.light * side - 0.12 * (down + 0.5)
    wide = head.width + head.volume + 0.015
    ribs = np.sin(side * (34.0 + 10.0 * (down + 0.3) ** 2))
    bobble = ellipse(part, x, y - 0.80, 0.125, 0.115)
    part.paint(cover(bobble, 2 * PIXEL), mixed(head.hat, WHITE, 0.6), lit * 1.6)
    crown = np.minimum(ellipse(part, x, y - 0.26, wide, 0.52), -0.32 - down)
    part.paint(cover(crown), head.hat, lit + 0.03 * ribs - 0.30 * np.clip(down + 0.55, 0.0, 0.2))
    fallen = rounded(part, x, y - 0.32, wide - 0.02, 0.095, radius=0.06)
    part.darken(0.30 * cover(fallen, 0.08))
    cuff = rounded(part, x, y - 0.375, wide + 0.025, 0.095, radius=0.07)
    part.paint(cover(cuff), scaled(head.hat, 1.08), lit + 0.06 * ribs)


def eyewear(canvas: Patch, head: Head, *, dark: bool) -> None:
    """Paint glasses, or sunglasses with dark lenses."""
    x, y = head.x, head.y + head.eyes_y + 0.015
    left, right = (head.place(side * 0.20, out=0.03) for side in (-1.0, 1.0))
    part = canvas.near(x, y, 0.60, 0.08)
    bar = np.minimum(0.016 - np.abs(part.y - y + 0.03), head.width + 0.02 - np.abs(part.x - x))
    bridge = np.minimum(part.x - left, right - part.x)
    arms = np.maximum(left - part.x, part.x - right) - 0.6 * LENS
    part.paint(cover(np.minimum(bar, np.maximum(bridge, arms))), head.frame)
    for side, middle in ((-1.0, left), (1.0, right)):
        _lens(canvas, head, side, middle, dark=dark)


def _lens(canvas: Patch, head: Head, side: float, middle: float, *, dark: bool) -> None:
    """One lens in its frame, with a reflection of the light."""
    y = head.y + head.eyes_y + 0.015
    tall = 0.128 + 0.006 * head.lens
    part = canvas.near(middle, y, LENS + 0.05, tall + 0.05)
    lens = rounded(
        part, middle, y, LENS * head.squeeze(side * 0.20), tall, radius=0.085 + 0.025 * head.lens
    )
    flash = stroke(part, middle - 0.04, y - 0.03, reach=0.08, thick=0.024, bend=0.0, lean=-0.9)
    flash = np.minimum(flash, lens - 0.02)
    if dark:
        down = (part.y - y) * (1.0 / tall)
        part.paint(cover(lens + 0.012), (0.11, 0.10, 0.14))
        part.paint(cover(lens - 0.016), (0.22, 0.18, 0.23), 0.6 * down + 0.1)
        part.paint(0.5 * cover(flash, 2 * PIXEL), WHITE)
    else:
        part.paint(0.10 * cover(lens), WHITE)
        part.paint(cover(0.017 - np.abs(lens)), head.frame)
        part.paint(0.25 * cover(flash, 2 * PIXEL), WHITE)


def _skull(canvas: Patch, head: Head) -> Array:
    """The hair on top: fuller on the side that it is swept to, its outline a little wavy."""
    x = canvas.x - head.x + 0.06 * head.angle
    full = 0.035 * head.sweep * x + 0.004 * np.sin(17.0 * x + 2.0 * head.sweep)
    width, height = head.width + head.volume, 0.56 + 0.6 * head.volume
    inside: Array = ellipse(canvas, head.x - 0.06 * head.angle, head.y - 0.12, width, height) + full
    return inside


def _mane(canvas: Patch, head: Head) -> Array:
    """Long hair as a whole: the skull, and below it what falls to the shoulders in a wave."""
    x = np.abs(canvas.x - head.x + 0.06 * head.angle)
    y = canvas.y - head.y
    lower = np.clip((y + 0.15) * 1.15, 0.0, 1.0)
    reach = head.width + head.volume - 0.02 + 0.07 * lower + 0.018 * np.sin(11.0 * y) * lower
    fall = np.minimum(reach - x, 0.70 - y - 1.6 * (x - 0.38) ** 2)
    inside: Array = np.maximum(_skull(canvas, head), np.minimum(fall, y + 0.12))
    return inside


def _locks(canvas: Patch, head: Head) -> Array:
    """The part of long hair that lies before the face and the shoulders."""
    x = np.abs(canvas.x - head.x + 0.06 * head.angle)
    y = canvas.y - head.y
    low = np.maximum(y - 0.28, 0.0)
    inner = head.width * 0.86 + 0.10 * np.clip(y + 0.25, 0.0, 0.6) - 0.8 * low * low
    inside: Array = np.minimum(np.minimum(x - inner, _mane(canvas, head)), y + 0.36)
    return inside
