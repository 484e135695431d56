"""Ops that change levels and colours and leave every pixel in its place."""
