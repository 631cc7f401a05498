"""Files of tagged sentences as they occur, and refusals that name file and line."""

from __future__ import annotations

import gzip

import pytest

from grunit.data.tagging import read_tagged
from grunit.errors import DataError


def write(tmp_path, text: str | bytes, name: str = "news.conll"):
    path = tmp_path / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def test_columns_of_conll_2003(tmp_path):
    text = "-DOCSTART- -X- -X- O\n\nEU NNP B-NP B-ORG\nrejects VBZ B-VP O\n\n\nPeter NNP B-NP B-PER\n"
    news = read_tagged(write(tmp_path, text))
    assert news.tokens == [["EU", "rejects"], ["Peter"]]
    assert news.tags == [["B-ORG", "O"], ["B-PER"]]
    assert news.lines == [[3, 4], [7]]
    assert read_tagged(write(tmp_path, text), tags=2).tags == [["NNP", "VBZ"], ["NNP"]]
    assert read_tagged(write(tmp_path, text), tags="-2").tags == [["B-NP", "B-VP"], ["B-NP"]]


def test_tabs_part_tokens_that_hold_spaces_and_lines_of_white_space_part_sentences(tmp_path):
    posts = read_tagged(write(tmp_path, "New York\tB-LOC\r\n\t\r\n\u3000\tO\r\na\u2028b\tO\r\n"))
    assert posts.tokens == [["New York"], ["\u3000", "a\u2028b"]]
    assert posts.lines == [[1], [3, 4]]


def test_a_character_a_line(tmp_path):
    found = read_tagged(write(tmp_path, "高 B-NAME\n勇 E-NAME\n： O\n\n\u3000 O\n", "train.char.bmes"))
    assert found.tokens == [["高", "勇", "："], ["\u3000"]]
    assert found.tags == [["B-NAME", "E-NAME", "O"], ["O"]]


CONLLU = """# sent_id = 1
# text = I won't.
1\tI\tI\tPRON\tPRP\tCase=Nom\t2\tnsubj\t_\t_
2-3\twon't\t_\t_\t_\t_\t_\t_\t_\t_
2\two\twill\tAUX\tMD\t_\t0\troot\t_\t_
3\tn't\tnot\tPART\tRB\t_\t2\tadvmod\t_\t_
3.1\tdo\tdo\tVERB\tVB\t_\t_\t_\t_\t_
4\t.\t.\tPUNCT\t.\t_\t2\tpunct\t_\t_

"""


def test_conllu_leaves_out_contractions_and_empty_nodes(tmp_path):
    path = write(tmp_path, CONLLU, "en.conllu")
    found = read_tagged(path)
    assert found.tokens == [["I", "wo", "n't", "."]]
    assert found.tags == [["PRON", "AUX", "PART", "PUNCT"]]
    assert found.lines == [[3, 5, 6, 8]]
    assert read_tagged(path, tags="xpos").tags == [["PRP", "MD", "RB", "."]]
    assert read_tagged(path, tokens="lemma").tokens == [["I", "will", "not", "."]]
    packed = write(tmp_path, gzip.compress(CONLLU.encode()), "en.conllu.gz")
    assert read_tagged(packed).tags == found.tags


def test_a_file_to_be_answered_may_hold_tokens_alone(tmp_path):
    path = write(tmp_path, "Fine\n.\n\nYes\n")
    found = read_tagged(path, answers=False)
    assert found.tokens == [["Fine", "."], ["Yes"]]
    assert found.tags is None
    with pytest.raises(DataError, match="holds tokens alone"):
        found.labels()
    assert read_tagged(write(tmp_path, CONLLU.replace("PRON", "_"), "a.conllu"), answers=False).tokens[0][0] == "I"


@pytest.mark.parametrize(
    ("text", "name", "words"),
    [
        ("a O\nb\n", "x.conll", "x.conll, line 2: it has 1 column between spaces and line 1 has 2"),
        ("a\nb\n", "x.conll", "x.conll: its first line has one column"),
        ("ein Hund,a dog\ndie kleine Katze,the small cat\n", "x.csv", "line 2: .*; a table of texts is for grunit fit"),
        ('{"text":"fine","label":1}\n', "x.jsonl", "x.jsonl: it is named as JSON, .* read from lines .*; a table"),
        ('["Ada", "sang"]\n["B-PER", "O"]\n', "x.json", "x.json: it is named as JSON, .* a token and its tag a line"),
        ("a\tO\n\tO\n", "x.conll", "line 2: its token is empty"),
        ("a\tO\nb\t\n", "x.conll", "line 2: the token 'b' has no tag"),
        ("a O\nn\xf6 O\n".encode("latin-1"), "x.conll", "x.conll, line 2 is not UTF-8 text"),
        ("a O\n".encode("utf-16"), "x.conll", "its text is UTF-16"),
        ("\n \n", "x.conll", "it is empty"),
        ("-DOCSTART- O\n", "x.conll", "it holds no sentence"),
        ("1\ta\t_\n", "x.conllu", "line 1: it has 3 columns between tabs and CoNLL-U has 10"),
        (CONLLU.replace("1\tI", "I\tI"), "x.conllu", "line 3: 'I' is no number of a token"),
        (CONLLU.replace("AUX", "_"), "x.conllu", "line 5: the token 'wo' has no tag"),
        (b"\x1f\x8b", "x.conll.gz", "x.conll.gz: it cannot be read"),
    ],
)
def test_what_cannot_be_used_is_refused_by_line(tmp_path, text, name, words):
    with pytest.raises(DataError, match=words):
        read_tagged(write(tmp_path, text, name))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("ein Hund\ta dog\nKatze\tcat\nein Pferd\ta horse\n", r"line 1: 'ein Hund' and 'a dog' .* fit translation"),
        ("review\tmood\na fine film\t+\na dull one\t-\n", r"line 2: 'a fine film' and '\+' .* text-classification"),
        ("source\ttarget\n" + ("wort " * 20 + "\tone word\n") * 2, r"line 2: '(wort ){7}wo\.\.\.' and 'one word'"),
        (
            "房间太小。其他的都一般\t-\n很好\t+\n不错！下次再来\t+\n",
            "line 1: '房间太小。其他的都一般' and '-' .* text-classification",
        ),
        ("十五寸笔记本的键盘确实爽蛮喜欢\t+\n", r"line 1: .* text-classification"),
        ("你好，世界\t你好，天\n再见，世界\t再见，天\n", r"line 1: .* fit translation"),
    ],
)
def test_a_table_of_whole_texts_is_sent_to_its_own_task(tmp_path, text, words):
    path = write(tmp_path, text, "pairs.tsv")
    with pytest.raises(DataError, match="pairs.tsv, " + words):
        read_tagged(path)
    with pytest.raises(DataError, match=r"pairs.tsv, line \d: .* looks like a whole text, not a token: give a token a"):
        read_tagged(path, answers=False)


def test_long_and_marked_tokens_are_no_texts(tmp_path):
    text = "中华人民共和国国家发展和改革委员会 B-ORG\n！！ O\nhttps://example.org/a,b O\nwell-known! O\n"
    for answers in (True, False):
        assert len(read_tagged(write(tmp_path, text), answers=answers).tokens[0]) == 4
    with pytest.raises(DataError, match="line 1: '今天天气很好。' looks like a whole text"):
        read_tagged(write(tmp_path, "今天天气很好。\n我们去公园。\n", "a.txt"), answers=False)


def test_columns_that_are_not_there(tmp_path):
    path = write(tmp_path, "a O\n")
    with pytest.raises(DataError, match="there is no such file"):
        read_tagged(tmp_path / "none")
    with pytest.raises(DataError, match="this is a folder"):
        read_tagged(tmp_path)
    for asked in (3, -3, 0):
        with pytest.raises(DataError, match=f"there is no column {asked}: it has 2, counted from 1"):
            read_tagged(path, tags=asked)
    with pytest.raises(DataError, match="no column 'ner': give its number, 1 to 2"):
        read_tagged(path, tags="ner")
    with pytest.raises(DataError, match="did you mean 'xpos'"):
        read_tagged(write(tmp_path, CONLLU, "en.conllu"), tags="xpo")


def test_a_broken_scheme_is_refused_by_line(tmp_path):
    found = read_tagged(write(tmp_path, "a O\n\nb O\nc I-X\n"))
    with pytest.raises(DataError, match=r"news.conll, line 4: 'I-X' after 'O' breaks BIO"):
        found.require_scheme("BIO")
    found.require_scheme("IOB1")
    found.require_scheme(None)


def test_the_sets_are_as_large_as_their_papers_say(data_folder):
    """Zhang & Yang (2018), table 1: Resume has 3.8 thousand / 0.46 / 0.48 sentences, 124.1 / 13.9 / 15.1 characters."""
    sizes = []
    for part in ("train", "dev", "test"):
        found = read_tagged(data_folder / "resume_ner" / f"{part}.char.bmes")
        sizes.append((len(found), round(sum(map(len, found.tokens)) / 1000, 1)))
    assert sizes == [(3821, 124.1), (463, 13.9), (477, 15.1)]


def test_tags_that_no_scheme_knows_are_refused_and_broken_schemes_are_not(tmp_path):
    read_tagged(write(tmp_path, "Ada I-PER\nsang O\nRome M-LOC\nwell S\n")).require_entities()
    with pytest.raises(DataError, match=r"news.conll, line 2: the tag 'VERB' marks no entity"):
        read_tagged(write(tmp_path, "Ada B-PER\nsang VERB\n")).require_entities()
