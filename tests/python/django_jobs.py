"""A management command and a view of Django, for `django_test.ts`."""

import json
import os
import sys

import django
from django.conf import settings
from django.core.management import call_command
from django.test import RequestFactory
from taskwire import flush, track
from taskwire.django import TaskCommand, task_for, token_for

settings.configure(
    INSTALLED_APPS=["taskwire.django.TaskwireConfig"],
    TASKWIRE_URL=os.environ.pop("TASKWIRE_URL"),
    TASKWIRE_API_KEYS=os.environ.pop("TASKWIRE_API_KEYS"),
    TASKWIRE_JWT_SECRET=os.environ.pop("TASKWIRE_JWT_SECRET"),
)
django.setup()


class Command(TaskCommand):
    def add_arguments(self, parser):
        parser.add_argument("rows", type=int)

    def handle(self, *args, rows, **options):
        for _ in track(range(rows), unit="rows"):
            pass
        if rows == 0:
            raise RuntimeError("a secret")


class User:
    is_authenticated = True
    pk = 42


call_command(Command(), "3")  # without a task
call_command(Command(), "3", taskwire="import_7")
parser = Command().create_parser("manage.py", "import_rows")
assert parser.parse_args(["3", "--taskwire", "import_8"]).taskwire == "import_8"
try:
    call_command(Command(), "0", taskwire="import_0")
except RuntimeError:
    pass
flush()

request = RequestFactory().post("/uploads")
request.user = User()
task = task_for(request, "upload_1", title="Upload")
task.publish(status="queued")
json.dump({"token": token_for(request, task.id)}, sys.stdout)
