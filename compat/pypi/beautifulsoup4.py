"""Reads a page by names and selectors, and changes it."""

from bs4 import BeautifulSoup

from capsule import task

PAGE = "<ul><li class='a'>Apple</li><li>Pear &amp; plum</li></ul><p>unclosed<p><a href='/x'>x</a>"


@task(compute="HIGH")
def main() -> None:
    soup = BeautifulSoup(PAGE, "html.parser")
    assert [item.text for item in soup.find_all("li")] == ["Apple", "Pear & plum"]
    assert soup.select_one("li.a").get_text() == "Apple"
    assert soup.a["href"] == "/x"
    soup.li.string = "Gone"
    assert str(soup.ul.li) == '<li class="a">Gone</li>'
    assert BeautifulSoup(PAGE, "html5lib").body.p.text == "unclosed"
