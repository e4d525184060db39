"""Chart pages of tables: controls, address, figures and downloads."""
