"""Runs jobs on one device: one process per device, one Celery task, one engine."""
