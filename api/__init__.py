"""The HTTP gateway: requests in, JSON out. It knows no torch and no Celery."""
