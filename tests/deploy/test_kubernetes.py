"""The Kubernetes files, as far as no schema tells: what names something names what is there.

`make check-deploy` renders them with kubectl and holds them against the schemas.
"""

import re
from pathlib import Path
from typing import Any

import pytest

from api.main import create_app
from api.settings import ApiSettings
from cli.reference import SECTIONS
from tests.deploy.manifests import (
    KUBERNETES,
    ROOT,
    containers,
    kustomizations,
    named,
    objects,
    pods,
    read,
    settings_of_kubernetes,
)

OURS = ("genart-api", "genart-worker")
PLAIN = {"REDIS_URL", "REDIS_PASSWORD", "REDISCLI_AUTH", "CUDA_CACHE_PATH"}


def labels_of(pod: dict[str, Any]) -> set[tuple[str, str]]:
    common = {("app.kubernetes.io/part-of", "genart")}  # the kustomization's
    return {*pod["metadata"]["labels"].items()} | common


@pytest.mark.parametrize("file", kustomizations(), ids=lambda file: file.parent.name)
def test_a_kustomization_names_what_is_there_and_all_of_it(file: Path) -> None:
    content = read(file)
    patches = [p["path"] for p in content.get("patches", ()) if "path" in p]
    made = [e for m in content.get("configMapGenerator", ()) for e in m.get("envs", ())]
    named_ = [*content.get("resources", ()), *content.get("components", ()), *patches, *made]

    assert [name for name in named_ if not (file.parent / name).exists()] == []
    here = {path.name for path in file.parent.iterdir()} - {file.name}
    assert here <= set(named_), "a file that nothing names"


def test_no_object_chooses_a_namespace() -> None:
    assert [path for path, thing in objects() if "namespace" in thing["metadata"]] == []


def test_every_variable_is_a_setting() -> None:
    known = {f"GENART_{field.upper()}" for _, kind in SECTIONS for field in kind.model_fields}

    assert settings_of_kubernetes().keys() <= known | PLAIN


def test_every_selector_finds_a_pod() -> None:
    found = [labels_of(pod) for pod in pods().values()]
    selectors = [
        (path, selector)
        for path, thing in objects()
        for selector in selectors_of(thing)
        if thing["kind"] != "ServiceMonitor"  # it selects Services
    ]

    assert len(selectors) > 8
    for path, selector in selectors:
        assert any(selector <= labels for labels in found), (path, selector)


def selectors_of(thing: dict[str, Any]) -> list[set[tuple[str, str]]]:
    """Return what an object selects by equality, wherever in it."""
    found = []
    if thing["kind"] == "Service":
        found.append({*thing["spec"]["selector"].items()})

    def walk(node: object) -> None:
        if isinstance(node, dict):
            if isinstance(node.get("matchLabels"), dict):
                found.append({*node["matchLabels"].items()})
            for value in node.values():
                walk(value)
        elif isinstance(node, list):
            for value in node:
                walk(value)

    walk(thing.get("spec"))
    return found


def test_a_pod_has_the_labels_that_its_maker_selects() -> None:
    for name, pod in pods().items():
        kind = "StatefulSet" if name == "genart-redis" else "Deployment"
        selector = named(kind, name)["spec"]["selector"]["matchLabels"]
        assert {*selector.items()} <= labels_of(pod), name


def test_ports_that_are_named_are_a_containers() -> None:
    ports = {port["name"] for c in containers() for port in c.get("ports", ())}
    targets = {
        port["targetPort"]
        for _, thing in objects()
        if thing["kind"] == "Service"
        for port in thing["spec"]["ports"]
    }
    monitored = {end["port"] for end in named("ServiceMonitor", "genart-api")["spec"]["endpoints"]}
    services = {p["name"] for p in named("Service", "genart-api")["spec"]["ports"]}

    assert targets <= ports
    assert monitored <= services
    (api,) = pods()["genart-api"]["spec"]["containers"]
    assert api["ports"][0]["containerPort"] == ApiSettings.model_fields["port"].default
    rule = named("Ingress", "genart")["spec"]["rules"][0]["http"]["paths"][0]
    assert rule["backend"]["service"]["port"]["name"] in services


def test_the_redis_url_leads_to_the_redis_service() -> None:
    port = named("Service", "genart-redis")["spec"]["ports"][0]["port"]

    assert f"@genart-redis:{port}/" in settings_of_kubernetes()["REDIS_URL"]


def test_probes_ask_what_is_answered(tmp_path: Path) -> None:
    app = create_app(ApiSettings(home=tmp_path, redis_url="redis://127.0.0.1:1/0"))
    routes = app.openapi()["paths"].keys()
    api, worker = (pods()[name]["spec"]["containers"][0] for name in OURS)
    asked = {p["httpGet"]["path"] for n, p in api.items() if n.endswith("Probe")}

    assert asked == {"/livez", "/readyz"} <= routes
    assert api["livenessProbe"]["httpGet"]["path"] == "/livez", "it says nothing of Redis"
    assert worker["readinessProbe"]["exec"]["command"] == ["genart", "probe"]
    assert "livenessProbe" not in worker


def test_pods_are_given_the_time_they_take_to_leave() -> None:
    settings = settings_of_kubernetes()
    api, worker = (pods()[name]["spec"] for name in OURS)
    sleep = float(api["containers"][0]["lifecycle"]["preStop"]["exec"]["command"][-1])

    drain = float(settings["GENART_DRAIN_SECONDS"])
    assert worker["terminationGracePeriodSeconds"] >= drain + 10
    shutdown = float(settings["GENART_SHUTDOWN_SECONDS"])
    assert api["terminationGracePeriodSeconds"] >= sleep + shutdown + 10


@pytest.mark.parametrize("name", pods())
def test_a_pod_is_confined(name: str) -> None:
    spec = pods()[name]["spec"]

    assert spec["securityContext"]["runAsNonRoot"] is True
    assert spec["securityContext"]["runAsUser"] > 0
    assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert spec["automountServiceAccountToken"] is False
    assert spec["enableServiceLinks"] is False
    for container in (*spec.get("initContainers", ()), *spec["containers"]):
        context = container["securityContext"]
        assert context["readOnlyRootFilesystem"] is True
        assert context["allowPrivilegeEscalation"] is False
        assert context["capabilities"] == {"drop": ["ALL"]}
        assert "memory" in container["resources"]["limits"]


@pytest.mark.parametrize("name", pods())
def test_volumes_that_are_mounted_are_the_pods(name: str) -> None:
    spec = pods()[name]["spec"]
    claims = named("StatefulSet", name)["spec"] if name == "genart-redis" else {}
    volumes = {volume["name"] for volume in spec.get("volumes", ())}
    volumes |= {c["metadata"]["name"] for c in claims.get("volumeClaimTemplates", ())}
    mounted = {
        mount["name"]
        for container in (*spec.get("initContainers", ()), *spec["containers"])
        for mount in container["volumeMounts"]
    }

    assert mounted == volumes
    claimed = [
        v["persistentVolumeClaim"]["claimName"]
        for v in spec.get("volumes", ())
        if "persistentVolumeClaim" in v
    ]
    assert all(named("PersistentVolumeClaim", claim) for claim in claimed)


def test_the_images_user_is_the_pods() -> None:
    for name, file in zip(OURS, ("Dockerfile", "Dockerfile.gpu"), strict=True):
        context = pods()[name]["spec"]["securityContext"]
        user = f"USER {context['runAsUser']}:{context['runAsGroup']}"
        assert user in (ROOT / file).read_text().splitlines()


def test_the_secrets_that_are_used_are_those_that_the_guide_makes() -> None:
    texts = [path.read_text() for path in KUBERNETES.rglob("*.yaml")]
    used = {name for text in texts for name in secrets_in(text)}
    guide = (ROOT / "docs" / "how-to" / "deploy.md").read_text()

    assert used == {"genart-redis", "genart-first-key", "genart-s3", "genart-tls"}
    assert [name for name in used if name not in guide] == []


def secrets_in(text: str) -> list[str]:
    return re.findall(
        r"(?:secretKeyRef: \{ name: |secretRef: \{ name: |secretName: |credentials: \{ name: )"
        r"([a-z0-9-]+)",
        text,
    )


def test_workers_are_scaled_by_the_backlog() -> None:
    scaled = named("ScaledObject", "genart-worker")
    spec, (trigger,) = scaled["spec"], scaled["spec"]["triggers"]

    assert scaled["apiVersion"] == "keda.sh/v1alpha1"
    assert spec["scaleTargetRef"]["name"] in pods()
    assert 0 <= spec["minReplicaCount"] <= spec["fallback"]["replicas"] <= spec["maxReplicaCount"]
    assert trigger["type"] == "prometheus"
    assert {"serverAddress", "query", "threshold"} <= trigger["metadata"].keys()
    assert all(isinstance(value, str) for value in trigger["metadata"].values()), "KEDA wants text"
    assert "genart_backlog_seconds" in trigger["metadata"]["query"]


def test_the_version_of_the_images_is_the_projects() -> None:
    tags = {image["newTag"] for image in read(KUBERNETES / "base/kustomization.yaml")["images"]}
    project = (ROOT / "pyproject.toml").read_text()

    assert [f'version = "{tag}"' in project for tag in tags] == [True]
