"""What a portrait is made of, in numbers: a head's measures, its place and its colours."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import asin, cos, exp, sin

import numpy as np

from genart_core.arts.vae.canvas import RGB, Stops, mixed, ramp, scaled

SKIN: Stops = (
    (0.97, 0.82, 0.71),
    (0.92, 0.72, 0.57),
    (0.83, 0.60, 0.43),
    (0.63, 0.42, 0.29),
    (0.42, 0.27, 0.20),
)
HAIR: Stops = (
    (0.14, 0.11, 0.13),
    (0.33, 0.20, 0.14),
    (0.62, 0.29, 0.15),
    (0.86, 0.60, 0.26),
    (0.90, 0.84, 0.72),
)
BACKGROUND: Stops = (
    (0.95, 0.60, 0.47),
    (0.95, 0.78, 0.55),
    (0.70, 0.80, 0.62),
    (0.47, 0.73, 0.77),
    (0.48, 0.56, 0.82),
)
CLOTHES: Stops = ((0.88, 0.40, 0.34), (0.96, 0.92, 0.86), (0.25, 0.50, 0.52), (0.22, 0.26, 0.42))
HAT: Stops = ((0.91, 0.67, 0.22), (0.82, 0.30, 0.28), (0.55, 0.25, 0.42), (0.18, 0.38, 0.50))
IRIS: Stops = ((0.30, 0.17, 0.10), (0.42, 0.36, 0.17), (0.22, 0.44, 0.58))
FRAME: Stops = ((0.12, 0.10, 0.12), (0.36, 0.16, 0.12))
TURN = 0.38  # radians a head turns to either side
LOOKS = 20


@dataclass(frozen=True)
class Head:
    """Where everything is and what colour it has.

    What the attributes don't say is drawn from the seed: each in [-1, 1] and of moderate effect.
    """

    smile: bool
    age: float
    light: float
    angle: float
    x: float
    y: float
    width: float
    height: float
    taper: float
    eyes_y: float
    eye: float
    eyes_apart: float
    nose: float
    mouth_y: float
    mouth: float
    brow: float
    brow_lean: float
    hairline: float
    sweep: float
    volume: float
    lens: float
    skin: RGB
    hair: RGB
    background: RGB
    clothes: RGB
    hat: RGB
    iris: RGB
    frame: RGB

    def place(self, x: float, out: float = 0.0) -> float:
        """Return where something on the face is now that the head is turned.

        `x` is its place on a head that looks straight ahead, `out` how far it sticks out.
        """
        return self.x + self.width * sin(asin(x / self.width) + self.angle) + out * sin(self.angle)

    def squeeze(self, x: float) -> float:
        """Return how much narrower something at that place looks on the turned head."""
        at = asin(x / self.width)
        return cos(at + self.angle) / cos(at)


def measured(attributes: Mapping[str, object], seed: int) -> Head:
    """Return the head that the attributes and the seed describe."""
    own = np.random.default_rng([1, seed]).uniform(-1.0, 1.0, LOOKS).tolist()
    age, light, skin, hair, back = (
        float(attributes[name])  # type: ignore[arg-type]  # checked before
        for name in ("age", "light", "skin", "hair_color", "background")
    )
    unit = [(value + 1.0) / 2.0 for value in own]
    return Head(
        smile=bool(attributes["smile"]),
        age=age,
        light=light,
        angle=TURN * float(attributes["head_turn"]),  # type: ignore[arg-type]  # checked before
        x=0.025 * own[0],
        y=0.02 * own[1],
        width=0.445 - 0.03 * age + 0.02 * own[2],
        height=0.50 + 0.055 * age + 0.012 * own[3],
        taper=0.20 - 0.12 * age + 0.05 * own[4],
        eyes_y=0.055 - 0.075 * age + 0.01 * own[1],
        eye=0.109 - 0.028 * age + 0.006 * own[5],
        eyes_apart=0.195 + 0.01 * own[6],
        nose=0.80 + 0.40 * age + 0.15 * own[7],
        mouth_y=0.305 + 0.01 * own[8],
        mouth=1.0 + 0.10 * own[9],
        brow=0.020 + 0.006 * own[10],
        brow_lean=0.10 * own[11],
        hairline=-0.33 - 0.07 * age + 0.02 * own[12],
        sweep=own[13],
        volume=0.085 + 0.02 * own[14],
        lens=own[15],
        skin=ramp(SKIN, skin),
        hair=ramp(HAIR, hair),
        background=ramp(BACKGROUND, back),
        clothes=ramp(CLOTHES, unit[16]),
        hat=ramp(HAT, unit[17]),
        iris=ramp(IRIS, unit[18]),
        frame=ramp(FRAME, unit[19]),
    )


def lips(head: Head) -> RGB:
    """Return the colour of the lips: full when young, pale when old."""
    rosy = mixed(head.skin, (0.80, 0.22, 0.24), 0.62 - 0.22 * head.age)
    return scaled(rosy, 0.95)


def beard(head: Head) -> RGB:
    """Return the colour of beard and brows: that of the hair, darker where skin would hide it."""
    warm = mixed(scaled(head.hair, 0.90), (0.46, 0.22, 0.10), 0.32)
    likeness = exp(-(((sum(warm) - sum(head.skin)) / 0.45) ** 2))
    return scaled(warm, 1.0 - 0.32 * likeness)
