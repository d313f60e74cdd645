"""What is typed at a terminal and what is told there: options, files, a bar, and complaints.

It is the same whether a service makes what is asked for or this process does. It may import the
errors.
"""
