"""Starting the processes of a service, keeping them, and stopping them in order.

It is handed what was found and taken; it judges nothing of the machine. It may import `cli.host`
and the errors.
"""
