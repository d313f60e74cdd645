"""What is asked of a job that is there: waiting for it, its events, its files, canceling many.

What belongs here starts from a job's id or from what a submit has entered. It may import
`api.submitting`, `api.dependencies` and all they stand on.
"""
