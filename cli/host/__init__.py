"""What a service takes hold of on its machine: the home folder, devices, a socket, and its Redis.

A module for each: whether it is there, how it is taken, how it is reached. Whether it will do is
judged in `cli.checking`. It may import the settings and the errors.
"""
