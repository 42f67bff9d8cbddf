"""Pages made from templates, in either language, with what every template may use."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from services.portal.domain.address import with_query
from services.portal.domain.language import Language, translations
from services.portal.domain.written import Written, machine

TEMPLATES = Path(__file__).parents[1] / "templates"


@cache
def environment(language: Language) -> Environment:
    """The templates, writing in this language. A name that a template uses and nobody gave is an error."""
    made = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
        extensions=["jinja2.ext.i18n", "jinja2.ext.do"],
    )
    found = translations(language)
    made.install_gettext_callables(found.gettext, found.ngettext, newstyle=True)  # type: ignore[attr-defined]
    written = Written(language)
    for name in (
        "number",
        "percent",
        "money",
        "price",
        "day",
        "short_day",
        "moment",
        "short_moment",
        "ago",
        "quarter",
    ):
        made.filters[name] = getattr(written, name)
    made.filters["time"] = _time(written)
    made.globals.update(with_query=with_query, language=language, machine=machine)
    return made


def _time(written: Written) -> Any:
    def time(value: Any, form: str = "moment") -> Markup:
        """`<time>` with the moment or day in words: `{{ at|time }}`, `{{ at|time("short_day") }}`."""
        if value is None:
            return Markup.escape(getattr(written, form)(value))
        return Markup('<time datetime="{}">{}</time>').format(machine(value), getattr(written, form)(value))

    return time


def render(template: str, language: Language, **told: Any) -> str:
    """The template's text."""
    return environment(language).get_template(template).render(**told)
