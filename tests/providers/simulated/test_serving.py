"""The simulator as a process of its own."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from urllib.request import urlopen

import pytest

PROGRAM = """
from lattice.providers.simulated.behaviour import Behaviour
from lattice.providers.simulated.serving import serve

serve(Behaviour.from_options(seed=7, rpm=600))
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_says_where_it_listens_and_ends_when_told(number: signal.Signals) -> None:
    with subprocess.Popen([sys.executable, "-c", PROGRAM], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        lines = [process.stdout.readline() for _ in range(4)]
        assert lines[0] == "Simulator: seed 7, latency 0 s, 600 requests a minute\n"
        address = re.search(r"OPENAI_BASE_URL=(http://127\.0\.0\.1:\d+)/v1 ", lines[1])
        assert address is not None
        assert f"ANTHROPIC_BASE_URL={address[1]} " in lines[2]
        with urlopen(f"{address[1]}/_simulator/counters") as response:
            assert response.status == 200
        process.send_signal(number)
        assert process.wait(20) == 0
