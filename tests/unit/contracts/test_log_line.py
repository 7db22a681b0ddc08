"""What the log tells: every name is written by a function and explained by the documentation."""

import ast
from pathlib import Path

import pytest

from contracts import log_line
from contracts.log_line import AuthorizerField, Field
from contracts.metrics import Metric

pytestmark = pytest.mark.unit

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "log-line.md").read_text(encoding="utf-8")
SOURCES = {path: path.read_text(encoding="utf-8") for path in (ROOT / "functions").rglob("*.py")}


def explained() -> dict[str, dict[str, str]]:
    """Class -> field -> its docstring on one line."""
    module = ast.parse(Path(log_line.__file__).read_text(encoding="utf-8"))
    found: dict[str, dict[str, str]] = {}
    for made in (node for node in module.body if isinstance(node, ast.ClassDef)):
        found[made.name] = {}
        for member, text in zip(made.body, made.body[1:], strict=False):
            match member, text:
                case (
                    ast.Assign(value=ast.Constant(value=str(name))),
                    ast.Expr(value=ast.Constant(value=str(words))),
                ):
                    found[made.name][name] = " ".join(words.split())
    return found


def table(title: str) -> list[str]:
    section = PAGE.partition(f"## {title}\n")[2].partition("\n## ")[0]
    return [line for line in section.splitlines() if line.startswith("| `")]


@pytest.mark.parametrize(
    ("title", "fields"),
    [("Fields of a request", Field), ("Fields of a judged token", AuthorizerField)],
)
def test_the_page_explains_each_field_in_the_words_of_the_contract(
    title: str, fields: type[Field] | type[AuthorizerField]
) -> None:
    words = explained()[fields.__name__]
    assert list(words) == list(fields)
    assert table(title) == [f"| `{field}` | {words[field]} |" for field in fields]


def test_the_page_lists_each_metric_with_its_unit_and_dimensions() -> None:
    def dimensions(metric: Metric) -> str:
        sets = ["group and model"] * metric.per_model + ["group"] * metric.of_group
        return "; ".join(sets)

    assert table("Metrics") == [
        f"| `{metric}` | {metric.unit} | {dimensions(metric)} |" for metric in Metric
    ]


@pytest.mark.parametrize("field", [*Field, *AuthorizerField], ids=repr)
def test_no_field_is_promised_that_no_function_writes(field: Field | AuthorizerField) -> None:
    folder = "authorize" if isinstance(field, AuthorizerField) else ""
    assert any(
        f"Field.{field.name}" in text for path, text in SOURCES.items() if folder in str(path)
    )


def test_no_metric_is_promised_that_no_function_counts() -> None:
    text = "".join(SOURCES.values())
    assert [metric for metric in Metric if f"Metric.{metric.name}" not in text] == []


def test_a_field_and_a_metric_never_have_one_name() -> None:
    assert not set(map(str, Field)) & set(map(str, Metric))
