"""Completes a chat by a server on loopback."""

import openai

from capsule import task


@task(allowed_hosts=["localhost"])
def main(base: str) -> None:
    client = openai.OpenAI(base_url=f"{base}/v1", api_key="none", max_retries=0)
    messages = [{"role": "user", "content": "hi"}]
    chat = client.chat.completions.create(model="m", messages=messages)
    assert chat.choices[0].message.content == "you said hi"
