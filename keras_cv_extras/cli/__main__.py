"""`python -m keras_cv_extras.cli` is `kcx`."""

from keras_cv_extras.cli import main

main()
