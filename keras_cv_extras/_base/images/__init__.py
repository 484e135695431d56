"""Code that kernels share: checking and converting images, sampling between pixels, filling."""
