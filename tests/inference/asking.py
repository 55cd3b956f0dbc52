"""A stage that asks `count` questions of an address, for tests that end it in the middle.

Usage: python asking.py ADDRESS COUNT CONCURRENCY [BYTES a file may grow to]
"""

import resource

from loopback import client, question, settings

from ultramed import stage


def main(address: str, count: str, concurrency: str, most_bytes: str = "") -> None:
    asker = client(address, given=settings(int(concurrency)))
    if most_bytes:
        resource.setrlimit(resource.RLIMIT_FSIZE, (int(most_bytes), int(most_bytes)))
    try:
        answers = list(asker.ask(question(f"q{n}") for n in range(int(count))))
    finally:
        asker.close()
    print(len(answers), flush=True)


if __name__ == "__main__":
    stage.run(main)
