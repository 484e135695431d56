"""The one decoder of image files in a TensorFlow graph: of streamed training and of exports.

`data.load` reads files with Pillow, a pipeline of files and a server have TensorFlow. All three
must see the same picture, so each step here is one of `data.files._decode`: upright, transparency
over white, 8 bits, ITU-R 601 grey, the same geometry of "crop", "pad" and "stretch", the triangle
filter. Pixel values differ from Pillow's by 1 of 255 at most, since Pillow rounds between rows
and columns.
"""

from keras_cv_extras.data.files._cost import check_file
from keras_cv_extras.data.files._decode import (
    JPEGS,
    MOST_PIXELS,
    RESIZES,
    decoding,
    read_header,
)
from keras_cv_extras.data.files.decoder._batch import decode_all, decode_or_report
from keras_cv_extras.data.files.decoder._decode import decode, fit_pixels
from keras_cv_extras.data.files.decoder._facts import FORMATS, facts, facts_of, kinds
from keras_cv_extras.data.files.decoder._plan import plan, plan_box

__all__ = [
    "FORMATS",
    "JPEGS",
    "MOST_PIXELS",
    "RESIZES",
    "check_file",
    "decode",
    "decode_all",
    "decode_or_report",
    "decoding",
    "facts",
    "facts_of",
    "fit_pixels",
    "kinds",
    "plan",
    "plan_box",
    "read_header",
]
