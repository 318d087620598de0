"""YAML files as validated specs; an error names file, line and field."""

from pathlib import Path

import yaml

from resources.yaml_text import Spec, SpecError, line_of, parse_spec

__all__ = ["SpecError", "field_line", "load_spec"]


def load_spec(path: Path, model: type[Spec]) -> Spec:
    """Read one YAML file into its model.

    Raises
    ------
    SpecError
        If the file can't be read as YAML or breaks a rule of the model; one line per broken rule.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SpecError(f"{path}: can't be read: {error}") from error
    return parse_spec(text, path, model)


def field_line(path: Path, location: tuple[str | int, ...]) -> int:
    """The line of a field in a YAML file (1-based), for rules that no model can know."""
    return line_of(yaml.compose(path.read_text(encoding="utf-8"), Loader=yaml.SafeLoader), location)
