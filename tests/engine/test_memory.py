import subprocess
import sys

import pytest

from penchant import memory
from penchant.memory import Regularly

HOLES = """
import os
import numpy as np
from penchant.memory import give_back

def held():
    with open("/proc/self/statm") as told:
        return int(told.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20

many = [np.ones(2_000) for _ in range(20_000)]  # 16 kB each: 312 MiB
few = many[::50]
del many
before = held()
give_back()
print(before, held(), sum(float(x[0]) for x in few))
"""


def test_what_was_freed_between_what_is_kept_goes_back_to_the_system():
    if sys.platform != "linux" or "glibc" not in _library():
        pytest.skip("only glibc can be asked to give memory back")
    told = subprocess.run(
        [sys.executable, "-c", HOLES], capture_output=True, text=True, check=True
    ).stdout.split()
    before, after, kept = map(float, told)
    assert before > 300, "freed, and still the process's"
    assert after < 0.5 * before
    assert kept == 400


def test_a_long_loop_gives_back_by_the_clock_and_not_by_how_often_it_asks(monkeypatch):
    now, given = [100.0], []
    monkeypatch.setattr(memory, "perf_counter", lambda: now[0])
    monkeypatch.setattr(memory, "give_back", lambda: given.append(now[0]))
    freed = Regularly(every=4.0)
    for second in range(100, 111):
        now[0] = float(second)
        for _ in range(50):
            freed.give_back()
    assert given == [105.0, 110.0]


def _library():
    import platform

    return "".join(platform.libc_ver()) or "another"
