"""YAML texts as validated models; an error names file, line and field."""

from typing import Any, ClassVar, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

Spec = TypeVar("Spec", bound=BaseModel)


class _SpecLoader(yaml.SafeLoader):
    """YAML without its timestamps: dates stay text, so that one which does not exist is the model's to refuse, with
    field and line."""

    yaml_implicit_resolvers: ClassVar[dict[str, Any]] = {
        first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }


class SpecError(ValueError):
    """A text that can't be used: file, line, field, rule."""


def parse_spec(text: str, name: object, model: type[Spec]) -> Spec:
    """Read one YAML text into its model; ``name`` is the file's, for errors.

    Raises
    ------
    SpecError
        If the text can't be read as YAML or breaks a rule of the model; one line per broken rule.
    """
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
        content = yaml.load(text, Loader=_SpecLoader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f":{mark.line + 1}" if mark else ""
        problem = getattr(error, "problem", None) or str(error)
        raise SpecError(f"{name}{line}: not valid YAML: {problem}") from error
    if not isinstance(content, dict):
        raise SpecError(f"{name}:1: expected a mapping of fields, found {type(content).__name__}")
    duplicate = _duplicate_key(node)
    if duplicate is not None:
        raise SpecError(f"{name}:{duplicate[1]}: {duplicate[0]} is given twice; remove one")
    try:
        return model.model_validate(content)
    except ValidationError as error:
        lines = [
            f"{name}:{line_of(node, e['loc'])}: {'.'.join(str(p) for p in e['loc']) or model.__name__}: {_message(e)}"
            for e in _causes(error)
        ]
        raise SpecError("\n".join(lines)) from error


def _causes(error: ValidationError) -> list[Any]:
    """The errors without those that only follow from one deeper down: a list whose only entry is wrong is not
    too short."""
    found = error.errors()
    locations = [e["loc"] for e in found]
    return [
        e
        for e in found
        if e["type"] != "too_short"
        or not any(len(loc) > len(e["loc"]) and loc[: len(e["loc"])] == e["loc"] for loc in locations)
    ]


def line_of(node: yaml.Node | None, location: tuple[str | int, ...]) -> int:
    """Line (1-based) of the deepest part of ``location`` that the file has."""
    line = node.start_mark.line + 1 if node is not None else 1
    for part in location:
        if isinstance(node, yaml.MappingNode):
            found = next(((k, v) for k, v in node.value if k.value == str(part)), None)
            if found is None:
                break
            key, node = found
            line = key.start_mark.line + 1
        elif isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
            node = node.value[part]
            line = node.start_mark.line + 1
        else:
            break
    return line


def _message(error: Any) -> str:
    given = error.get("input")
    shown = f" (given: {given!r})" if isinstance(given, str | int | float) else ""
    if error["type"] == "extra_forbidden":
        return "unknown field; remove it or correct its name"
    # pydantic's word for a rule of ours
    return f"{error['msg'].removeprefix('Value error, ')}{shown}"


def _duplicate_key(node: yaml.Node | None) -> tuple[str, int] | None:
    if isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, value in node.value:
            if key.value in seen:
                return key.value, key.start_mark.line + 1
            seen.add(key.value)
            inner = _duplicate_key(value)
            if inner is not None:
                return inner
    elif isinstance(node, yaml.SequenceNode):
        for item in node.value:
            inner = _duplicate_key(item)
            if inner is not None:
                return inner
    return None
