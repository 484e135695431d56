"""Class balance for scikit-learn: samplers for pipelines, folds, thresholds of decisions."""
