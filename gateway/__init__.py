"""The gateways: every page of the site under one domain, in Python (`gateway.app`) or nginx (`gateway.nginx`)."""
