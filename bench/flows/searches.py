"""What is asked of a store, and how long that may take."""

import os
import statistics
import uuid
from dataclasses import dataclass, field

from wire import number, text

# mitmflow.v1.SortKey
START, DURATION, SIZE, HOST = 1, 2, 3, 6
FACETS = b"".join(number(5, kind) for kind in range(1, 8))
LETTERS = "abcdefghijklmnopqrstuvwxyz"


@dataclass
class Group:
    name: str
    questions: list
    p50: float = None  # ms
    p95: float = None
    found: tuple = None  # least and most results of each
    is_search: bool = False
    against: str = field(default="")

    def show(self, answers, row):
        times = sorted(ms for ms, _, _, _ in answers)
        p50 = statistics.median(times)
        p95 = times[min(len(times) - 1, int(0.95 * len(times)))]
        found = [results for _, results, _, _ in answers]
        failed = sum(status > 0 for *_, status in answers)
        wrong = sum(
            not self.found[0] <= results <= self.found[1] for results in found
        ) if self.found else 0
        figure = f"p50 {p50:.2f}  p95 {p95:.2f} ms  {statistics.median(found):g} found"
        if failed:
            figure += f"  {failed} FAILED"
        if wrong:
            figure += f"  {wrong} WRONG"
        targets = []
        if self.p50:
            targets.append(f"p50 {self.p50:g}")
        if self.p95:
            targets.append(f"p95 {self.p95:g}")
        ok = not failed and not wrong
        ok &= not self.p50 or p50 <= self.p50
        ok &= not self.p95 or p95 <= self.p95
        if os.environ.get("BENCH_SLOWEST"):
            _, which = max((answer[0], i) for i, answer in enumerate(answers))
            figure += f"  slowest: {self.questions[which][2]}"
        row(self.name, figure, ", ".join(targets) + (" ms" if targets else ""), ok)


def filtered(expression, is_new):
    """A FlowFilter."""
    return text(100 if is_new else 1, expression)


class Asker:
    def __init__(self, is_new):
        self.is_new = is_new

    def find(self, label, expression, sort=0, limit=0):
        request = text(1, filtered(expression, self.is_new)) if expression else b""
        if not self.is_new:
            return (label, "GetFlows", request + number(2, limit))
        return (label, "QueryFlows", request + number(2, sort) + number(4, limit))

    def summarize(self, label, expression="", bars=0, facets=b""):
        request = text(1, filtered(expression, True)) if expression else b""
        return (label, "SummarizeFlows", request + number(2, bars) + facets)


def worst(is_new):
    """A request that no signature and no column helps."""
    expression = "~b q[xz]?q[jv]?q[wk]q" if is_new else "qxqjqwqzq"
    return text(1, filtered(expression, is_new))


def without_literal(word):
    """A regular expression for `word` in which no three letters are certain."""
    return "".join(f"[{c}{c.upper()}_]" if i % 2 else c for i, c in enumerate(word))


def plan(bench, rng):
    is_new = bench.has_queries()
    ask = Asker(is_new)
    kept = bench.options.kept
    flows = bench.tell(rng.sample(range(kept), 60))
    # Of names with such a rank some ten lie in the store.
    ranks = [rng.randrange(max(kept // 500, 100), max(kept // 100, 200)) for _ in range(40)]
    rare = [bench.name_of(rank) for rank in ranks]
    common = ["description", "shipping", "customer", "delivery", "payment", "review"]
    triples = ["".join(rng.choice(LETTERS) for _ in range(3)) for _ in range(20)]
    triples += [name[i : i + 3] for i, name in enumerate(rare[:7])]
    groups = [
        Group("uuid, present", [ask.find("u", f[1]) for f in flows], 10, 250, (1, 8), True),
        Group("uuid, absent",
              [ask.find("a", str(uuid.UUID(int=rng.getrandbits(128), version=4)))
               for _ in range(60)], 5, 250, (0, 0), True),
        Group("rare word", [ask.find("r", word) for word in rare], 50, 250, None, True),
        Group("common word", [ask.find("c", word) for word in common * 4], 10, 250,
              (500, 500), True),
        Group("three letters", [ask.find("3", word) for word in triples], 50, 250, None, True),
        Group("first page of 500", [ask.find("l", "") for _ in range(40)], 4, None, (500, 500)),
        Group("one flow by id", [("i", "GetFlow", text(1, f[0])) for f in flows], 0.5,
              None, (1, 1)),
    ]
    if not is_new:
        return groups
    patterns = [f"~u q={word[:6]}[a-z]*" for word in rare[:15]]
    patterns += [f'~b "owner.{{1,5}}{word}"' for word in rare[15:30]]
    brute = [f"~b {without_literal(word)}" for word in rare[:3]]
    columns = ["~m POST", "~c 404", "~c 302", "~dns", "~tcp", "~udp", "~websocket",
               "~m BREW", "~size >3k", "~dur >10", "~c 500 & ~m GET", "~d api", "~t json",
               "! ~http"]
    return groups + [
        Group("regular expression with a literal", [ask.find("x", p) for p in patterns],
              50, 250, None, True),
        Group("rare word without signatures (the floor)",
              [ask.find("b", p) for p in brute]),
        *(Group(f"columns: {c}", [ask.find("f", c) for _ in range(5)], 100) for c in columns),
        Group("sorted by size", [ask.find("s", "", SIZE) for _ in range(10)], 150, None,
              (500, 500)),
        Group("sorted by duration", [ask.find("s", "", DURATION) for _ in range(10)], 150),
        Group("sorted by host", [ask.find("s", "", HOST) for _ in range(10)], 150),
        Group("histogram of 100 bars", [ask.summarize("h", bars=100) for _ in range(10)], 150),
        Group("histogram of a filter", [ask.summarize("h", "~c 404", 100) for _ in range(10)],
              150),
        Group("all facets", [ask.summarize("h", "", 0, FACETS) for _ in range(10)]),
    ]
