"""The document as a plain page, for people without a viewer."""

import html
from typing import Any


def page(document: dict[str, Any]) -> str:
    """HTML with one row an operation."""
    rows = "".join(
        f"<tr><td>{method.upper()}</td><td><code>{html.escape(path)}</code></td>"
        f"<td>{html.escape(operation['summary'])}</td><td>{html.escape(operation['description'])}</td></tr>"
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    )
    title = html.escape(document["info"]["title"])
    return (
        f"<!doctype html><meta charset=utf-8><title>{title}</title>"
        "<style>body{font:16px/1.5 system-ui;margin:2rem;color-scheme:light dark}"
        f"td{{padding:.2rem .8rem;vertical-align:top}}</style><h1>{title}</h1>"
        "<p>The whole of it, for machines: <a href=/schema/openapi.json>OpenAPI 3.1</a>; "
        "the events: <a href=/schema/asyncapi.json>AsyncAPI 3</a></p>"
        f"<table>{rows}</table>"
    )
