"""Networks with the arithmetic of torchvision, for its weights; layers have its names."""
