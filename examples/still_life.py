"""A third scene: fruit and flowers, each a turned shape."""

from functools import partial

import numpy as np
from PIL import ImageDraw

from examples.drawing import Array, Canvas, ramp, step, tinted


def fruit(canvas: Canvas) -> None:
    """Paint fruit and a vase on a table, each a turned shape in the light of a window."""
    wall = canvas.noise(5, 5, 6)
    light = 1.15 - 0.55 * canvas.x + 0.2 * (wall - 0.5)
    canvas.paint(np.array((0.40, 0.50, 0.47)) * light[..., None])
    table = 0.64
    grain = canvas.noise(3, 70, 4) + 0.25 * np.sin(60 * canvas.y + 9 * canvas.noise(2, 3, 4))
    wood = ramp([(0.1, (0.36, 0.20, 0.10)), (0.9, (0.68, 0.43, 0.23))], grain)
    canvas.paint(wood * (1.15 - 0.45 * canvas.x)[..., None], canvas.edge(canvas.y - table))
    canvas.paint((0.12, 0.08, 0.06), 0.5 * np.exp(-(((canvas.y - table) / 0.012) ** 2)))
    striped = ramp(
        [(0.0, (0.13, 0.27, 0.55)), (1.0, (0.90, 0.90, 0.86))],
        step(-0.2, 0.2, np.sin(95 * canvas.y)),
    )
    vase = [
        (0.34, 0.05),
        (0.36, 0.046),
        (0.40, 0.056),
        (0.47, 0.10),
        (0.56, 0.128),
        (0.65, 0.108),
        (0.745, 0.07),
        (0.755, 0.075),
    ]
    canvas.drawn(partial(bouquet, canvas, x=0.40, y=0.335))
    turned(canvas, 0.40, vase, striped)
    pear = [
        (0.42, 0.006),
        (0.44, 0.035),
        (0.52, 0.055),
        (0.60, 0.088),
        (0.68, 0.112),
        (0.76, 0.10),
        (0.80, 0.05),
        (0.81, 0.01),
    ]
    blush = ramp([(0.3, (0.66, 0.70, 0.22)), (0.8, (0.85, 0.56, 0.20))], canvas.noise(9, 9, 5))
    turned(canvas, 0.70, pear, blush)
    orange = np.array((0.95, 0.52, 0.10)) * (
        0.9 + 0.25 * (canvas.noise(130, 90, 2)[..., None] - 0.5)
    )
    turned(canvas, 1.18, ball(0.72, 0.115), orange)
    streaks = canvas.noise(60, 4, 4)
    apple = ramp([(0.3, (0.72, 0.10, 0.10)), (0.7, (0.90, 0.42, 0.16))], streaks)
    turned(canvas, 0.94, ball(0.75, 0.125), apple)
    turned(
        canvas,
        0.20,
        ball(0.82, 0.105),
        ramp([(0.3, (0.42, 0.60, 0.18)), (0.8, (0.72, 0.74, 0.30))], streaks),
    )
    turned(
        canvas,
        0.50,
        ball(0.865, 0.075),
        np.array((0.96, 0.83, 0.22)) * (0.95 + 0.2 * (canvas.noise(90, 60, 2)[..., None] - 0.5)),
    )
    canvas.drawn(partial(stalks, canvas))


def stalks(canvas: Canvas, draw: ImageDraw.ImageDraw) -> None:
    """Draw what apples and pears hung by."""
    size = canvas.height
    for x, y in ((0.945, 0.64), (0.705, 0.425), (0.205, 0.725)):
        ends = [(x * size, (y + 0.02) * size), ((x + 0.012) * size, (y - 0.025) * size)]
        draw.line(ends, fill=tinted((0.25, 0.16, 0.08)), width=9)


def ball(y: float, radius: float) -> list[tuple[float, float]]:
    """Return the outline of a ball: heights and half widths."""
    turns = np.linspace(0.02, np.pi - 0.02, 40)
    return [(float(y - radius * np.cos(t)), float(radius * np.sin(t))) for t in turns]


def turned(canvas: Canvas, x: float, outline: list[tuple[float, float]], skin: Array) -> None:
    """Paint a turned shape of the given skin, lit from the upper left, with its shadow."""
    heights, widths = (np.array(part) for part in zip(*outline, strict=True))
    foot, wide = heights[-1], widths.max()
    shadow = ((canvas.x - x - 0.7 * wide) / (1.5 * wide)) ** 2 + (
        (canvas.y - foot + 0.12 * wide) / (0.24 * wide)
    ) ** 2
    canvas.paint((0.08, 0.04, 0.03), 0.65 * np.exp(-shadow))
    fine = np.linspace(heights[0], heights[-1], 300)
    reach = 4 if len(outline) > 20 else 30  # few points are rounded more
    window = np.ones(2 * reach + 1) / (2 * reach + 1)
    smooth = np.convolve(
        np.pad(np.interp(fine, heights, widths), reach, mode="edge"), window, "valid"
    )
    half = np.interp(canvas.y[:, 0], fine, smooth, left=0.0, right=0.0)[:, None]
    inside = (half > 0) * canvas.edge(half - np.abs(canvas.x - x))
    across = ((canvas.x - x) / np.maximum(half, 1e-6)).clip(-1, 1)
    out = np.sqrt(1 - across**2)
    lean = -np.gradient(half[:, 0], 1.0 / canvas.height)[:, None].clip(-3, 3)
    length = np.sqrt(1 + lean**2)
    normal = (across / length, lean / length, out / length)
    facing = -0.55 * normal[0] - 0.55 * normal[1] + 0.63 * normal[2]
    shade = (
        0.28
        + 0.85 * facing.clip(0, 1)
        + 0.12 * (normal[0].clip(0, 1) * normal[1].clip(-1, 1) + 0.3)
    )
    gloss = (2 * facing * normal[2] - 0.63).clip(0, 1) ** 28
    canvas.paint(skin * shade[..., None] + 0.7 * gloss[..., None], inside)


def bouquet(canvas: Canvas, draw: ImageDraw.ImageDraw, x: float, y: float) -> None:
    """Draw stalks, leaves and blossoms that stand in a vase."""
    dice, size = canvas.dice, canvas.height
    heads = sorted((dice.uniform(-1, 1), dice.uniform(0.02, 0.18)) for _ in range(15))
    for lean, up in heads:
        top = (x + 0.24 * lean, y - up * (1.1 - 0.5 * abs(lean)) + 0.06 * abs(lean))
        draw.line(
            [(x * size, (y + 0.03) * size), (top[0] * size, top[1] * size)],
            fill=tinted((0.20, 0.34, 0.16)),
            width=7,
        )
    for _ in range(70):
        lean, up = dice.uniform(-1, 1), dice.uniform(-0.06, 0.12)
        cx, cy, angle = x + 0.20 * lean, y - up, dice.uniform(0, np.pi)
        along, wide = (
            np.array((np.cos(angle), np.sin(angle))) * 0.05,
            np.array((-np.sin(angle), np.cos(angle))) * 0.014,
        )
        leaf = [
            (cx - along[0], cy - along[1]),
            (cx + wide[0], cy + wide[1]),
            (cx + along[0], cy + along[1]),
            (cx - wide[0], cy - wide[1]),
        ]
        draw.polygon(
            [(a * size, b * size) for a, b in leaf],
            fill=tinted((0.22, 0.40, 0.18), dice.uniform(0.6, 1.25)),
        )
    for lean, up in heads:
        cx, cy = x + 0.24 * lean, y - up * (1.1 - 0.5 * abs(lean)) + 0.06 * abs(lean)
        colour = ((0.93, 0.45, 0.50), (0.97, 0.90, 0.80), (0.90, 0.25, 0.25), (0.98, 0.75, 0.35))[
            dice.integers(4)
        ]
        for ring, petals in ((0.042, 11), (0.028, 8)):
            for petal in range(petals):
                turn = 2 * np.pi * (petal + 0.5 * dice.random()) / petals
                px, py = cx + ring * np.cos(turn), cy + 0.85 * ring * np.sin(turn)
                radius, light = (
                    0.55 * ring,
                    (0.75 if ring > 0.03 else 0.95) + 0.2 * dice.random() - 0.15 * np.sin(turn),
                )
                box = [
                    (px - radius) * size,
                    (py - radius) * size,
                    (px + radius) * size,
                    (py + radius) * size,
                ]
                draw.ellipse(box, fill=tinted(colour, light))
        draw.ellipse(
            [(cx - 0.012) * size, (cy - 0.012) * size, (cx + 0.012) * size, (cy + 0.012) * size],
            fill=tinted((0.75, 0.50, 0.15)),
        )
