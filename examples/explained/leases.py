"""Two workers and a job whose first worker freezes: who may do what, and when."""

from PIL import Image, ImageDraw

from benchmarks.rig.client import Service
from examples.explained.plate import GREY, INK, drawn, font

SIZE = (860, 330)
LEFT, RIGHT = 104, 836
SECONDS = 20.0
LANES = {"caller": 60, "job table": 130, "worker A": 200, "worker B": 270}
PALE = {"worker A": (214, 228, 242), "worker B": (246, 224, 214)}


def timeline(service: Service) -> Image.Image:
    """Return it as a drawing; times are those of the settings as they come."""
    return drawn(SIZE, _paint)


def _paint(draw: ImageDraw.ImageDraw, scale: int) -> None:
    small, tiny = font(14 * scale), font(12.5 * scale)

    def x(seconds: float) -> float:
        return (LEFT + seconds / SECONDS * (RIGHT - LEFT)) * scale

    def span(lane: str, start: float, end: float, colour: tuple[int, int, int], words: str) -> None:
        top = (LANES[lane] - 15) * scale
        draw.rounded_rectangle([x(start), top, x(end), top + 30 * scale], 5 * scale, colour)
        place = (x(start) + x(end)) / 2, LANES[lane] * scale
        draw.text(place, words, INK, tiny, anchor="mm", align="center")

    def message(seconds: float, start: str, end: str, words: str, side: str = "l") -> None:
        ends = [LANES[lane] * scale for lane in (start, end)]
        way = 1 if ends[1] > ends[0] else -1
        ends = [ends[0] + way * 15 * scale, ends[1] - way * 15 * scale]
        draw.line([x(seconds), ends[0], x(seconds), ends[1]], INK, round(1.5 * scale))
        tip = [(x(seconds) + d * scale, ends[1] - way * u * scale) for d, u in ((-4, 7), (4, 7))]
        draw.polygon([(x(seconds), ends[1]), *tip], INK)
        middle = (LANES["worker B"] - 34) * scale if start == "worker B" else sum(ends) / 2
        shift = 7 * scale if side == "l" else -7 * scale
        draw.text((x(seconds) + shift, middle), words, INK, tiny, anchor=f"{side}m")

    for lane, height in LANES.items():
        draw.line([x(0), height * scale, x(SECONDS), height * scale], (225, 225, 225), scale)
        draw.text(((LEFT - 12) * scale, height * scale), lane, INK, small, anchor="rm")
    for second in range(0, 21, 2):
        draw.text((x(second), 306 * scale), f"{second} s", GREY, tiny, anchor="mm")
    span(
        "job table",
        0.5,
        10.9,
        PALE["worker A"],
        "leased to A, fence 1, until 8 s after its last renewal",
    )
    span("job table", 11.3, 16.0, PALE["worker B"], "leased to B, fence 2")
    span("job table", 16.0, 20.0, (222, 238, 224), "succeeded")
    span("worker A", 0.5, 2.6, PALE["worker A"], "at work")
    span("worker A", 2.6, 17.0, (236, 236, 236), "")
    span("worker A", 2.6, 10.7, (236, 236, 236), "frozen: no renewal")
    span("worker A", 17.0, 18.6, PALE["worker A"], "goes on")
    span("worker B", 11.3, 16.0, PALE["worker B"], "makes it anew")
    message(0.5, "caller", "job table", "submit")
    message(2.5, "worker A", "job table", "renews 4 times a second")
    message(10.9, "worker B", "job table", "the reaper: lease over", "r")
    message(16.0, "worker B", "job table", "commits, fence 2: accepted", "r")
    message(16.1, "job table", "caller", "result")
    message(18.6, "worker A", "job table", "fence 1:\nrefused")
