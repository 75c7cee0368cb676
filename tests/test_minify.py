"""Small scripts that do what the readable ones do."""

from __future__ import annotations

import json
import re
import shutil
import subprocess

import pytest
import rjsmin

from adguard import snippets
from adguard.minify import MinifyError, declared, shrink

NODE = shutil.which("node")
needs_node = pytest.mark.skipif(NODE is None, reason="Node is not installed")


def wrapped(code: str) -> str:
    return "(() => {\n" + code + "\n})();"


def words(text: str) -> set[str]:
    return set(re.findall(r"[A-Za-z_$][\w$]*", text))


@pytest.mark.parametrize(
    ("code", "names"),
    [
        ("const one = 1;", {"one"}),
        ("let one = f(two, { three: 3 }), four, five = [6, seven];", {"one", "four", "five"}),
        ("const { one, two: three, four = 4 } = five;", {"one", "three", "four"}),
        ("const [one, [two], { three }] = four;", {"one", "two", "three"}),
        ("const { target: { src } } = event;", {"src"}),
        ("one((two, three = four(five), { six }) => two);", {"two", "three", "six"}),
        ("one(async (two) => two, three => three);", {"two", "three"}),
        ("for (const one of two) f(one);", {"one"}),
        ("for (let one = 0, two = 1; one < two; one++) f(one);", {"one", "two"}),
        ("if (one) { let two; f(two) } else { const three = 3; }", {"two", "three"}),
        ("one(...two);", set()),
    ],
)
def test_it_finds_what_a_source_declares(code: str, names: set[str]) -> None:
    assert declared(wrapped(code)) == names


@pytest.mark.parametrize(
    ("code", "kept"),
    [
        (
            "const title = 1; document.title = title; f(document?.title);",
            {"document", "title", "f"},
        ),
        ('const title = "title"; f(title);', {"title", "f"}),
        ("const title = 1; f({ title: 2, other: title });", {"title", "other", "f"}),
        ("const title = 1; f({ title });", {"title", "f"}),
        ("const title = 1; f(/title/.test(title) ? title : 2);", {"title", "test", "f"}),
        ("const title = 4; f(title / 2 / title);", {"f"}),
        ("const title = 1; f({ title() {} });", {"title", "f"}),
        ("const title = []; f([...title]);", {"f"}),
    ],
)
def test_properties_strings_and_expressions_are_left_alone(code: str, kept: set[str]) -> None:
    small = shrink(wrapped(code))
    assert {word for word in words(small) if len(word) > 1 or word == "f"} - {"let"} == kept
    assert "title:" not in small or "{title:" in small


def test_names_that_are_used_apart_share_a_short_one_and_others_never_do() -> None:
    code = "const all = 1; const f = (one) => one + all; const g = (two) => two + all;"
    small = shrink(wrapped(code))
    parts = re.findall(r"(\w)=>(\w)\+(\w)\b", small)
    assert len(parts) == 2
    assert parts[0][0] == parts[1][0]
    assert all(part[0] == part[1] != part[2] for part in parts)


def test_a_short_name_is_none_that_the_source_uses() -> None:
    code = "const longest = a + b + c; f(longest, do_, A, e, i, o, u);"
    (name,) = re.findall(r"let (\w+)=", shrink(wrapped(code)))
    assert name not in {"a", "b", "c", "f", "A", "e", "i", "o", "u"}


@pytest.mark.parametrize(
    "code",
    [
        "const one = `two`;",
        "class One {}",
        "function one() {}",
        "var one = 1;",
        'const one = "never closed;',
    ],
)
def test_what_it_does_not_know_is_an_error(code: str) -> None:
    with pytest.raises(MinifyError, match="shrink"):
        shrink(wrapped(code))


def test_a_source_that_is_no_single_function_is_an_error() -> None:
    with pytest.raises(MinifyError, match="one function"):
        shrink("const one = 1;")


@pytest.mark.parametrize(
    ("code", "small"),
    [
        ("const one = 1; let two = [3]; f(); const four = 5;", "let t=1,n=[3];f();let o=5"),
        ("for (let i = 0; i < 9; i++) f(i); let one; let two;", "for(let e=0;e<9;e++)f(e);let t,l"),
        ("f(true, { true: false }, a.true);", "f(!0,{true:!1},a.true)"),
        ('if (a === "b" || a !== c || a === 4) f();', 'if(a=="b"||a!=c||a==4)f()'),
        ("if (a === false || a !== true) f();", "if(a===!1||a!==!0)f()"),
        ("let one = (f); one = (f(1)); f((a), (b + c));", "let e=f;e=f(1);f(a,b+c)"),
        ("f((a, b)); a = b === (c || d); f((x) => x);", "f((a,b));a=b==(c||d);f(A=>A)"),
    ],
)
def test_it_saves_what_says_nothing(code: str, small: str) -> None:
    assert shrink(wrapped(code)) == "(()=>{" + small + "})();"


PROGRAMS = {
    "scopes": """
        const outer = 1, list = [];
        const add = (value, outer = 2) => { const inner = value + outer; list.push(inner); };
        add(1); add(1, 5);
        for (const value of [outer, 7]) { let outer = value * 2; list.push(outer); }
        return { list, outer };
    """,
    "patterns": """
        const { first, second: other = 9, ...rest } = { first: 1, third: 3 };
        const [one, [two], { length }] = [1, [2], "abc"];
        return { first, other, rest, one, two, length };
    """,
    "branches": """
        const pick = (number) => number > 2 ? { number, big: true } : { number: -number };
        const kinds = { pick, other: (value) => value / 2 / 1 };
        if (kinds.pick(3).big) return [kinds.pick(1), kinds.other(8), /a[/]b/.test("a/b")];
        return null;
    """,
    "shadows": """
        const name = "outer";
        const give = ({ name }) => [name, ((name) => name + 1)(1), [4].map((name) => ({ name }))];
        return [name, give({ name: "inner" })];
    """,
    "declarations": """
        const one = 1; const double = (value) => value * 2; let list = [one], three;
        for (let i = 0; i < 2; i++) { const even = i % 2 === 0; list.push(even); }
        if (list[0] === "1" || list[1] !== "x") { const n = (three = (one, 4)); list.push(n); }
        const same = double(2) === (three || 5); const parts = [(one), (double(one))];
        return { list, three, same, parts };
    """,
    "spaces": """
        const wait = async (value) => await value;
        let text = typeof wait;
        text += "a  b // c /* d */";
        return text + (5 in [1]) + (text instanceof Object);
    """,
}


@needs_node
@pytest.mark.parametrize("program", PROGRAMS.values(), ids=PROGRAMS)
def test_a_small_program_does_what_the_large_one_does(program: str) -> None:
    large = "(() => {" + program + "})();"
    small = shrink(large)
    assert len(small) < len(large)
    sources = json.dumps([large, small])
    code = f"for (const one of {sources}) console.log(JSON.stringify((0, eval)(one)))"
    printed = subprocess.run([str(NODE), "-e", code], check=True, capture_output=True, text=True)
    first, second = printed.stdout.splitlines()
    assert first == second


@pytest.mark.parametrize("name", ["client", "watch"])
def test_our_own_scripts_lose_a_tenth_more_and_keep_their_strings(name: str) -> None:
    source = snippets.read(f"page/{name}.js")
    plain, small = rjsmin.jsmin(source), shrink(source)
    assert len(small) < 0.9 * len(plain)
    assert re.findall(r'"[^"\n]*"', small) == re.findall(r'"[^"\n]*"', plain)
