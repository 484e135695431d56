"""Ops that move pixels: affine and other warps, flips, crops, resizing."""
