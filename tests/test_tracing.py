"""Spans: when they are taken, and what a caller may say of its own."""

import os
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genart_core.tracing import checked_traceparent, open_tracing

TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
GOOD = f"00-{TRACE}-{SPAN}-01"
UNWANTED = [
    {},
    {"OTEL_EXPORTER_OTLP_ENDPOINT": ""},
    {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9", "OTEL_SDK_DISABLED": "true"},
    {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9", "OTEL_TRACES_EXPORTER": "none"},
]


def python(code: str, **environment: str) -> subprocess.CompletedProcess[str]:
    clean = {k: v for k, v in os.environ.items() if not k.startswith("OTEL_")}
    command = [sys.executable, "-c", code]
    return subprocess.run(
        command, capture_output=True, text=True, check=True, env=clean | environment
    )


@pytest.mark.parametrize(
    ("came", "taken"),
    [
        (GOOD, GOOD),
        (f"00-{TRACE}-{SPAN}-00", f"00-{TRACE}-{SPAN}-00"),
        (f"cc-{TRACE}-{SPAN}-01-what-will-be", GOOD),
        (f"{GOOD}-more", ""),
        (f"cc-{TRACE}-{SPAN}-01.more", ""),
        (f"ff-{TRACE}-{SPAN}-01", ""),
        (f"00-{'0' * 32}-{SPAN}-01", ""),
        (f"00-{TRACE}-{'0' * 16}-01", ""),
        (GOOD.upper(), ""),
        (GOOD[:-1], ""),
    ],
)
def test_traceparent_is_taken_as_w3c_says(came: str, taken: str) -> None:
    assert checked_traceparent(came.encode()) == taken


@given(st.binary(max_size=80))
def test_traceparent_is_well_formed_or_none(field: bytes) -> None:
    assert checked_traceparent(field) in ("", f"00{field[2:55].decode('latin-1')}")


@given(st.text("0123456789abcdef-", min_size=55, max_size=60))
def test_what_is_taken_is_taken_again(field: str) -> None:
    taken = checked_traceparent(field.encode())

    assert checked_traceparent(taken.encode()) == taken


def test_nothing_is_imported_unless_traces_are_wanted() -> None:
    code = f"""
import os, sys, worker.engine
from api.main import create_app
from genart_core.tracing import open_tracing
create_app()
for environment in {UNWANTED}:
    os.environ |= environment
    assert open_tracing("genart-worker") is None
    for name in environment:
        del os.environ[name]
# redis-py itself imports the metrics of an SDK that is installed
heavy = ("opentelemetry.sdk.trace", "opentelemetry.exporter", "google.protobuf", "requests")
print([name for name in sys.modules if name.startswith(heavy)])
"""
    assert python(code).stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("code", "environment", "says"),
    [
        ("sys.modules['opentelemetry.sdk'] = None", {}, "install the extra genart[telemetry]"),
        ("", {"OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}, "by http/protobuf alone, not by grpc"),
    ],
)
def test_traces_that_can_not_be_sent_are_a_warning(
    code: str, environment: dict[str, str], says: str
) -> None:
    code = f"import sys; {code}\nfrom genart_core.tracing import open_tracing\n" + (
        "print(open_tracing('genart-worker'))"
    )
    endpoint = {"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://127.0.0.1:9/v1/traces"}
    done = python(code, **endpoint, **environment)

    assert done.stdout.strip() == "None"
    assert says in done.stderr


def test_service_has_the_name_that_the_environment_gives_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:9")
    names = []
    for told in ({}, {"OTEL_SERVICE_NAME": "a"}, {"OTEL_RESOURCE_ATTRIBUTES": "service.name=b"}):
        with monkeypatch.context() as patch:
            for name, value in told.items():
                patch.setenv(name, value)
            tracing = open_tracing("genart-worker")
        assert tracing is not None
        names.append(tracing.provider.resource.attributes["service.name"])
        tracing.close(1.0)

    assert names == ["genart-worker", "a", "b"]
