"""What the site is told: `pages.toml`, the environment, and errors in them."""
