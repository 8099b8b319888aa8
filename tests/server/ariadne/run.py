"""Page through works, and follow, by the client that ariadne-codegen made: url and token are given."""

import asyncio
import json
import sys

from made import Client, FollowInput


async def main(url: str, token: str) -> None:
    titles, after = [], None
    async with Client(url=url, headers={"Authorization": f"Bearer {token}"}) as client:
        while True:
            researcher = (await client.profile(slug="kurt-keutzer", first=20, after=after)).researcher
            titles += [work.title for work in researcher.works.nodes]
            if not researcher.works.page_info.has_next_page:
                break
            after = researcher.works.page_info.end_cursor
        followed = (await client.follow(FollowInput(subject_id=researcher.id))).follow
    found = {
        "titles": titles,
        "band": researcher.trust.band.name,
        "refused": len(followed.user_errors),
        "followers": followed.subject.follower_count,
    }
    sys.stdout.write(json.dumps(found) + "\n")


asyncio.run(main(*sys.argv[1:]))
