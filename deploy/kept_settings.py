"""The settings of the replicas that run, for those that are to follow them.

`PORTICO_DATA=postgresql://… docker compose up -d` starts a site whose settings stand nowhere but in its
containers. A rollout from another shell must not take them away.
"""

from collections.abc import Mapping, Set
from typing import Any

DATA_FOLDER = "/site/data"  # where docker-compose.yml mounts PORTICO_DATA_FOLDER


def kept_settings(
    page: str, service: Mapping[str, Any], container: Mapping[str, Any], chosen: Set[str]
) -> dict[str, str]:
    """The variables with which docker-compose.yml gives a page the settings that it runs with.

    Args:
        service: the page's block of docker-compose.yml, filled in from the environment of now.
        container: what the engine knows of a replica that runs.
        chosen: variables that were set on purpose; theirs is the last word.
    """
    running = {**_limits(page, container), **_folder(container), **_environment(container)}
    now = {**_limits(page, _as_container(service)), **_folder(_as_container(service)), **_texts(service)}
    return {name: running[name] for name in now if name not in chosen and running.get(name, now[name]) != now[name]}


def _environment(container: Mapping[str, Any]) -> dict[str, str]:
    pairs = (entry.partition("=") for entry in container["Config"]["Env"] or [])
    return {name: value for name, _, value in pairs}


def _texts(service: Mapping[str, Any]) -> dict[str, str]:
    return {name: value or "" for name, value in (service.get("environment") or {}).items()}


def _limits(page: str, container: Mapping[str, Any]) -> dict[str, str]:
    limits = container["HostConfig"]
    memory, processes = str(limits["Memory"]), str(limits["PidsLimit"] or 0)
    return {"PAGE_MEMORY": memory, f"{page.upper()}_MEMORY": memory, "PAGE_PIDS": processes}


def _folder(container: Mapping[str, Any]) -> dict[str, str]:
    folders = {each["Destination"]: each["Source"] for each in container["Mounts"]}
    return {"PORTICO_DATA_FOLDER": folders[DATA_FOLDER]} if DATA_FOLDER in folders else {}


def _as_container(service: Mapping[str, Any]) -> dict[str, Any]:
    """What of a block of docker-compose.yml will be in a container, under the engine's names."""
    mounts = [{"Source": each["source"], "Destination": each["target"]} for each in service.get("volumes") or []]
    limits = {"Memory": int(service.get("mem_limit") or 0), "PidsLimit": int(service.get("pids_limit") or 0)}
    return {"HostConfig": limits, "Mounts": mounts}
