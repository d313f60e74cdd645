"""Reads what is deployed: compose files, and the Kubernetes bases, components and overlays."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
KUBERNETES = ROOT / "deploy" / "kubernetes"


# by which a compose file takes something back
yaml.SafeLoader.add_constructor("!reset", lambda loader, node: loader.construct_sequence(node))


def read(path: Path) -> Any:
    """Return a file with one document."""
    return yaml.safe_load(path.read_text())


def objects() -> Iterator[tuple[Path, dict[str, Any]]]:
    """Yield every object that any kustomization names as a resource, with its file."""
    for file in kustomizations():
        for name in read(file).get("resources", ()):
            path = file.parent / name
            if path.is_file():
                yield from ((path, thing) for thing in yaml.safe_load_all(path.read_text()))


def kustomizations() -> list[Path]:
    """Return all kustomization files."""
    return sorted(KUBERNETES.rglob("kustomization.yaml"))


def named(kind: str, name: str) -> dict[str, Any]:
    """Return the object of a kind and a name."""
    (found,) = (
        thing
        for _, thing in objects()
        if (thing["kind"], thing["metadata"]["name"]) == (kind, name)
    )
    return found


def pods() -> dict[str, dict[str, Any]]:
    """Return the pod templates by the names of what makes them."""
    makers = (thing for _, thing in objects() if "template" in thing.get("spec", {}))
    return {thing["metadata"]["name"]: thing["spec"]["template"] for thing in makers}


def containers() -> Iterator[dict[str, Any]]:
    """Yield all containers of all pods."""
    for pod in pods().values():
        yield from (*pod["spec"].get("initContainers", ()), *pod["spec"]["containers"])


def settings_of_kubernetes() -> dict[str, str]:
    """Return every setting that a kustomization or a container makes, the last value of each."""
    lines = (KUBERNETES / "base" / "settings.env").read_text().splitlines()
    for file in kustomizations():
        for made in read(file).get("configMapGenerator", ()):
            lines += made.get("literals", ())
    found = dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))
    for container in containers():
        found |= {e["name"]: e.get("value", "") for e in container.get("env", ())}
    return found


def seconds(text: str) -> float:
    """Return a duration as compose writes it: `20s`."""
    found = re.fullmatch(r"(\d+)s", text)
    assert found, text
    return float(found[1])
