"""`python -m voltring_core COMMAND` is `voltring COMMAND`."""

from voltring_core.cli import main

main()
