"""What every request and answer passes, whatever is asked for: HTTP itself.

The protocol on the socket, header fields, HEAD, CORS, ids of requests, problems and their words.
Nothing here knows a kind, a setting or a part of the gateway. It imports nothing else of `api`.
"""
