"""What a verification says, as a record."""

from keras_cv_extras import serving


def test_a_verification_names_the_differences():
    differences = {"serving_default": 0.00001234, "predict_images": 0.0}
    found = serving.Verification("digits/1", "saved_model", 16, differences, 41, 2.25)
    assert str(found) == (
        "verified on 16 images in 2.2 s, 41 kinds of operations; greatest differences: "
        "serving_default 1.2e-05, predict_images 0.0e+00"
    )
    other = serving.Verification("digits/1", "onnx", 3, {"model.onnx": 0.5}, None, 1.0)
    assert str(other) == "verified on 3 images in 1.0 s; greatest differences: model.onnx 5.0e-01"
