"""Starts, memory and image sizes: the embedded site beside its peers, and each container of the site."""

import json
import time
from collections import defaultdict
from collections.abc import Iterable, Mapping

import plotly.graph_objects as go

from bench import start_and_memory
from bench.peers import GATEWAY_PORT, SERVICE_PORT, own_address, portico_callbacks, post, wait_for
from bench.plots import Panel, alone, bars
from bench.report import print_table, spread
from tests.containers.stack import Stack, run

ROUNDS = 3
STARTED = {"home": "/", "barchart": "/barchart/", "linechart": "/linechart/", "gateway": "/healthz"}
MB, MIB = 1_000_000, 1024 * 1024
UNITS = {"B": 1, "kB": 1000, "KiB": 1024, "MB": MB, "MiB": MIB, "GB": 1000 * MB, "GiB": 1024 * MIB}

# By container: seconds of a start, MiB after it, MiB after callbacks.
Taken = dict[str, list[tuple[float, float, float]]]


def size_of(text: str) -> float:
    """The bytes of a size as Docker writes it: `84.5MiB`."""
    number = text.rstrip("BKMGikmg")
    return float(number) * UNITS[text[len(number) :]]


def memory_mib(container: str) -> float:
    """The memory that Docker counts for a container, without the page cache."""
    told = run("docker", "stats", "--no-stream", "--format", "{{.MemUsage}}", container)
    return size_of(told.split(" / ")[0].strip()) / MIB


def start_s(stack: Stack, service: str) -> float:
    """Put a new container in the place of a service's; return the seconds from its start until it answers."""
    stack.compose("up", "--no-start", "--no-build", "--no-deps", "--force-recreate", service)
    container = stack.compose("ps", "--all", "--quiet", service).strip()
    begin = time.perf_counter()
    run("docker", "start", container)
    port = GATEWAY_PORT if service == "gateway" else SERVICE_PORT
    wait_for(own_address(container, port) + STARTED[service])
    return time.perf_counter() - begin


def image_sizes(project: str, services: Iterable[str]) -> dict[str, tuple[float, float]]:
    """By service, the MB of its image, and how much of it no other image has."""
    told = json.loads(run("docker", "system", "df", "--verbose", "--format", "json"))["Images"]
    sizes = {each["Repository"]: (size_of(each["Size"]) / MB, size_of(each["UniqueSize"]) / MB) for each in told}
    return {service: sizes[f"{project}-{service}"] for service in services}


def measure_containers(stack: Stack, rounds: int) -> Taken:
    """For each container: seconds of a start, MiB after it, and MiB after every chart was drawn."""
    taken = defaultdict(list)
    for _ in range(rounds):
        starts = {service: start_s(stack, service) for service in STARTED}
        stack.healthy()
        containers = {service: stack.containers(service)[0] for service in STARTED}
        idle = {service: memory_mib(container) for service, container in containers.items()}
        for path, body in portico_callbacks(stack.url) * 20:
            post(stack.url, path, body)
        for service, container in containers.items():
            taken[service].append((starts[service], idle[service], memory_mib(container)))
    return taken


def main(stack: Stack, rounds: int = ROUNDS) -> go.Figure:
    print("Embedded: Python processes on this machine.")
    in_one = start_and_memory.main(rounds)
    taken = measure_containers(stack, rounds)
    sizes = image_sizes(stack.project, taken)
    print("\nContainers: `docker start` to the first answer; memory as `docker stats` has it.")
    print_containers(taken, sizes)
    return plotted(in_one, taken, sizes)


def print_containers(taken: Taken, sizes: Mapping[str, tuple[float, float]]) -> None:
    rows = []
    for service, figures in taken.items():
        starts, idle, used = zip(*figures, strict=True)
        whole, own = sizes[service]
        rows.append((service, spread(starts, 2), spread(idle), spread(used), f"{whole:,.0f}", f"{own:,.3f}"))
    header = [
        "container",
        "start (s)",
        "memory idle (MiB)",
        "after 20 callbacks of each chart",
        "image (MB)",
        "of it its own",
    ]
    print_table(header, rows)


def plotted(
    in_one: Mapping[str, list[list[float]]], taken: Taken, sizes: Mapping[str, tuple[float, float]]
) -> go.Figure:
    """Starts and memory of the embedded site beside its peers, and of each container; sizes of the images."""

    def column(number: int) -> Panel:
        return alone({service: [each[number] for each in figures] for service, figures in taken.items()})

    return bars(
        {
            "start to first answer (s)": alone({name: starts for name, (starts, _) in in_one.items()}),
            "memory, PSS (MiB)": alone({name: memory for name, (_, memory) in in_one.items()}),
            "container: start to first answer (s)": column(0),
            "container: memory after callbacks (MiB)": column(2),
            "image (MB)": alone({service: [whole] for service, (whole, _) in sizes.items()}),
        }
    )
