"""What runs in a child between fork and the real command, so that nothing outlives the launcher.

`python -P -m voltring_local.child ...` (`__main__.py`) ties the process to the launcher's life (`orphan.py`),
gives up root where PostgreSQL wants that (`nobody.py`) and turns into the command by exec, keeping its pid.
A program of its own, because Python is not safe between fork and exec. Imports nothing but the standard
library: it is started once for every child.
"""
