"""Two short seeds of random faults over the whole chain, one on PostgreSQL with Redis, one on SQLite.

`python -m bench chaos` runs long ones, and says what is checked.
"""

from concurrent.futures import ThreadPoolExecutor

from bench.chaos.measure import run

SECONDS = 8.0
SEEDS = (2, 3)


def test_after_random_faults_every_promise_holds(tmp_path):
    with ThreadPoolExecutor(len(SEEDS)) as threads:
        results = list(threads.map(lambda seed: run(seed, SECONDS, tmp_path / str(seed)), SEEDS))
    problems = {seed: result.problems for seed, result in zip(SEEDS, results, strict=True)}
    assert problems == {seed: [] for seed in SEEDS}
    for result in results:
        assert result.weather.lines
        assert any(order.is_booked for order in result.record.orders)
        assert any(page.streams for page in result.record.pages)
        assert result.record.deliveries
