"""Maps classes to tables of a database in memory."""

from peewee import CharField, ForeignKeyField, IntegerField, Model, SqliteDatabase, fn

from capsule import task

database = SqliteDatabase(":memory:")


class Base(Model):
    class Meta:
        database = database


class Author(Base):
    name = CharField(unique=True)


class Book(Base):
    author = ForeignKeyField(Author, backref="books")
    pages = IntegerField()


@task
def main() -> None:
    database.create_tables([Author, Book])
    ada = Author.create(name="Ada")
    Book.insert_many([{"author": ada, "pages": 10}, {"author": ada, "pages": 20}]).execute()
    assert Book.select(fn.SUM(Book.pages)).scalar() == 30
    assert [book.pages for book in ada.books.where(Book.pages > 10)] == [20]
