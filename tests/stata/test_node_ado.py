"""`fedfolder_node`, typed into a Stata."""

from __future__ import annotations

import dataclasses

import pytest

from fedfolder.custody import policy_file
from fedfolder.errors import RefusedError
from fedfolder.resources import resource
from fedfolder.stata.frame import DataFrame
from tests.stata import mata_twin
from tests.stata.bench import StataBench, use
from tests.stata.standin import sfi
from tests.stata.test_stata_node import DEMO, calls, close, files  # noqa: F401 - a fixture


@pytest.fixture
def site(stata, tmp_path, calls):  # noqa: F811
    """A study whose node south is in `stata` alone, in a folder with blanks and an umlaut; and the command for it."""
    assert not calls
    bench = StataBench(tmp_path / "mein Prüffeld").open(files(tmp_path / "data"))
    bench.asleep.add("south")
    bench.nodes["south"].close()
    del bench.nodes["south"]
    home = bench.folder / "south"
    (tmp_path / "data" / "south.dta").rename(tmp_path / "data" / "south, used.dta")
    use(stata, tmp_path / "data" / "south, used.dta")
    yield dataclasses.make_dataclass("Site", ["bench", "stata", "home"])(bench, stata, home)
    bench.close()


def test_once(site, calls):  # noqa: F811
    def idle(_seconds):
        site.bench.work()
        assert site.stata.run(f'fedfolder_node once "{site.home}"') == 0

    close(site.bench.run(DEMO, idle=idle), DEMO)
    assert {frame for frame, _ in calls} == {"_fedfolder"}
    assert "asked" not in site.stata.errors
    assert set(site.stata.memory.frames) == {"default"}
    assert site.stata.run(f'fedfolder_node once "{site.home}"') == 0
    assert "nothing has come" in site.stata.text


def test_run_until_break(site):
    def idle(_seconds):
        site.bench.work()
        site.stata.press_break(after=3)
        assert site.stata.run(f'fedfolder_node run "{site.home}"') == 1

    close(site.bench.run(DEMO, idle=idle), DEMO)
    assert "south of study lbw is ready; data Stata's memory (frame default)" in site.stata.text
    assert "stopped by hand; nothing is lost" in site.stata.text
    assert "--Break--" in site.stata.errors


def test_the_do_file_for_a_custodian(site):
    text = resource("node_templates", "stata/fedfolder_node.do").read_text(encoding="ascii")
    commands = [line for line in text.split("\n") if line and not line.startswith("*")]
    assert [line.split()[0] for line in commands] == ["version", "use", "local", "fedfolder_node"]
    typed = "\n".join(line for line in commands if not line.startswith("use"))
    assert "C:/fedfolder/north" in typed

    def idle(_seconds):
        site.bench.work()
        site.stata.press_break(after=3)
        assert site.stata.run(typed.replace("C:/fedfolder/north", str(site.home))) == 1

    close(site.bench.run(DEMO, idle=idle), DEMO)


def test_data_in_another_frame_and_a_likelihood_of_its_own(site):
    site.stata.run("frame create births\nframe change births")
    mata_twin.OWN["my_logit"] = mata_twin.fedfolder_logit

    def idle(_seconds):
        site.bench.work()
        command = f'fedfolder_node once "{site.home}", likelihood(logit my_logit) frame(default)'
        assert site.stata.run(command) == 0

    close(site.bench.run(DEMO, idle=idle, own_likelihoods=True), DEMO)
    assert site.stata.memory.frame == "births"


def test_a_person_decides_with_the_data_in_view(site):
    policy = site.home / "policy.toml"
    policy.unlink()
    policy_file.create(policy, "open", "proposal")
    asked: list[int] = []

    def idle(_seconds):
        site.bench.work()
        assert site.stata.run(f'fedfolder_node once "{site.home}"') == 0
        if "waiting for a person" in site.stata.text and not asked:
            asked.append(site.stata.run(f'fedfolder_node pending "{site.home}"'))
            asked.append(site.stata.run(f'fedfolder_node approve "{site.home}" 1, by("A. Custodian") reason("a, b")'))

    close(site.bench.run(DEMO, idle=idle), DEMO)
    assert asked == [0, 0]
    assert f'fedfolder_node approve "{site.home}" 1' in site.stata.text
    assert "does not exist" not in site.stata.text
    assert "fedfolder node pending" not in site.stata.text
    assert "See fedfolder_node pending" in site.stata.text
    assert "else: fedfolder_node once" in site.stata.text
    assert "fit 1 is approved by A. Custodian" in site.bench.log("south")


def test_a_custodian_sees_that_the_likelihood_is_the_sites_own(site):
    mata_twin.OWN["my_logit"] = mata_twin.fedfolder_logit
    assert site.stata.run(f'fedfolder_node pending "{site.home}"') == 0
    assert "likelihood" not in site.stata.text
    assert site.stata.run(f'fedfolder_node pending "{site.home}", likelihood(logit my_logit)') == 0
    assert "note: this node has its own likelihood my_logit in the place of logit" in site.stata.text


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("fedfolder_node", 198),
        ("fedfolder_node walk HOME", 198),
        ("fedfolder_node run", 198),
        ("fedfolder_node run, frame(default)", 198),
        ("fedfolder_node once HOME, likelihood(my_logit)", 198),
        ("fedfolder_node once HOME, likelihood(logit absent)", 198),
        ("fedfolder_node once HOME, frame(absent)", 601),
        ("fedfolder_node approve HOME 7", 198),  # what to do names fedfolder_node, too
        ("fedfolder_node reject HOME 1", 198),
    ],
)
def test_what_cannot_be_done(site, typed, code):
    assert site.stata.run(typed.replace("HOME", f'"{site.home}"')) == code
    assert site.stata.errors
    assert "fedfolder node pending" not in site.stata.errors
    assert "Traceback" not in site.stata.text


def test_no_data_in_memory(site):
    site.stata.run("frame create empty")
    assert site.stata.run(f'fedfolder_node once "{site.home}", frame(empty)') == 601
    assert "there are no data in this frame" in site.stata.errors


def test_a_frame_of_the_users_is_never_dropped(site):
    site.stata.run("frame create _fedfolder")
    site.stata.memory.frames["_fedfolder"].set_nobs(3)
    assert site.stata.run(f'fedfolder_node once "{site.home}"') == 198
    assert site.stata.memory.frames["_fedfolder"].nobs == 3


def test_a_home_is_where_stata_is(site, tmp_path, monkeypatch):
    """Python's working folder is not Stata's."""
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    monkeypatch.setattr("tests.stata.standin.sfi.SFIToolkit.getWorkingDir", lambda: str(site.home.parent))
    assert site.stata.run("fedfolder_node once south") == 0, site.stata.text
    assert site.stata.run("fedfolder_node pending south") == 0, site.stata.text


def test_a_frame_that_was_not_filled_is_no_users(site, monkeypatch):
    """What stops a frame from being filled, such as the end of Stata's memory, is over when it is tried again."""
    fill, left = DataFrame.fill, [True]

    def fails(self, columns):
        if left:
            left.pop()
            raise sfi.SFIError("op. sys. refuses to provide memory")
        fill(self, columns)

    monkeypatch.setattr(DataFrame, "fill", fails)
    codes = []

    def idle(_seconds):
        site.bench.work()
        codes.append(site.stata.run(f'fedfolder_node once "{site.home}"'))

    close(site.bench.run(DEMO, idle=idle), DEMO)
    assert [code for code in codes if code] == [498]
    assert set(site.stata.memory.frames) == {"default"}


def test_more_parameters_than_a_matrix_of_this_stata_holds(site, monkeypatch):
    monkeypatch.setattr("tests.stata.standin.values.MAX_MATRIX", 3)

    def idle(_seconds):
        site.bench.work()
        assert site.stata.run(f'fedfolder_node once "{site.home}"') == 0

    with pytest.raises(RefusedError, match="south"):
        site.bench.run("logit low age i.race smoke", idle=idle)
    assert "matrices of this Stata end at 3 rows" in site.bench.log("south")
    close(site.bench.run(DEMO, idle=idle), DEMO)
