"""How good a trained classifier is: predictions, scores, and the report."""
