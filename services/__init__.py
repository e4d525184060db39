"""The pages: one folder, one page, one service each."""
