"""Whether machine and settings can carry a service: asked before a start, and by `genart doctor`.

A start is refused with one sentence; the doctor is given a finding for each thing looked at. It may
import `cli.host`, the settings and the errors.
"""
