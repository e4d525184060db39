"""The short form of `make chaos`: the faults that a site meets first, and no wrong answer in any of them."""

import os
from collections.abc import Iterator

import pytest

from tests.chaos.asks import Known, asks_of
from tests.chaos.experiment import Experiment, Outcome
from tests.chaos.faults import FAULTS
from tests.chaos.load import ConstantLoad
from tests.chaos.report import RECOVERY_GOAL_S
from tests.chaos.site import OTHERS, running_site

pytestmark = [
    pytest.mark.containers,
    pytest.mark.skipif(os.geteuid() != 0, reason="faults need root, as they come from the machine of the engine"),
]

NAMES = ("kill", "freeze", "hang", "drop", "reset", "address-taken", "gateway")
SECONDS = 3.0  # that a fault lasts here
CALM_S = 1.0
# What the gateway is to hide from whoever only reads.
UNSEEN = ("kill",)


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Outcome]]:
    """What became of each fault, by its name; they strike one after another."""
    with running_site(tmp_path_factory.mktemp("site")) as site:
        asks, known = asks_of(site), Known(site)
        known.learn(asks)
        experiment = Experiment(site, known, asks, CALM_S)
        with ConstantLoad(site.address_of_site, asks, known) as load:
            yield {name: experiment.suffer(load, FAULTS[name].lasting(SECONDS)) for name in NAMES}


@pytest.fixture(params=NAMES)
def outcome(outcomes: dict[str, Outcome], request: pytest.FixtureRequest) -> Outcome:
    return outcomes[request.param]


def test_no_answer_is_wrong(outcome: Outcome):
    assert (outcome.wrong, outcome.note) == (0, "")
    assert outcome.posts > outcome.requests.total() / 2


def test_no_callback_with_an_effect_runs_twice(outcome: Outcome):
    assert outcome.executed_again == 0


def test_all_is_well_again_within_five_seconds(outcome: Outcome):
    assert outcome.recovered_after is not None
    assert outcome.recovered_after <= RECOVERY_GOAL_S


@pytest.mark.parametrize("name", [each for each in NAMES if each != "gateway"])
def test_other_pages_notice_nothing(outcomes: dict[str, Outcome], name: str):
    assert outcomes[name].failed(*OTHERS) == {}


@pytest.mark.parametrize("name", UNSEEN)
def test_no_request_without_an_effect_fails(outcomes: dict[str, Outcome], name: str):
    assert outcomes[name].failed_reads == 0, outcomes[name].examples
