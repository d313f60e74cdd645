"""What callers get, once it is known: the shapes of answers, and how a job and a ZIP are written.

It takes records and makes members or bytes of them; it asks nobody. It imports nothing else of
`api`.
"""
