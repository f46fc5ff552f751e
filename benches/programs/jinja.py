from jinja2 import Environment

template = Environment().from_string("{% for n in numbers %}{{ n }},{% endfor %}")


def main():
    return template.render(numbers=range(3))
