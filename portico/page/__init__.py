"""One Dash app as a page: its loader, warm-up, health, callbacks, errors, frame and cache."""
