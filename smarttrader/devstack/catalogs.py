"""The catalogs of translations: collect what is to be translated, and compile them.

`python -m smarttrader.devstack.catalogs` makes each .mo that is older than its .po;
`manage.py messages` brings each .po up to date. Babel does what GNU gettext would,
which is on no machine by itself.
"""

import io
import os
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from smarttrader.devstack.errors import DevstackError

ROOT = Path(__file__).resolve().parents[2]
LOCALE = ROOT / "locale"
LANGUAGES = ("de",)
KEYWORDS: dict[str, tuple[int | tuple[int, str], ...] | None] = {
    "_": None,
    "gettext": None,
    "gettext_lazy": None,
    "gettext_noop": None,
    "ngettext": (1, 2),
    "ngettext_lazy": (1, 2),
    "pgettext": ((1, "c"), 2),
    "pgettext_lazy": ((1, "c"), 2),
    "npgettext": ((1, "c"), 2, 3),
    "npgettext_lazy": ((1, "c"), 2, 3),
}
WITHOUT_TEXT = {"tests", "migrations"}
LINE_WIDTH = 88
NO_BABEL = "Babel is missing; `make venv` or `make venv-dev` installs it."


def main() -> int:
    try:
        compile_catalogs()
    except DevstackError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


def compile_catalogs() -> None:
    """Compile each catalog that is newer than what was made of it.

    Raises DevstackError.
    """
    stale = [path for path in map(catalog_path, LANGUAGES) if _is_stale(path)]
    if not stale:
        return
    try:
        from babel.messages import mofile, pofile  # noqa: PLC0415 -- may be missing
    except ImportError as error:
        raise DevstackError(NO_BABEL) from error
    for path in stale:
        compiled = io.BytesIO()
        mofile.write_mo(compiled, pofile.read_po(io.StringIO(path.read_text())))
        _replace(path.with_suffix(".mo"), compiled.getvalue())


def update_catalogs(names: Iterable[str]) -> None:
    """Add to each catalog what is new, and drop what nothing says any more.

    `names` are texts that no code spells out.
    """
    from babel.messages import catalog, pofile  # noqa: PLC0415 -- may be missing

    template = catalog.Catalog()
    for place, message, context in extract():
        template.add(message, context=context, locations=[(place, 0)])
    for name in sorted(names):
        template.add(name, locations=[("models", 0)])
    for language in LANGUAGES:
        path = catalog_path(language)
        known = pofile.read_po(io.StringIO(path.read_text()), locale=language)
        known.update(template, no_fuzzy_matching=True, update_creation_date=False)
        written = io.BytesIO()
        pofile.write_po(
            written,
            known,
            width=LINE_WIDTH,
            sort_by_file=True,
            ignore_obsolete=True,
            include_lineno=False,
        )
        _replace(path, written.getvalue())


def extract() -> Iterator[tuple[str, str | tuple[str, ...], str | None]]:
    """Yield file, message (with its plural, if any) and context of each marked text."""
    from babel.messages.extract import extract as extract_from  # noqa: PLC0415

    for path in sources():
        code = io.BytesIO(_code_of(path).encode())
        for _, message, _, context in extract_from("python", code, KEYWORDS):
            yield path.relative_to(ROOT).as_posix(), message, context


def sources() -> list[Path]:
    """Return code and templates in which text may be marked."""
    packages = [path.parent for path in ROOT.glob("*/__init__.py")]
    return sorted(
        path
        for folder in [*packages, ROOT / "templates"]
        for path in folder.rglob("*")
        if _may_have_text(path)
    )


def catalog_path(language: str) -> Path:
    return LOCALE / language / "LC_MESSAGES" / "django.po"


def _may_have_text(path: Path) -> bool:
    if WITHOUT_TEXT & set(path.parts):
        return False
    return path.suffix == ".py" or (
        "templates" in path.parts and path.suffix in {".html", ".svg", ".txt"}
    )


def _code_of(path: Path) -> str:
    text = path.read_text()
    if path.suffix == ".py":
        return text
    from django.utils.translation.template import templatize  # noqa: PLC0415

    # What is not Python is blanked out there, but its indentation is not.
    return "\n".join(line.lstrip() for line in templatize(text).splitlines())


def _is_stale(path: Path) -> bool:
    compiled = path.with_suffix(".mo")
    return not compiled.exists() or compiled.stat().st_mtime < path.stat().st_mtime


def _replace(path: Path, content: bytes) -> None:
    """Write a file in one step: another make target may do the same just now."""
    unfinished = path.with_suffix(f".{os.getpid()}")
    unfinished.write_bytes(content)
    unfinished.replace(path)


if __name__ == "__main__":
    sys.exit(main())
