"""The routes that tell of the service itself."""

from api.answers.schemas import ExplanationView, HealthView, ModelsView, ModelView, WorkersView
from api.documented.parts import Responses, problems


def models_responses() -> Responses:
    """Answers to listing models."""
    return {200: {"description": "The models", "model": ModelsView}, **problems()}


def model_responses() -> Responses:
    """Answers to reading a model."""
    return {200: {"description": "The model", "model": ModelView}, **problems("no_such_model")}


def health_responses() -> Responses:
    """Answers to asking whether the process lives."""
    return {200: {"description": "It does", "model": HealthView}, **problems()}


def readiness_responses() -> Responses:
    """Answers to asking whether the service can take work."""
    ok = {"description": "It can", "model": HealthView}
    return {200: ok, **problems("draining", "store_unavailable")}


def workers_responses() -> Responses:
    """Answers to listing workers."""
    ok = {"description": "The workers", "model": WorkersView}
    return {200: ok, **problems("store_unavailable")}


def metrics_responses() -> Responses:
    """Answers to a scrape."""
    content = {"text/plain": {"schema": {"type": "string"}}}
    ok = {"description": "The figures", "content": content}
    return {200: ok, **problems("invalid_parameter")}


def explain_responses() -> Responses:
    """Answers to asking what a problem means."""
    ok = {"description": "Its meaning", "model": ExplanationView}
    return {200: ok, **problems("not_found")}
