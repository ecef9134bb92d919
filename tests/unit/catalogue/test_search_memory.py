import tracemalloc

from lco.catalogue.search_text import normalize, stem, words

MB = 1024 * 1024
SALLA = chr(0xFDFA)  # one letter that decomposes into eighteen


def test_very_many_long_searches_leave_little_in_memory():
    tracemalloc.start()
    try:
        for number in range(400):
            text = f"{SALLA * 92}{number}"
            assert len(normalize(text)) > 1000
            for word in words(text):
                stem(word)
        taken, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert taken < MB


def test_long_and_short_texts_are_normalized_alike():
    assert normalize("É" * 100) == "e" * 100
    assert normalize("É") == "e"
