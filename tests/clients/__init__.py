"""Lints the OpenAPI document, generates clients from it, and tests a service by it."""
