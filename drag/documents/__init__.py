"""Documents in: files become documents, documents become evidence with its title, date and exact place.

    for one in read_documents([Path("notes")]):
        if isinstance(one, Unread):
            print(one.path, one.reason)
        else:
            evidence = chunks(one)

Reading is lazy: a folder of any size, or a corpus of any number of records, takes the memory of one document.
"""

from drag.documents.chunk import chunks
from drag.documents.document import Document, Limits, Section, Unread
from drag.documents.sentence import sentences
from drag.documents.walk import read_documents

__all__ = ["Document", "Limits", "Section", "Unread", "chunks", "read_documents", "sentences"]
