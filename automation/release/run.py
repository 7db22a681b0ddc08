"""`warmline release`: which version goes live, what stands against it, and the way there."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from automation.errors import Failure
from automation.images.check import require_all
from automation.models.registry import Registry
from automation.models.stack import Stack
from automation.models.transaction import Unanswered
from automation.release import machine
from automation.release.aws import LATEST, ReleasedFunction, newest_of, unpublished
from automation.release.driver import AGAIN, ASKED, Clock, Driver, Ended, Pace
from automation.release.golden import Golden
from automation.release.machine import Rules
from automation.release.records import AtWork, Records
from contracts.release import Goal, ReleaseRecord


@dataclass(frozen=True, kw_only=True)
class Request:
    """What was asked for on the command line."""

    to: str | None = None
    """A published version; None = the newest, published first where code or settings changed."""
    back: bool = False
    again: bool = False
    """Release a version although it was taken back."""
    despite: tuple[str, ...] = ()
    """Alarms that are on and are to be overlooked."""


@dataclass(frozen=True, kw_only=True)
class Planned:
    """What a release would do."""

    function: str
    old: str
    new: str
    steps: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Release:
    """One function of a stack, ready to be released."""

    function: ReleasedFunction
    records: Records
    driver: Driver
    golden: Golden
    signers: Callable[[Mapping[str, str]], Mapping[str, str]]
    """What names an image -> the key that signed it; raises `Failure` where nobody trusted did."""

    def run(self, request: Request) -> Ended:
        """Raises `Failure`; whatever was begun is gone on with by the next run."""
        try:
            return self._run(request)
        except (Exception, KeyboardInterrupt):
            self.driver.let_go()
            raise

    def _run(self, request: Request) -> Ended:
        driver = self.driver
        try:
            if request.back:
                driver.turn_back()
            try:
                before = driver.acquire()
            except AtWork as found:
                if not request.back:
                    raise
                return self._told(found)
            if before is not None and not before.ended:
                self._require_same(request, before)
                ended = driver.drive()
                if before.old != before.new:
                    asked = request.back and ended.problem == ASKED
                    return replace(ended, problem="") if asked else ended
                before = self.records.read()
            record = self._first(request, before, self._chosen(request, before, self._publish))
            seen = driver.look(record)
            if record.old == record.new:
                action = machine.next_action(seen, driver.rules)
                if isinstance(action, machine.Done):
                    return driver.ended(seen, action)
            self._require_fit(record, request)
            self._tell_unchecked(record)
            driver.begin(record, before)
            return driver.drive()
        except Unanswered as error:
            raise Failure(f"the registry gave no clear answer: {error}", AGAIN) from error

    def _tell_unchecked(self, record: ReleaseRecord) -> None:
        if record.old != record.new and not record.back and (bare := self.golden.unrecorded()):
            self.driver.show(
                f"no golden requests for {', '.join(bare)}: only asked whether ready "
                "(warmline release record MODEL FILE)"
            )

    def _told(self, found: AtWork) -> Ended:
        record = found.record
        return Ended(
            function=self.function.name,
            old=record.old,
            new=record.new,
            live=self.function.alias().version,
            problem="",
            steps=(f"told {record.holder}, which is at work, to go back to {record.aim}",),
        )

    def _require_same(self, request: Request, record: ReleaseRecord) -> None:
        """An open release is ended before another one begins."""
        if request.to is not None and record.old != record.new != request.to:
            raise Failure(
                f"the release of {self.function.name} from version {record.old} to {record.new} "
                "has not ended",
                "End it first (`warmline release`), or take it back (`warmline release --back`).",
            )

    def plan(self, request: Request) -> Planned:
        """What `run` would do if everything went well. Changes nothing.

        Raises `Failure` where it would do nothing at all.
        """
        before = self.records.read()
        steps: list[str] = []

        def publish(versions: Mapping[str, Any]) -> str:
            version = str(int(newest_of(versions) or 0) + 1)
            steps.append(f"publish {LATEST} as version {version}, or a later number")
            return version

        record = before
        if record is None or record.ended:
            record = self._first(request, before, self._chosen(request, before, publish))
            self._require_fit(record, request)
        elif request.back and not record.back:
            record = replace(record, goal=Goal.OLD)
        seen = self.driver.look(record)
        steps += [str(action) for action in machine.plan(seen, self.driver.rules)]
        return Planned(
            function=self.function.name, old=record.old, new=record.new, steps=tuple(steps)
        )

    def _first(self, request: Request, before: ReleaseRecord | None, new: str) -> ReleaseRecord:
        return ReleaseRecord(
            function=self.function.name,
            revision=0,
            old=self.function.alias().version,
            new=new,
            back=request.back,
            ignored=request.despite,
            previous=before.previous if before else "",
            rejected=before.rejected if before else "",
        )

    def _chosen(
        self,
        request: Request,
        before: ReleaseRecord | None,
        publish: Callable[[Mapping[str, Mapping[str, Any]]], str],
    ) -> str:
        """The version that shall be live. Raises `Failure` for one that must not."""
        versions = self.function.versions()
        published = ", ".join(version for version in versions if version != LATEST) or "none"
        if request.back:
            previous = before.previous if before else ""
            if previous not in versions:
                raise Failure(
                    f"the version before the live one of {self.function.name} is not known"
                    if not previous
                    else f"version {previous} of {self.function.name}, the one before the live "
                    "one, is deleted",
                    f"Name one: warmline release --to VERSION (published are: {published})",
                )
            return previous
        if request.to is not None:
            if request.to not in versions or request.to == LATEST:
                raise Failure(
                    f"{self.function.name} has no published version {request.to}",
                    f"Published are: {published}",
                )
            return request.to
        new = publish(versions) if unpublished(versions) else newest_of(versions)
        if before and new == before.rejected and not request.again:
            raise Failure(
                f"version {new} of {self.function.name} was taken back"
                + (f": {before.reason}" if before.reason else ""),
                "Mend it and deploy again, or release this very version: warmline release --again",
            )
        return new

    def _publish(self, versions: Mapping[str, Mapping[str, Any]]) -> str:
        return self.function.publish(versions[LATEST])

    def _require_fit(self, record: ReleaseRecord, request: Request) -> None:
        """Raises `Failure` where nobody trusted signed the version's image, and where the bake time
        would prove nothing, or could not begin."""
        if record.back or record.old == record.new:
            return
        image = self.function.image(record.new)
        if image is not None:
            name = f"the image of {self.function.name} version {record.new}"
            self.driver.show(f"{name} is signed with {self.signers({name: image})[name]}")
        states = self.function.alarms()
        missing = sorted(set(self.function.more_alarms) - states.keys())
        if missing:
            raise Failure(
                f"the account does not have {', '.join(missing)}, which a release must watch: an "
                "alarm that the stack makes, or that release.alarms names",
                "Bring the stack up; make the alarm, or take its name out of the stack file.",
            )
        if self.driver.rules.bake_seconds and not states:
            raise Failure(
                f"no alarm watches {self.function.name}, so the bake time would prove nothing",
                "Bring the stack up, which makes alarms, or set release.bake_minutes to 0.",
            )
        on = sorted(name for name, state in states.items() if state == "ALARM")
        unexpected = [name for name in on if name not in request.despite]
        if unexpected:
            options = " ".join(f"--despite '{name}'" for name in unexpected)
            raise Failure(
                f"alarm {', '.join(unexpected)} is on before anything changed, so it could not "
                "tell whether the new version is at fault",
                f"Find out why it is on. If the release is the cure: warmline release {options}",
            )


def releases(
    stack: Stack,
    *,
    group: str | None = None,
    show: Callable[[str], None] = lambda _text: None,
    pace: Pace | None = None,
    clock: Clock | None = None,
) -> dict[str, Release]:
    """By serving group. Raises `Failure` for a group that the stack does not have, and for a stack
    whose aliases move with `up`."""
    settings: Mapping[str, Any] = stack["release"]
    if settings["owner"] != "release":
        raise Failure(
            f"release.owner is {settings['owner']!r}: the alias of this stack moves with every "
            "`up`, which would undo a release",
            "Deploy with `warmline up`, or set release.owner to 'release' in the stack file and "
            "bring the stack up.",
        )
    functions = functions_of(stack)
    if group is not None and group not in functions:
        raise Failure(
            f"the stack has no serving group {group!r}",
            f"Serving groups: {', '.join(sorted(functions))}",
        )
    chosen = functions if group is None else {group: functions[group]}
    return {
        name: _release(stack, settings, name, function, show, pace or Pace(), clock or time)
        for name, function in chosen.items()
    }


def functions_of(stack: Stack) -> dict[str, str]:
    """Serving group -> name of its function."""
    return {name: about["function_name"] for name, about in stack["serving_groups"].items()}


def golden_of(stack: Stack, group: str) -> Golden:
    """The golden requests of one serving group."""
    return Golden(
        s3=stack.clients("s3"),
        bucket=stack["model_bucket"],
        registry=Registry.of(stack),
        group=group,
        lambda_=stack.clients("lambda"),
        function=functions_of(stack)[group],
        tenant_claim=stack["release"]["tenant_claim"],
        claims=tuple(stack["tenants"].values()),
        isolated=stack["serving_groups"][group].get("tenancy") == "isolated",
    )


def _release(
    stack: Stack,
    settings: Mapping[str, Any],
    group: str,
    name: str,
    show: Callable[[str], None],
    pace: Pace,
    clock: Clock,
) -> Release:
    golden = golden_of(stack, group)
    golden.registry.require_home_region()
    function = ReleasedFunction(
        lambda_=stack.clients("lambda"),
        cloudwatch=stack.clients("cloudwatch"),
        name=name,
        more_alarms=(*settings["alarms"], *stack["serving_groups"][group].get("alarms", ())),
    )
    records = Records(
        registry=golden.registry,
        function=name,
        now=clock.time,
        lease_seconds=pace.lease_seconds,
    )
    driver = Driver(
        function=function,
        records=records,
        rules=Rules(
            wanted=int(stack["serving_groups"][group]["provisioned_concurrency"]),
            bake_seconds=60 * float(settings["bake_minutes"]),
            ready_timeout_seconds=60 * float(settings["ready_timeout_minutes"]),
        ),
        check=golden.check,
        clock=clock,
        pace=pace,
        show=show,
    )
    return Release(
        function=function,
        records=records,
        driver=driver,
        golden=golden,
        signers=partial(require_all, stack),
    )
