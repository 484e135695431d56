"""Ops that change pixel values and colours and leave every pixel in its place."""
