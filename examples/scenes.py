"""Two scenes to dream on and to restyle: a lake and a town."""

from functools import partial

import numpy as np
from PIL import ImageDraw

from examples.drawing import RGB, Array, Canvas, glow, ramp, step, tinted


def lake(canvas: Canvas) -> None:
    """Paint mountains and firs around a lake, at sunset."""
    shore, sun = 0.60, (0.98, 0.405)
    sky = [(0.0, (0.16, 0.30, 0.58)), (0.3, (0.42, 0.55, 0.74)), (0.45, (0.93, 0.72, 0.58))]
    canvas.paint(ramp([*sky, (0.6, (1.0, 0.86, 0.60))], canvas.y))
    canvas.paint((1.0, 0.88, 0.58), 0.75 * glow(canvas, *sun, 0.30))
    clouds = step(0.48, 0.70, canvas.noise(3, 7, 6)) * step(0.62, 0.25, canvas.y)
    lit = step(0.35, 0.65, canvas.noise(4, 9, 5))
    canvas.paint(ramp([(0.0, (0.62, 0.50, 0.62)), (1.0, (1.0, 0.90, 0.82))], lit), 0.85 * clouds)
    away = np.hypot(canvas.x - sun[0], canvas.y - sun[1])
    canvas.paint((1.0, 0.97, 0.82), canvas.edge(0.045 - away))
    far, near = np.array((0.60, 0.58, 0.70)), np.array((0.13, 0.25, 0.20))
    for i, (base, rough) in enumerate(((0.44, 0.30), (0.50, 0.20), (0.55, 0.13), (0.585, 0.07))):
        line = canvas.noise(2.5 + 2 * i, 1, 7)[:1]  # one row: the heights along x
        top = base - rough * (line - 0.42) * 1.6
        colour = far + (near - far) * (i / 3.0) ** 0.8
        grain = canvas.noise(18, 14, 5)
        slope = np.gradient(canvas.noise(9 + 3 * i, 5, 7), axis=1) * canvas.height
        light = (0.94 + 0.045 * slope + 0.25 * (grain - 0.5)).clip(0.45, 1.5)
        haze = step(0.0, 0.16, canvas.y - top)[..., None] * (0.25 if i < 3 else 0.0)
        body = colour * light[..., None] * (1 - haze) + haze * np.array((0.95, 0.76, 0.62))
        if i == 0:
            snow = step(0.015, -0.03, canvas.y - top - 0.10 * (grain - 0.35))
            body += (np.array((0.97, 0.90, 0.90)) * light[..., None] - body) * snow[..., None]
        canvas.paint(body, canvas.edge(canvas.y - top))
    mirror(canvas, shore, (0.10, 0.22, 0.34), 0.22)
    canvas.paint((1.0, 0.86, 0.6), 0.5 * water_light(canvas, sun[0], shore, 0.10))
    bank = canvas.y - 0.89 + 0.05 * (canvas.noise(4, 1, 6)[:1] - 0.5) - 0.025 * np.cos(4 * canvas.x)
    meadow = ramp([(0.2, (0.07, 0.13, 0.08)), (0.8, (0.30, 0.32, 0.13))], canvas.noise(60, 30, 4))
    canvas.paint(meadow, canvas.edge(bank))
    canvas.drawn(partial(flowers, canvas))
    for x, foot, tall in sorted(firs(canvas), key=lambda tree: tree[1]):
        canvas.drawn(partial(fir, canvas, x=x, foot=foot, tall=tall))


def mirror(canvas: Canvas, shore: float, tint: RGB, depth: float) -> None:
    """Turn what lies below the shore into water that mirrors what lies above."""
    first = round(shore * canvas.height)
    below = canvas.y[first:] - shore
    waves = canvas.noise(14, 90, 3)[first:] - 0.5
    rows = (first - 1 - (below * 0.95 + waves * (0.01 + 0.10 * below)) * canvas.height).astype(int)
    columns = np.arange(canvas.width)[None] + (waves * 0.02 * canvas.height).astype(int)
    seen = canvas.colours[rows.clip(0, first - 1), columns.clip(0, canvas.width - 1)]
    share = (depth + 0.9 * below)[..., None].clip(0, 0.7)
    canvas.colours[first:] = seen * (1 - share) + np.array(tint) * share


def water_light(canvas: Canvas, x: float, shore: float, width: float) -> Array:
    """Return the glitter of a light on water."""
    spread = width * (0.5 + 2.0 * (canvas.y - shore).clip(0, 1))
    sparks = step(0.50, 0.62, canvas.noise(24, 150, 2))
    light: Array = sparks * np.exp(-(((canvas.x - x) / spread) ** 2)) * (canvas.y > shore)
    return light


def firs(canvas: Canvas) -> list[tuple[float, float, float]]:
    """Return place, foot and height of each fir: two groups that frame the lake."""
    dice, trees = canvas.dice, []
    for middle, spread, count in ((0.13, 0.11, 9), (1.40, 0.09, 7)):
        for _ in range(count):
            x = float(dice.normal(middle, spread))
            foot = 0.88 + 0.09 * float(dice.random())
            trees.append((x, foot, (0.16 + 0.30 * float(dice.random())) * (foot - 0.2) / 0.7))
    return trees


def fir(canvas: Canvas, draw: ImageDraw.ImageDraw, x: float, foot: float, tall: float) -> None:
    """Draw one fir, branch by branch from below, lit from the right."""
    dice, size = canvas.dice, canvas.height
    trunk = [(x - 0.006) * size, (foot - 0.1 * tall) * size, (x + 0.006) * size, foot * size]
    draw.rectangle(trunk, fill=tinted((0.20, 0.13, 0.10)))
    layers = 34
    for layer in range(layers):
        up = layer / layers
        y, half = foot - tall * (0.08 + 0.92 * up), 0.19 * tall * (1 - up) ** 0.9 + 0.004
        for side in (-1, 1):
            reach = half * (0.75 + 0.5 * dice.random())
            droop = 0.35 * reach + 0.012
            shape = [(x, y - 0.05 * tall), (x + side * reach, y + droop), (x, y + 0.3 * droop)]
            colour = (0.07, 0.17, 0.13) if side < 0 else (0.20, 0.29, 0.15)
            light = 0.6 + 0.8 * dice.random() + 0.25 * up
            draw.polygon([(a * size, b * size) for a, b in shape], fill=tinted(colour, light))


def flowers(canvas: Canvas, draw: ImageDraw.ImageDraw) -> None:
    """Draw blades and blossoms on the meadow."""
    dice, size = canvas.dice, canvas.height
    for y in np.sort(0.90 + 0.12 * dice.random(2600)):
        x, length = (
            dice.random() * canvas.width / size,
            0.012 + 0.03 * dice.random() * (y - 0.85) * 8,
        )
        ends = [(x * size, y * size), ((x + 0.01 * dice.normal()) * size, (y - length) * size)]
        colour = ((0.30, 0.38, 0.12), (0.16, 0.25, 0.11), (0.62, 0.55, 0.20))[dice.integers(3)]
        draw.line(
            ends, fill=tinted(colour, 0.7 + 0.5 * dice.random()), width=2 + int(3 * (y - 0.9) * 8)
        )
        if dice.random() < 0.10:
            colour = ((0.95, 0.80, 0.25), (0.90, 0.35, 0.30), (0.95, 0.93, 0.90))[dice.integers(3)]
            (cx, cy), radius = ends[1], (0.003 + 0.003 * dice.random()) * size
            draw.ellipse([cx - radius, cy - radius, cx + radius, cy + radius], fill=tinted(colour))


def town(canvas: Canvas) -> None:
    """Paint a town by a river, at dusk."""
    bank, moon = 0.66, (1.12, 0.17)
    sky = [(0.0, (0.07, 0.08, 0.25)), (0.3, (0.30, 0.20, 0.45)), (0.5, (0.80, 0.40, 0.45))]
    canvas.paint(ramp([*sky, (0.66, (1.0, 0.72, 0.42))], canvas.y))
    canvas.drawn(partial(stars, canvas))
    bands = step(0.52, 0.72, canvas.noise(2.5, 12, 6)) * step(0.05, 0.35, canvas.y)
    canvas.paint(ramp([(0.2, (0.45, 0.25, 0.45)), (0.6, (1.0, 0.62, 0.50))], canvas.y), 0.7 * bands)
    canvas.paint((0.95, 0.85, 0.75), 0.35 * glow(canvas, *moon, 0.16))
    seas = 0.86 + 0.28 * (canvas.noise(34, 24, 3)[..., None] - 0.5)
    away = np.hypot(canvas.x - moon[0], canvas.y - moon[1])
    canvas.paint(np.array((1.0, 0.95, 0.82)) * seas, canvas.edge(0.06 - away))
    rows = ((0.40, (0.42, 0.27, 0.42)), (0.30, (0.27, 0.18, 0.34)), (0.20, (0.13, 0.11, 0.23)))
    for i, (tall, colour) in enumerate(rows):
        canvas.drawn(partial(houses, canvas, foot=bank, tall=tall, colour=colour, row=i))
    mirror(canvas, bank, (0.10, 0.08, 0.22), 0.15)
    canvas.paint((1.0, 0.80, 0.50), 0.25 * water_light(canvas, 0.75, bank, 0.9))
    canvas.drawn(partial(quay, canvas, bank=bank))
    for x in np.arange(0.1, 1.5, 0.2):
        canvas.paint((1.0, 0.80, 0.45), 0.6 * glow(canvas, x, bank - 0.055, 0.022))
        canvas.paint((1.0, 0.95, 0.80), 0.9 * glow(canvas, x, bank - 0.055, 0.006))


def stars(canvas: Canvas, draw: ImageDraw.ImageDraw) -> None:
    """Draw stars, denser higher up."""
    for x, y, radius in canvas.dice.random((130, 3)) * (canvas.width, canvas.height, 1.0):
        high, size = 0.36 * canvas.height * (y / canvas.height) ** 1.4, 0.8 + 1.4 * radius
        box = [x - size, high - size, x + size, high + size]
        draw.ellipse(box, fill=tinted((1.0, 0.97, 0.88), 0.75 + 0.25 * radius))


def houses(
    canvas: Canvas, draw: ImageDraw.ImageDraw, foot: float, tall: float, colour: RGB, row: int
) -> None:
    """Draw a row of houses with roofs, towers and lit windows; nearer rows are darker."""
    dice, size, x = canvas.dice, canvas.height, -0.03
    while x < 1.52:
        wide = (0.055 + 0.06 * dice.random()) * (1.0 - 0.1 * row)
        top = foot - tall * (0.45 + 0.5 * dice.random())
        right = x + wide
        light = 0.85 + 0.3 * dice.random()
        draw.rectangle(
            [x * size, top * size, right * size, foot * size], fill=tinted(colour, light)
        )
        kind = dice.integers(5)
        middle, high = (x + right) / 2, top - wide * (0.35 + 0.5 * dice.random())
        if kind == 0:  # a spire
            high = top - wide * 1.9
        if kind < 4:
            roof = [(x - 0.004, top), (middle, high), (right + 0.004, top)]
            draw.polygon([(a * size, b * size) for a, b in roof], fill=tinted(colour, 0.72 * light))
            half = [(middle, high), (right + 0.004, top), (middle, top)]
            draw.polygon([(a * size, b * size) for a, b in half], fill=tinted(colour, 0.58 * light))
        columns, step_y = max(2, int(wide / 0.021)), 0.030
        for column in range(columns):
            for y in np.arange(top + 0.016, foot - 0.02, step_y):
                left = x + (column + 0.3) * wide / columns
                pane = [
                    left * size,
                    y * size,
                    (left + 0.4 * wide / columns) * size,
                    (y + 0.016) * size,
                ]
                warm = ((1.0, 0.80, 0.40), (1.0, 0.66, 0.30), (1.0, 0.90, 0.62))[dice.integers(3)]
                lit = dice.random() < 0.30 + 0.12 * row
                draw.rectangle(pane, fill=tinted(warm, 1.0) if lit else tinted(colour, 0.6 * light))
        x = right + (0.004 if dice.random() < 0.7 else 0.02 * dice.random())


def quay(canvas: Canvas, draw: ImageDraw.ImageDraw, bank: float) -> None:
    """Draw the wall of the river with its lamps, and two boats."""
    size, dark = canvas.height, tinted((0.08, 0.07, 0.15))
    draw.rectangle([0, (bank - 0.012) * size, canvas.width, (bank + 0.006) * size], fill=dark)
    for x in np.arange(0.1, 1.5, 0.2):
        draw.line([(x * size, bank * size), (x * size, (bank - 0.05) * size)], fill=dark, width=4)
    for x, y, scale in ((0.42, 0.80, 1.0), (1.08, 0.88, 1.4)):
        hull = [(-0.09, 0.0), (0.09, 0.0), (0.065, 0.028), (-0.07, 0.028)]
        draw.polygon([((x + a * scale) * size, (y + b * scale) * size) for a, b in hull], fill=dark)
        sail = [(-0.004, -0.17), (-0.004, -0.012), (0.075, -0.012)]
        points = [((x + a * scale) * size, (y + b * scale) * size) for a, b in sail]
        draw.polygon(points, fill=tinted((0.93, 0.62, 0.45)))
        jib = [
            ((x + a * scale) * size, (y + b * scale) * size)
            for a, b in ((-0.012, -0.15), (-0.012, -0.012), (-0.06, -0.012))
        ]
        draw.polygon(jib, fill=tinted((0.80, 0.45, 0.42)))
        mast = [
            ((x - 0.008 * scale) * size, (y - 0.18 * scale) * size),
            ((x - 0.008 * scale) * size, y * size),
        ]
        draw.line(mast, fill=dark, width=4)
