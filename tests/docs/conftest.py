"""The service, once for all of these tests."""

from collections.abc import Iterator

import pytest

from tests.docs.live import documented_service
from tests.support.up import GenartUp


@pytest.fixture(scope="session")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GenartUp]:
    up = documented_service(tmp_path_factory.mktemp("service"))
    try:
        up.wait_until_whole()
        yield up
    finally:
        up.stop()
