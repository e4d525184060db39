"""Look for requests that cost a gateway much: `python -m tests.security URL PROCESS [REQUESTS] [SEED]`."""

import sys
from functools import partial
from itertools import chain, islice

from tests.security.costly import known_worst, made_up
from tests.security.costs import GOAL_MS, processor_ms, worst_of


def main(url: str, process: str, requests: str = "100000", seed: str = "1") -> int:
    """Print the dearest request; return 1 if it is dearer than the goal."""
    asked = chain(known_worst(), islice(made_up(int(seed)), int(requests)))
    worst = worst_of(url, partial(processor_ms, int(process)), asked)
    print(worst.described())
    return int(worst.ms > GOAL_MS)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
