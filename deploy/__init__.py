"""Bringing a site to its machines: a rollout on plain compose. Standard library only: it runs beside Docker, without an environment."""
