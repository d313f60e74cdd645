"""Pictures side by side with words, and curves on axes: what the plates are put together from."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from PIL import Image, ImageDraw, ImageFont

INK, GREY, PAPER = (34, 34, 34), (150, 150, 150), (255, 255, 255)
COLOURS = ((31, 90, 150), (200, 84, 40), (60, 130, 80), (130, 70, 140))
GAP = 8
TEXT = 15  # pixels, the height of letters
MARGIN = 56  # around a chart, for its numbers

Font = ImageFont.FreeTypeFont | ImageFont.ImageFont


def font(size: float = TEXT) -> Font:
    """Return the letters that come with Pillow."""
    return ImageFont.load_default(size)


def captioned(image: Image.Image, words: str) -> Image.Image:
    """Return a picture with words below it, at its middle."""
    whole = Image.new("RGB", (image.width, image.height + TEXT + 10), PAPER)
    whole.paste(image, (0, 0))
    place = image.width / 2, image.height + 4
    ImageDraw.Draw(whole).text(place, words, INK, font(), anchor="ma", align="center")
    return whole


def row(images: Sequence[Image.Image]) -> Image.Image:
    """Return pictures beside each other, standing on one line."""
    height = max(image.height for image in images)
    width = sum(image.width + GAP for image in images) - GAP
    whole = Image.new("RGB", (width, height), PAPER)
    left = 0
    for image in images:
        whole.paste(image, (left, height - image.height))
        left += image.width + GAP
    return whole


def column(images: Sequence[Image.Image]) -> Image.Image:
    """Return pictures below each other, from the left edge."""
    width = max(image.width for image in images)
    whole = Image.new("RGB", (width, sum(i.height + GAP for i in images) - GAP), PAPER)
    top = 0
    for image in images:
        whole.paste(image, (0, top))
        top += image.height + GAP
    return whole


def labelled(image: Image.Image, words: str, width: int = 110) -> Image.Image:
    """Return a picture with words to its left."""
    whole = Image.new("RGB", (image.width + width, image.height), PAPER)
    whole.paste(image, (width, 0))
    place = width - 10, image.height / 2
    ImageDraw.Draw(whole).text(place, words, INK, font(), anchor="rm", align="right")
    return whole


@dataclass(frozen=True)
class Axes:
    """What a chart spans, where it has numbers, and what they are."""

    x: tuple[float, float]
    y: tuple[float, float]
    x_ticks: Sequence[float]
    y_ticks: Sequence[float]
    x_name: str
    y_name: str
    size: tuple[int, int] = (760, 380)

    def place(self, x: float, y: float) -> tuple[float, float]:
        """Return where a point lies, in pixels."""
        width, height = self.size
        across = (x - self.x[0]) / (self.x[1] - self.x[0])
        up = (y - self.y[0]) / (self.y[1] - self.y[0])
        return MARGIN + across * (width - 2 * MARGIN), height - MARGIN - up * (height - 2 * MARGIN)


def chart(
    axes: Axes, curves: Mapping[str, Sequence[tuple[float, float]]], *, dots: bool = True
) -> Image.Image:
    """Return curves by their names, each with its name at its last point."""
    return drawn(axes.size, lambda draw, scale: _chart(draw, scale, axes, curves, dots))


def drawn(size: tuple[int, int], paint: Callable[[ImageDraw.ImageDraw, int], None]) -> Image.Image:
    """Return a drawing that was made twice as large, so that its edges are smooth.

    `paint` is given where to draw, and how many of its pixels are one of the drawing's.
    """
    scale = 2
    large = Image.new("RGB", (size[0] * scale, size[1] * scale), PAPER)
    paint(ImageDraw.Draw(large), scale)
    return large.resize(size, Image.Resampling.LANCZOS)


def _chart(
    draw: ImageDraw.ImageDraw,
    scale: int,
    axes: Axes,
    curves: Mapping[str, Sequence[tuple[float, float]]],
    dots: bool,
) -> None:
    def at(x: float, y: float) -> tuple[float, float]:
        left, top = axes.place(x, y)
        return left * scale, top * scale

    small = font(TEXT * scale * 0.9)
    for y in axes.y_ticks:
        draw.line([at(axes.x[0], y), at(axes.x[1], y)], (226, 226, 226), scale)
        left, top = at(axes.x[0], y)
        draw.text((left - 8 * scale, top), f"{y:g}", GREY, small, anchor="rm")
    for x in axes.x_ticks:
        left, top = at(x, axes.y[0])
        draw.text((left, top + 8 * scale), f"{x:g}", GREY, small, anchor="ma")
    bottom = at(axes.x[1], axes.y[0])
    draw.text((bottom[0], bottom[1] + 30 * scale), axes.x_name, INK, small, anchor="ra")
    head = at(axes.x[0], axes.y[1])
    draw.text((head[0] - 44 * scale, head[1] - 16 * scale), axes.y_name, INK, small, anchor="ls")
    for (name, points), colour in zip(curves.items(), COLOURS, strict=False):
        places = [at(x, y) for x, y in points]
        draw.line(places, colour, 2 * scale, joint="curve")
        for left, top in places if dots else ():
            draw.circle((left, top), 3.5 * scale, colour)
        left, top = places[-1]
        draw.text((left - 4 * scale, top - 10 * scale), name, colour, small, anchor="rs")
