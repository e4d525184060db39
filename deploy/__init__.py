"""Bringing a site to its machines: a rollout on plain compose. A rollout needs the standard library only: it runs beside Docker."""
