"""File systems of their own: small ones in memory, and one on a file whose power can be cut."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import struct
import subprocess
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

SHUT_DOWN = 0x8004587D
"""EXT4_IOC_SHUTDOWN: the file system stops at once, as when the power fails."""
WITHOUT_FLUSHING = 2
"""Neither the journal of the file system nor what is in memory is written any more."""


def system(*words: object) -> subprocess.CompletedProcess[str]:
    """Run a program of the system."""
    command = [shutil.which(str(words[0])) or f"/usr/sbin/{words[0]}", *map(str, words[1:])]
    return subprocess.run(command, capture_output=True, text=True, encoding="utf-8", check=False, timeout=60)


class Mounts:
    """What was mounted, so that nothing stays mounted."""

    def __init__(self) -> None:
        self._mounted: list[Path] = []

    def mount(self, at: Path, *words: object) -> Path:
        """Mount something at a folder, or skip the test where that is not allowed."""
        at.mkdir(parents=True, exist_ok=True)
        done = system("mount", *words, at)
        if done.returncode != 0:
            pytest.skip(f"nothing can be mounted here: {done.stderr.strip()}")
        self._mounted.append(at)
        return at

    def unmount(self, at: Path) -> None:
        """Unmount it, at once if possible, and in any case as soon as nobody is in it."""
        if system("umount", at).returncode != 0:
            system("umount", "-l", at)
        self._mounted.remove(at)

    def close(self) -> None:
        """Unmount all of it, the last first."""
        for at in reversed(list(self._mounted)):
            self.unmount(at)


class Memory:
    """A file system in memory at `folder`, with the files that lay there, and as much room as a test gives it."""

    def __init__(self, mounts: Mounts, folder: Path) -> None:
        aside = folder.with_name(f"{folder.name} before")
        folder.rename(aside)
        self.folder = mounts.mount(folder, "-t", "tmpfs", "-o", "size=16m,mode=755", "tmpfs")
        shutil.copytree(aside, folder, dirs_exist_ok=True)
        shutil.rmtree(aside)

    def leave_room(self, *, pages: int | None = None, files: int | None = None) -> None:
        """Leave room for so many pages of 4096 bytes and so many files, and for no more."""
        found = os.statvfs(self.folder)
        size = (found.f_blocks - found.f_bfree) * found.f_frsize
        inodes = found.f_files - found.f_ffree
        limits = [f"size={size + pages * 4096}"] if pages is not None else []
        limits += [f"nr_inodes={inodes + files}"] if files is not None else []
        self.change(*limits)

    def make_room(self) -> None:
        self.change("size=16m", "nr_inodes=10k")

    def change(self, *options: str) -> None:
        """Mount it again with other options (`ro`, `rw`, limits)."""
        done = system("mount", "-o", ",".join(["remount", *options]), self.folder)
        assert done.returncode == 0, done.stderr


class Disk:
    """An ext4 file system on a file, mounted at `folder`, whose power can be cut."""

    def __init__(self, mounts: Mounts, image: Path, folder: Path) -> None:
        self.folder = folder
        self._mounts = mounts
        self._image = image
        # A new file, also where one of this name is still mounted in another test's namespace.
        image.unlink(missing_ok=True)
        with image.open("wb") as file:
            file.truncate(32 << 20)
        made = system("mkfs.ext4", "-q", "-F", image)
        assert made.returncode == 0, made.stderr
        self._mount()

    def _mount(self) -> None:
        self._mounts.mount(self.folder, "-o", "loop", "-t", "ext4", self._image)

    def cut_power(self) -> None:
        """Let the file system stop here and now; what it has not written is lost."""
        descriptor = os.open(self.folder, os.O_RDONLY)
        try:
            fcntl.ioctl(descriptor, SHUT_DOWN, struct.pack("I", WITHOUT_FLUSHING))
        finally:
            os.close(descriptor)

    def power_on(self) -> None:
        """What is there after a power cut, when the computer has started again."""
        self._mounts.unmount(self.folder)
        # Another test's namespace may hold the mount that was there: what is mounted from the same image would be the
        # stopped file system again.
        copy = self._image.with_name(f"{self._image.name}+")
        shutil.copyfile(self._image, copy)
        copy.replace(self._image)
        self._mount()

    def settle(self) -> None:
        """Have everything written that was written so far."""
        done = system("sync", "-f", self.folder)
        assert done.returncode == 0, done.stderr


def can_cut_power(folder: Path) -> str:
    """Why no power can be cut here; empty if it can."""
    mounts = Mounts()
    with contextlib.closing(mounts):
        try:
            disk = Disk(mounts, folder / "image", folder / "disk")
            (disk.folder / "file").write_bytes(b"never synced")
            disk.cut_power()
            disk.power_on()
        except (OSError, AssertionError) as error:
            return f"no ext4 on a loop device here: {error}"
        return "" if not (disk.folder / "file").exists() else "this ext4 loses nothing"
