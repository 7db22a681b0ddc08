"""The runbook has a section for every symptom, and none for what does not exist."""

import re

import pytest

from components.observability import RUNBOOK
from components.packaging import ROOT
from functions.shared.errors import ServingError
from tests.graph.programs import STACKS, graph_of

pytestmark = pytest.mark.graph

PAGE = (ROOT / RUNBOOK).read_text(encoding="utf-8")
SECTIONS = dict(re.findall(r"^## (\S+)\n\n(.*?)(?=\n## |\Z)", PAGE, re.MULTILINE | re.DOTALL))
ALARMS = (
    "aws:cloudwatch/metricAlarm:MetricAlarm",
    "aws:cloudwatch/compositeAlarm:CompositeAlarm",
)
LINK = re.compile(re.escape(RUNBOOK) + r"#([a-z0-9-]+)$")


def told_by_alarms() -> set[str]:
    """Sections that the descriptions of all stacks' alarms end with."""
    descriptions = [
        alarm.inputs["alarmDescription"]
        for stack in STACKS
        for type_ in ALARMS
        for alarm in graph_of(stack).all(type_)
    ]
    found = [LINK.search(text) for text in descriptions]
    missing = [text for text, match in zip(descriptions, found, strict=True) if match is None]
    assert descriptions
    assert not missing
    return {match[1] for match in found if match}


def problems() -> set[str]:
    def slugs(kind: type[ServingError]) -> set[str]:
        return {kind.slug}.union(*map(slugs, kind.__subclasses__()))

    return slugs(ServingError)


def test_there_is_a_section_for_every_alarm_and_every_problem_and_for_nothing_else() -> None:
    alarms = {name for name, text in SECTIONS.items() if text.startswith("**Alarm**")}
    assert alarms == told_by_alarms()
    assert set(SECTIONS) - alarms - {"budget"} == problems()


def test_an_alarm_says_why_before_it_says_what_to_do() -> None:
    for alarm in (alarm for type_ in ALARMS for alarm in graph_of("prod").all(type_)):
        text = alarm.inputs["alarmDescription"]
        assert 20 < text.index(" What to do: ") < len(text) <= 1024
