"""The soak, a short one."""

from __future__ import annotations

import soak


def test_a_few_kills_change_no_bit(tmp_path, capsys):
    assert soak.soak(3, 5, tmp_path) == 0
    printed = capsys.readouterr().out.split()
    assert printed[:3] == ["3", "kills", "survived,"]
    assert printed[-2:] == ["0", "differences"]


def test_a_difference_is_seen(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(soak.Soak, "undisturbed", lambda *_: {})
    assert soak.soak(1, 5, tmp_path) == 1
    assert "1 differences" in capsys.readouterr().out
