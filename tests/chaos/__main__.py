"""`python -m tests.chaos`"""

import sys, tempfile, time
from pathlib import Path
from tests.chaos.asks import Known, asks_of
from tests.chaos.experiment import suffer
from tests.chaos.faults import FAULTS
from tests.chaos.load import ConstantLoad
from tests.chaos.site import running_site

with tempfile.TemporaryDirectory() as folder:
    t = time.time()
    Path(folder).chmod(0o755)
    with running_site(Path(folder)) as site:
        print("up", time.time() - t, site.stack.project, flush=True)
        asks, known = asks_of(site), Known(site)
        t = time.time()
        known.learn([e for l in asks.values() for e in l])
        print("learned", time.time() - t, flush=True)
        with ConstantLoad(site.stack.url.removeprefix("http://"), asks, known) as load:
            for name in sys.argv[1:] or FAULTS:
                o = suffer(site, load, known, asks, FAULTS[name])
                print(
                    name,
                    dict(o.requests),
                    o.posts,
                    {k: dict(v) for k, v in o.failures.items()},
                    {k: round(v, 2) for k, v in o.slowest.items()},
                    "again",
                    o.executed_again,
                    "missing",
                    o.missing,
                    "wrong",
                    o.wrong,
                    "out",
                    o.out_after,
                    "rec",
                    o.recovered_after,
                    "back",
                    o.back_after,
                    o.note,
                    flush=True,
                )
