"""The layers of a portrait's background, body and face; each paints on the canvas."""

import numpy as np

from genart_core.arts.vae.canvas import (
    PIXEL,
    RGB,
    WARM,
    Array,
    Patch,
    cover,
    ellipse,
    glow,
    mixed,
    scaled,
    stroke,
)
from genart_core.arts.vae.faces import Head, beard, lips

WHITE = (1.0, 0.98, 0.95)
DARK = (0.16, 0.10, 0.11)
BLUSH = (0.93, 0.35, 0.30)


def background(canvas: Patch, head: Head) -> None:
    """Paint a wall with light from one side and the soft shadow of the sitter."""
    x, y = canvas.x, canvas.y
    halo = np.maximum(1.0 - (x * x + (y + 0.1) ** 2) * 0.55, 0.0)
    full = np.ones_like(halo)
    canvas.paint(full, head.background, 0.16 * halo - 0.06 + 0.12 * head.light * x)
    away = head.x - 0.10 * head.light
    canvas.darken(0.20 * glow(canvas, away, head.y + 0.20, 0.86, 1.15))


def shade(canvas: Patch, head: Head) -> Array:
    """Return how the light models skin: brighter on its side and above, darker at the edges."""
    across = (canvas.x - head.x) * (1.0 / head.width)
    side = np.clip(across, -1.15, 1.15)
    tone: Array = 0.23 * head.light * side - 0.09 * side * side - 0.07 * canvas.y + 0.05
    return tone


def body(canvas: Patch, head: Head) -> None:
    """Paint neck, shoulders and clothes."""
    part = canvas.near(0.0, 0.62, 1.0, 0.34)
    middle, lit = 0.4 * head.x, 0.20 * head.light * part.x
    neck = cover(0.185 - np.abs(part.x - head.x) + 0.30 * np.maximum(part.y - 0.54, 0.0))
    shoulders = cover(ellipse(part, middle, 1.12, 0.82, 0.50))
    collar = ellipse(part, middle, 0.60, 0.27, 0.19)
    part.paint(shoulders, head.clothes, lit - 0.25 * (part.y - 0.75) - 0.06)
    part.paint(shoulders * cover(collar + 0.035), scaled(head.clothes, 0.84), lit)
    bare = np.maximum(shoulders * cover(collar), neck * (part.y < 0.70))
    part.paint(bare, head.skin, lit - 0.08)
    chin = glow(part, head.x - 0.08 * head.light, head.y + head.height, 0.40, 0.27)
    part.darken(0.36 * chin * np.maximum(neck, shoulders))


def ears(canvas: Patch, head: Head) -> None:
    """Paint the ears: they grow with age."""
    size = 0.075 + 0.022 * head.age
    for side in (-1.0, 1.0):
        x = head.x + side * (head.width + 0.012) - 0.16 * head.angle
        y = head.y + head.eyes_y + 0.06
        part = canvas.near(x, y, 0.16, 0.20)
        light = 0.20 * head.light * side - 0.08
        part.paint(cover(ellipse(part, x, y, size, size * 1.45)), head.skin, light)
        part.darken(0.22 * glow(part, x - 0.01 * side, y, size * 0.75, size * 1.1))


def face(canvas: Patch, head: Head, tone: Array) -> None:
    """Paint the face: all that is on it ends where it ends."""
    front = Patch(_lit(head.skin, tone), canvas.x, canvas.y)
    cheeks(front, head)
    wrinkles(front, head)
    nose(front, head)
    eyes(front, head)
    brows(front, head)
    canvas.lay(cover(outline(canvas, head)), front)


def mouth(canvas: Patch, head: Head) -> None:
    """Paint the mouth: an open smile with teeth, or closed and calm."""
    x, y = head.place(0.0, out=-0.03), head.y + head.mouth_y
    part = canvas.near(x, y, 0.26, 0.16)
    if head.smile:
        _smile(part, head, x, y)
    else:
        _calm(part, head, x, y)


def cheeks(front: Patch, head: Head) -> None:
    """Paint what blush the cheeks have, more when young, and the creases of a smile."""
    strength = 0.46 - 0.34 * head.age
    rosy = mixed(head.skin, BLUSH, 0.75)
    for side in (-1.0, 1.0):
        x, y = head.place(side * 0.25), head.y + 0.195
        part = front.near(x, y, 0.17, 0.13)
        part.paint(strength * glow(part, x, y, 0.16 * head.squeeze(side * 0.25), 0.12), rosy)
        if head.smile:
            x, y = head.place(side * 0.20), head.y + head.mouth_y - 0.04
            part = front.near(x, y, 0.07, 0.08)
            crease = stroke(part, x, y, reach=0.055, thick=0.018, bend=0.0, lean=1.57 - 0.5 * side)
            part.darken(0.30 * cover(crease, 2 * PIXEL))


def wrinkles(front: Patch, head: Head) -> None:
    """Paint what years leave: folds beside the nose, bags, crow's feet, a lined brow."""
    age, eyes_y = head.age, head.y + head.eyes_y
    for side in (-1.0, 1.0):
        _wrinkles_beside(front, head, side)
    for line in (0.0, 0.065):
        x, y = head.place(0.0), eyes_y - 0.215 - line
        part = front.near(x, y, 0.24, 0.05)
        furrow = stroke(part, x, y, reach=0.20, thick=0.017, bend=0.015)
        part.darken(0.26 * age * cover(furrow, 2 * PIXEL))


def nose(canvas: Patch, head: Head) -> None:
    """Paint the nose: a lit tip and the shadow on the far side of the light."""
    size, y = head.nose, head.y + 0.155
    x = head.place(0.0, out=0.10)
    part = canvas.near(x, y - 0.04, 0.14, 0.19)
    away = -1.0 if head.light > 0 else 1.0
    side = glow(part, x + away * 0.045, y - 0.03, 0.055 * size, 0.14)
    part.darken(0.28 * abs(head.light) * side)
    under = stroke(part, x, y + 0.028, reach=0.062 * size, thick=0.017, bend=0.035)
    part.darken(0.42 * cover(under, 2 * PIXEL))
    part.darken(-0.16 * glow(part, x - 0.02 * away, y - 0.01, 0.045 * size, 0.045))


def eyes(canvas: Patch, head: Head) -> None:
    """Paint both eyes: white, iris, pupil, two lights, and a lid with lashes."""
    for side in (-1.0, 1.0):
        apart = side * head.eyes_apart
        narrow, size = head.squeeze(apart), head.eye
        x, y = head.place(apart), head.y + head.eyes_y
        part = canvas.near(x, y, 0.15, 0.15)
        wide = size * narrow
        ball = cover(ellipse(part, x, y, wide, size * 0.80))
        part.darken(0.14 * glow(part, x, y - 0.02, wide * 1.5, size * 1.5))
        part.paint(ball, WHITE, -0.10 * cover(y - size * 0.25 - part.y, 0.06))
        look = x + 0.05 * head.angle
        iris = size * 0.66
        part.paint(ball * cover(ellipse(part, look, y, iris * narrow, iris)), head.iris)
        lit = ellipse(part, look, y + iris * 0.35, iris * 0.7 * narrow, iris * 0.5)
        part.paint(ball * cover(lit, 0.05), scaled(head.iris, 1.45))
        part.paint(ball * cover(ellipse(part, look, y, iris * 0.52 * narrow, iris * 0.52)), DARK)
        part.paint(cover(ellipse(part, look + 0.026, y - 0.030, 0.021, 0.021)), WHITE)
        lid = stroke(part, x, y - size * 0.66, reach=wide * 1.20, thick=0.021, bend=-size * 0.55)
        part.paint(cover(lid), DARK)


def brows(canvas: Patch, head: Head) -> None:
    """Paint the brows in the hair's colour."""
    for side in (-1.0, 1.0):
        apart = side * head.eyes_apart
        x, y = head.place(apart), head.y + head.eyes_y - head.eye - 0.055
        part = canvas.near(x, y, 0.16, 0.09)
        reach = 0.115 * head.squeeze(apart)
        lean = side * (0.10 + head.brow_lean + 0.08 * head.age)
        form = stroke(part, x, y, reach=reach, thick=head.brow, bend=-0.035, lean=lean)
        part.paint(0.92 * cover(form, 2 * PIXEL), scaled(beard(head), 0.86))


def outline(canvas: Patch, head: Head, more: float = 0.0) -> Array:
    """Return the distance to the face's edge: narrower below, the chin led by the turn."""
    y = (canvas.y - head.y) * (1.0 / (head.height + more))
    below = np.maximum(y, 0.0)
    x = canvas.x - head.x - 0.11 * head.angle * below
    across = x / ((head.width + more) * (1.0 - head.taper * below * below))
    square, down = across * across, y * y
    power = np.sqrt(square + down + (0.25 + 0.35 * head.age) * square * down * (y > 0))
    inside: Array = (1.0 - power) * head.width
    return inside


def _wrinkles_beside(front: Patch, head: Head, side: float) -> None:
    """Fold, bag, crow's feet and hollow of one side."""
    age, eyes_y = head.age, head.y + head.eyes_y
    x, y = head.place(side * 0.155), head.y + 0.225
    part = front.near(x, y, 0.10, 0.14)
    fold = stroke(part, x, y, reach=0.12, thick=0.026, bend=0.03 * side, lean=1.57 - 0.4 * side)
    part.darken(0.40 * age * cover(fold, 3 * PIXEL))
    x, y = head.place(side * head.eyes_apart), eyes_y + head.eye + 0.03
    part = front.near(x, y, 0.13, 0.07)
    bag = stroke(part, x, y, reach=0.10, thick=0.020, bend=0.045)
    part.darken(0.28 * age * cover(bag, 2 * PIXEL))
    x = head.place(side * 0.345)
    for lean in (-0.35, 0.35):
        y, turned = eyes_y + 0.11 * lean, side * lean
        part = front.near(x, y, 0.06, 0.05)
        foot = stroke(part, x, y, reach=0.05, thick=0.014, bend=0.0, lean=turned)
        part.darken(0.22 * age * cover(foot, 2 * PIXEL))
    x, y = head.place(side * 0.34), head.y + 0.27
    part = front.near(x, y, 0.15, 0.22)
    part.darken(0.13 * age * glow(part, x, y, 0.14, 0.21))


def _smile(part: Patch, head: Head, x: float, y: float) -> None:
    """An open mouth below a curve that rises to both corners."""
    half, deep = 0.180 * head.mouth * head.squeeze(0.0), 0.125
    across = (part.x - x) * (1.0 / half)
    square = np.minimum(across * across, 1.2)
    down = part.y - y
    top, bottom = -0.045 * square + 0.005, deep * (1.0 - square) - 0.045 * square
    inside = np.minimum(down - top, bottom - down)
    part.paint(cover(inside + 0.020, 2 * PIXEL), lips(head))
    part.paint(cover(inside), (0.45, 0.12, 0.14))
    tongue = ellipse(part, x, y + 0.115, 0.09, 0.045)
    part.paint(cover(np.minimum(inside, tongue), 2 * PIXEL), (0.86, 0.40, 0.38))
    teeth = np.minimum(inside, top + 0.048 - down)
    part.paint(cover(teeth), WHITE)


def _calm(part: Patch, head: Head, x: float, y: float) -> None:
    """Two closed lips."""
    half, full = 0.125 * head.mouth * head.squeeze(0.0), 0.042 - 0.014 * head.age
    upper = stroke(part, x, y - 0.004, reach=half * 0.95, thick=full * 0.75, bend=0.012)
    lower = stroke(part, x, y + 0.022, reach=half * 0.80, thick=full, bend=0.032)
    part.paint(cover(np.maximum(upper, lower), 2 * PIXEL), lips(head))
    line = stroke(part, x, y + 0.004, reach=half * 1.08, thick=0.013, bend=0.028)
    part.paint(0.85 * cover(line), mixed(lips(head), (0.25, 0.05, 0.07), 0.7))
    part.darken(0.16 * glow(part, x, y + 0.085, 0.10, 0.035))


def _lit(colour: RGB, tone: Array) -> Array:
    full: Array = np.asarray(colour, dtype=np.float32)[:, None, None] * (1.0 + WARM * tone)
    return full
