"""A whole fit at one node, in a process of its own: `python -m benchmarks.whole_fit FILE COMMAND`.

Prints as JSON, for each step, its seconds and the most memory (MiB) that the process had until its end.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from fedfolder.custody.finding import refuse
from fedfolder.custody.limits import at_beta
from fedfolder.custody.policy_file import named
from fedfolder.custody.seen import seen
from fedfolder.node.data import read_variables
from fedfolder.node.sampling import make_sample
from fedfolder.plan.fit import fit
from fedfolder.plan.proposal import Proposal, read_command
from fedfolder.questions.specification import Specification
from fedfolder.questions.sums import add

if TYPE_CHECKING:
    from fedfolder.command import Command

KEY = bytes(32)


def peak() -> float:
    """The most memory that this process had, MiB; NaN where the system does not say.

    On Linux not by `getrusage`, which begins with what the process had that started this one.
    """
    status = Path("/proc/self/status")
    if status.exists():
        lines = status.read_text(encoding="ascii", errors="replace").splitlines()
        return next(int(line.split()[1]) / 2**10 for line in lines if line.startswith("VmHWM:"))
    try:
        import resource
    except ImportError:
        return float("nan")
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


def steps(path: Path, command: Command) -> dict[str, tuple[float, float]]:
    """Do it: the seconds of each step, and the peak at its end."""
    found, started = {"start": (0.0, peak())}, time.perf_counter()

    def done(name: str) -> None:
        nonlocal started
        seconds = time.perf_counter() - started + found.get(name, (0.0, 0.0))[0]
        found[name], started = (seconds, peak()), time.perf_counter()

    frame = read_variables(path, command.sources)
    done("read")
    sample, asked, policy = make_sample(frame, command), Specification.of(command), named("registry")
    sample.digest()
    done("sample and digest")
    remembered = seen(frame.columns, command, sample, key=KEY)
    done("ledger")
    refuse(policy.of_sample(asked, sample))
    done("rules")
    program = fit(Proposal(command, (("node", ""),)))
    question = next(program)
    while True:
        refuse(at_beta(policy.limits, question, sample))
        done("limits of each beta")
        answer = question.compute(sample)
        done("answers")
        try:
            question = program.send((question, add([answer])))
        except StopIteration:
            break
    if not remembered.parts:
        raise AssertionError(remembered)
    return found


if __name__ == "__main__":
    print(json.dumps(steps(Path(sys.argv[1]), read_command(sys.argv[2]))))
