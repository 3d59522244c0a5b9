"""The Frictionless description of a book's files, made from the columns themselves."""

from __future__ import annotations

import json
from functools import cache
from typing import Any, get_args

from matcher.files.columns import FILES, Column, FileSpec
from matcher.model import Frozen

Json = dict[str, Any]


@cache
def datapackage_text() -> str:
    """Return ``datapackage.json`` as it stands in every book."""
    return json.dumps(datapackage(), indent=2, ensure_ascii=False) + "\n"


def datapackage() -> Json:
    """Return the Frictionless data package that describes a book's CSV files."""
    return {
        "profile": "tabular-data-package",
        "name": "carematch-book",
        "title": "A brokerage book: people waiting for care and capacity on offer",
        "resources": [_resource(spec) for spec in FILES],
    }


def _resource(spec: FileSpec) -> Json:
    schema: Json = {
        "fields": [_field(spec, column) for column in spec.columns],
        "missingValues": [""],
    }
    if spec.key:
        schema["primaryKey"] = list(spec.key)
    if keys := [key for column in spec.columns if (key := _foreign_key(column))]:
        schema["foreignKeys"] = keys
    return {
        "profile": "tabular-data-resource",
        "name": _stem(spec.file),
        "path": spec.file,
        "title": spec.meaning,
        "encoding": "utf-8",
        "format": "csv",
        "dialect": {"delimiter": ",", "lineTerminator": "\n"},
        "schema": schema,
    }


def _stem(file: str) -> str:
    return file.removesuffix(".csv")


def _field(spec: FileSpec, column: Column) -> Json:
    constraints: Json = {"required": True} if column.required else {}
    constraints |= column.kind.constraints
    if column.kind.is_number:
        constraints |= _bounds(spec, column)
    described = {
        "name": column.name,
        "type": column.kind.type,
        "title": column.meaning,
        "description": f"Written as {column.kind.expected}.",
        **column.kind.extra,
    }
    return described | ({"constraints": constraints} if constraints else {})


def _foreign_key(column: Column) -> Json | None:
    """Return the reference of a column that names one row of another file; lists cannot say so."""
    if not column.names or column.kind.expected.endswith("separated by |"):
        return None
    key = "zone" if column.names == "zones.csv" else column.name.removeprefix("current_")
    return {
        "fields": column.name,
        "reference": {"resource": _stem(column.names), "fields": key},
    }


def _bounds(spec: FileSpec, column: Column) -> Json:
    """Return the noun's own limits of a number, in the unit of the file."""
    if column.kind.type not in {"integer", "number"}:
        return {}
    noun = spec.item
    for part in column.field[:-1]:
        noun = _noun_of(noun, part)
    schema = noun.model_json_schema()["properties"][column.field[-1]]
    kinds = [schema, *schema.get("anyOf", [])]
    limits = {name: kind[name] for kind in kinds for name in ("minimum", "maximum") if name in kind}
    number = int if column.kind.type == "integer" else float
    return {name: number(column.kind.write(limit)) for name, limit in limits.items()}


def _noun_of(noun: type[Frozen], part: str) -> type[Frozen]:
    """Return the noun that a field holds, also where it may be absent."""
    annotation = noun.model_fields[part].annotation
    held = [annotation, *get_args(annotation)]
    return next(kind for kind in held if isinstance(kind, type) and issubclass(kind, Frozen))
