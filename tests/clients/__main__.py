"""Lints the OpenAPI document, generates clients from it and runs jobs with them: make clients."""

import subprocess

from tests.clients.generate import build_python, build_typescript, lint
from tests.clients.places import PROGRAMS, ROOT
from tests.clients.service import running_service

PICTURE = ROOT / "examples" / "pictures" / "portrait.png"


def main() -> None:
    """Do all of it; what fails ends it."""
    lint()
    programs = {
        "Python": [str(PROGRAMS / "python"), str(build_python())],
        "TypeScript": [str(PROGRAMS / "node"), str(build_typescript())],
    }
    with running_service() as service:
        for language, command in programs.items():
            print(f"jobs by the {language} client", flush=True)
            subprocess.run([*command, service.url, service.key, str(PICTURE)], check=True)
    print("both clients compile and have run their jobs")


if __name__ == "__main__":
    main()
