"""Parts of networks that Keras lacks: normalization, dropped branches, attention."""
