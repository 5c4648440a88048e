"""The extension under ASan and UBSan, inside the newest mitmproxy here."""

import functools
import json
import os
import pathlib
import re
import statistics
import subprocess

import inside as inside_module
import pytest
from harness import schema
from harness.authority import Authority
from harness.mitmdump import HERE
from inside import Inside, Talk, result_of

SANITIZED = pathlib.Path(
    os.environ.get(
        "MITMFLOW_TEST_SANITIZED_EXPORTER",
        schema.ROOT / "build-asan" / "exporter" / "mitmflow_exporter.py",
    )
)

# Python leaves some of its own, so that a report without any is none at all.
LSAN_SPOKE = "LeakSanitizer: detected memory leaks"
# The caller of malloc(): a source file of ours, or what is bundled.
ASKED_BY_US = re.compile(r"#1 \S+ in .*(\s\.\./(exporter|src)/|_mitmflow\.abi3\.so)")
SOAK_DEADLINE_S = 1800
# 200,000 flows in script/soak, a tenth of that in script/test.
FLOWS = 1000 * int(os.environ.get("MF_FAULT_ROUNDS", "20"))


def runtime(name):
    """The sanitizer's library, which a plain Python has to load first."""
    found = subprocess.run(
        ["gcc", f"-print-file-name={name}"], check=True, capture_output=True, text=True
    )
    return found.stdout.strip()


@pytest.fixture
def sanitized(monkeypatch):
    if not SANITIZED.exists():
        pytest.skip("build-asan is not built")
    kinds = [kind for kind in HERE if kind.has_modes]
    if not kinds:
        pytest.skip("no mitmproxy from PyPI is here")
    monkeypatch.setattr(inside_module, "EXPORTER", SANITIZED)
    runner = Inside(kinds[-1])
    libraries = [runtime("libasan.so"), runtime("libubsan.so")]
    # ASan's crypt() calls the one that it found when it was loaded: Python's
    # own, which older mitmproxys import, would come too late.
    libraries.append("libcrypt.so.1")
    environment = {
        "LD_PRELOAD": " ".join(libraries),
        # Python itself leaves much behind at its end.
        "ASAN_OPTIONS": "detect_leaks=0:abort_on_error=1",
        "UBSAN_OPTIONS": "halt_on_error=1:print_stacktrace=1",
        # Its own allocator would hide overruns of small objects.
        "PYTHONMALLOC": "malloc",
    }

    def run(scenario, *arguments, **more):
        return runner.run(scenario, *arguments, env={**environment, **more})

    def run_to_the_end(scenario, *arguments, **more):
        """What it printed, and of all that was leaked what this library asked
        for: Python and others leave much behind at their end."""
        # Of a thread's variables in a library that was loaded late, ASan up to
        # gcc 13 takes some for those of a glibc before 2.25, and then reads at
        # an address that is none. Without them a leak is found all the more:
        # they only point at what is in use.
        leaks = {
            "ASAN_OPTIONS": "detect_leaks=1:abort_on_error=1:intercept_tls_get_addr=0",
            "LSAN_OPTIONS": "exitcode=0",
        }
        process = runner.start(scenario, *arguments, env={**environment, **leaks, **more})
        output, errors = process.communicate(timeout=SOAK_DEADLINE_S)
        assert process.returncode == 0, errors
        assert LSAN_SPOKE in errors, errors
        blocks = [block for block in errors.split("\n\n") if ASKED_BY_US.search(block)]
        return json.loads(output.splitlines()[-1]), blocks

    run.to_the_end = run_to_the_end
    run.start = functools.partial(runner.start, env=environment)
    return run


def test_the_hooks_are_clean(sanitized):
    assert sanitized("messages")


def test_what_hooks_tell_is_clean(sanitized):
    assert sanitized("parts", "3", "100")["flows"]
    assert sanitized("dns_parts", "4", "50")["flows"]
    assert len(sanitized("stream")) == 120
    assert sanitized("connections")["told"]
    assert sanitized("references")["left"] == 0


def test_an_answer_may_change_while_it_is_counted(sanitized):
    assert sanitized("vanish") == 0


def test_events_without_end_leave_nothing_allocated(sanitized):
    """Counted by ASan, of Python's own allocations, too."""
    result = sanitized("endless", str(FLOWS), PYTHONMALLOC="malloc_debug")
    assert result["failures"] == 0
    # 100 bytes for each flow would be more.
    assert result["allocated"] < 65536


def test_the_sender_is_clean(sanitized, recorder):
    # Events of a flow that wait together are one message.
    assert 200 <= sanitized("send", recorder.url, "200", "20000", "0")["stats"]["acked"] <= 400
    assert sanitized("growth", recorder.url)["stats"]["growing"] == 0
    assert sanitized("reload", recorder.url, "10")["references"] == 0


def test_the_sender_is_clean_with_tls(sanitized, start_recorder, tmp_path):
    authority = Authority(tmp_path, "ca")
    recorder = start_recorder(tls=authority.issue("server"))
    wrong = Authority(tmp_path, "other").cert
    send = ("send", recorder.url, "200", "20000", "0")
    assert sanitized(*send, f"ca={authority.cert}")["stats"]["acked"] >= 200
    assert sanitized(*send, "drain=1", f"ca={wrong}")["stats"]["acked"] == 0


def test_the_options_are_clean(sanitized):
    assert sanitized("options")["errors"]
    assert sanitized("wrong_start")["lines"]


def test_what_comes_after_the_end_is_clean(sanitized, recorder):
    process = sanitized.start("late", recorder.url)
    for _ in range(2):
        recorder.wait_flows([process.stdout.readline().strip()])
        process.stdin.write("\n")
        process.stdin.flush()
    assert result_of(process)["ids"]


def test_the_sender_is_clean_with_an_old_server(sanitized, start_recorder):
    recorder = start_recorder(takes_raw=False)
    assert sanitized("published", recorder.url)["stats"]["acked"] == 2


def test_growing_flows_are_clean(sanitized, start_recorder):
    """By appends, wanted whole while they live and after their end."""
    recorder = start_recorder(takes_appends=True)
    talk = Talk(sanitized.start, recorder.url, "websocket")
    talk("server", "start", "say 50 1000", "wait", "say 5 20000", "wait")
    recorder.kept.clear()
    while talk("say 1 1000", "wait") == 0:
        pass
    recorder.kept.clear()
    talk("say 50 1000", "end", "drop")
    result = talk.stop()
    assert result["left"] == 0
    assert result["stats"]["memory"] == 0
    assert len(recorder.kept[result["id"]].websocket_messages) == result["said"]


def test_giving_up_flows_is_clean(sanitized):
    result = sanitized(
        *("send", "http://127.0.0.1:9", "2000", "20000", "0", "queue_max=3000000", "drain=1")
    )
    assert result["stats"]["pushed"] == 4000
    # Twice what has its end after its beginning was given up.
    assert 2000 <= result["stats"]["given_up"] <= 4000
    assert result["stats"]["acked"] == 0
    assert result["stats"]["memory"] == 0


@pytest.mark.timeout(SOAK_DEADLINE_S)
@pytest.mark.parametrize("takes_raw", [True, False], ids=["ours", "published"])
def test_flows_reloads_and_the_end_leak_nothing(sanitized, start_recorder, takes_raw):
    """Live bytes of the process, native threads and open files after each of
    ten loads of the script, and what is unreachable at the end."""
    recorder = start_recorder(takes_raw=takes_raw, takes_appends=takes_raw)

    def forget(message, context):
        recorder.messages.clear()
        recorder.kept.clear()

    recorder.on_message = forget
    result, leaked = sanitized.to_the_end(
        "leaks", recorder.url, FLOWS // 2, "10", PYTHONMALLOC="malloc_debug"
    )
    assert result["flows"] == FLOWS // 2
    assert all(stats["pushed"] and not stats["given_up"] for stats in result["stats"])
    live, threads, files = zip(*result["rows"])
    assert len(set(threads)) == 1 and len(set(files)) == 1, result["rows"]
    # The first rounds fill caches, and later ones may make one larger, once;
    # a kilobyte for each flow were 7 MB, 100 bytes 100,000 in each round.
    growths = [after - before for before, after in zip(live[2:], live[3:])]
    assert statistics.median(growths) < 70_000, live
    assert live[-1] - live[2] < 1_500_000, live
    assert not leaked, "\n\n".join(leaked)
