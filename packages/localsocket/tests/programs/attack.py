"""Attack servers, as told line by line on the standard input: an attack's name, seconds, bytes, and the server's path.

Prints {"over": name} after each.
"""

from __future__ import annotations

import json
import resource
import sys
from pathlib import Path

from common import tell

sys.path.insert(0, str(Path(__file__).parent.parent))
from security.attacks import ATTACKS, Attack

if __name__ == "__main__":
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(most, 4096), most))
    for line in sys.stdin:
        name, seconds, most, path = json.loads(line)
        attack = Attack(path, seconds, most)
        try:
            ATTACKS[name](attack)
        finally:
            attack.end()
        tell({"over": name})
