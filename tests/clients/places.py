"""Where the clients' sources lie, and where they are built (git ignores it)."""

from pathlib import Path

ROOT = Path(__file__).parents[2]
DOCUMENT = ROOT / "openapi" / "openapi.json"
RULES = ROOT / "openapi" / "rules.yaml"
SOURCES = ROOT / "openapi" / "clients"
BUILD = ROOT / "build" / "clients"
PROGRAMS = BUILD / "tools" / "bin"  # a virtual environment of their own, with Node.js in it
NODE = BUILD / "node"
PACKAGE = BUILD / "generated" / "genart_client"
