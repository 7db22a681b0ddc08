"""Reads a section value by value, so that one that is wrong hides nothing else."""

import json
from types import UnionType
from typing import Annotated, Any, Union, cast, get_args, get_origin

from pydantic import ConfigDict, TypeAdapter, ValidationError
from pydantic.fields import FieldInfo

from settings.section import Section

_STRICT = ConfigDict(strict=True)
_MAX_SHOWN = 60


class Invalid(Exception):
    """A value that is not what it must be; the problem is noted already."""


class Reader:
    """Collects in `problems` what is wrong, one line each, that starts with the key."""

    def __init__(self) -> None:
        self.problems: list[str] = []

    def section(self, kind: type[Section], given: object, key: str) -> Section:
        """As much of the section as is valid, after its rules were judged.

        `key` ends where the name of a field is to follow. Raises `Invalid` for what is no section.
        """
        if not isinstance(given, dict):
            self._note(key[:-1], f"must be an object of {', '.join(kind.model_fields)}", given)
            raise Invalid
        said = cast(dict[str, Any], given)
        for name in said.keys() - kind.model_fields.keys():
            self._note(key + name, f"no such key; there are {', '.join(kind.model_fields)}")
        valid: dict[str, Any] = {}
        for name, field in kind.model_fields.items():
            if name not in said:
                self._note(key + name, "field required")
                continue
            try:
                valid[name] = self._value(field, said[name], key + name)
            except Invalid:
                continue
        read = kind.model_construct(**valid)
        self.problems += [key + finding for finding in read.findings()]
        return read

    def _value(self, field: FieldInfo, given: object, key: str) -> Any:
        choices = _choices(field.annotation)
        for choice in choices:
            if _is_section(choice) and not (given is None and type(None) in choices):
                return self.section(choice, given, f"{key}.")
            if get_origin(choice) is tuple and _is_section(get_args(choice)[0]):
                entries = self._checked(tuple[Any, ...], field.metadata, given, key)
                return self._entries(get_args(choice)[0], entries, key)
        return self._checked(field.annotation, field.metadata, given, key)

    def _entries(self, kind: type[Section], given: tuple[Any, ...], key: str) -> Any:
        read: list[Section] = []
        for index, entry in enumerate(given):
            try:
                read.append(self.section(kind, entry, f"{key}.{index}."))
            except Invalid:
                continue
        if len(read) < len(given):
            # Places in the list would no longer be those in the file.
            raise Invalid
        return tuple(read)

    def _checked(self, type_: Any, rules: list[Any], given: object, key: str) -> Any:
        annotated = cast(Any, Annotated)[(type_, *rules)] if rules else type_
        try:
            return TypeAdapter(annotated, config=_STRICT).validate_json(json.dumps(given))
        except ValidationError as error:
            details = error.errors(include_url=False)
            # A list with a wrong entry is counted as shorter than it is: only the entry is wrong.
            for detail in [each for each in details if each["loc"]] or details:
                where = ".".join([key, *map(str, detail["loc"])])
                if detail["type"] == "value_error":
                    self._note(where, str(detail.get("ctx", {})["error"]))
                else:
                    text = detail["msg"]
                    self._note(where, text[:1].lower() + text[1:], detail["input"])
            raise Invalid from None

    def _note(self, key: str, text: str, *given: object) -> None:
        shown = [g for g in given if isinstance(g, str | int | float | bool) or g is None]
        value = f" (it is {str(shown[0])[:_MAX_SHOWN]!r})" if shown else ""
        self.problems.append(f"{key}: {text}{value}")


def _choices(annotation: Any) -> tuple[Any, ...]:
    is_union = get_origin(annotation) in (Union, UnionType)
    return get_args(annotation) if is_union else (annotation,)


def _is_section(annotation: Any) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, Section)
