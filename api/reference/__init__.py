"""The pages of the HTTP API, from its OpenAPI document; `cli.reference` puts them in place.

Nothing that serves requests imports it.
"""
