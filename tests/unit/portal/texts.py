"""Every text the portal shows people, found where it is written."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from html.parser import HTMLParser
from pathlib import Path

from jinja2 import Environment, nodes

from deploy.local.places import PROJECT

PORTAL = PROJECT / "services" / "portal"
TEMPLATES = sorted((PORTAL / "templates").rglob("*.html"))
MODULES = sorted(PORTAL.rglob("*.py"))
ONE = frozenset({"_", "gettext", "later", "text"})
"""Functions whose first argument is translated."""
SEVERAL = frozenset({"ngettext", "texts"})
"""Functions whose first two arguments are translated: for one, for several."""
READ_OUT = frozenset(
    {
        "title",
        "alt",
        "aria-label",
        "placeholder",
        "label",
        "data-title",
        "data-copied",
        "data-words",
        "aria-description",
    }
)
"""Attributes whose text people see or hear."""
GAP = "\x00"
"""Stands where a template fills something in."""


@dataclass(frozen=True)
class Text:
    """One text and where it stands; `many` is its form for several."""

    where: str
    one: str
    many: str | None = None


@cache
def _environment() -> Environment:
    return Environment(
        autoescape=True, trim_blocks=True, lstrip_blocks=True, extensions=["jinja2.ext.i18n", "jinja2.ext.do"]
    )


def in_templates() -> Iterator[Text]:
    """The texts in the templates."""
    for path in TEMPLATES:
        tree = _environment().parse(path.read_text())
        for call in tree.find_all(nodes.Call):
            constants = [one.value if isinstance(one, nodes.Const) else None for one in call.args]
            found = _text_of(_called(call.node), constants)
            if found is not None:
                yield Text(f"{_name(path)}:{call.lineno}", *found)


def in_modules() -> Iterator[Text]:
    """The texts in the Python modules."""
    for path in MODULES:
        for call in ast.walk(ast.parse(path.read_text())):
            if not isinstance(call, ast.Call):
                continue
            name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", None)
            constants = [one.value if isinstance(one, ast.Constant) else None for one in call.args]
            found = _text_of(name, constants)
            if found is not None:
                yield Text(f"{_name(path)}:{call.lineno}", *found)


def bare_in_templates() -> Iterator[Text]:
    """What a template shows people without having it translated."""
    for path in TEMPLATES:
        source = path.read_text()
        for line, text in _Shown(_without_expressions(source)).found:
            yield Text(f"{_name(path)}:{line}", text)
        yield from _bare_constants(path, source)


def bare_in_modules() -> Iterator[Text]:
    """Danish sentences in pages and actions that are not marked for translation."""
    for path in MODULES:
        if path.parent.name == "domain" or path.is_relative_to(PORTAL / "assets"):
            continue
        tree = ast.parse(path.read_text())
        marked = {
            id(inner)
            for call in ast.walk(tree)
            if isinstance(call, ast.Call)
            and (call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", ""))
            in ONE | SEVERAL
            for argument in call.args
            for inner in ast.walk(argument)
        }
        docstrings = {
            id(one.value)
            for one in ast.walk(tree)
            if isinstance(one, ast.Expr) and isinstance(one.value, ast.Constant)
        }
        for one in ast.walk(tree):
            if not isinstance(one, ast.Constant) or not isinstance(one.value, str):
                continue
            if id(one) not in marked | docstrings and re.search("[æøåÆØÅ]", one.value):
                yield Text(f"{_name(path)}:{one.lineno}", one.value)


def _bare_constants(path: Path, source: str) -> Iterator[Text]:
    tree = _environment().parse(source)
    marked = {
        id(inner)
        for call in tree.find_all(nodes.Call)
        if _called(call.node) in ONE | SEVERAL
        for argument in call.args
        for inner in [argument, *argument.find_all(nodes.Const)]
    }
    for constant in tree.find_all(nodes.Const):
        told = constant.value
        if isinstance(told, str) and id(constant) not in marked and _reads_as_danish(told):
            yield Text(f"{_name(path)}:{constant.lineno}", told)


def _reads_as_danish(text: str) -> bool:
    """A sentence, a heading or a word of a label: not a name of a field, a class or an address."""
    return bool(re.search("[æøåÆØÅ]", text) or re.match("[A-ZÆØÅ][a-zæøå]+([ .:,?]|$)", text.strip()))


def _text_of(name: str | None, constants: list[object]) -> tuple[str, str | None] | None:
    if name in ONE and constants and isinstance(constants[0], str):
        return constants[0], None
    if name in SEVERAL and len(constants) > 1 and isinstance(constants[0], str) and isinstance(constants[1], str):
        return constants[0], constants[1]
    return None


def _called(node: nodes.Node) -> str | None:
    if isinstance(node, nodes.Name):
        return node.name
    return node.attr if isinstance(node, nodes.Getattr) else None


def _name(path: Path) -> str:
    return str(path.relative_to(PORTAL))


def _without_expressions(source: str) -> str:
    """The template's own text, its lines kept, with a gap wherever something is filled in."""
    text = []
    for _, kind, value in _environment().lex(source):
        text.append(value if kind == "data" else "\n" * value.count("\n") + (GAP if kind == "variable_end" else ""))
    return "".join(text)


class _Shown(HTMLParser):
    """Text with letters that stands in a page's body or in an attribute that is read out."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[int, str]] = []
        self._silent = 0
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self._silent += tag in {"script", "style", "pre", "code"}
        self.found += [
            (self.getpos()[0], f"{name}={value.strip(GAP)}")
            for name, value in attributes
            if name in READ_OUT and value and re.search(r"[^\W\d_]{2}", value)
        ]

    def handle_endtag(self, tag: str) -> None:
        self._silent -= tag in {"script", "style", "pre", "code"}

    def handle_data(self, data: str) -> None:
        told = data.replace(GAP, " ").strip()
        if not self._silent and re.search(r"[^\W\d_]{2}", told):
            self.found.append((self.getpos()[0], told))
