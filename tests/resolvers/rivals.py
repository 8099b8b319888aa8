"""Half of those who do the same at once, in a process of their own: `python -m tests.resolvers.rivals URL VERB HALF CODE CLAIM`.

It says that it is ready, waits for a line, and prints what came of each, a line each.
"""

import asyncio
import sys

from models.columns import now
from resolvers.claims import claim_researcher, confirm_claim
from resolvers.drivers import open_reader
from resolvers.follows import follow, unfollow
from resolvers.refused import Declined
from resolvers.viewers import Viewer
from resolvers.writing import open_writer

EACH = 50


async def main(url: str, verb: str, half: int, code: str, claim: int) -> None:
    reader = open_reader(url)
    writer = open_writer(url, reader)

    async def act(number: int) -> str:
        # Who claims is another each time; the rest is done ten times by each of ten, whose claim is the first's.
        account = half * EACH + number + 1 if verb == "claim" else 1 if verb == "confirm" else number % 10 + 1
        viewer = Viewer(account, 0, True, frozenset({"READ", "WRITE"}), True, False, now())
        try:
            match verb:
                case "claim":
                    await claim_researcher(writer, viewer, 1, "ORCID")
                case "confirm":
                    await confirm_claim(writer, viewer, claim, code)
                case "follow":
                    await follow(writer, viewer, "researcher", 1)
                case "unfollow":
                    await unfollow(writer, viewer, "researcher", 1)
        except Declined as declined:
            return declined.code
        return "done"

    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.readline()
    found = await asyncio.gather(*map(act, range(EACH)))
    sys.stdout.write("\n".join(found))
    await writer.close()
    await reader.close()


if __name__ == "__main__":
    _, url, verb, half, code, claim = sys.argv
    asyncio.run(main(url, verb, int(half), code, int(claim)))
