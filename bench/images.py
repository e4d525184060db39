"""Starts, memory and image sizes: the embedded site beside its peers, and each container of the site."""

import json
import time
from collections import defaultdict

from bench import start_and_memory
from bench.peers import GATEWAY_PORT, SERVICE_PORT, own_address, portico_callbacks, post, wait_for
from bench.report import print_table, spread
from tests.containers.stack import Stack, run

ROUNDS = 3
STARTED = {"home": "/", "barchart": "/barchart/", "linechart": "/linechart/", "gateway": "/healthz"}
MB, MIB = 1_000_000, 1024 * 1024
UNITS = {"B": 1, "kB": 1000, "KiB": 1024, "MB": MB, "MiB": MIB, "GB": 1000 * MB, "GiB": 1024 * MIB}


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


def image_sizes(images: set[str]) -> dict[str, tuple[float, float]]:
    """The MB of each image, and how much of it no other image has."""
    told = json.loads(run("docker", "system", "df", "--verbose", "--format", "json"))["Images"]
    sizes = {each["Repository"]: (size_of(each["Size"]), size_of(each["UniqueSize"])) for each in told}
    return {image: (sizes[image][0] / MB, sizes[image][1] / MB) for image in images}


def measure_containers(stack: Stack, rounds: int) -> dict[str, list[tuple[float, float, float]]]:
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


def main(stack: Stack, rounds: int = ROUNDS) -> None:
    print("Embedded: Python processes on this machine.\n")
    start_and_memory.main(rounds)
    taken = measure_containers(stack, rounds)
    sizes = image_sizes({f"{stack.project}-{service}" for service in taken})
    print("\nContainers: `docker start` to the first answer; memory as `docker stats` has it.\n")
    rows = []
    for service, figures in taken.items():
        starts, idle, used = ([row[column] for row in figures] for column in range(3))
        whole, own = sizes[f"{stack.project}-{service}"]
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
