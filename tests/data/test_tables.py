"""Any table becomes the same validated long frame, and every slip is named where it is."""

from __future__ import annotations

import datetime
import itertools
import re
from pathlib import Path

import numpy as np
import pandas as pd
import polars
import pytest
from hypothesis import given
from hypothesis import strategies as st

from grunit.data import Columns, DataWarning, read_table, to_long, to_panel
from grunit.errors import DataError, MissingExtraError

LONG = "unique_id,ds,y,wind\na,2024-01-01,1.5,3\na,2024-01-02,2.5,4\nb,2024-01-01,7,5\n"


@pytest.fixture
def write(tmp_path):
    def write_file(content: str | bytes, name: str = "table.csv") -> Path:
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write_file


def the_long_frame() -> pd.DataFrame:
    dates = pd.to_datetime(["2024-01-01", "2024-01-02", "2024-01-01"]).as_unit("ns")
    return pd.DataFrame({"unique_id": ["a", "a", "b"], "ds": dates, "y": [1.5, 2.5, 7.0], "wind": [3.0, 4.0, 5.0]})


def lines(frame: pd.DataFrame) -> str:
    return "\n".join(row.to_json(date_format="iso") for _, row in frame.iterrows())


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("comma.csv", LONG),
        ("semicolon.csv", LONG.replace(",", ";")),
        ("tab.tsv", LONG.replace(",", "\t")),
        ("spaces.csv", LONG.replace(",", ", ")),
        ("windows.csv", ("\ufeff" + LONG.replace("\n", "\r\n")).encode()),
        ("blank-end.csv", LONG + "\n\n"),
        ("quoted.csv", '"unique_id","ds","y","wind"\n"a","2024-01-01",1.5,3\na,2024-01-02,2.5,4\nb,2024-01-01,7,5'),
        ("labels.csv", ",unique_id,ds,y,wind\n0,a,2024-01-01,1.5,3\n1,a,2024-01-02,2.5,4\n2,b,2024-01-01,7,5"),
        ("lines.jsonl", lines(the_long_frame())),
        ("list.json", "[" + lines(the_long_frame()).replace("\n", ",") + "]"),
    ],
)
def test_every_file_format_gives_the_same_frame(write, name, content):
    pd.testing.assert_frame_equal(read_table(write(content, name)), the_long_frame())


@pytest.mark.parametrize("to_frame", [pd.DataFrame, polars.DataFrame], ids=["pandas", "polars"])
def test_frames_in_memory_give_the_same_frame_and_stay_as_they_are(to_frame):
    data = {name: the_long_frame()[name].tolist() for name in the_long_frame()}
    given, untouched = to_frame(data), to_frame(data)
    pd.testing.assert_frame_equal(to_long(given), the_long_frame())
    assert given.equals(untouched)


def test_the_result_shares_no_memory_with_the_callers_frame():
    given = the_long_frame()
    result = to_long(given)
    result.loc[:, "y"] = -1.0
    result.loc[:, "wind"] = -1.0
    pd.testing.assert_frame_equal(given, the_long_frame())


def test_columns_may_have_other_names(write):
    path = write(LONG.replace("unique_id,ds,y", "shop,day,sales"))
    pd.testing.assert_frame_equal(read_table(path, Columns("shop", "day", "sales")), the_long_frame())


def test_series_names_that_look_like_numbers_keep_their_zeros(write):
    assert read_table(write("unique_id,ds,y\n007,1,1\n007,2,2\n"))["unique_id"].tolist() == ["007", "007"]


def test_a_wide_table_is_one_series_a_column(write):
    frame = read_table(write("date,north,south\n2024-01-01,1,10\n2024-01-02,2,20\n"))
    assert frame["unique_id"].tolist() == ["north", "north", "south", "south"]
    assert frame["y"].tolist() == [1, 2, 10, 20]
    assert frame["ds"].tolist() == [pd.Timestamp("2024-01-01"), pd.Timestamp("2024-01-02")] * 2


def test_a_target_makes_the_other_numbers_exogenous_and_text_is_left_out_aloud(write):
    path = write("date,rain,temp_max,dry,weather\n2024-01-01,0,7.5,true,sun\n2024-01-02,3,9,false,rain\n")
    with pytest.warns(DataWarning, match="left out.*'weather'") as warned:
        frame = read_table(path, target="temp_max")
    assert len(warned) == 1
    assert frame.columns.tolist() == ["unique_id", "ds", "y", "rain", "dry"]
    assert frame["y"].tolist() == [7.5, 9]
    assert frame["dry"].tolist() == [1, 0]


def test_what_is_no_series_of_a_wide_table_is_left_out_aloud(write):
    path = write("day,north,holiday,weather\n2024-01-01,1,true,sun\n2024-01-02,2,false,rain\n")
    with pytest.warns(DataWarning, match="'holiday', 'weather'"):
        frame = read_table(path)
    assert frame["unique_id"].tolist() == ["north", "north"]


def test_a_date_of_any_name_is_found_before_a_feature_called_day(write):
    frame = read_table(write("day,observed,sales\n1,2024-01-31,5\n2,2024-02-01,6\n"), target="sales")
    assert frame.columns.tolist() == ["unique_id", "ds", "y", "day"]
    assert frame["ds"].iloc[0] == pd.Timestamp("2024-01-31")


def test_a_frame_indexed_by_dates_is_wide():
    index = pd.date_range("2024-01-01", periods=2)
    frame = to_long(pd.DataFrame({"north": [1, 2], "south": [10, 20]}, index=index))
    assert frame.groupby("unique_id")["y"].sum().to_dict() == {"north": 3, "south": 30}
    assert frame["ds"].tolist() == [*index, *index]


@pytest.mark.parametrize(
    ("data", "name", "times"),
    [
        (np.array([1, 2, 3]), "y", [0, 1, 2]),
        ([1.0, 2.0, 3.0], "y", [0, 1, 2]),
        (pd.Series([1, 2, 3], name="sales"), "sales", [0, 1, 2]),
        (pd.Series([1, 2, 3], index=[2000, 2004, 2008]), "y", [2000, 2004, 2008]),
        (polars.Series("sales", [1, 2, 3]), "sales", [0, 1, 2]),
        (
            pd.Series([1, 2, 3], index=pd.period_range("2024-01", periods=3, freq="M")),
            "y",
            [pd.Timestamp(2024, month, 1) for month in (1, 2, 3)],
        ),
    ],
    ids=["array", "list", "series", "years", "polars", "periods"],
)
def test_one_series_of_numbers(data, name, times):
    frame = to_long(data)
    assert frame["unique_id"].tolist() == [name] * 3
    assert frame["ds"].tolist() == times
    assert frame["y"].tolist() == [1.0, 2.0, 3.0]


SPELLINGS = ["%Y-%m-%d", "%Y/%m/%d", "%Y%m%d", "%d.%m.%Y", "%m/%d/%Y", "%d %b %Y", "%Y-%m-%dT%H:%M:%SZ"]


@given(st.dates(datetime.date(1900, 1, 1), datetime.date(2199, 1, 1)), st.sampled_from(SPELLINGS))
def test_dates_in_any_spelling_are_read_or_refused_but_never_misread(start, spelling):
    dates = [start + datetime.timedelta(days=day) for day in range(40)]
    frame = to_long(pd.DataFrame({"ds": [date.strftime(spelling) for date in dates], "y": range(40)}))
    assert frame["ds"].dt.date.tolist() == dates


@pytest.mark.parametrize("spelling", ["%d/%m/%Y", "%m/%d/%Y"])
def test_dates_with_two_readings_are_refused(spelling):
    dates = [datetime.date(2024, month, 1 + month % 3).strftime(spelling) for month in range(1, 13)]
    with pytest.raises(DataError, match=r"row 0: '../../2024' can be day/month or month/day"):
        to_long(pd.DataFrame({"ds": dates, "y": range(12)}))


def test_clock_times_of_a_zone_with_summer_time_become_universal():
    index = pd.date_range("2024-03-30", periods=48, freq="h", tz="Europe/Berlin")
    with pytest.warns(DataWarning, match="time zone Europe/Berlin is left out: what follows is in UTC"):
        frame = to_long(pd.Series(np.arange(48.0), index=index))
    assert frame["ds"].tolist() == index.tz_convert("UTC").tz_localize(None).tolist()
    assert to_panel(frame).freq == "h"


def test_days_of_a_zone_with_summer_time_stay_days():
    index = pd.date_range("2024-03-30", periods=4, tz="Europe/Berlin")
    with pytest.warns(DataWarning, match="what follows is the clock times of that zone"):
        frame = to_long(polars.DataFrame({"ds": index.to_list(), "y": [1, 2, 3, 4]}))
    assert frame["ds"].tolist() == index.tz_localize(None).tolist()


HEAD = "unique_id,ds,y\n"
BROKEN = {
    "only a header": (HEAD, "it has a header and no rows"),
    "empty": ("", "it is empty"),
    "blank lines": ("\n \n", "it is empty"),
    "latin-1": ("ds,y\n1,2\n2,é\n".encode("latin-1"), "line 3 is not UTF-8.*save the file as UTF-8"),
    "utf-16": ("ds,y\n1,2\n".encode("utf-16"), "UTF-16.*save it as UTF-8"),
    "binary": (b"\x89PNG\0\0\0", "not UTF-8|binary"),
    "no y": ("unique_id,ds,Y\na,1,2\n", r"no column 'y'; did you mean 'Y'\? \(columns: unique_id, ds, Y\)"),
    "no ds": ("unique_id,dss,y\na,1,2\n", "no column 'ds'; did you mean 'dss'"),
    "no unique_id": ("unique-id,ds,y\na,1,2\n", "no column 'unique_id'; did you mean 'unique-id'"),
    "no time at all": ("north,south\n1,2\n", "no column 'ds'; name the column of times with time="),
    "nothing to forecast": ("date,weather\n2024-01-01,rain\n", "no column of numbers"),
    "text": (HEAD + "a,1,2\na,2,x7\n", "column 'y', row 2: 'x7' is not a number"),
    "decimal comma": ("ds;y\n1;0\n2;1\n3;1,5\n", "column 'y', row 3: '1,5'.*a point before the decimals"),
    "text in exogenous": ("ds,y,wind\n1,2,3\n2,3,4\n3,4,calm\n", "column 'wind', row 3: 'calm' is not a number"),
    "missing value": (HEAD + "a,1,2\na,2,\n", "column 'y', row 2: a value is missing"),
    "blank line inside": (HEAD + "a,1,2\n\na,2,3\n", "row 2: the time is missing"),
    "missing id": (HEAD + "a,1,2\n,2,3\n", "column 'unique_id', row 2: the name of the series is missing"),
    "missing time": (HEAD + "a,1,2\na,,3\n", "column 'ds', row 2: the time is missing"),
    "nan": (HEAD + "a,1,NaN\n", "column 'y', row 1: a value is missing"),
    "infinite": (HEAD + "a,1,2\na,2,-inf\n", "column 'y', row 2: the value is infinite"),
    "huge integer": (HEAD + f"a,1,{2**53 + 1}\n", f"row 1: {2**53 + 1} is too large to be kept exactly"),
    "huge number": (HEAD + "a,1,1e300\n", "row 1: 1e[+]300 is too large"),
    "endless integer": (HEAD + "a,1," + "9" * 40 + "\n", "row 1: '9{40}' is too large"),
    "booleans": (HEAD + "a,1,true\na,2,false\n", "column 'y': it holds true and false"),
    "unsorted": (
        HEAD + "a,2024-01-01,1\nb,2024-01-05,1\na,2024-01-03,1\na,2024-01-02,1\n",
        "column 'ds', row 4: the time 2024-01-02 is earlier than the one before it; sort the rows",
    ),
    "duplicate": (HEAD + "a,1,1\nb,1,1\na,1,2\n", "row 3: the time 1 was already given in row 1"),
    "no such date in a later series": (
        HEAD + "a,2024-01-01,1\na,2024-01-02,1\nb,2024-01-01,1\nb,2024-01-32,1\n",
        "column 'ds', row 4: '2024-01-32' is not a date",
    ),
    "endless time": (HEAD + "a,1e300,1\n", "row 1: 1e[+]300 is neither a date nor a whole number"),
    "text as booleans": ("ds,y\ntrue,1\nfalse,2\n", "column 'ds': it holds true and false"),
    "late duplicate": (HEAD + "a,1,1\na,2,1\na,1,2\n", "row 3: the time 1 was already given in row 1"),
    "no such date": (HEAD + "a,2024-01-31,1\na,2024-02-31,1\n", "column 'ds', row 2: '2024-02-31' is not a date"),
    "no such month": (HEAD + "a,2024-01-31,1\na,2024-31-01,1\n", "column 'ds', row 2: '2024-31-01' is not a date"),
    "month 13": (HEAD + "a,2024-01-01,1\na,2024-13-01,1\n", "column 'ds', row 2: '2024-13-01' is not a date"),
    "half a day": (HEAD + "a,1,1\na,1.5,1\n", "column 'ds', row 2: 1.5 is neither a date nor a whole number"),
    "two zones": (
        HEAD + "a,2024-01-01T00:00Z,1\na,2024-01-01T03:00+02:00,1\n",
        "row 2: the time zone is [+]02:00, and Z in the first row",
    ),
    "zone sometimes": (HEAD + "a,2024-01-01T00:00,1\na,2024-01-01T03:00Z,1\n", "row 2: the time zone is Z, and none"),
    "a name twice": ("ds,y,y\n1,2,3\n", "column 'y': the header names it twice"),
    "too many fields": ("ds,y\n1,2\n2,3,4\n", "Expected 2 fields in line 3, saw 3"),
    "too many fields everywhere": ("ds,y\n1,2,3\n2,3,4\n", "more fields than its header"),
}


@pytest.mark.parametrize("case", list(BROKEN))
def test_a_broken_file_is_refused_by_name_and_row(write, case):
    content, message = BROKEN[case]
    path = write(content)
    with pytest.raises(DataError, match=message) as refused:
        read_table(path)
    assert str(refused.value).startswith(str(path))
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("content", ['{"ds": 1,', "{}}", '{"ds": 1, "y": {"a": 2}}', "5", "[1, 2]"])
def test_broken_json_is_refused(write, content):
    with pytest.raises(DataError, match=r"table\.jsonl"):
        read_table(write(content, "table.jsonl"))


def test_files_that_are_not_there(tmp_path):
    with pytest.raises(DataError, match=r"no-such\.csv: there is no such file"):
        read_table(tmp_path / "no-such.csv")
    with pytest.raises(DataError, match="this is a folder"):
        read_table(tmp_path)


def test_parquet_is_read_or_says_what_to_install(tmp_path, write):
    try:
        the_long_frame().to_parquet(tmp_path / "table.parquet")
    except ImportError:
        with pytest.raises(MissingExtraError, match="pip install pyarrow"):
            read_table(write(b"PAR1", "table.parquet"))
    else:
        pd.testing.assert_frame_equal(read_table(tmp_path / "table.parquet"), the_long_frame())


@pytest.mark.parametrize(
    ("options", "message"), [({"target": "tempmax"}, "did you mean 'temp_max'"), ({"time": "d"}, "'d'")]
)
def test_a_name_that_is_not_in_the_table(write, options, message):
    with pytest.raises(DataError, match=message):
        read_table(write("date,temp_max\n2024-01-01,1\n"), **options)


def test_a_name_that_grunit_keeps_for_itself():
    with pytest.raises(DataError, match="column 'ds': grunit needs this name"):
        to_long(pd.DataFrame({"when": [1, 2], "y": [1, 2], "ds": [3, 4]}), time="when")


def test_rows_of_a_frame_are_named_by_their_label():
    frame = pd.DataFrame({"ds": [1, 2], "y": [1.0, None]}, index=["first", "second"])
    with pytest.raises(DataError, match=r"^sales, column 'y', row second: a value is missing"):
        to_long(frame, source="sales")


@pytest.mark.parametrize(
    "data",
    [None, "abc", {"a": [1]}, np.zeros((2, 2)), [[1], [2, 3]], np.array([1j]), [], pd.DataFrame(), ["a", "b"], 5.0],
    ids=["nothing", "text", "dict", "matrix", "ragged", "complex", "no rows", "empty", "words", "number"],
)
def test_objects_that_are_no_table(data):
    with pytest.raises(DataError):
        to_long(data)


def test_two_columns_of_one_name_in_a_frame():
    frame = pd.DataFrame([[1, 2, 3]], columns=["ds", "y", "y"])
    with pytest.raises(DataError, match="column 'y': there are two of this name"):
        to_long(frame)


table = st.lists(st.tuples(st.sampled_from("ab"), st.integers(-50, 50), st.floats(-1e9, 1e9)), min_size=1, max_size=12)


@given(table)
def test_a_frame_is_accepted_exactly_when_every_series_rises(rows):
    frame = pd.DataFrame(rows, columns=["unique_id", "ds", "y"])
    rises = all(
        earlier < later
        for name in "ab"
        for times in [[t for n, t, _ in rows if n == name]]
        for earlier, later in itertools.pairwise(times)
    )
    if rises:
        result = to_long(frame)
        assert list(result.itertuples(index=False, name=None)) == rows
    else:
        with pytest.raises(DataError, match=re.compile("already given|earlier")):
            to_long(frame)


def test_lines_that_end_in_a_carriage_return_alone_are_read(tmp_path):
    path = tmp_path / "old.csv"
    path.write_bytes(b"unique_id,ds,y\ra,2024-01-01,1\ra,2024-01-02,2\r")
    assert list(read_table(path)["y"]) == [1.0, 2.0]
