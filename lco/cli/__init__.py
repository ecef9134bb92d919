"""Commands for operators: `flask --app wsgi lco …` (docs/operating.md).

Here belong the options of a command, its questions and its output. A command calls the same services as a page, so
no rule of the business belongs here. The checks of `lco doctor` are in `lco.doctor`.
"""

from lco.cli.bookings import audit, bookings, settle
from lco.cli.doctor import doctor
from lco.cli.group import OperatorGroup
from lco.cli.mail import mail_worker, mails
from lco.cli.people import erase, export
from lco.cli.site import backup, config, migrate, restore, version
from lco.cli.webhooks import send_webhook, webhooks

group = OperatorGroup("lco", help="The rental storefront.")
COMMANDS = (
    *(audit, backup, bookings, config, doctor, erase, export, mail_worker, mails, migrate, restore, settle),
    *(send_webhook, version, webhooks),
)
for command in COMMANDS:
    group.add_command(command)
