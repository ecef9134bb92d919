from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from lco import clock, metrics
from lco.odoo.budget import (
    ALL_TOKENS,
    CLIENT_TOKENS,
    MAX_CLIENTS,
    BudgetExceeded,
    CallBudget,
    Payer,
    charged_to,
    payer,
)


def calls(budget: CallBudget, client: str, at_most: int = 1000) -> int:
    """How many calls a client may cause at once."""
    for count in range(at_most):
        try:
            budget.check(client)
        except BudgetExceeded:
            return count
        budget.spend(client)
    return at_most


def test_a_client_at_full_speed_causes_at_most_five_calls_a_second_in_half_a_minute():
    budget, count = CallBudget(), 0
    for second in range(30):
        with clock.moved(timedelta(seconds=second)):
            count += calls(budget, "greedy")
    assert CLIENT_TOKENS <= count <= 5 * 30


def test_a_client_that_used_up_its_calls_leaves_those_of_others():
    budget = CallBudget()
    calls(budget, "greedy")
    assert calls(budget, "honest") == CLIENT_TOKENS


def test_all_clients_together_have_a_bound():
    budget = CallBudget()
    assert sum(calls(budget, f"client {n}") for n in range(20)) == ALL_TOKENS


def test_work_that_was_begun_is_finished_and_waited_for_afterwards():
    budget = CallBudget()
    for _ in range(int(CLIENT_TOKENS) + 60):
        budget.spend("visitor")
    with clock.moved(timedelta(seconds=29)), pytest.raises(BudgetExceeded) as refused:
        budget.check("visitor")
    assert refused.value.status == 429
    assert refused.value.retry_after >= timedelta(seconds=1)
    with clock.moved(timedelta(seconds=31)):
        budget.check("visitor")


def test_refusals_are_counted():
    budget = CallBudget()
    calls(budget, "greedy")
    before = metrics.refused.labels("odoo budget")._value.get()
    assert not Payer(budget, "greedy").can_pay()
    assert metrics.refused.labels("odoo budget")._value.get() == before + 1


def test_only_so_many_clients_are_remembered():
    budget = CallBudget()
    for number in range(MAX_CLIENTS + 50):
        budget.check(str(number))
    assert len(budget._clients) == MAX_CLIENTS


def test_a_thread_works_for_the_client_of_its_own_block():
    outer = Payer(CallBudget(), "outer")
    with charged_to(outer):
        with ThreadPoolExecutor(1) as other:
            assert other.submit(payer).result() is None
        with charged_to(None):
            assert payer() is None
        assert payer() is outer
    assert payer() is None
