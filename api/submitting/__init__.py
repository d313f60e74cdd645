"""From what was sent to a job in the line: pictures kept, cost and quota judged, one entry made.

Whatever enters something for a client, a job or a picture, is decided here, with the parts that
`api.dependencies` hands out. It may import those and all they stand on, but nothing of what comes
after the submit.
"""
