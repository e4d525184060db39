"""Scripts and styles that all pages share, under `/_shared/<package>/<digest>/<file>`.

The digest is of the package's files and stands in the folder, so that an address means the same bytes
for ever and can be cached for ever. Any page's service answers an address whose digest it has; another
digest is a 404 that nobody may store, and the gateway asks the next replica.
"""

import hashlib
import mimetypes
from dataclasses import dataclass
from pathlib import Path

from flask import Blueprint, abort, request
from werkzeug.wrappers import Response

SHARED_PREFIX = "/_shared/"
DIGEST_LENGTH = 16  # hex digits
FOR_EVER = "public, max-age=31536000, immutable"
# What a browser needs of our own files; mimetypes reads the machine's tables, which differ.
TYPES = {".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml"}


@dataclass(frozen=True)
class SharedAssets:
    """The files of one package, held in memory: they are few, small and asked for by every page."""

    package: str
    digest: str
    files: dict[str, bytes]

    @classmethod
    def of_portico(cls) -> "SharedAssets":
        """Portico's own style sheet, script and icon."""
        folder = Path(__file__).parent / "static"
        files = {file.name: file.read_bytes() for file in sorted(folder.iterdir()) if file.is_file()}
        digest = hashlib.sha256()
        for name, content in files.items():
            digest.update(f"{name}\0{len(content)}\0".encode() + content)
        return cls("portico", digest.hexdigest()[:DIGEST_LENGTH], files)

    def url(self, file: str) -> str:
        """The address of a file; KeyError if the package has no such file."""
        if file not in self.files:
            raise KeyError(file)
        return f"{SHARED_PREFIX}{self.package}/{self.digest}/{file}"

    def blueprint(self) -> Blueprint:
        """The routes that answer these addresses on a Flask server."""
        blueprint = Blueprint("portico_shared", __name__)
        blueprint.add_url_rule(f"{SHARED_PREFIX}<package>/<digest>/<path:file>", "file", self._serve)
        return blueprint

    def _serve(self, package: str, digest: str, file: str) -> Response:
        if (package, digest) != (self.package, self.digest) or file not in self.files:
            abort(404)
        media_type = TYPES.get(Path(file).suffix) or mimetypes.guess_type(file)[0]
        response = Response(self.files[file], content_type=media_type)
        response.headers["Cache-Control"] = FOR_EVER
        response.set_etag(digest)
        return response.make_conditional(request)
