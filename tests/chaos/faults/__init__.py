"""The faults, by name, in the order in which they strike."""

from tests.chaos.faults import changes, endings, gateway, names, sicknesses
from tests.chaos.faults.fault import Fault

FAULTS: dict[str, Fault] = {
    each.name: each
    for module in (endings, sicknesses, names, gateway, changes)
    for each in vars(module).values()
    if isinstance(each, Fault)
}
