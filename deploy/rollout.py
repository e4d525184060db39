"""`python -m deploy.rollout`: a new build of a page, of several or of all that changed, without a visitor noticing."""

import argparse
import signal
import sys
import time
from types import FrameType

from deploy.commands import INTERRUPTS, CommandFailed, Lock
from deploy.page_rollout import LeftOut, PageRollout, RolloutFailed
from deploy.project import Project

READY_WITHIN_S = 120  # a page is ready after two seconds; one of much data may take its health check's first minute
# An address that was freed may be another page's next; by then, the gateway must have forgotten whose it was.
FORGOTTEN_AFTER_S = 3
EXIT_FAILED, EXIT_INTERRUPTED = 1, 130


def main() -> None:
    """Roll out the pages of the command line, and exit with 1 if one was taken back."""
    options = _options()
    for each in INTERRUPTS:
        signal.signal(each, _interrupt)
    try:
        _roll_out(options.pages, options.project_name, options.ready_within)
    except (RolloutFailed, CommandFailed) as error:
        print(f"rollout: {error}", file=sys.stderr)
        sys.exit(EXIT_FAILED)
    except KeyboardInterrupt:
        print("rollout: interrupted; run again to go on", file=sys.stderr)
        sys.exit(EXIT_INTERRUPTED)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m deploy.rollout", description=__doc__)
    parser.add_argument("pages", nargs="*", metavar="PAGE", help="unset: all pages whose image changed")
    parser.add_argument("--project-name", default="", help="as of docker compose")
    parser.add_argument("--ready-within", type=float, default=READY_WITHIN_S, metavar="SECONDS")
    return parser.parse_args()


def _interrupt(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _roll_out(named: list[str], project_name: str, ready_within: float) -> None:
    project = Project(project_name)
    lock = Lock(project.name)
    lock.take(lambda text: print(f"{project.name}: {text}", flush=True))
    project.hold(lock)
    if unknown := sorted(set(named) - set(project.pages())):
        raise RolloutFailed(f"{', '.join(unknown)}: no page of docker-compose.yml; known: {', '.join(project.pages())}")
    rolled, failed = False, list[str]()
    for page in named or project.pages():
        if rolled:
            time.sleep(FORGOTTEN_AFTER_S)
        try:
            rolled = _roll_out_page(project, page, ready_within)
        except LeftOut as error:
            if page in named:
                failed.append(f"{page}: {error}")
            print(f"{page}: left out: {error}", flush=True)
    if failed:
        raise RolloutFailed("; ".join(failed))


def _roll_out_page(project: Project, page: str, ready_within: float) -> bool:
    """Build a page and roll it out if that changed it; say whether it did."""

    def say(text: str) -> None:
        print(f"{page}: {text}", flush=True)

    start = time.monotonic()
    if not project.is_running(page):
        raise LeftOut(f"{page} is not running: `docker compose up --detach {page}` starts it")
    say("building")
    image = project.build(page)
    rollout = PageRollout(project, page, image, ready_within, say)
    if not rollout.is_needed:
        project.call(page, image)
        rollout.check_settings()
        say("nothing changed")
        return False
    rollout.run()
    say(f"done in {time.monotonic() - start:.0f} s")
    return True


if __name__ == "__main__":
    main()
