"""What a viewer holds, fed by one WatchFlows after another."""

from harness.process import DEADLINE_S
from harness.schema import view


class Watch:
    def __init__(self, server, **filters):
        self.server = server
        self._filter = view.FlowFilter(**filters)
        self.cursor = ""
        self.flows = {}
        self.told = []  # (number, change) of each flow told
        self.gone = []
        self.resets = 0
        self.evicted = 0
        self.losses = {}
        self._call = None

    def messages(self, limit=100000):
        return self.server.viewer.WatchFlows(
            view.WatchFlowsRequest(cursor=self.cursor, filter=self._filter, limit=limit),
            timeout=DEADLINE_S,
        )

    def take(self, message):
        if message.reset:
            self.resets += 1
            self.flows.clear()
            self.losses.clear()
        for flow in message.flows:
            self.flows[flow.number] = flow
            self.told.append((flow.number, flow.change))
        for number in message.gone:
            self.flows.pop(number, None)
            self.gone.append(number)
        for loss in message.losses:
            self.losses[loss.number] = loss
        if message.cursor:
            self.cursor = message.cursor
        self.evicted = message.evicted or self.evicted

    def until(self, enough):
        """Watch on until `enough(self)` and all so far is told."""
        call = self.messages()
        for message in call:
            self.take(message)
            if message.caught_up and enough(self):
                call.cancel()
                return self
        raise AssertionError("the watch ended")

    def catch_up(self):
        return self.until(lambda _: True)

    # ---- one call that stays ----

    def start(self):
        """Begin to watch, and catch up."""
        self._call = self.messages()
        self.take_until(lambda message: message.caught_up)
        return self

    def take_until(self, enough):
        """Take messages until one is `enough`, all that came before too."""
        for message in self._call:
            self.take(message)
            if enough(message):
                return self
        raise AssertionError("the watch ended")

    def until_holds(self, fits):
        """Take messages until a flow that `fits` is held; returns it."""
        while True:
            for flow in self.flows.values():
                if fits(flow):
                    return flow
            self.take(next(self._call))

    def stop(self):
        self._call.cancel()
