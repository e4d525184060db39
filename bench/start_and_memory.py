"""Start time and memory of the embedded site and of what people use today, in turns.

Memory is the proportional set size (PSS) of all processes of a site, after each page and each chart's
callback was asked for. The stock sites run in an environment of their own (STOCK_PYTHON), which has pandas:
ours has none, and what is installed is loaded. Start is from the process's creation to the first whole answer of the bar chart.
"""

import psutil

from bench.peers import Peer, dash_pages, embedded, get, one_server, post, started
from bench.report import print_goal, print_table, ratio, spread

ROUNDS = 5
MIB = 1024 * 1024


def measure(peer: Peer) -> tuple[float, float]:
    """Return the seconds of a start, and the MiB of the site's processes after each chart was drawn."""
    with started(peer) as (address, process, seconds):
        for path in ("/", "/barchart", "/linechart") * 4:
            get(address + path)
        for path, body in peer.callbacks(address) * 20:
            post(address, path, body)
        return seconds, pss_mib(process)


def pss_mib(process: psutil.Process) -> float:
    """The proportional set size of a process and of all below it."""
    return sum(each.memory_full_info().pss for each in (process, *process.children(recursive=True))) / MIB


def main(rounds: int = ROUNDS) -> dict[str, list[list[float]]]:
    """Print and return, by site, the seconds of each start and the MiB of each site."""
    peers = [embedded(), dash_pages(), one_server()]
    results: dict[str, list[tuple[float, float]]] = {peer.name: [] for peer in peers}
    for _ in range(rounds):
        for peer in peers:
            results[peer.name].append(measure(peer))
    columns = {name: [[row[column] for row in rows] for column in (0, 1)] for name, rows in results.items()}
    rows = ((name, spread(starts, 2), spread(memory)) for name, (starts, memory) in columns.items())
    print_table(["site", "start to first answer (s)", "memory, PSS (MiB)"], rows)
    ours, theirs = columns[peers[0].name][1], columns[peers[1].name][1]
    print_goal("memory, ratio of medians, embedded to stock Dash Pages", ratio(ours, theirs), most=1)
    return columns


if __name__ == "__main__":
    main()
