"""Shared code of all packages: engine, random numbers, checks, files, processes.

Nothing here imports another package of the library.
"""
