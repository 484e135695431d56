from . import augment as augment
from . import bench as bench
from . import classical as classical
from . import compat as compat
from . import data as data
from . import generative as generative
from . import inference as inference
from . import layers as layers
from . import losses as losses
from . import metrics as metrics
from . import mix as mix
from . import models as models
from . import optimizers as optimizers
from . import policy as policy
from . import search as search
from . import serving as serving
from . import training as training

__version__: str
