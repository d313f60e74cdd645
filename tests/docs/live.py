"""The service that the documentation's code and the examples are run against."""

from pathlib import Path

from tests.support.receiver import SECRET
from tests.support.up import GenartUp


def documented_service(home: Path) -> GenartUp:
    """Return `genart up` with all kinds, the how-to's too, and webhooks to this machine."""
    return GenartUp(
        home,
        kinds="",
        extra_arts="examples.turing",
        webhook_secrets=SECRET,
        webhook_loopback="true",
    )
