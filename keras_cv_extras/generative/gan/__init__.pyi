from ._files import GanReport as GanReport
from ._files import report as report
from ._files import sample as sample
from ._files import train as train
from ._report import gan_report as gan_report
from ._training import check_steps as check_steps
from ._training import has_collapsed as has_collapsed
