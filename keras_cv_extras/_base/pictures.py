"""Pictures as files."""

from keras_cv_extras._base import files


def write_png(picture, path):
    """Writes a uint8 image as a PNG file, in one step."""
    from PIL import Image

    with files.replacing(path) as temporary:
        Image.fromarray(picture).save(temporary, optimize=True)
