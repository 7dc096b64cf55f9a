"""Small file systems in memory, to be filled up or locked. Only for root, and where mounting is allowed."""

import os
import subprocess
import threading
from contextlib import contextmanager


class Refused(Exception):
    """Why nothing could be mounted."""


def mount(*arguments):
    try:
        done = subprocess.run(["mount", *arguments], capture_output=True, text=True)
    except FileNotFoundError as why:
        raise Refused("there is no program `mount`") from why
    if done.returncode:
        raise Refused(done.stderr.strip() or f"mount ended with {done.returncode}")


class Small:
    """A mounted file system."""

    def __init__(self, folder):
        self.folder = folder

    def resize(self, size):
        mount("-o", f"remount,size={size}", str(self.folder))

    def lock(self, locked=True):
        mount("-o", f"remount,{'ro' if locked else 'rw'}", str(self.folder))

    def used(self):
        found = os.statvfs(self.folder)
        return (found.f_blocks - found.f_bfree) * found.f_frsize


@contextmanager
def small(folder, size):
    """A file system of `size` bytes in `folder`, for as long as it is wanted."""
    folder.mkdir(parents=True, exist_ok=True)
    mount("-t", "tmpfs", "-o", f"size={size},mode=777", "striae-faults", str(folder))
    try:
        yield Small(folder)
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=False)


class Most:
    """The most that was used of a file system while this went on."""

    def __init__(self, small):
        self.small, self.most, self.going = small, 0, True
        self.thread = threading.Thread(target=self.watch)

    def watch(self):
        while self.going:
            self.most = max(self.most, self.small.used())
            threading.Event().wait(0.002)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.going = False
        self.thread.join()
        self.most = max(self.most, self.small.used())
