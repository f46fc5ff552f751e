"""Reads a feed."""

import feedparser

from capsule import task

FEED = """<rss version="2.0"><channel><title>News</title>
<item><title>One &amp; two</title><link>https://x.com/1</link>
<pubDate>Wed, 31 Jan 2024 10:00:00 GMT</pubDate></item></channel></rss>"""


@task
def main() -> None:
    feed = feedparser.parse(FEED)
    assert feed.feed.title == "News" and feed.entries[0].title == "One & two"
    assert feed.entries[0].published_parsed[:3] == (2024, 1, 31)
