"""Everything the gateway, the worker and the command line share, and the art itself."""
