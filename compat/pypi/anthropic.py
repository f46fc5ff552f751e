"""Sends messages by a server on loopback."""

import anthropic

from capsule import task


@task(allowed_hosts=["localhost"])
def main(base: str) -> None:
    client = anthropic.Anthropic(base_url=base, api_key="none", max_retries=0)
    messages = [{"role": "user", "content": "hi"}]
    message = client.messages.create(model="m", max_tokens=10, messages=messages)
    assert message.content[0].text == "you said hi"
