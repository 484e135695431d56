"""Which samples are real, and which were made of others."""

from keras_cv_extras._base import guard
from keras_cv_extras._base.types import Array, ArrayLike
from keras_cv_extras.data.balance import _frames


def synthetic_rows(x: ArrayLike) -> Array:
    """Returns which samples were synthesised in this process: by `smote`, `resample` or a GAN.

    They are recognised by a digest of their values and type, even in copies, shuffled, or split by
    another library; but not if they were scaled, cast, or saved and read again. Only the last
    million samples are known. Tables with categories are not followed.

    Args:
        x: `(n, ...)` samples, or a data frame of numbers.

    Returns:
        `(n,)` booleans.

    Example:
        >>> from sklearn.model_selection import train_test_split
        >>> x_train, x_test = train_test_split(smote(x, y)[0])  # the wrong way round
        >>> leaked = synthetic_rows(x_test).sum()
    """
    return guard.made_rows(_frames.as_array(x))
