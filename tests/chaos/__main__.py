"""The long form, some twenty minutes: `python -m tests.chaos`, or some of it: `python -m tests.chaos kill freeze --alone`."""

import argparse
import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from tests.chaos import neighbours, slow_clients
from tests.chaos.asks import Known, asks_of
from tests.chaos.experiment import Experiment
from tests.chaos.faults import FAULTS
from tests.chaos.load import ConstantLoad
from tests.chaos.report import Report
from tests.chaos.site import ChaosSite, running_site
from tests.conftest import engine_is_missing
from tests.processes import ROOT

DOCUMENT = ROOT / "docs" / "reliability.md"


def main() -> int:
    given = options()
    if reason := engine_is_missing() or ("it needs root, on the machine of the engine" if os.geteuid() else ""):
        sys.exit(f"chaos: {reason}")
    report = Report()
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)  # the pages' user reads the data in it
        with running_site(Path(folder)) as site:
            for _ in measure(site, given, report):
                if given.write:  # again after each part, for whoever stops it
                    given.write.write_text(report.text(site.stack), encoding="utf-8")
            print(report.text(site.stack))
    return any(each.wrong or each.executed_again for each in report.outcomes)


def measure(site: ChaosSite, given: argparse.Namespace, report: Report) -> Iterator[None]:
    """Let the faults strike one after another, and the site meet all else that it is to bear."""
    asks, known = asks_of(site), Known(site)
    known.learn(asks)
    experiment = Experiment(site, known, asks)
    with ConstantLoad(site.address_of_site, asks, known) as load:
        for name in given.faults or FAULTS:
            report.outcomes.append(experiment.suffer(load, FAULTS[name]))
            yield
        if given.alone:
            return
        report.slow = slow_clients.measure(site, load)
        yield
    others = {page: asks[page] for page in neighbours.RATES}
    with ConstantLoad(site.address_of_site, others, known, neighbours.RATES) as load:
        for what in neighbours.WAYS:
            report.windows.append(neighbours.measure(site, load, what))
            yield


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("faults", nargs="*", metavar="FAULT", help=f"of {', '.join(FAULTS)}; none for all")
    parser.add_argument("--alone", action="store_true", help="the faults alone, without neighbours and slow clients")
    parser.add_argument("--write", type=Path, nargs="?", const=DOCUMENT, help="where the report goes, too")
    given = parser.parse_args()
    if unknown := set(given.faults) - FAULTS.keys():
        parser.error(f"no fault {', '.join(sorted(unknown))}; there are {', '.join(FAULTS)}")
    return given


if __name__ == "__main__":
    sys.exit(main())
