"""Makes policy_interop.npz and .json: what other libraries make of exported policies.

    python3.11 -m venv others
    others/bin/pip install -e . torch==2.13.0 torchvision==0.28.0 albumentations==2.0.8 timm==1.0.31
    others/bin/pip install --no-deps tf-models-official==2.20.0 nvidia-dali-cuda120==2.4.0
    others/bin/python tests/reference/policy_interop.py

The .npz holds an image, and for every case of tests/policy/interop_cases.py what the exported
policy makes of it, as `<library>/<case>`; and of sources also the SHA-256, as `<...>/sha256`. The
.json holds the libraries' own tables and policies.
"""

import ast
import dataclasses
import hashlib
import importlib.util
import json
import os
import pathlib
import sys
import tempfile
import types as python_types
import warnings
from unittest import mock

os.environ["CUDA_VISIBLE_DEVICES"] = "-1"

import albumentations
import numpy as np
import torch
from nvidia.dali import fn, pipeline_def
from nvidia.dali import types as dali_types
from nvidia.dali.auto_aug import auto_augment as dali_auto_augment
from PIL import Image
from skimage import data as skimage_data

from keras_cv_extras import policy
from keras_cv_extras.bench._peers import _import_torchvision

torchvision = _import_torchvision()
from timm.data import auto_augment as timm_augment  # noqa: E402

ROOT = pathlib.Path(__file__).parent.parent
sys.path.insert(0, str(ROOT / "policy"))
import interop_cases  # noqa: E402

SIZE = (32, 40)


def run_source(text):
    """Runs an exported file as a module."""
    module = python_types.ModuleType("augment")
    exec(compile(text, "augment.py", "exec"), module.__dict__)
    return module


def with_torchvision(text, image):
    transform = run_source(text).Augment()
    picture = np.asarray(transform(Image.fromarray(image)))
    tensor = transform(torch.from_numpy(image.transpose(2, 0, 1).copy())).numpy()
    return {"": picture, "/tensor": tensor.transpose(1, 2, 0)}


def with_albumentations(fields, image):
    fields = json.loads(json.dumps(fields))
    return albumentations.from_dict(fields)(image=image)["image"]


def with_dali(text, image, count=1):
    # DALI reads the source of what it runs, for its conditionals.
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "dali_augment.py"
        path.write_text(text, encoding="utf-8")
        spec = importlib.util.spec_from_file_location(f"dali_augment_{id(text)}", path)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)

        @pipeline_def(enable_conditionals=True, batch_size=count, num_threads=1, device_id=None)
        def pipeline():
            images = fn.external_source(
                lambda: [image] * count, batch=True, dtype=dali_types.UINT8, ndim=3, layout="HWC"
            )
            return module.augment(images, seed=1)

        built = pipeline()
        built.build()
        (outputs,) = built.run()
        return np.stack([np.asarray(outputs.at(k)) for k in range(count)])


def model_garden():
    """Imports its ops without the rest of it."""
    import tensorflow as tf

    for name in ("official.vision.configs", "official.vision.ops"):
        sys.modules[name] = python_types.ModuleType(name)
    sys.modules["official.vision.configs"].common = mock.MagicMock()
    sys.modules["official.vision.ops"].box_ops = None
    sys.modules.setdefault("tf_keras", tf.keras)
    for parent in map(pathlib.Path, sys.path):
        path = parent / "official" / "vision" / "ops" / "augment.py"
        if path.is_file():
            module = python_types.ModuleType("model_garden_augment")
            exec(compile(path.read_text(encoding="utf-8"), str(path), "exec"), module.__dict__)
            return module
    raise ImportError("tf-models-official")


def tables_of_torchvision():
    make = torchvision.transforms
    size = SIZE
    spaces = {
        "AutoAugment": make.AutoAugment()._augmentation_space(10, size),
        "RandAugment": make.RandAugment()._augmentation_space(31, size),
        "RandAugment/11": make.RandAugment()._augmentation_space(11, size),
        "TrivialAugmentWide": make.TrivialAugmentWide()._augmentation_space(31),
        "TrivialAugmentWide/13": make.TrivialAugmentWide()._augmentation_space(13),
        "AugMix": make.AugMix()._augmentation_space(10, size),
    }
    found = {
        name: {op: [levels.tolist(), signed] for op, (levels, signed) in space.items()}
        for name, space in spaces.items()
    }
    policies = {name.value: make.AutoAugment(name).policies for name in make.AutoAugmentPolicy}
    return {"spaces": found, "policies": policies}


def tables_of_timm():
    timm_augment._randomly_negate = lambda value: value
    configs = {}
    for config in interop_cases.TIMM:
        kind = config.partition("-")[0]
        make = {"rand": timm_augment.rand_augment_transform}.get(
            kind, timm_augment.auto_augment_transform
        )
        made = make(config, {"translate_const": 250, "img_mean": (128,) * 3})
        rows = made.policy if hasattr(made, "policy") else [[op] for op in made.ops]
        configs[config] = {
            "rows": [[_timm_op(op) for op in row] for row in rows],
            "layers": getattr(made, "num_layers", 1),
            "weights": None
            if getattr(made, "choice_weights", None) is None
            else list(made.choice_weights),
        }
    return configs


def _timm_op(op):
    upper = op.magnitude_max or 10
    values = op.level_fn(min(op.magnitude, upper), op.hparams) if op.level_fn else ()
    return [op.name, op.prob, list(map(float, values))]


def tables_of_model_garden(garden):
    garden._randomly_negate_tensor = lambda tensor: tensor
    table = {}
    for name in interop_cases.MODEL_GARDEN:
        table[name] = []
        for level in interop_cases.LEVELS:
            _, _, values = garden._parse_policy_info(name, 1.0, level, [0] * 3, 100, 250)
            table[name].append([float(v) for v in values if not isinstance(v, list)])
    policies = {
        name: getattr(garden.AutoAugment, f"policy_{name}")()
        for name in ("v0", "reduced_cifar10", "svhn", "reduced_imagenet")
    }
    return {"levels": table, "policies": policies}


def tables_of_dali():
    found = {}
    for name in ("image_net", "reduced_cifar10", "svhn", "reduced_image_net"):
        made = getattr(dali_auto_augment, f"get_{name}_policy")()
        found[name] = {
            "bins": made.num_magnitude_bins,
            "augmentations": {
                key: {
                    "op": aug.op.__name__,
                    "mag_range": None if aug.mag_range is None else list(aug.mag_range),
                    "mag_to_param": aug.mag_to_param.__name__,
                    "randomly_negate": aug.randomly_negate,
                }
                for key, aug in made.augmentations.items()
            },
            "sub_policies": [[[a.name, p, m] for a, p, m in row] for row in made.sub_policies],
        }
    return found


def main():
    """Writes the files beside this one."""
    warnings.filterwarnings("ignore", category=DeprecationWarning)
    height, width = SIZE
    image = np.ascontiguousarray(skimage_data.astronaut()[60 : 60 + height, 200 : 200 + width])
    results = {"image": image}
    for name, case in interop_cases.CASES.items():
        chosen = policy.Policy([[case]], fill=interop_cases.FILL)
        for library, to, run in (
            ("torchvision", policy.to_torchvision, with_torchvision),
            ("dali", policy.to_dali, with_dali),
        ):
            try:
                text = to(chosen)
            except ValueError:
                continue
            ast.parse(text)
            made = run(text, image)
            for key, value in (made if isinstance(made, dict) else {"": made[0]}).items():
                results[f"{library}/{name}{key}"] = value
            digest = hashlib.sha256(text.encode()).digest()
            results[f"{library}/{name}/sha256"] = np.frombuffer(digest, "uint8")
        try:
            fields = policy.to_albumentations(chosen, image_size=SIZE)
        except ValueError:
            continue
        results[f"albumentations/{name}"] = with_albumentations(fields, image)
    garden = model_garden()
    for name, case in interop_cases.CASES.items():
        if case.op in ("shear_x", "shear_y", "translate_x", "translate_y", "rotate"):
            if case.value < 0:
                continue  # there they go to either side
            case = dataclasses.replace(case, signed=True)
        try:
            ((triple,),) = policy.to_model_garden(
                policy.Policy([[case]], fill=128), image_size=SIZE
            )
        except ValueError:
            continue
        garden._randomly_negate_tensor = lambda tensor: tensor
        function, _, values = garden._parse_policy_info(*triple, [128] * 3, 100, 250)
        results[f"model_garden/{name}"] = np.asarray(
            function(garden.tf.constant(image), None, *values)[0]
        )
    # A whole policy of each, to see that it runs, and that draws differ.
    for name, chosen in interop_cases.policies().items():
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            drawn = with_dali(policy.to_dali(chosen, strict=False), image, count=16)
            transform = run_source(policy.to_torchvision(chosen, strict=False)).Augment()
            pipeline = albumentations.from_dict(policy.to_albumentations(chosen, strict=False))
        others = [np.asarray(transform(Image.fromarray(image))) for _ in range(16)]
        third = [pipeline(image=image)["image"] for _ in range(16)]
        different = [len({one.tobytes() for one in many}) for many in (drawn, others, third)]
        print(f"{name:24s} different pictures of 16: DALI, torchvision, Albumentations {different}")
        assert min(different) >= 3, name  # there are four of the flips
    tables = {
        "torchvision": tables_of_torchvision(),
        "timm": tables_of_timm(),
        "model_garden": tables_of_model_garden(garden),
        "dali": tables_of_dali(),
    }
    path = pathlib.Path(__file__)
    np.savez_compressed(path.with_suffix(".npz"), **results)
    path.with_suffix(".json").write_text(json.dumps(tables), encoding="utf-8")
    print(f"{len(results)} arrays, {path.with_suffix('.npz').stat().st_size} bytes")


if __name__ == "__main__":
    main()
