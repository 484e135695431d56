"""Text that people read, and that names of others may stand in: pages, the terminal, figures."""
