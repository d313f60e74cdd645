"""The `genart` command: starts the service, trains models and lists them."""
