"""Pictures of images, under the name that KerasCV had for them."""

from typing import Any

import keras

from keras_cv_extras.compat import _table


def _plot_image_gallery(
    images: Any,
    value_range: Any,
    scale: float = 2,
    rows: int | None = None,
    cols: int | None = None,
    path: str | None = None,
    show: bool | None = None,
    transparent: bool = True,
    dpi: int = 60,
    legend_handles: Any = None,
) -> Any:
    """Shows images of a batch, or of a dataset of dictionaries with `image`, or returns them."""
    if hasattr(images, "element_spec"):  # a tf.data.Dataset
        images = next(iter(images))["image"]
    images = keras.ops.convert_to_numpy(images)
    size: Any = scale  # Keras declares an integer, and takes any number
    keras.visualization.plot_image_gallery(
        images[None] if images.ndim == 3 else images,
        rows=rows,
        cols=cols,
        value_range=value_range,
        scale=size,
        path=path,
        show=bool(show),
        transparent=transparent,
        dpi=dpi,
        legend_handles=legend_handles,
    )
    if path is not None or show is not None:
        return None
    import matplotlib.pyplot as plt

    return plt.gcf()  # neither shown nor saved, it was returned


_BOXES = "boxes are out of scope; use keras.visualization"

__getattr__: _table.Load
__dir__: _table.Listed
__getattr__, __dir__, TABLE = _table.attach(
    __name__,
    "keras_cv.visualization",
    [
        _table.Name("draw_bounding_boxes", note=_BOXES + ".draw_bounding_boxes"),
        _table.Name("plot_bounding_box_gallery", note=_BOXES + ".plot_bounding_box_gallery"),
        _table.Name(
            "plot_image_gallery",
            "keras.visualization.plot_image_gallery",
            "batches alone, and no datasets",
            _plot_image_gallery,
            "keras.visualization.plot_image_gallery(images, value_range=..., scale=..., ...)",
        ),
        _table.Name(
            "plot_segmentation_mask_gallery",
            note="masks are out of scope; use keras.visualization.plot_segmentation_mask_gallery",
        ),
    ],
)
