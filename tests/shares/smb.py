"""A real SMB share: Debian's samba as the server and smbnetfs, which is Samba's own client library, as the clients."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.shares.namespace import Namespace, kill, ready

if TYPE_CHECKING:
    import subprocess
    from pathlib import Path

ADDRESS = "127.0.0.1"
SHARE = "exchange"
PASSWORD = "a password of nobody"  # noqa: S105 - of a server that nobody else can reach, for some seconds

# Samba's state lies in the memory of the namespace: the paths of its sockets must be short.
SERVER = """[global]
server role = standalone server
interfaces = lo
bind interfaces only = yes
smb ports = 445
disable netbios = yes
load printers = no
printcap name = /dev/null
disable spoolss = yes
private dir = /run/samba
lock directory = /run/samba
state directory = /run/samba
cache directory = /run/samba
pid directory = /run/samba
ncalrpc dir = /run/samba/ncalrpc
log file = /run/samba/log
[{share}]
path = {path}
read only = no
"""
CLIENT = """[global]
client min protocol = SMB2
name resolve order = host
disable netbios = yes
"""
# A name that was not there is asked for again at once; the default is to remember for 3 s that it was not.
SMBNETFS = """smb_query_browsers "false"
use_libsecret "false"
neg_cache_timeout 1
auth "{address}" "root" "{password}"
host {address} visible=true
"""


class SmbShare:
    """A share whose files lie in `folder`, in a namespace of its own."""

    def __init__(self, folder: Path, logs: Path) -> None:
        self._space = Namespace()
        self._log = logs / "samba.log"
        self._clients = 0
        self._write("/run/samba/smb.conf", SERVER.format(share=SHARE, path=folder))
        added = self._space.run(
            "smbpasswd", "-c", "/run/samba/smb.conf", "-s", "-a", "root", said=f"{PASSWORD}\n{PASSWORD}\n"
        )
        assert added.returncode == 0, added.stderr
        self.server = self.start_server()

    def _write(self, path: str, text: str) -> None:
        target = self._space.path(path)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8", newline="\n")
        target.chmod(0o600)

    def start_server(self) -> subprocess.Popen[bytes]:
        self.server = self._space.start(
            "smbd", "--foreground", "--no-process-group", "--configfile=/run/samba/smb.conf", log=self._log
        )
        return self.server

    def stop_server(self) -> None:
        """End the server as a power cut would."""
        kill(self.server)

    def mount(self, link: Path) -> Path:
        """Connect one more computer to the share: `link` becomes its way there."""
        self._clients += 1
        home, point = f"/run/client{self._clients}", f"/run/mount{self._clients}"
        self._space.path(point).mkdir()
        self._write(f"{home}/.smb/smb.conf", CLIENT)
        self._write(f"{home}/.smb/smbnetfs.conf", SMBNETFS.format(address=ADDRESS, password=PASSWORD))
        self._space.start("smbnetfs", "-f", point, log=self._log, env={"HOME": home})
        share = self._space.path(point) / ADDRESS / SHARE
        # The mount shows the share before it has spoken to its server; listing is what needs it.
        ready(lambda: list(share.iterdir()) or True, "the share", self._log)
        link.symlink_to(share)
        return link

    def close(self) -> None:
        self._space.close()
