"""The headers that both gateways put on every answer, and a service on what it refuses unread.

A page that has a Content-Security-Policy keeps its own.
"""

from portico.page.csp import HEADER, content_policy

# What each is for: developer.mozilla.org/docs/Web/HTTP/Reference/Headers
SECURITY_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "strict-origin-when-cross-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "X-Frame-Options": "SAMEORIGIN",
    HEADER: content_policy(),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
