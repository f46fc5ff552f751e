"""Chains a prompt and a model of its own."""

from langchain_core.language_models import FakeListChatModel
from langchain_core.prompts import ChatPromptTemplate

from capsule import task


@task
def main() -> None:
    chain = ChatPromptTemplate.from_template("{text}") | FakeListChatModel(responses=["fine"])
    assert chain.invoke({"text": "hi"}).content == "fine"
