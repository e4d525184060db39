"""The rollout of one page: new replicas beside the old ones, which go once the new ones have proved ready.

No state is kept of it. What is to be done follows from the containers that are there, so that a rollout that was
killed at any moment is finished, or cleaned up, by running it again.
"""

import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from deploy.commands import CommandFailed, last_lines, run, uninterrupted
from deploy.kept_settings import kept_settings
from deploy.project import Project, Replica, chosen_variables

POLL_S = 0.2
# The gateway asks for its replicas' names once a second, and leaves one that refused it while it started alone for two.
KNOWN_AFTER_S = 4
KILLED = 137  # the exit code of a replica that was still at work when its grace period was over


class RolloutFailed(Exception):
    """The new build was taken back, or nothing was begun; its text says why."""


class LeftOut(RolloutFailed):
    """Nothing of a page can be rolled out; its text says why, and what starts it instead."""


class PageRollout:
    """A page's way from the replicas that serve it to as many of a new image.

    Args:
        image: the new one, which the page's name does not mean yet.
        ready_within: how long all new replicas together may take to be ready, in seconds.
        say: shows a line of progress.
    """

    def __init__(
        self, project: Project, page: str, image: str, ready_within: float, say: Callable[[str], None]
    ) -> None:
        self._project, self._page, self._image = project, page, image
        self._ready_within, self._say = ready_within, say
        found = [replica for replica in project.replicas(page) if replica.runs]
        if not found:
            raise LeftOut(f"{page} is not running any more")
        # Of an interrupted rollout, both images have replicas; neither ever has more than there are to be.
        self._wanted = max(Counter(replica.image for replica in found).values())
        self._serving = _image_that_serves(found, image, project.tagged(page))
        newest = _newest(found, self._serving)
        self._settings = self._kept_settings(newest)
        self._settings_differ = project.config_hash(page, self._settings) != newest.config_hash
        # Whether an earlier run had found the new build to be ready, and perhaps stopped old replicas.
        self._decided = project.tagged(page) == image and any(each.ready for each in self._new())

    @property
    def is_needed(self) -> bool:
        """Whether a replica of another image is there."""
        return bool(self._old())

    def check_settings(self) -> None:
        """Look whether replicas would be started with the settings that they have.

        Raises:
            LeftOut: they would have others.
        """
        if self._settings_differ:
            again = f"docker compose up --detach --no-deps --scale {self._page}={self._wanted} {self._page}"
            raise LeftOut(f"its build is the same, but its settings are not; `{again}` starts its replicas anew")

    def run(self) -> None:
        """Roll out.

        Raises:
            RolloutFailed: the new replicas did not become ready, or did not stay so.
        """
        if self._settings_differ:
            self._say("its settings change too: docker-compose.yml or a variable says other than the running replicas")
        try:
            self._clean_up()
            self._start_new()
            self._wait_until_ready()
        except BaseException:
            with uninterrupted():
                self._take_back()
            raise
        self._project.call(self._page, self._image)
        self._stop_old()

    def _new(self) -> list[Replica]:
        return [each for each in self._project.replicas(self._page) if each.image == self._image]

    def _old(self) -> list[Replica]:
        return [each for each in self._project.replicas(self._page) if each.image != self._image]

    def _kept_settings(self, replica: Replica) -> dict[str, str]:
        service, chosen = self._project.service(self._page), chosen_variables(Path.cwd())
        return kept_settings(self._page, service, replica.inspected, chosen)

    def _clean_up(self) -> None:
        """Remove what an interrupted rollout, or a replica that was stopped, has left."""
        left = [each for each in self._new() if each.failed]
        left += [each for each in self._old() if not each.runs or (each.image != self._serving and not each.ready)]
        if left:
            self._say(f"removing what is left of earlier: {_names(left)}")
            self._remove(left)

    def _start_new(self) -> None:
        """Start what is missing; the page's name means the new image only while compose makes the containers."""
        there = self._project.replicas(self._page)
        missing = self._wanted - sum(each.image == self._image for each in there)
        if missing <= 0:
            return
        self._say(f"starting {missing} of the new build beside {len(there)}")
        self._project.call(self._page, self._image)
        self._project.scale(self._page, len(there) + missing, self._settings)
        if not self._decided:
            self._project.call(self._page, self._serving)

    def _wait_until_ready(self) -> None:
        start, known = time.monotonic(), 0
        while known < self._wanted:
            new = self._new()
            ready = sum(each.ready for each in new)
            seconds = time.monotonic() - start
            if ready > known:
                self._say(f"{ready} of {self._wanted} new replicas ready after {seconds:.1f} s")
            known = ready
            self._check_start(new, seconds)
            time.sleep(POLL_S)

    def _check_start(self, new: list[Replica], seconds: float) -> None:
        failed = [each for each in new if each.failed]
        if failed:
            raise RolloutFailed(f"{failed[0].name} did not start\n{self._log_of(failed[0])}")
        if len(new) < self._wanted:
            raise RolloutFailed("a new replica is gone: somebody else removed it")
        late = [each for each in new if not each.ready]
        if late and seconds > self._ready_within:
            raise RolloutFailed(
                f"{late[0].name} was not ready within {self._ready_within:.0f} s\n{self._log_of(late[0])}"
            )

    def _log_of(self, replica: Replica) -> str:
        try:
            log = run("docker", "logs", "--tail", "50", replica.name, complaints=True)
        except CommandFailed as error:
            return str(error)
        return last_lines(log) or "    (its log is empty)"

    def _take_back(self) -> None:
        """Leave the site as it was: new replicas go, unless an earlier run has stopped old ones for them."""
        gone = [each for each in self._new() if not (self._decided and each.ready)]
        if not self._decided:
            self._project.call(self._page, self._serving)
        if gone:
            self._say(f"taking back the new build: removing {_names(gone)}")
            self._remove(gone)
        self._say(f"{_names([each for each in self._project.replicas(self._page) if each.ready])} go on serving")

    def _remove(self, replicas: list[Replica]) -> None:
        """Remove containers; those that may have visitors are given the time to answer them."""
        ready = [each.name for each in replicas if each.ready]
        if ready:
            self._project.docker("stop", *ready)
        self._project.docker("rm", "--force", *[each.name for each in replicas])

    def _stop_old(self) -> None:
        old = self._old()
        if old:
            self._say("waiting until the gateway knows the new replicas")
            time.sleep(KNOWN_AFTER_S)
        for number, replica in enumerate(old, start=1):
            self._check_new_stay_ready(len(old) - number + 1)
            start = time.monotonic()
            self._project.docker("stop", replica.name)
            [stopped] = [each for each in self._project.replicas(self._page) if each.name == replica.name]
            self._project.docker("rm", replica.name)
            how = "killed at the end of its grace period" if stopped.exit_code == KILLED else "drained"
            self._say(f"{replica.name} {how} ({number} of {len(old)}, {time.monotonic() - start:.1f} s)")

    def _check_new_stay_ready(self, left: int) -> None:
        ready = sum(each.ready for each in self._new())
        if ready < self._wanted:
            problem = f"only {ready} of {self._wanted} new replicas are still ready: {left} old ones stay"
            raise RolloutFailed(f"{problem}; run again to go on, or take the change back and run again")


def _image_that_serves(found: list[Replica], new: str, tagged: str) -> str:
    """The image to go back to: one that is ready now, and the one that the page's name means if it can be."""
    others = [each for each in found if each.image != new] or found
    images = [each.image for each in others if each.ready] or [each.image for each in others]
    return tagged if tagged in images else Counter(images).most_common(1)[0][0]


def _newest(found: list[Replica], image: str) -> Replica:
    return [each for each in found if each.image == image][-1]


def _names(replicas: list[Replica]) -> str:
    return ", ".join(replica.name for replica in replicas) or "nothing"
