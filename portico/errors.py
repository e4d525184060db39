"""What stops the start of a service."""

EXIT_CONFIG = 78  # EX_CONFIG of sysexits.h


class ConfigError(Exception):
    """Something the user wrote cannot be served as it stands.

    Its text is the one line that the user sees, so it names where the value stands (a file or a
    variable), the key, the value and what would be right.
    """

    def __init__(self, where: str, key: str, value: object, problem: str) -> None:
        self.where = where
        super().__init__(f"{where}: {key} = {value!r}: {' '.join(problem.split())}")
