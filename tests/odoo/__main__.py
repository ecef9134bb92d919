"""`python -m tests.odoo`: a real Odoo with the example shop, to click around in; `… pictures` takes its pictures.

It stands on port 8269, and its webhooks go to the site on port 8000.
"""

import sys
import threading

from tests.odoo.odoo_screenshots import take_pictures
from tests.odoo.odoo_server import real_odoo

PORT = 8269
TOLD = """Odoo: {url}/odoo (admin, admin)
The site: make run ODOO_URL={url} ODOO_WEBHOOK_SECRET=demo-secret
"""


def main() -> None:
    with real_odoo(port=None if "pictures" in sys.argv else PORT) as odoo:
        if "pictures" in sys.argv:
            take_pictures(odoo)
            return
        odoo.send_webhooks_to("http://127.0.0.1:8000")
        sys.stdout.write(TOLD.format(url=odoo.url))
        sys.stdout.flush()
        threading.Event().wait()


try:
    main()
except KeyboardInterrupt:
    sys.exit()
