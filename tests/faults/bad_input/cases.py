"""The bad-input matrix: each row is an object as a sender may write it, and what must happen to it.

The outcome is the form it is read in, then one word per row: `+` accepted, else the reason it is refused; `+*3` is
three accepted ones. `parked: code` means that the object is given up on, and its neighbours are not.
"""

import bz2
import gzip
import io
import json
import lzma
import zipfile

import pyarrow
import pyarrow.parquet
import zstandard

GOOD = "".join(json.dumps({"id": f"{i:04d}", "verb": {"id": "v"}}) + "\n" for i in range(1000)).encode()
GZ = gzip.compress(GOOD, mtime=0)
ZST = zstandard.compress(GOOD)
ARRAY = b"[" + b",".join(GOOD.splitlines()) + b"]"
PRETTY = json.dumps([{"a": 1, "b": [1, 2]}, {"a": "}]{[,"}], indent=2).encode()
LONG = 16 << 20


def flipped(data: bytes, at: int) -> bytes:
    changed = bytearray(data)
    changed[at] ^= 0x10
    return bytes(changed)


def parquet(column: object, name: str = "statement", **options: object) -> bytes:
    file = io.BytesIO()
    pyarrow.parquet.write_table(pyarrow.table({"extra": list(range(len(column))), name: column}), file, **options)
    return file.getvalue()


def zipped(content: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("a.ndjson", content)
    return file.getvalue()


TEXTS = parquet(['{"a":1}', None, "x", "[]"])
MANY = parquet([f'{{"i":{i}}}' for i in range(1000)], row_group_size=70, write_page_checksum=True, compression="none")

CASES: dict[str, tuple[bytes, str]] = {
    # --- lines, and how files end
    "plain.ndjson": (GOOD, "lines: +*1000"),
    "gz.ndjson.gz": (GZ, "lines: +*1000"),
    "members.ndjson.gz": (GZ + GZ, "lines: +*2000"),
    "member_splits_line.json.gz": (gzip.compress(GOOD[:100]) + gzip.compress(GOOD[100:]), "lines: +*1000"),
    "zst.jsonl.zst": (ZST, "lines: +*1000"),
    "frames.jsonl.zst": (ZST + ZST, "lines: +*2000"),
    "crlf.ndjson": (b'{"a":1}\r\n{"a":2}\r\n', "lines: + +"),
    "bom.ndjson": (b'\xef\xbb\xbf{"a":1}\n{"a":2}\n', "lines: + +"),
    "bom_within.ndjson": (b'{"a":1}\n\xef\xbb\xbf{"a":2}\n', "lines: + +"),
    "no_final_newline.ndjson": (b'{"a":1}\n{"a":2}', "lines: + +"),
    "spaces_around.ndjson": (b' \t{"a":1} \n', "lines: +"),
    "empty.ndjson": (b"", "lines:"),
    "empty.ndjson.gz": (gzip.compress(b""), "lines:"),
    "no_bytes.ndjson.gz": (b"", "lines:"),
    "no_bytes.parquet": (b"", "parquet:"),
    "one_newline.ndjson": (b"\n", "lines:"),
    "blank_lines.ndjson": (b'{"a":1}\n\n \n{"a":2}\n\n', "lines: + +"),
    "blank_first.ndjson": (b'\n{"a":1}\n', "lines: +"),
    "blank_crlf.ndjson.gz": (gzip.compress(b'\r\n{"a":1}\r\n\r\n\t\r\n{"a":2}'), "lines: + +"),
    "blank_but_the_bom.ndjson": (b'\xef\xbb\xbf\n{"a":1}\n', "lines: +"),
    "only_blank_lines.ndjson": (b"\n \n\r\n", "lines:"),
    "comment_and_blank_lines.ndjson": (b'# exported\n\n{"a":1}\n\n{"a":2}\n', "lines: not_json + +"),
    "blank_before_array.json": (b'\n\n[{"a":1}]\n', "document: +"),
    "record_separators.ndjson": (b'\x1e{"a":1}\n\x1e{"a":2}\n', "lines: not_json not_json"),
    "form_feed.ndjson": (b'{"a":1}\n\x0c\n', "lines: + not_json"),
    # --- names: upper case, and none
    "UPPER.JSON": (GOOD, "lines: +*1000"),
    "UPPER.NDJSON.GZ": (GZ, "lines: +*1000"),
    "Upper.Json.Zst": (ZST, "lines: +*1000"),
    "UPPER.PARQUET": (parquet(["{}"]), "parquet: +"),
    "stream-1-2026-01-05-10-00-00-2f1c": (GOOD, "lines: +*1000"),
    "stream-1-2026.01.05": (GOOD.replace(b"\n", b""), "document: +*1000"),
    "stream-1-2026-01-05.gz": (GZ, "lines: +*1000"),
    # --- packed under another name: its bytes decide
    "gz_named.json": (GZ, "lines: +*1000"),
    "gz_without_ending": (GZ + GZ, "lines: +*2000"),
    "zst_named.ndjson": (ZST + ZST, "lines: +*2000"),
    "gz_array_named.json": (gzip.compress(ARRAY), "document: +*1000"),
    "gz_answer_named.json": (gzip.compress(b'{"statements":[{"a":1}]}'), "answers: +"),
    "gz_blanks_named.json": (gzip.compress(b'\n{"a":1}\n\n{"a":2}\n'), "lines: + +"),
    "gz_cut_named.json": (GZ[:-20], "parked: unreadable"),
    "zst_cut_named.json": (ZST[:-20], "parked: unreadable"),
    "gz_twice.ndjson.gz": (gzip.compress(GZ), "parked: unreadable"),
    "gz_twice_named.json": (gzip.compress(GZ), "parked: unreadable"),
    "zst_within_gz.ndjson.gz": (gzip.compress(ZST), "parked: unreadable"),
    # --- answers of a record store
    "answer.json": (b'{"statements": [{"a":1.10} , {"b":{"c":[1,2]}}], "more": ""}', "answers: + +"),
    "answer_with_more.json": (b'{"more":"/xapi/statements?page=2","statements":[{"a":1}]}\n', "answers: +"),
    "answer_empty.json": (b'{"statements":[],"more":""}', "answers:"),
    "answer_pretty.json": (
        json.dumps({"statements": [{"a": 1}, {"b": "}]"}], "more": None}, indent=2).encode(),
        "answers: + +",
    ),
    "answer_bom.json": (b'\xef\xbb\xbf{"statements":[{"a":1}]}', "answers: +"),
    "answer_other_keys.json": (
        b'{"took":12.5,"x":{"statements":[1]},"ok":true,"statements":[{"a":1}],"n":0}',
        "answers: +",
    ),
    "answers_on_lines.ndjson.gz": (
        gzip.compress(b'{"statements":[{"a":1},{"b":2}],"more":"/x"}\n\n{"statements":[]}\n{"statements":[{"c":3}]}\n'),
        "answers: + + +",
    ),
    "answers_in_array.json": (b'[{"statements":[{"a":1}]},{"statements":[{"b":2}]}]', "answers: + +"),
    "answer_of_many.json": (b'{"statements":' + ARRAY + b"}", "answers: +*1000"),
    "answer_longer_than_a_line.json.gz": (
        gzip.compress(b'{"more":"","statements":[' + b",".join([b'{"a":"' + b"x" * 999_000 + b'"}'] * 18) + b"]}", 1),
        "answers: +*18",
    ),
    "answer_of_wrapped.json": (
        b'{"statements":[{"statement":{"actor":{}}},{"a":1}]}',
        "answers: wrapped_in_statement +",
    ),
    "answer_with_a_number.json": (b'{"statements":[{"a":1},2]}', "lines: wrapped_in_statements"),
    "answer_with_texts.json": (b'{"statements":["{}"]}', "lines: wrapped_in_statements"),
    "answer_of_one.json": (b'{"statements":{"actor":{}}}', "lines: wrapped_in_statements"),
    "answer_cut.json": (b'{"statements":[{"a":1}', "lines: not_json"),
    "answer_bad_comma.json": (b'{"statements":[{"a":1},]}', "lines: not_json"),
    "answer_then_statement.ndjson": (
        b'{"statements":[{"a":1}]}\n{"verb":{}}\n',
        "lines: wrapped_in_statements +",
    ),
    "statement_then_answer.ndjson": (b'{"verb":{}}\n{"statements":[{"a":1}]}\n', "lines: + wrapped_in_statements"),
    "answer_then_statement_pretty.json": (
        b'{\n"statements":[{"a":1}]\n}\n{\n"verb":{}}\n',
        "document: wrapped_in_statements +",
    ),
    "answer_then_broken.ndjson": (b'{"statements":[{"a":1}]}\n{"a\n', "lines: wrapped_in_statements not_json"),
    "statement_with_statements.ndjson": (b'{"actor":{},"statements":[{"a":1}]}\n', "lines: +"),
    # --- a statement within another object
    "wrapped.ndjson": (
        b'{"statement":{"actor":{}}}\n{"event":{"actor":{}}}\n{"_id":1,"_source":{"verb":{},"actor":null}}\n'
        b'{"data":[{"actor":"x"}]}\n{"payload":{"x":{"actor":{}}}}\n{"message":"{\\"actor\\": {}}"}\n{"verb":{}}\n',
        "lines: wrapped_in_statement wrapped_in_event wrapped_in_source wrapped_in_data wrapped_in_payload "
        "wrapped_in_message +",
    ),
    "wrapped_in_array.json": (b'[{"statement":{"actor":{}}},{"verb":{}}]', "document: wrapped_in_statement +"),
    "not_wrapped.ndjson": (
        b'{"data":{"a":1}}\n{"actor":null,"data":{"actor":{}}}\n{"result":{"response":"actor"}}\n{"x":{"actor":{}}}\n',
        "lines: +*4",
    ),
    # --- one line is wrong, its neighbours are not
    "one_broken.ndjson": (GOOD + b'{"a":\n' + GOOD, "lines: +*1000 not_json +*1000"),
    "first_broken.ndjson": (b'{"a":nope}\n' + GOOD, "lines: not_json +*1000"),
    "first_unclosed.ndjson": (b'{"a":1\n' + GOOD, "lines: not_json +*1000"),
    "first_is_list.ndjson": (b"[1,2]\n" + GOOD, "lines: not_object +*1000"),
    "cut_at_the_end.ndjson": (GOOD[:-9], "lines: +*999 not_json"),
    "text.ndjson": (b"hello\n{}\n", "lines: not_json +"),
    "scalars.ndjson": (b'{}\n[1,2]\nnull\n123\n"x"\ntrue\n', "lines: + not_object*5"),
    "trailing.ndjson": (b'{}\n{"a":1} x\n{"a":1},\n', "lines: + not_json not_json"),
    "two_on_a_line.ndjson": (b'{}\n{"a":1}{"b":2}\n', "lines: + not_json"),
    "wrong_types.ndjson": (b'{"id":123,"actor":[],"verb":null}\n', "lines: +"),
    "duplicate_keys.ndjson": (b'{"a":1,"a":2}\n', "lines: +"),
    "empty_object.ndjson": (b"{}\n", "lines: +"),
    "single_quotes.ndjson": (b"{}\n{'a':1}\n", "lines: + not_json"),
    "trailing_comma.ndjson": (b'{}\n{"a":1,}\n{"a":[1,]}\n', "lines: + not_json not_json"),
    "comment.ndjson": (b'{}\n{"a":1 /* x */}\n', "lines: + not_json"),
    # --- characters
    "bad_utf8.ndjson": (b'{}\n{"a":"\xff"}\n{"a":"\xc3"}\n{"a":"\xed\xa0\x80"}\n', "lines: + invalid_utf8*3"),
    "latin1.ndjson": (b'{}\n{"name":"Andr\xe9"}\n', "lines: + invalid_utf8"),
    "nul.ndjson": (b'{}\n{"a":"x\x00y"}\n{"a":1}\x00\n\x00\n', "lines: + not_json*3"),
    "control.ndjson": (b'{}\n{"a":"x\ty"}\n{"a":"\x1b"}\n', "lines: + not_json*2"),
    "lone_surrogate.ndjson": (b'{}\n{"a":"\\ud800"}\n{"\\udc00":1}\n', "lines: + not_json*2"),
    "surrogate_pair.ndjson": (b'{"a":"\\ud83d\\ude00"}\n', "lines: +"),
    "escaped_nul.ndjson": (b'{"a":"\\u0000"}\n', "lines: +"),
    "bad_escape.ndjson": (b'{}\n{"a":"\\x41"}\n{"a":"\\u12"}\n', "lines: + not_json*2"),
    "line_separator.ndjson": ('{"a":"\u2028\u0085"}\n'.encode(), "lines: +"),
    "utf16.ndjson": ('{"a":1}\n'.encode("utf-16"), "parked: utf16"),
    "utf16_le.ndjson": ('{"a":1}\r\n'.encode("utf-16-le") * 9, "parked: utf16"),
    "utf16_be.ndjson": ('{"a":1}\n'.encode("utf-16-be"), "parked: utf16"),
    "utf16_be_bom.json.gz": (gzip.compress('\ufeff[\n{"ü":1}]'.encode("utf-16-be")), "parked: utf16"),
    "utf16_pretty.json": ('[\n {"a":1}\n]'.encode("utf-16"), "parked: utf16"),
    "utf16_one_long_line.json.gz": (
        gzip.compress(('["' + "x" * LONG + '"]').encode("utf-16"), 1),
        "parked: utf16",
    ),
    "utf16_later.ndjson": (b"{}\n" + '{"a":1}\n'.encode("utf-16-le"), "lines: + not_json not_json"),
    # --- numbers and depth
    "nan.ndjson": (b'{}\n{"a":NaN}\n{"a":Infinity}\n{"a":-Infinity}\n', "lines: + not_json*3"),
    "huge_number.ndjson": (b'{}\n{"a":1e400}\n{"a":-1e400}\n{"a":1e308}\n', "lines: + not_json*2 +"),
    "tiny_number.ndjson": (b'{"a":1e-400}\n', "lines: +"),
    "long_integer.ndjson": (b'{"a":' + b"9" * 5000 + b"}\n", "lines: +"),
    "odd_numbers.ndjson": (b'{}\n{"a":01}\n{"a":1.}\n{"a":.5}\n{"a":+1}\n{"a":0x1}\n', "lines: + not_json*5"),
    "deep_1023.ndjson": (b'{"a":' * 1023 + b"1" + b"}" * 1023, "lines: +"),
    "deep_1024.ndjson": (b"{}\n" + b'{"a":' * 1024 + b"1" + b"}" * 1024, "lines: + not_json"),
    "deep_20000.ndjson": (b'{}\n{"a":' + b"[" * 20_000 + b"]" * 20_000 + b"}\n{}\n", "lines: + not_json +"),
    # --- long lines
    "longest.ndjson": (b'{"a":"' + b"x" * (LONG - 8) + b'"}\n', "lines: +"),
    "too_long.ndjson.gz": (gzip.compress(b'{"a":"' + b"x" * (LONG - 7) + b'"}\n{}\n', 1), "lines: too_long +"),
    "too_long_text.ndjson.gz": (gzip.compress(b"x" * (100 << 20) + b"\n{}\n", 1), "lines: too_long +"),
    # --- documents
    "array.json": (ARRAY, "document: +*1000"),
    "array.json.gz": (gzip.compress(ARRAY), "document: +*1000"),
    "array.json.zst": (zstandard.compress(ARRAY), "document: +*1000"),
    "array_of_lines.json": (b"[\n" + b",\n".join(GOOD.splitlines()) + b"\n]\n", "document: +*1000"),
    "array_crlf.json": (b'[\r\n{"a":1},\r\n{"b":2}\r\n]\r\n', "document: + +"),
    "array_bom.json": (b'\xef\xbb\xbf[{"a":1}]', "document: +"),
    "pretty_array.json": (PRETTY, "document: + +"),
    "pretty_object.json": (b'{\n  "a": 1\n}\n', "document: +"),
    "pretty_objects.json": (b'{\n "a":1\n}\n{\n "b":2\n}\n', "document: + +"),
    "concatenated.json": (GOOD.replace(b"\n", b""), "document: +*1000"),
    "concatenated.json.gz": (gzip.compress(GOOD.replace(b"\n", b"")), "document: +*1000"),
    "concatenated_and_lines.json": (b'{"a":1}{"b":2}\n{"c":3}\n', "document: + + +"),
    "comma_separated.json": (b'{"a":1},\n{"b":2},\n{"c":3}\n', "document: + + +"),
    "carriage_returns.ndjson": (b'{"a":1}\r{"b":2}\r', "document: + +"),
    "empty_array.json": (b"[]", "document:"),
    "empty_array_of_lines.json": (b"[\n]\n", "document:"),
    "array_of_empty.json": (b"[{},{}]", "document: + +"),
    "array_trailing_comma.json": (b'[{"a":1},]', "document: +"),
    # --- no documents: something would be lost or guessed
    "array_cut.json": (ARRAY[:-1], "lines: not_json"),
    "array_cut_within.json": (ARRAY[:-5], "lines: not_json"),
    "array_cut_at_comma.json": (b'[{"a":1},', "lines: not_json"),
    "array_then_text.json": (b'[{"a":1}] x', "lines: not_json"),
    "array_double_comma.json": (b'[{"a":1},,{"b":2}]', "lines: not_json"),
    "array_leading_comma.json": (b'[,{"a":1}]', "lines: not_json"),
    "array_with_number.json": (b'[{"a":1},2]', "lines: not_object"),
    "array_with_null.json": (b'[{"a":1},null]', "lines: not_object"),
    "array_of_arrays.json": (b'[[{"a":1}]]', "lines: not_object"),
    "array_with_bad_element.json": (b'[{"a":1},{"b":NaN}]', "lines: not_json"),
    "array_with_bad_utf8.json": (b'[{"a":1},{"b":"\xff"}]', "lines: invalid_utf8"),
    "two_arrays.json": (b'[{"a":1}][{"b":2}]', "lines: not_json"),
    "two_arrays_on_lines.json": (b'[{"a":1}]\n[{"b":2}]\n', "lines: not_object not_object"),
    "array_then_object.json": (b'[{"a":1}]{"b":2}', "lines: not_json"),
    "object_then_bracket.json": (b'{"a":1}]', "lines: not_json"),
    "object_cut.json": (b'{\n"a":1\n', "lines: not_json not_json"),
    "element_too_long.json.gz": (
        gzip.compress(b'[{"a":"' + b"x" * LONG + b'"}]', 1),
        "lines: too_long",
    ),
    # --- not what the ending says
    "error_page.ndjson": (b'<?xml version="1.0"?>\n<Error><Code>AccessDenied</Code></Error>\n', "lines: not_json*2"),
    "html.json": (b"<!doctype html>\n", "lines: not_json"),
    "csv.ndjson": (b"id,verb\n1,2\n", "lines: not_json*2"),
    "zip_named.json": (zipped(GOOD), "parked: unreadable"),
    "zip_within.ndjson.gz": (gzip.compress(zipped(GOOD)), "parked: unreadable"),
    "bzip2_named.ndjson": (bz2.compress(GOOD), "parked: unreadable"),
    "xz_named.ndjson": (lzma.compress(GOOD), "parked: unreadable"),
    "zip.ndjson.gz": (zipped(GOOD), "parked: unreadable"),
    "truncated.ndjson.gz": (GZ[: len(GZ) // 2], "parked: unreadable"),
    "truncated_tail.ndjson.gz": (GZ[:-4], "parked: unreadable"),
    "truncated_header.ndjson.gz": (GZ[:5], "parked: unreadable"),
    "second_member_cut.ndjson.gz": (GZ + GZ[:-100], "parked: unreadable"),
    "bit_flip.ndjson.gz": (flipped(GZ, len(GZ) // 2), "parked: unreadable"),
    "crc_flip.ndjson.gz": (flipped(GZ, len(GZ) - 6), "parked: unreadable"),
    "garbage_after.ndjson.gz": (GZ + b"garbage", "parked: unreadable"),
    "zeros_after.ndjson.gz": (GZ + bytes(512), "parked: unreadable"),
    "not_gz.ndjson.gz": (GOOD, "parked: unreadable"),
    "zst_named.ndjson.gz": (ZST, "parked: unreadable"),
    "gz_named.ndjson.zst": (GZ, "parked: unreadable"),
    "truncated.ndjson.zst": (ZST[:-20], "parked: unreadable"),
    "truncated_block.ndjson.zst": (ZST[: len(ZST) // 2], "parked: unreadable"),
    "garbage_after.ndjson.zst": (ZST + b"garbage", "parked: unreadable"),
    "not_zst.ndjson.zst": (GOOD, "parked: unreadable"),
    # --- Parquet
    "texts.parquet": (TEXTS, "parquet: + null_statement not_json not_object"),
    "row_groups.parquet": (MANY, "parquet: +*1000"),
    "binary.parquet": (parquet(pyarrow.array([b'{"a":1}', b"\xff"], pyarrow.binary())), "parquet: + invalid_utf8"),
    "large_strings.parquet": (parquet(pyarrow.array(["{}"], pyarrow.large_string())), "parquet: +"),
    "dictionary.parquet": (parquet(pyarrow.array(["{}", "{}"]).dictionary_encode()), "parquet: + +"),
    "with_newlines.parquet": (parquet(['{\n"a":1}', '{"a":\r\n2}\n']), "parquet: + +"),
    "zstd.parquet": (parquet(["{}"] * 9, compression="zstd"), "parquet: +*9"),
    "no_rows.parquet": (parquet(pyarrow.array([], pyarrow.string())), "parquet:"),
    "other_column.parquet": (parquet(["{}"], "event"), "parked: no_statement_column"),
    "other_case.parquet": (parquet(["{}"], "Statement"), "parked: no_statement_column"),
    "struct.parquet": (parquet([{"id": "x"}]), "parked: no_statement_column"),
    "list.parquet": (parquet([["{}"]]), "parked: no_statement_column"),
    "cut.parquet": (MANY[:-20], "parked: unreadable"),
    "cut_early.parquet": (MANY[:60], "parked: unreadable"),
    "page_flip.parquet": (flipped(MANY, MANY.index(b'{"i":500}')), "parked: unreadable"),
    "garbage_after.parquet": (MANY + b"x", "parked: unreadable"),
    "not_parquet.parquet": (GOOD, "parked: unreadable"),
}


def outcome(text: str) -> tuple[str, list[str]]:
    """(form, reasons) of an outcome as it is written above; the form `parked` has its code as the only reason."""
    form, _, words = text.partition(":")
    reasons = []
    for word in words.split():
        reason, _, times = word.partition("*")
        reasons += ["" if reason == "+" else reason] * int(times or 1)
    return form, reasons
