"""Two Syncthings, a folder each, that know only each other, in a network of their own."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.shares.namespace import Namespace, ready

if TYPE_CHECKING:
    from pathlib import Path

MARKER = ".stfolder"
"""Without it Syncthing takes a folder for unmounted and leaves it alone."""
CONFIG = """<configuration version="36">
  <folder id="exchange" path="{folder}" rescanIntervalS="1" fsWatcherEnabled="true" fsWatcherDelayS="1">
    <device id="{me.identity}"/>
    <device id="{peer.identity}"/>
  </folder>
  <device id="{me.identity}"><address>tcp://127.0.0.1:{me.port}</address></device>
  <device id="{peer.identity}"><address>tcp://127.0.0.1:{peer.port}</address></device>
  <gui enabled="false"/>
  <options>
    <listenAddress>tcp://127.0.0.1:{me.port}</listenAddress>
    <reconnectionIntervalS>1</reconnectionIntervalS>
    <globalAnnounceEnabled>false</globalAnnounceEnabled>
    <localAnnounceEnabled>false</localAnnounceEnabled>
    <relaysEnabled>false</relaysEnabled>
    <natEnabled>false</natEnabled>
    <stunKeepaliveStartS>0</stunKeepaliveStartS>
    <startBrowser>false</startBrowser>
    <urAccepted>-1</urAccepted>
    <crashReportingEnabled>false</crashReportingEnabled>
    <autoUpgradeIntervalH>0</autoUpgradeIntervalH>
  </options>
</configuration>
"""


@dataclass(frozen=True, slots=True)
class End:
    """One Syncthing: where it keeps its key, who it is, and its port."""

    home: Path
    identity: str
    port: int


class Syncthing:
    """Keeps the folders `first` and `second` the same, as Syncthing does."""

    def __init__(self, first: Path, second: Path, homes: Path) -> None:
        self._space = Namespace()
        self.log = homes / "syncthing.log"
        one, two = self._generate(homes / "one", 22001), self._generate(homes / "two", 22002)
        for folder, me, peer in ((first, one, two), (second, two, one)):
            (folder / MARKER).mkdir(parents=True)
            text = CONFIG.format(folder=folder, me=me, peer=peer)
            (me.home / "config.xml").write_text(text, encoding="utf-8", newline="\n")
            quiet = ("--no-browser", "--no-restart", "--no-upgrade")
            self._space.start("syncthing", "serve", f"--home={me.home}", *quiet, log=self.log)
        ready(lambda: self._said("Established secure connection"), "Syncthing", self.log)

    def _generate(self, home: Path, port: int) -> End:
        """A key and what it is called."""
        done = self._space.run("syncthing", "generate", f"--home={home}", "--no-default-folder")
        assert done.returncode == 0, done.stderr
        found = re.search(r'<device id="([A-Z0-9-]{63})"', (home / "config.xml").read_text(encoding="utf-8"))
        assert found, "no identity"
        return End(home, found[1], port)

    def _said(self, words: str) -> bool:
        return words in self.log.read_text(encoding="utf-8", errors="replace")

    def close(self) -> None:
        self._space.close()
