"""Run all checks at once, none for longer than the doctor may take."""

import os
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait

from lco.doctor import configuration, parts, public
from lco.doctor.findings import Finding, error
from lco.failures import guard
from lco.services import Services

SECONDS = 9.0
Check = Callable[[], list[Finding]]


def examine(services: Services, redis_policy: Callable[[], str] | None, *, deploy: bool) -> list[Finding]:
    """All findings, those about the settings first; with `deploy` also how the site is seen from outside.

    Takes at most about SECONDS: a part that has not answered by then is an error.
    """
    checks = parts.checks(services, redis_policy)
    if deploy:
        checks |= public.checks(services.settings)
    return [*configuration.examine(services.settings, os.environ), *_run(checks)]


def _run(checks: Mapping[str, Check]) -> list[Finding]:
    threads = ThreadPoolExecutor(len(checks), thread_name_prefix="doctor")
    running = {part: threads.submit(check) for part, check in checks.items()}
    wait(running.values(), timeout=SECONDS)
    threads.shutdown(wait=False, cancel_futures=True)
    return [finding for part, future in running.items() for finding in _result(part, future)]


def _result(part: str, future: "Future[list[Finding]]") -> list[Finding]:
    if not future.done():
        return [error(part, f"it has not answered within {SECONDS:.0f} s")]
    problem = future.exception()
    if problem is None:
        return future.result()
    with guard("doctor"):
        raise problem
    return [error(part, f"it could not be examined ({type(problem).__name__})")]
