"""A compose project as it runs: its pages, their images and replicas."""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from deploy.commands import CommandFailed, Lock, run

LABEL = "com.docker.compose"


@dataclass(frozen=True)
class Replica:
    """A container of a page, as the engine knows it at one moment."""

    name: str
    image: str
    status: str  # created, running, restarting, exited …
    health: str  # starting, healthy, unhealthy; empty without a health check
    restarts: int
    exit_code: int
    config_hash: str
    inspected: Mapping[str, Any] = field(repr=False)  # an environment may hold a password

    @property
    def runs(self) -> bool:
        return self.status in ("running", "restarting")

    @property
    def ready(self) -> bool:
        return self.status == "running" and self.health in ("healthy", "")

    @property
    def failed(self) -> bool:
        """Whether it did not get ready, and will not: a start that fails is tried again by the engine for ever."""
        return not self.ready and (self.status != "running" or self.health == "unhealthy" or self.restarts > 0)


class Project:
    """The compose project that `docker compose` means where it is called: `-f`, `.env` and all."""

    def __init__(self, name: str = "") -> None:
        self._named = ("--project-name", name) if name else ()
        self._lock: Lock | None = None
        self._config = self.config()
        self.name: str = self._config["name"]

    def hold(self, lock: Lock) -> None:
        """Let each command hold this lock, too."""
        self._lock = lock

    def config(self, settings: Mapping[str, str] | None = None) -> dict[str, Any]:
        """docker-compose.yml with these variables, and otherwise those of the environment, filled in."""
        config: dict[str, Any] = json.loads(self.compose("config", "--format", "json", settings=settings))
        return config

    def compose(self, *arguments: str, settings: Mapping[str, str] | None = None) -> str:
        command = ("docker", "compose", "--progress", "plain", *self._named, *arguments)
        return run(*command, environment=settings, lock=self._lock)

    def docker(self, *arguments: str) -> str:
        return run("docker", *arguments, lock=self._lock)

    def pages(self) -> list[str]:
        """The services that are pages: those whose image is built of one."""
        services = self._config["services"].items()
        return sorted(name for name, service in services if "PAGE" in ((service.get("build") or {}).get("args") or {}))

    def service(self, page: str) -> dict[str, Any]:
        service: dict[str, Any] = self._config["services"][page]
        return service

    def tag(self, page: str) -> str:
        """What the image of a page is called, with which `docker compose up` starts it."""
        return self.service(page).get("image") or f"{self.name}-{page}"

    def tagged(self, page: str) -> str:
        """The image that is called so now; empty if none is."""
        try:
            return self.docker("image", "inspect", "--format", "{{.Id}}", self.tag(page)).strip()
        except CommandFailed:
            return ""

    def call(self, page: str, image: str) -> None:
        """Let `docker compose up` start this image from now on."""
        self.docker("tag", image, self.tag(page))

    def build(self, page: str) -> str:
        """Build the image of a page and return it; its name means what it did before."""
        before = self.tagged(page)
        try:
            self.compose("build", "--quiet", page)
            return self.tagged(page)
        finally:
            if before:
                self.call(page, before)

    def replicas(self, page: str) -> list[Replica]:
        """All containers of a page, the oldest first."""
        labels = {"project": self.name, "service": page, "oneoff": "False"}
        filters = [f"--filter=label={LABEL}.{key}={value}" for key, value in labels.items()]
        names = self.docker("ps", "--all", "--quiet", "--no-trunc", *filters).split()
        inspected = json.loads(self.docker("inspect", *names)) if names else []
        return sorted(map(replica_of, inspected), key=lambda replica: replica.inspected["Created"])

    def is_running(self, page: str) -> bool:
        return any(replica.runs for replica in self.replicas(page))

    def scale(self, page: str, replicas: int, settings: Mapping[str, str]) -> None:
        """Start as many replicas beside those there are as make up this number."""
        beside = ("--no-deps", "--no-recreate", "--no-build", "--scale", f"{page}={replicas}")
        self.compose("up", "--detach", *beside, page, settings=settings)

    def config_hash(self, page: str, settings: Mapping[str, str]) -> str:
        """What compose calls the configuration that a replica would have, if it was started now."""
        return self.compose("config", "--hash", page, settings=settings).split()[-1]


def replica_of(inspected: Mapping[str, Any]) -> Replica:
    """What matters of what the engine knows of a container."""
    state = inspected["State"]
    return Replica(
        name=inspected["Name"].lstrip("/"),
        image=inspected["Image"],
        status=state["Status"],
        health=(state.get("Health") or {}).get("Status", ""),
        restarts=inspected["RestartCount"],
        exit_code=state["ExitCode"],
        config_hash=inspected["Config"]["Labels"].get(f"{LABEL}.config-hash", ""),
        inspected=inspected,
    )


def chosen_variables(folder: Path) -> set[str]:
    """The variables that whoever calls has chosen: in the environment, or in the file .env beside docker-compose.yml."""
    file = folder / ".env"
    lines = file.read_text(encoding="utf-8").splitlines() if file.is_file() else []
    assigned = [line.partition("=")[0] for line in lines if "=" in line and not line.lstrip().startswith("#")]
    return {*os.environ, *(name.strip().removeprefix("export ").strip() for name in assigned)}
