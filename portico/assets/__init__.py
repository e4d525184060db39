"""Scripts and styles that all pages share, under `/_shared/<package>/<digest>/<file>`.

The digest is of the package's files and stands in the folder, so that an address means the same bytes
for ever and can be cached for ever. Any page's service answers an address whose digest it has; another
digest is a 404 that nobody may store. A gateway that does not have a digest sends the browser to an address of the page
that named it (`/_shared_of/<page>/…`), and asks the replicas of this page alone.
"""

from portico.assets.assets import SharedAssets
from portico.assets.package import SHARED_OF_PREFIX, SHARED_PREFIX, TYPES, SharedPackage
from portico.assets.serving import FOR_EVER, shared_blueprint

__all__ = [
    "FOR_EVER",
    "SHARED_OF_PREFIX",
    "SHARED_PREFIX",
    "TYPES",
    "SharedAssets",
    "SharedPackage",
    "shared_blueprint",
]
