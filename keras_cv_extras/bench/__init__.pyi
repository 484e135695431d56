from ._input import run_input as run_input
from ._losses import run_losses as run_losses
from ._ops import OP_PEERS as OP_PEERS
from ._ops import run_ops as run_ops
from ._policies import OWN as OWN
from ._policies import PEERS as PEERS
from ._policies import run_policies as run_policies
from ._pooling import run_pooling as run_pooling
