"""Making in this process, without a service: a worker's part, once or against the clock.

It may import `cli.terminal`, the settings and the errors.
"""
