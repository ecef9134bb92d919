"""The cost of 5,000 machines and 50,000 bookings for a real Odoo with our module: price round, list, morning."""

import re
import uuid

from bench import report
from tests.odoo import module_database, postgres_cluster

# Runs in Odoo's own shell; each line that it prints as MEASURED is a result.
SCRIPT = """
import time
from datetime import timedelta
from odoo.fields import Domain
vehicles, today = env['fleet.vehicle'], env['fleet.vehicle']._rental_today()
brand = env['fleet.vehicle.model.brand'].create({'name': 'Bench'})
model = env['fleet.vehicle.model'].create({'name': 'Bench', 'brand_id': brand.id})
rates = {'rental_price_daily': 50, 'rental_price_weekly': 300, 'rental_price_monthly': 900}
values = {'model_id': model.id, 'rental_published': True, **rates}
many = vehicles.create([{**values, 'rental_name': f'Machine {number}'} for number in range(5000)])
partner = env['res.partner'].create({'name': 'Bench'})
env.cr.commit()
env.cr.execute('''
    INSERT INTO fleet_rental_booking (reference, version, vehicle_id, partner_id, booking_type, state, date_from,
                                      date_to, days, last_day, busy_from, busy_until, holds_days, total_amount)
    SELECT 'BK-' || v || '-' || n, 1, v, %s, 'reservation', CASE WHEN n < 5 THEN 'returned' ELSE 'confirmed' END,
           first, first + 3, 3, first + 2, first, first + 3, n >= 5, 100
      FROM unnest(%s) v, generate_series(0, 9) n, LATERAL (SELECT %s::date + (n - 5) * 9 + v %% 5 + 2 AS first) f
''', [partner.id, many.ids, today])
env.cr.execute('ANALYZE')
settings = env['ir.config_parameter']
for endpoint in ('booking', 'inventory'):
    settings.set_param(f'fleet_rental_storefront.{endpoint}_webhook_url', 'http://127.0.0.1:9/api/webhook/x')
settings.set_param('fleet_rental_storefront.webhook_secret', 'a secret')
settings.set_param('fleet_rental_storefront.api_key', 'a key')
env.cr.commit()

def measure(name, work):
    env.invalidate_all()
    queries, start = env.cr.sql_log_count, time.monotonic()
    work()
    env.cr.commit()
    print(f'MEASURED {name}: {time.monotonic() - start:.3f} s, {env.cr.sql_log_count - queries} queries')

def price_round():
    for vehicle in many:
        vehicle.rental_price_daily += 1

def listed():
    free = vehicles._bookable_domain(today + timedelta(days=30), today + timedelta(days=33))
    domain = Domain('rental_published', '=', True) & free
    vehicles.search_count(domain), len(vehicles.search(domain, order='id', limit=20))

def morning():
    settings.set_param('fleet_rental_storefront.refreshed_on', str(today - timedelta(days=1)))
    vehicles._cron_begin_the_day()

measure('price round of 5,000', price_round)
waiting = env['fleet.rental.event'].search_count([('state', '=', 'waiting')])
print(f'MEASURED webhooks of the price round: {waiting}')
for _ in range(3):
    measure('available_from and available_to', listed)
measure('morning without a booking that begins or ends', morning)
"""


def main() -> None:
    template = module_database.prepare()
    name = f"bench_{uuid.uuid4().hex[:8]}"
    module_database.copy(template, name)
    try:
        said = module_database.run(
            "shell", "-c", str(module_database.CONFIGURATION), "-d", name, "--no-http", stdin=SCRIPT
        )
        assert "Traceback" not in said, said
        report.title("5,000 machines and 50,000 bookings in a real Odoo (promise: 10 s, 50 ms, 1 s)")
        print("\n".join(f"  {line}" for line in re.findall(r"MEASURED (.*)", said)))
    finally:
        postgres_cluster.drop(name)
        module_database.forget_files(name)


if __name__ == "__main__":
    main()
