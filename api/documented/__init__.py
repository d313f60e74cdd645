"""The OpenAPI document, and what it says beyond the types, resource by resource.

Words, examples and links belong here, and nothing that answers a request for anything but the
document. It may import whatever it describes, but no route: routes take their words from here.
"""
