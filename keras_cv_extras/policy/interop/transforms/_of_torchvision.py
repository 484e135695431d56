"""Transforms of torchvision that set the size or the scale of images, as layers.

References:
    torchvision 0.28, `transforms.v2`; timm 1.0.31, `data/transforms.py`.
"""

from typing import Any

from keras_cv_extras.policy.interop._common import Omissions
from keras_cv_extras.policy.interop._torchvision import augmix_from_torchvision
from keras_cv_extras.policy.interop._torchvision_compose import fill_of, interpolation_of
from keras_cv_extras.policy.interop.transforms import _sizes
from keras_cv_extras.policy.interop.transforms._values import Values

#: What changes no pixel.
_NOTHING = ("Identity", "MaybePILToTensor", "PILToTensor", "ToImage", "ToPureTensor")
#: What of timm's is read, too; it has the attributes of torchvision's.
OF_TIMM = ("MaybePILToTensor", "MaybeToTensor", "RandomResizedCropAndInterpolation")
#: What is said of nearest interpolation where images get another size.
PIXELS = "which takes Pillow's pixels, of two as near the second, and not those of torch's tensors"


def layers_of(
    name: str, piece: Any, following: Any, seed: int | None, values: Values, omissions: Omissions
) -> list[Any] | None:
    """Returns the layers of a transform that sets a size or a scale; None for any other.

    Args:
        name: of the transform.
        piece: the transform.
        following: the one behind it, or None: what it cuts off need not be made.
        seed: of random layers.
        values: what is known of the images in front of it; it is brought up to date.
        omissions: where what differs is noted.
    """
    if name in _NOTHING:
        return []
    if name in ("ConvertImageDtype", "MaybeToTensor", "ToDtype", "ToPILImage", "ToTensor"):
        return _typed(name, piece, values, omissions)
    if name == "Resize":
        return _resized(piece, following, omissions)
    if name in ("RandomResizedCrop", "RandomResizedCropAndInterpolation"):
        method = _method(name, piece, ("bilinear", "nearest"), omissions)
        return [_sizes.resized_crop(piece.size, piece.scale, piece.ratio, method, seed)]
    if name in ("Pad", "RandomCrop"):
        borders = _borders(piece)
        if name == "Pad":
            return borders
        if getattr(piece, "pad_if_needed", False):
            least, options = _sizes.pair(piece.size), {"mode": _mode(piece), "fill": fill_of(piece)}
            borders += _sizes.padded(least=least, place="any", **options)
        return [*borders, _sizes.cut(piece.size, seed)]
    if name == "CenterCrop":
        return [_sizes.resized_centre(piece.size)]
    if name == "ImageClassification":  # what the weights of torchvision bring
        values.floats = True
        method = _method(name, piece, ("bilinear", "bicubic"), omissions)
        sides = _sizes.each(piece.resize_size)
        window = _sizes.resized_centre(piece.crop_size, *sides, interpolation=method)
        means, deviations = ([255 * float(x) for x in part] for part in (piece.mean, piece.std))
        return [window, _sizes.normalised(means, deviations)]
    if name == "Normalize":
        return [_sizes.normalised(piece.mean, piece.std)]
    if name == "AugMix":
        from keras_cv_extras import layers

        omissions.remark("AugMix, whose translations are rounded here and cut there")
        return [layers.AugMix(**augmix_from_torchvision(piece, strict=values.strict), seed=seed)]
    return None


def _typed(name, piece, values, omissions):
    """Returns the scale of what makes bytes or floats of images, which is none if they are that."""
    wanted = "uint8" if name == "ToPILImage" else "float32"
    scales = True
    if name in ("ConvertImageDtype", "ToDtype"):
        wanted = _type_of(getattr(piece, "dtype", "float32"))
        scales = name != "ToDtype" or bool(getattr(piece, "scale", False))
    floats = any(word in wanted for word in ("float", "double", "half"))
    if not floats and "uint8" not in wanted:
        omissions.add(f"{name} to {wanted}, in place of which values stay what they are")
        return []
    before, values.floats = values.floats, floats
    if not scales or before == floats:
        return []
    return [_sizes.scaled(1 / 255 if floats else 255.0)]


def _type_of(dtype):
    """Returns the name of the type that images get; a dictionary has one for each kind of input."""
    if isinstance(dtype, dict):
        named = {getattr(key, "__name__", str(key)): value for key, value in dtype.items()}
        found = [named[key] for key in ("Image", "Tensor", "others") if key in named]
        dtype = found[0] if found else None
    return "float32" if dtype is None else str(dtype)


def _mode(piece):
    mode = getattr(piece, "padding_mode", "constant")
    return str(getattr(mode, "value", mode))


def _borders(piece):
    """Returns the layers of the borders that a Pad or a RandomCrop adds."""
    padding = getattr(piece, "padding", None)
    if not padding:
        return []
    return _sizes.padded(_sizes.borders(padding), mode=_mode(piece), fill=fill_of(piece))


def _resized(piece, following, omissions):
    """Returns the layers of a Resize; of one number with the window in the middle behind, both."""
    sizes = [] if piece.size is None else _sizes.each(piece.size)
    most: Any = getattr(piece, "max_size", None)
    smooth = getattr(piece, "antialias", True) is not False
    method = _method("Resize", piece, ("bilinear", "bicubic", "nearest"), omissions)
    if method != "nearest" and not smooth:
        if method == "bicubic":
            omissions.add("Resize with 'bicubic' and antialias=False, whose filter is another one")
        else:
            omissions.remark(
                "Resize with antialias=False, as on tensors; Pillow's images ignore it"
            )
    smooth = smooth and method != "nearest"
    if len(sizes) < 2:
        if sizes and most is None and smooth and type(following).__name__ == "CenterCrop":
            return [_sizes.resized_centre(following.size, *sizes, interpolation=method)]
        if not sizes:
            return [_sizes.resized_side(int(most or 0), method, smooth, side="longer")]
        return [_sizes.resized_side(sizes[0], method, smooth, most=most)]
    if method == "bicubic" and smooth:
        return [_sizes.resized_centre(sizes, "stretch", interpolation=method)]
    return [_sizes.resize(sizes, method, smooth)]


def _method(name, piece, known, omissions):
    """Returns the interpolation of a transform of torchvision if it is known; else the first."""
    method = interpolation_of(piece)
    if method in known:
        if method == "nearest":
            omissions.remark(f"{name} with 'nearest', {PIXELS}")
        return method
    omissions.add(f"{name} with interpolation {method!r}, in place of which is {known[0]}")
    return known[0]
