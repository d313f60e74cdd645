"""The routes, one module per resource.

A route reads its address, asks those who know, and answers; what two of them need stands below, in
`api.submitting`, `api.following` or deeper. It may import all but what starts the gateway.
"""
