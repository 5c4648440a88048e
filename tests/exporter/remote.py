"""A script beside the exporter's in a real mitmproxy: it does what a person
at its console can. A line of JSON on a socket in the confdir, answered by one.

    {"set": {"grpc_addr": "http://..."}}   change options
    {"command": "mitmflow.status"}         run a command, get what it returns
"""

import asyncio
import contextlib
import json
import os

from mitmproxy import ctx
from mitmproxy import exceptions

NAME = "remote.sock"


def obey(order):
    try:
        if "set" in order:
            ctx.options.update(**order["set"])
            return {"done": True}
        return {"value": ctx.master.commands.call(order["command"])}
    except (exceptions.OptionsError, exceptions.CommandError) as error:
        return {"error": str(error)}


async def serve(reader, writer):
    # mitmproxy may end first.
    with contextlib.suppress(asyncio.CancelledError):
        while line := await reader.readline():
            writer.write(json.dumps(obey(json.loads(line))).encode() + b"\n")
            await writer.drain()
    writer.close()


class Remote:
    def running(self):
        path = os.path.join(os.path.expanduser(ctx.options.confdir), NAME)
        loop = asyncio.get_running_loop()
        self.task = loop.create_task(asyncio.start_unix_server(serve, path))


addons = [Remote()]
