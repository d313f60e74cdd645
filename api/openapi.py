"""The copy of the OpenAPI document in the repository: `python -m api.openapi --write|--check`."""

import argparse
import json
import os
import sys
from pathlib import Path
from typing import Any

FILE = Path(__file__).parent.parent / "openapi" / "openapi.json"


def main() -> None:
    """Write the document, or say whether the written one is current."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", help="write openapi/openapi.json")
    parser.add_argument("--check", action="store_true", help="fail if it is stale")
    chosen = parser.parse_args()
    current = export()
    if chosen.write:
        FILE.parent.mkdir(exist_ok=True)
        FILE.write_text(current, encoding="utf-8")
    elif not chosen.check:
        sys.stdout.write(current)
    elif not FILE.exists() or FILE.read_text(encoding="utf-8") != current:
        sys.exit("openapi/openapi.json is stale; run: make openapi")


def export() -> str:
    """Return the document as it stands in the repository."""
    return json.dumps(document(), indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def document() -> dict[str, Any]:
    """Return the document of the project's own kinds alone, in the order of the routes."""
    os.environ.pop("GENART_EXTRA_ARTS", None)
    from api.main import create_app  # here, since the kinds are read when it is imported
    from api.settings import ApiSettings

    return create_app(ApiSettings()).openapi()


if __name__ == "__main__":
    main()
