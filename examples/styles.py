"""Four ways of making a picture: strokes of a brush, stained glass, a woodcut and dots."""

from functools import partial

import numpy as np
from PIL import ImageDraw

from examples.drawing import FINE, Array, Canvas, glow, ramp, step, tinted

# Where the strokes turn: x, y, radius, and the direction of the turn.
WHIRLS = (
    (0.27, 0.24, 0.17, 1.0),
    (0.73, 0.36, 0.23, -1.0),
    (0.36, 0.66, 0.13, -1.0),
    (0.88, 0.80, 0.12, 1.0),
    (0.90, 0.10, 0.08, 1.0),
)
JEWELS = (
    (0.80, 0.08, 0.10),
    (0.06, 0.18, 0.62),
    (0.95, 0.66, 0.10),
    (0.05, 0.45, 0.30),
    (0.42, 0.10, 0.50),
    (0.10, 0.55, 0.72),
    (0.92, 0.38, 0.08),
)


def strokes(canvas: Canvas) -> None:
    """Paint a night of whirling strokes."""
    across, down, colours = whirling(canvas)
    canvas.paint(0.55 * colours)
    canvas.drawn(partial(brushed, canvas, field=(across, down), colours=colours))


def whirling(canvas: Canvas) -> tuple[Array, Array, Array]:
    """Return the direction of the strokes as x and y, and the colours below them."""
    wave = canvas.noise(2, 3, 3) - 0.5
    across, down = np.ones_like(canvas.x), 0.9 * np.sin(5 * canvas.x + 9 * wave)
    warm = np.zeros_like(canvas.x)
    for x, y, radius, turn in WHIRLS:
        dx, dy = canvas.x - x, canvas.y - y
        away = np.hypot(dx, dy)
        pull = 7.0 * np.exp(-((away / radius) ** 2)) * turn / (away + 0.02)
        across, down = across - pull * dy, down + pull * dx
        rings = 0.62 + 0.38 * np.cos(away / radius * 11.0)
        warm = np.maximum(warm, rings * step(1.15, 0.25, away / radius))
    length = np.hypot(across, down)
    night = [(0.15, (0.04, 0.09, 0.30)), (0.45, (0.10, 0.28, 0.60)), (0.7, (0.28, 0.55, 0.72))]
    lights = [(0.0, (0.20, 0.45, 0.70)), (0.5, (0.95, 0.76, 0.22)), (1.0, (1.0, 0.95, 0.68))]
    cold = ramp([*night, (0.9, (0.62, 0.78, 0.70))], canvas.noise(5, 9, 5) + 0.05 * canvas.y)
    colours = cold + (ramp(lights, warm) - cold) * step(0.08, 0.45, warm)[..., None]
    return across / length, down / length, colours


def brushed(
    canvas: Canvas, draw: ImageDraw.ImageDraw, field: tuple[Array, Array], colours: Array
) -> None:
    """Draw strokes along a field, large ones first, each of several bristles."""
    dice, size = canvas.dice, canvas.height
    for count, width, steps in ((2600, 22, 12), (5200, 15, 11), (5200, 10, 9)):
        for x, y in dice.random((count, 2)) * size:
            row, column = int(y), int(x)
            colour = colours[row, column] * dice.uniform(0.80, 1.22) + dice.normal(0, 0.025, 3)
            path = followed(field, x, y, steps, 0.5 * width, size)
            for bristle in np.linspace(-0.5, 0.5, 5):
                light = dice.uniform(0.82, 1.18)
                points = [(a - bristle * width * v, b + bristle * width * u) for a, b, u, v in path]
                draw.line(points, fill=tinted(tuple(colour), light), width=max(3, width // 4))


def followed(
    field: tuple[Array, Array], x: float, y: float, steps: int, stride: float, size: int
) -> list[tuple[float, float, float, float]]:
    """Return the places along a field from `(x, y)` on, each with its direction."""
    path = []
    for _ in range(steps):
        row, column = min(max(int(y), 0), size - 1), min(max(int(x), 0), size - 1)
        u, v = float(field[0][row, column]), float(field[1][row, column])
        path.append((x, y, u, v))
        x, y = x + stride * u, y + stride * v
    return path


def glass(canvas: Canvas) -> None:
    """Paint a rose window: panes of coloured glass in lead."""
    panes = rosette(canvas)
    nearest, second = np.full_like(canvas.x, 9.0), np.full_like(canvas.x, 9.0)
    colours = np.zeros_like(canvas.colours)
    reach = round(0.17 * canvas.height)
    for x, y, jewel in panes:
        row, column = round(y * canvas.height), round(x * canvas.height)
        rows = slice(max(0, row - reach), max(0, row + reach))
        columns = slice(max(0, column - reach), max(0, column + reach))
        window = (rows, columns)
        away = np.hypot(canvas.x[window] - x, canvas.y[window] - y)
        closer = away < nearest[window]
        second[window] = np.minimum(second[window], np.where(closer, nearest[window], away))
        nearest[window] = np.where(closer, away, nearest[window])
        colours[window] = np.where(closer[..., None], np.array(jewel), colours[window])
    light = 0.55 + 0.75 * glow(canvas, 0.5, 0.5, 0.55)
    streaks = 0.8 + 0.5 * (canvas.noise(7, 40, 5) - 0.5) + 0.5 * (canvas.noise(60, 60, 3) - 0.5)
    canvas.paint(colours * (light * streaks)[..., None])
    rim = second - nearest
    canvas.paint((1.0, 0.97, 0.85), 0.30 * step(0.05, 0.0, nearest) * light)
    canvas.paint((0.0, 0.0, 0.0), 0.55 * step(0.035, 0.008, rim))
    away = np.hypot(canvas.x - 0.5, canvas.y - 0.5)
    rings = np.min([np.abs(away - r) for r in (0.105, 0.25, 0.40, 0.487)], axis=0)
    lead = np.maximum(canvas.edge(0.0055 - rim), canvas.edge(0.007 - rings))
    shine = 0.09 + 0.10 * step(0.004, 0.0, np.minimum(rim, rings)) * canvas.noise(90, 90, 2)
    canvas.paint(np.repeat(shine[..., None], 3, axis=2), lead)


def rosette(canvas: Canvas) -> list[tuple[float, float, tuple[float, float, float]]]:
    """Return the middle and the colour of each pane: rings of them, and the spandrels."""
    panes = [(0.5, 0.5, JEWELS[2])]
    rings = ((0.07, 8), (0.145, 12), (0.21, 24), (0.285, 24), (0.36, 36), (0.44, 36))
    for ring, (radius, count) in enumerate(rings):
        for pane in range(count):
            turn = 2 * np.pi * (pane + 0.5 * (ring % 2)) / count
            jewel = JEWELS[(ring + (pane % 2) * 3 + (pane % 3 == 0) * 2) % len(JEWELS)]
            shade = canvas.dice.uniform(0.75, 1.25)
            colour = (jewel[0] * shade, jewel[1] * shade, jewel[2] * shade)
            panes.append((0.5 + radius * np.cos(turn), 0.5 + radius * np.sin(turn), colour))
    for x, y in canvas.dice.random((1500, 2)) * 1.2 - 0.1:
        apart = min(np.hypot(x - pane[0], y - pane[1]) for pane in panes)
        if np.hypot(x - 0.5, y - 0.5) > 0.525 and apart > 0.055:
            panes.append((x, y, JEWELS[(1, 4, 5)[canvas.dice.integers(3)]]))
    return panes


def woodcut(canvas: Canvas) -> None:
    """Cut hills and waves under a red sun, in two colours on paper."""
    paper = 0.97 + 0.05 * (canvas.noise(90, 90, 4) - 0.5)
    canvas.paint(np.array((0.95, 0.89, 0.76)) * paper[..., None])
    sun = (0.66, 0.27)
    dx, dy = canvas.x - sun[0], canvas.y - sun[1]
    away, turn = np.hypot(dx, dy), np.arctan2(dy, dx)
    rough = 0.5 * (canvas.noise(40, 40, 3) - 0.5)
    rays = np.sin(90 * turn + 2 * rough) - 1.9 * step(0.75, 0.12, away) + 0.55 + rough
    canvas.paint((0.10, 0.09, 0.12), carved(canvas, rays, 90 / np.maximum(away, 0.05)))
    canvas.paint((0.95, 0.89, 0.76), canvas.edge(0.168 - away))
    canvas.paint((0.78, 0.16, 0.10), canvas.edge(0.15 - away))
    cuts = np.sin(230 * canvas.y + 6 * rough) - 0.35 - 3 * (canvas.y - 0.24)
    canvas.paint((0.95, 0.80, 0.62), carved(canvas, cuts, 230) * canvas.edge(0.15 - away))
    for i, base in enumerate((0.44, 0.52, 0.60, 0.69, 0.79, 0.90)):
        wave = canvas.noise(2.2 + 0.5 * i, 1, 2)[:1] - 0.5
        swell = 0.025 * np.abs(np.sin((5 + i) * canvas.x + 1.7 * i)) if i > 2 else 0.0
        below = canvas.y - base - 0.20 * wave + swell
        canvas.paint((0.95, 0.89, 0.76), canvas.edge(below + 0.006))
        phase = 210 * np.power(np.maximum(below, 1e-4), 0.82) + (5 * rough if i < 3 else 3 * rough)
        tone = 1.1 - 13 * below + 0.8 * np.sin(11 * canvas.x + 2 * i) + rough
        cut = carved(canvas, np.sin(phase + 3.0 * wave) + tone, 190)
        ink = (0.10, 0.09, 0.12) if i != 1 else (0.62, 0.18, 0.12)
        canvas.paint(ink, cut * canvas.edge(below))
        canvas.paint(ink, canvas.edge(below) * canvas.edge(0.006 - below))


def carved(canvas: Canvas, value: Array, slope: Array | float) -> Array:
    """Return where ink is: `value` above 0, its edge one pixel wide at such a slope."""
    ink: Array = np.clip(value / np.asarray(slope) * canvas.height * 0.7 + 0.5, 0.0, 1.0)
    return ink


def dots(canvas: Canvas) -> None:
    """Paint a garden by the water in dots of unmixed colours."""
    colours = garden(canvas)
    canvas.paint((0.93, 0.90, 0.80))
    canvas.drawn(partial(dabbed, canvas, colours=colours))


def garden(canvas: Canvas) -> Array:
    """Return the colours that the dots are to give: sky, trees, water and lawn."""
    sky = [(0.0, (0.40, 0.62, 0.86)), (0.33, (0.98, 0.86, 0.68)), (0.40, (0.98, 0.80, 0.58))]
    water = [(0.41, (0.62, 0.76, 0.82)), (0.60, (0.26, 0.48, 0.72))]
    view = Canvas(canvas.width // FINE, canvas.height // FINE, 5)
    view.paint(ramp([*sky, *water, (0.7, (0.35, 0.60, 0.70))], view.y))
    view.paint((1.0, 0.93, 0.68), glow(view, 0.66, 0.33, 0.16))
    view.paint((1.0, 0.86, 0.55), 0.7 * glow(view, 0.66, 0.50, 0.08))
    leaves = view.noise(14, 14, 4)
    green = ramp([(0.3, (0.10, 0.28, 0.22)), (0.6, (0.30, 0.52, 0.20))], leaves)
    far = view.y - 0.37 + 0.10 * (view.noise(6, 1, 5)[:1] - 0.4)
    view.paint(
        0.7 * green + 0.3 * np.array((0.55, 0.55, 0.75)), view.edge(far) * view.edge(0.43 - view.y)
    )
    lawn = view.y - 0.66 + 0.16 * view.x + 0.02 * np.sin(9 * view.x)
    view.paint(
        ramp([(0.3, (0.42, 0.58, 0.16)), (0.65, (0.80, 0.76, 0.26))], leaves), view.edge(lawn)
    )
    view.paint((0.20, 0.24, 0.42), 0.75 * view.edge(lawn) * step(0.5, 0.62, view.noise(3, 6, 4)))
    for x, y, radius in (
        (0.16, 0.22, 0.17),
        (0.05, 0.36, 0.13),
        (0.27, 0.34, 0.11),
        (0.93, 0.40, 0.13),
    ):
        crown = radius * (0.75 + 0.5 * view.noise(9, 9, 4)) - np.hypot(view.x - x, view.y - y)
        view.paint(
            (0.28, 0.20, 0.26),
            view.edge(0.012 - np.abs(view.x - x))
            * view.edge(0.72 - view.y)
            * view.edge(view.y - y),
        )
        lit = leaves + 0.8 * (x - view.x + y - view.y)
        view.paint(
            ramp(
                [(0.2, (0.12, 0.20, 0.34)), (0.5, (0.20, 0.46, 0.24)), (0.8, (0.72, 0.74, 0.26))],
                lit,
            ),
            view.edge(crown),
        )
    return view.colours


def dabbed(canvas: Canvas, draw: ImageDraw.ImageDraw, colours: Array) -> None:
    """Draw dots, large ones first; a few have the complement of the colour below."""
    dice, size = canvas.dice, canvas.height
    for spacing, radius in ((15, 9.5), (11, 6.5), (10, 4.6)):
        down, across = np.mgrid[0:size:spacing, 0 : canvas.width : spacing]
        places = np.stack([down.ravel(), across.ravel()], axis=1)
        for y, x in dice.permutation(places + dice.normal(0, 0.45 * spacing, places.shape)):
            row, column = min(max(int(y), 0), size - 1), min(max(int(x), 0), canvas.width - 1)
            colour = colours[row, column]
            grey = colour.mean()
            vivid = grey + (colour - grey) * 1.5 + dice.normal(0, 0.07, 3)
            if dice.random() < 0.09:
                vivid = grey - (colour - grey) * 0.9 + 0.06
            wide = radius * dice.uniform(0.75, 1.2)
            box = [x - wide, y - wide, x + wide, y + wide]
            draw.ellipse(box, fill=tinted(tuple(vivid), dice.uniform(0.9, 1.1)))
