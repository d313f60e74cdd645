"""What the OpenAPI document says beyond the types, resource by resource."""
