"""PostgreSQL refuses to run as root, and its initdb wants a user with a name: lend it `nobody`.

First choice is a user namespace in which the present user is called 65534: files keep their owner, and closed
directories on the way stay passable. Where namespaces are forbidden (most containers) root becomes the host's
nobody and keeps, on Linux, just the right to pass and write where it could before.
"""

import contextlib
import ctypes
import os
import pwd
import sys

FORCE = "VOLTRING_WITHOUT_NAMESPACES"
"""Set to 1 to take the second way at once."""
NOBODY = 65534
CLONE_NEWUSER = 0x10000000
PR_SET_KEEPCAPS, PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE = 8, 47, 2
CAPABILITY_VERSION_3 = 0x20080522
CAP_DAC_OVERRIDE = 1


def is_needed() -> bool:
    """Whether the present user can't run PostgreSQL as itself."""
    try:
        return pwd.getpwuid(os.geteuid()).pw_uid == 0
    except KeyError:
        return True


def become_nobody(directory: str) -> None:
    """Give up root (or namelessness) for the rest of this process, as the owner of `directory`."""
    if _namespaces_work():
        _own(directory, os.geteuid(), os.getegid())
        _enter_namespace()
    elif os.geteuid() == 0:
        _become_the_hosts_nobody(directory)


def _namespaces_work() -> bool:
    if not sys.platform.startswith("linux") or os.environ.get(FORCE) == "1":
        return False
    trial = os.fork()
    if trial == 0:
        try:
            _enter_namespace()
            os._exit(0)
        finally:
            os._exit(1)
    return os.waitpid(trial, 0)[1] == 0


def _enter_namespace() -> None:
    uid, gid = os.geteuid(), os.getegid()
    _call("unshare", CLONE_NEWUSER)
    for name, line in (
        ("setgroups", "deny"),
        ("uid_map", f"{NOBODY} {uid} 1"),
        ("gid_map", f"{NOBODY} {gid} 1"),
    ):
        with open(f"/proc/self/{name}", "w") as file:
            file.write(line)


def _become_the_hosts_nobody(directory: str) -> None:
    user = pwd.getpwnam("nobody")
    _own(directory, user.pw_uid, user.pw_gid)
    linux = sys.platform.startswith("linux")
    if linux:
        _call("prctl", PR_SET_KEEPCAPS, 1, 0, 0, 0)
    os.setgroups([])
    os.setgid(user.pw_gid)
    os.setuid(user.pw_uid)
    if linux:
        # A container may have dropped the capability; then the directories must be passable by themselves.
        with contextlib.suppress(OSError):
            _keep(CAP_DAC_OVERRIDE)


def _keep(capability: int) -> None:
    """Carry one capability, and no other, through exec."""
    header = (ctypes.c_uint32 * 2)(CAPABILITY_VERSION_3, 0)
    mask = 1 << capability
    data = (ctypes.c_uint32 * 6)(mask, mask, mask, 0, 0, 0)
    _call("capset", header, data)
    _call("prctl", PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, capability, 0, 0)


def _own(directory: str, uid: int, gid: int) -> None:
    """Hand the tree over, unless it is that owner's already: an earlier start may have gone the other way."""
    if os.stat(directory).st_uid == uid:
        return
    for folder, _, files in os.walk(directory, topdown=False):
        for name in files:
            os.chown(os.path.join(folder, name), uid, gid, follow_symlinks=False)
        os.chown(folder, uid, gid)


def _call(name: str, *arguments: object) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if getattr(libc, name)(*arguments) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{name}: {os.strerror(number)}")
