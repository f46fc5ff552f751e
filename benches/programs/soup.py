from bs4 import BeautifulSoup


def main():
    return BeautifulSoup("<ul><li>a</li><li>b</li></ul>", "html.parser").text
