"""A service that runs, as commands ask it: requests sent, jobs followed, outputs fetched.

Whatever speaks the service's HTTP belongs here, and nothing that knows where the service runs or
how it was started. It may import `cli.terminal`, the settings and the errors.
"""
