"""What stops the start of a service."""

from portico.config.log_lines import one_line

EXIT_CONFIG = 78  # EX_CONFIG of sysexits.h
HIDDEN = object()  # given to ConfigError instead of a value that may hold a secret


class ConfigError(Exception):
    """Something the user wrote cannot be served as it stands.

    Its text is the one line that the user sees, so it names where the value stands (a file or a
    variable), the key, the value and the accepted values. HIDDEN replaces a value that may hold a secret.
    """

    def __init__(self, where: str, key: str, value: object, problem: str) -> None:
        self.where = where
        shown = "(not shown: it may hold a secret)" if value is HIDDEN else repr(value)
        super().__init__(one_line(f"{where}: {key} = {shown}: {' '.join(problem.split())}"))
