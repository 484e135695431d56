"""`python -m keras_cv_extras.cli` is `kcx`."""

from keras_cv_extras.cli import main

if __name__ == "__main__":
    main()
