"""What kernels share: how images come in, what is looked up between pixels, what fills the rest."""
