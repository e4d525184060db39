"""Names without an address, and addresses of somebody else."""

from tests.chaos import networks
from tests.chaos.faults.fault import Struck, fault
from tests.chaos.site import PURE, STRUCK, ChaosSite, frozen
from tests.containers.stack import run


@fault("names-empty", "the name server knows no replica of a page")
def names_empty(site: ChaosSite) -> Struck:
    with networks.name_servers(site, "empty", *STRUCK):
        yield []


@fault("names-gone", "the name server is silent for 30 s", seconds=30)
def names_gone(site: ChaosSite) -> Struck:
    with networks.name_servers(site, "silent"):
        yield []


@fault("address-taken", "a replica's address is another page's from one moment to the next", around=networks.newcomer)
def address_taken(site: ChaosSite) -> Struck:
    victim = site.replicas(PURE)[0]
    address = site.address(victim)
    with site.started_again(victim) as victims:
        run("docker", "kill", victim)
        networks.join(site)
        assert site.address(networks.newcomer_of(site)) == address, "the engine gave another address to the newcomer"
        yield victims


@fault("discovery", "discovery frozen for 30 s, a replica killed meanwhile", seconds=30)
def discovery(site: ChaosSite) -> Struck:
    """Nobody names replicas to the gateway."""
    with frozen(*site.stack.containers("discovery")), site.started_again(*site.victims()) as victims:
        run("docker", "kill", *victims)
        yield victims
