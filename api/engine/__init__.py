"""The job engine as one gateway sees it: its line to Redis, and what is known without asking.

Who wakes those that wait, which workers and models there are, the figures that Prometheus reads:
parts that live as long as the process and serve all requests. It imports nothing else of `api`.
"""
