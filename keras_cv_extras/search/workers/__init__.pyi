from ._processes import launch as launch
from ._processes import role_in as role_in
from ._processes import role_of_options as role_of_options
from ._processes import this_command as this_command
