"""Several pictures on one sheet."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from genart_core.nn.sheets import arrange, write_sheet


def test_pictures_lie_in_rows_on_white() -> None:
    images = torch.arange(5.0).view(5, 1, 1, 1).expand(5, 3, 4, 6) / 10

    sheet = arrange(images, 3, gap=1)

    assert sheet.shape == (3, 4 + 1 + 4, 6 + 1 + 6 + 1 + 6)
    assert sheet[0, 0, ::7].tolist() == pytest.approx([0.0, 0.1, 0.2])
    assert sheet[0, 5, 7] == pytest.approx(0.4)
    assert (sheet[:, 4] == 1.0).all()
    assert (sheet[:, 5:, 14:] == 1.0).all()


@pytest.mark.parametrize(("channels", "mode"), [(1, "L"), (3, "RGB")])
def test_a_sheet_is_written_as_8_bits(tmp_path: Path, channels: int, mode: str) -> None:
    images = torch.tensor([-0.5, 0.5, 1.5]).view(3, 1, 1, 1).expand(3, channels, 2, 2)

    write_sheet(tmp_path / "new" / "sheet.png", images, columns=3)

    with Image.open(tmp_path / "new" / "sheet.png") as image:
        assert image.mode == mode
        assert np.asarray(image.convert("L"))[0, ::4].tolist() == [0, 128, 255]
