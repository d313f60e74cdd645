"""Where the gateway itself goes, at a caller's word: pictures that it fetches, webhooks it posts.

Whatever opens a connection to the outside stands here, behind one guard (`dial`). It may import
`api.incoming`, `api.engine`, `api.answers` and `api.http`, but no settings: it is told how far it
may go.
"""
