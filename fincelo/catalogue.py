"""Sentences by code: where what is stored or passed as a code and its facts becomes words. Pure."""

from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Any, Generic, TypeVar

Facts = Mapping[str, Any]
"""What a sentence fills in, by name: texts, numbers, and lists of them, so that JSON keeps it."""
Code = TypeVar("Code", bound=StrEnum)
Template = str | Callable[[Facts], str]


class Catalogue(Generic[Code]):
    """The sentences of one kind of code, in one language."""

    def __init__(self, templates: Mapping[Code, Template]) -> None:
        self.templates = templates

    def sentence(self, code: Code, facts: Facts) -> str:
        """Raises KeyError for a code without a template and for a fact that its template misses."""
        template = self.templates[code]
        return template.format_map(facts) if isinstance(template, str) else template(facts)
