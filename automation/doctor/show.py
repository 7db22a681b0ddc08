"""Prints a diagnosis for people: a line for each check, and the way out under each problem."""

from rich.console import Console
from rich.table import Table
from rich.text import Text

from automation.doctor.examine import Diagnosis
from automation.doctor.finding import Finding, Verdict

STYLES = {Verdict.OK: "green", Verdict.PROBLEM: "red", Verdict.NOT_ASKED: "yellow"}


def show(diagnosis: Diagnosis, console: Console) -> None:
    table = Table("", "check", "found", box=None, pad_edge=False)
    for column, ratio in zip(table.columns, (None, None, 1), strict=True):
        column.ratio, column.overflow = ratio, "fold"
    for check, finding in diagnosis.findings.items():
        verdict = Text(finding.verdict, style=STYLES[finding.verdict])
        table.add_row(verdict, check, Text(_said(finding)))
    console.print(table)
    console.print()
    console.print(summary(diagnosis))


def summary(diagnosis: Diagnosis) -> str:
    """What was found in one line; what was not asked is never counted as well."""
    problems, unknown = (diagnosis.of(v) for v in (Verdict.PROBLEM, Verdict.NOT_ASKED))
    parts = [f"{len(problems)} to mend: {', '.join(problems)}" if problems else "Nothing is wrong"]
    if unknown:
        parts.append(f"not known: {', '.join(unknown)}")
    return "; ".join(parts) + "."


def _said(finding: Finding) -> str:
    match finding.verdict:
        case Verdict.OK:
            return finding.found
        case Verdict.NOT_ASKED:
            return finding.why
        case Verdict.PROBLEM:
            return (
                f"{finding.found}\nneeded: {finding.needed}\nwhy: {finding.why}\n"
                f"do: {finding.action}"
            )
