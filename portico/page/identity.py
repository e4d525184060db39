"""Headers that identify the reader: the answer to a request with one of them is private.

Browsers send some of them; sign-in proxies add the others. `identity_headers` of `[site]` in `pages.toml` adds the
names that another proxy uses. Both caches use this list: the nginx gateway's and the page's own.
"""

from functools import cache

from flask import request

from portico.config.registry import Registry

IDENTITY_HEADERS = (
    "Authorization",
    "Cookie",
    # oauth2-proxy: https://oauth2-proxy.github.io/oauth2-proxy/configuration/overview
    *(f"X-Forwarded-{each}" for each in ("User", "Email", "Groups", "Preferred-Username", "Access-Token")),
    *(
        f"X-Auth-Request-{each}"
        for each in ("User", "Email", "Groups", "Preferred-Username", "Access-Token", "Redirect")
    ),
    # Authelia, Authentik, Apache, SSO proxies of companies
    *(f"Remote-{each}" for each in ("User", "Name", "Email", "Groups")),
    *(f"X-Remote-{each}" for each in ("User", "Name", "Email", "Group", "Groups")),
    *(f"X-Authenticated-{each}" for each in ("User", "Userid", "Username", "Email", "Groups")),
    *(f"X-Authentik-{each}" for each in ("Username", "Email", "Groups", "Name", "Uid", "Jwt")),
    *(f"X-WEBAUTH-{each}" for each in ("User", "Name", "Email", "Groups", "Role")),
    *("X-User", "X-User-Id", "X-Username", "X-User-Email", "X-Email", "X-Api-Key", "X-Auth-Token", "X-Access-Token"),
    # gateways of APIs, mod_auth_openidc, Vouch
    *("X-Consumer-Username", "X-Consumer-Custom-Id", "X-Userinfo", "X-Id-Token"),
    *("X-Auth-User", "X-Auth-Username", "X-Auth-Email", "X-Vouch-User", "X-Forwarded-Id-Token", "Oidc-Claim-Sub"),
    # clouds: Amazon's and Google's load balancers, Cloudflare Access, Azure App Service, Tailscale, Pomerium
    *(f"X-Amzn-Oidc-{each}" for each in ("Identity", "Data", "Accesstoken")),
    *(f"X-Goog-Authenticated-User-{each}" for each in ("Email", "Id")),
    *(
        "X-Goog-Iap-Jwt-Assertion",
        "Cf-Access-Authenticated-User-Email",
        "Cf-Access-Jwt-Assertion",
        "Cf-Access-Client-Id",
    ),
    *(f"X-MS-CLIENT-PRINCIPAL{each}" for each in ("", "-ID", "-IDP", "-NAME")),
    *("X-MS-TOKEN-AAD-ACCESS-TOKEN", "X-MS-TOKEN-AAD-ID-TOKEN", "Tailscale-User-Login", "X-Pomerium-Jwt-Assertion"),
    # certificates of clients
    *(
        f"X-SSL-Client-{each}"
        for each in ("Cert", "CN", "DN", "S-DN", "I-DN", "Serial", "Verify", "Fingerprint", "SHA1")
    ),
    *("X-Client-Cert", "Client-Cert", "X-Forwarded-Client-Cert", "X-Forwarded-Tls-Client-Cert"),
    "X-Forwarded-Tls-Client-Cert-Info",
)


def identity_headers(registry: Registry) -> tuple[str, ...]:
    """Return the headers that may identify a reader of this site."""
    return (*IDENTITY_HEADERS, *registry.identity_headers)


def names_its_reader(registry: Registry) -> bool:
    """Return True if the current request identifies its reader."""
    environ = request.environ
    return any(environ.get(key) for key in _environ_keys(identity_headers(registry)))


@cache
def _environ_keys(headers: tuple[str, ...]) -> tuple[str, ...]:
    """Return the WSGI keys of headers: 88 lookups of headers by name cost a tenth of a callback."""
    return tuple(f"HTTP_{each.upper().replace('-', '_')}" for each in headers)
