"""The ground that every package stands on: engine, random numbers, checks, files, processes.

Nothing here imports another package of the library.
"""
