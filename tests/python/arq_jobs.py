"""Runs the jobs of `queues_test.ts` by a stand-in for arq, which Debian does not package.

The stand-in follows arq's documentation: a job is a coroutine function with a
context of `job_id` and `job_try`; a job that raises `Retry` is tried again.
"""

import asyncio
import sys
import types


class Retry(RuntimeError):
    pass


class RetryJob(RuntimeError):
    pass


arq = types.ModuleType("arq")
arq.worker = types.ModuleType("arq.worker")
arq.worker.Retry = Retry
arq.worker.RetryJob = RetryJob
sys.modules.update({"arq": arq, "arq.worker": arq.worker})

from taskwire import Task, track  # noqa: E402
from taskwire.arq import shown  # noqa: E402


@shown
async def steady(ctx):
    for row in track(range(3), unit="rows"):
        await asyncio.sleep(0)


@shown
async def unsteady(ctx):
    if ctx["job_try"] == 1:
        raise Retry()


@shown
async def broken(ctx):
    raise RuntimeError("a secret")


@shown
async def endless(ctx):
    await asyncio.sleep(3600)


async def run(id, function):
    for job_try in range(1, 6):
        try:
            await asyncio.create_task(function({"job_id": id, "job_try": job_try}))
        except Retry:
            continue
        except Exception:
            pass
        return


async def main():
    Task("steady", user_id=42, title="Steady", labels=["x"]).publish(status="queued")
    Task("unsteady", user_id=42).publish(status="queued")
    await run("steady", steady)
    await run("unsteady", unsteady)
    await run("broken", broken)
    await run("unwanted", endless)
    await run("stopped", endless)


asyncio.run(main())
