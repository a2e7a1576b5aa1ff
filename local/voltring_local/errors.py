"""What can go wrong in `voltring up`.

VoltringError
└── StartFailed          the start, or a server's, is stopped; the message is the one sentence to show
    └── AlreadyRunning   another launcher holds the data directory
"""

from voltring_core.errors import VoltringError


class StartFailed(VoltringError):
    """The start failed."""


class AlreadyRunning(StartFailed):
    """Another launcher holds the data directory."""
