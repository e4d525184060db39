"""What a page's container can connect to: the gateway, and its database where it has one. Nothing else."""

import json

import pytest
import yaml

from portico.config.registry import read_registry
from tests.containers.stack import Stack, inspect, run
from tests.processes import ROOT

pytestmark = pytest.mark.containers
# Run inside a page's container: which of these (protocol, host, port) answer. A refused or silent one does not.
PROBE = """
import json, socket, sys
def reached(kind, host, port):
    try:
        address = socket.gethostbyname(host)
        if kind == "tcp":
            socket.create_connection((address, port), timeout=2).close()
            return True
        asked = socket.socket(type=socket.SOCK_DGRAM)
        asked.settimeout(2)
        asked.connect((address, port))
        asked.send(bytes.fromhex(sys.argv[2]))
        return bool(asked.recv(512))
    except OSError:
        return False
print(json.dumps([reached(*each) for each in json.loads(sys.argv[1])]))
"""
QUESTION = "00010100000100000000000004686f6d650000010001"  # DNS: the address of the name `home`
LISTENER = "import socketserver as s; s.TCPServer(('', 8000), s.BaseRequestHandler).serve_forever()"


def reached(container: str, *targets: tuple[str, str, int]) -> list[bool]:
    """Which of these a container connects to, or is answered by."""
    return json.loads(run("docker", "exec", container, "python", "-c", PROBE, json.dumps(targets), QUESTION))


def addresses(container: str) -> list[str]:
    """The addresses of a container, in all its networks."""
    return [each["IPAddress"] for each in inspect(container)["NetworkSettings"]["Networks"].values()]


@pytest.fixture
def listener(stack: Stack):
    """The address of a container on a network of its own: what the rest of the world is to a page."""
    name = f"{stack.project}-world"
    run("docker", "network", "create", name)
    try:
        run(
            "docker",
            "run",
            "--detach",
            f"--name={name}",
            f"--network={name}",
            f"{stack.project}-home",
            "python",
            "-c",
            LISTENER,
        )
        [address] = addresses(name)
        yield address
    finally:
        run("docker", "rm", "--force", name)
        run("docker", "network", "rm", name)


def test_page_reaches_its_gateway(stack: Stack):
    [barchart] = stack.containers("barchart")
    assert reached(barchart, ("tcp", "gateway", 8080), ("tcp", "127.0.0.1", 8000)) == [True, True]


def test_page_reaches_no_other_page(stack: Stack):
    [barchart], others = stack.containers("barchart"), [stack.containers(name)[0] for name in ("home", "linechart")]
    hosts = ["home", "linechart", *(address for other in others for address in addresses(other))]
    assert reached(barchart, *(("tcp", host, 8000) for host in hosts)) == [False] * len(hosts)


def test_page_does_not_reach_the_name_server(stack: Stack):
    [barchart], [discovery], [gateway] = (stack.containers(each) for each in ("barchart", "discovery", "gateway"))
    hosts = ["discovery", "discovery-dns", *addresses(discovery)]
    assert reached(barchart, *(("udp", host, 5353) for host in hosts)) == [False] * len(hosts)
    asked = 'exec 3<>/dev/udp/discovery-dns/5353; printf "%b" "$0" >&3; timeout 2 head -c 1 <&3 | wc -c'
    question = "".join(f"\\x{QUESTION[at : at + 2]}" for at in range(0, len(QUESTION), 2))
    assert run("docker", "exec", gateway, "bash", "-c", asked, question).strip() == "1"


def test_page_does_not_reach_the_outside(stack: Stack, listener: str):
    [home], [gateway] = stack.containers("home"), stack.containers("gateway")
    networks = inspect(gateway)["NetworkSettings"]["Networks"]
    own, outside = networks[stack.network("home")]["IPAddress"], networks[stack.network("outside")]["IPAddress"]
    reached_by_home = reached(home, ("tcp", listener, 8000), ("tcp", outside, 8080), ("tcp", own, 8080))
    assert reached_by_home == [False, False, True]


def test_only_pages_with_egress_are_on_networks_that_lead_outside(stack: Stack):
    for page in read_registry(ROOT):
        [replica] = stack.containers(page.name)
        assert [*inspect(replica)["NetworkSettings"]["Networks"]] == [stack.network(page.name)]
        assert (
            json.loads(run("docker", "network", "inspect", stack.network(page.name)))[0]["Internal"] is not page.egress
        )


def test_page_without_data_is_not_in_a_network_of_the_database():
    compose = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
    assert "home" not in compose["services"]["database"]["networks"]
