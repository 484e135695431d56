"""How a step of a policy is applied to a batch: image by image, or to all of it in a few passes."""
