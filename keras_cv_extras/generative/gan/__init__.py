"""A conditional GAN: its networks, its training, and the images that it makes."""
