from typing import Any

from keras import callbacks as callbacks
from keras import constraints as constraints
from keras import layers as layers
from keras import losses as losses
from keras import metrics as metrics
from keras import models as models
from keras import optimizers as optimizers
from keras import random as random
from keras import saving as saving
from keras.layers import Layer as Layer
from keras.models import Model as Model
from keras.models import Sequential as Sequential

def __getattr__(name: str) -> Any: ...
