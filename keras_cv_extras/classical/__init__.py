"""Classical image classification: local features, coding, spatial pyramids, SVMs.

Everything is a scikit-learn estimator: it fits into `Pipeline`, `GridSearchCV`, `clone`, joblib.
"""

from keras_cv_extras._base import lazy

__getattr__, __dir__, __all__ = lazy.attach(__name__, __file__)
