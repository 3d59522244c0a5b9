"""Book folders: reading them with every fault named, checking them and writing them back."""

from matcher.files.book import BookFolder, is_book_folder, read_book, write_book
from matcher.files.datapackage import datapackage_text
from matcher.files.folders import whole_folder

__all__ = [
    "BookFolder",
    "datapackage_text",
    "is_book_folder",
    "read_book",
    "whole_folder",
    "write_book",
]
