"""Who is calling, and whether they may: keys as this process knows them, hosts, origins.

Settled before anything else is read of a request. It may import the settings and whatever they
stand on: what reads webhook secrets, `api.engine` for news of keys, and `api.http`.
"""
