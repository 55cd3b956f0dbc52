"""Routes of the loopback Hub: what `huggingface_hub` 2.4 and `datasets` 5.2 request."""

import re
from collections.abc import Callable

from ultramed.fakes.hub import files, repositories
from ultramed.fakes.hub.messages import Request, Response
from ultramed.fakes.hub.store import HubError, Store

Handler = Callable[..., Response]
_KIND, _REPO, _REV = r"(?P<kind>models|datasets|spaces)", r"(?P<repo_id>[^/]+/[^/]+)", r"(?P<revision>[^/]+)"
_API, _PLAIN = f"/api/{_KIND}/{_REPO}", f"/(?:(?P<kind>datasets|spaces)/)?{_REPO}"
ROUTES: tuple[tuple[tuple[str, ...], str, Handler], ...] = (
    (("GET",), "/api/whoami-v2", repositories.whoami),
    (("POST",), "/api/validate-yaml", files.validate_yaml),
    (("POST",), "/api/repos/create", repositories.create),
    (("DELETE",), "/api/repos/delete", repositories.delete),
    (("GET",), f"/api/{_KIND}", repositories.listing),
    (("PUT",), f"{_API}/settings", repositories.settings),
    (("POST",), f"{_API}/preupload/{_REV}", files.preupload),
    (("POST",), f"{_PLAIN}\\.git/info/lfs/objects/batch", files.large_batch),
    (("PUT",), r"/_large/(?P<sha256>[0-9a-f]{64})", files.large_put),
    (("GET",), f"{_API}/xet-(?P<access>read|write)-token/{_REV}", files.xet_token),
    (("POST",), f"{_API}/commit/{_REV}", files.commit),
    (("GET",), f"{_API}/tree/{_REV}(?:/(?P<path>.+))?", files.tree),
    (("POST",), f"{_API}/paths-info/{_REV}", files.paths_info),
    (("POST",), f"{_API}/tag/{_REV}", repositories.tag),
    (("DELETE",), f"{_API}/tag/{_REV}", repositories.untag),
    (("GET",), f"{_API}/refs", repositories.refs),
    (("GET",), f"{_API}/commits/{_REV}", repositories.commits),
    (("GET",), f"{_API}/revision/{_REV}", repositories.info),
    (("GET",), _API, repositories.info),
    (("GET", "HEAD"), f"{_PLAIN}/resolve/{_REV}/(?P<path>.+)", files.resolve),
)


def dispatch(store: Store, request: Request) -> Response:
    """Answer one request. Raises HubError for a refused or unknown one."""
    for methods, pattern, handle in ROUTES:
        if request.method in methods and (match := re.fullmatch(pattern, request.path)):
            with store.lock:
                return handle(store, request, **match.groupdict())
    raise HubError(404, "NotFound", f"the loopback Hub does not answer {request.method} {request.path}")
