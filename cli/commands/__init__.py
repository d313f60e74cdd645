"""The commands: a module for each, and beside them what only commands need.

They read what they are asked for and tell what was done; the work is done below. They may import
every other package of `cli`, but not `cli.main`, which puts them together.
"""
