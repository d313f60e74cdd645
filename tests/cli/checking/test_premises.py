"""What the settings speak of is looked for before anything is started on it."""

from pathlib import Path

import pytest

from cli.checking.premises import require_premises
from tests.cli.calling import caller
from tests.support.bucket import Bucket


@pytest.mark.parametrize("command", ["up", "worker", "api"])
def test_nothing_is_started_on_a_bucket_that_is_not_there(
    command: str,
    bucket: Bucket,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    home = tmp_path / "none"
    url = "s3://no-such-bucket/jobs"

    done = caller(capsys, GENART_HOME=str(home), GENART_BLOB_URL=url)(command)

    assert done.code == 1
    assert done.stderr.startswith(f"genart: No use of GENART_BLOB_URL={url}: ")
    assert "does not exist" in done.stderr
    assert done.stderr.count("\n") == 1
    assert not home.exists()


def test_bucket_that_answers_is_a_premise_met(
    bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GENART_BLOB_URL", bucket.url)

    require_premises()
