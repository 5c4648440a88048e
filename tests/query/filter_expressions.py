"""Expressions of mitmproxy's filter language: chosen ones, and ones made at
random by its grammar. None has a bare word, which means something else here."""

import random

UNARY = "a all dns e http marked q replay replayq replays s tcp udp websocket".split()
REGEX = "b bq bs comment d dst h hq hs m marker meta src t tq ts u".split()

# Regular expressions that fit one place or another, or nothing.
WORDS = r"""
example EXAMPLE.COM ^example$ example\.com \d+ ^\d ^.*$ . ^$ $ ^ [a-f]+ [^a-z] \w+\.\w+ \bone\b
x-order:.one ^x-order ^X-Bytes:.\xff \xff \x00 [\x80-\xff] nginx/1 html|json text/css ^Text/CSS
error "error" needle{2} needle{60} needle{,3} a{3,} a{2}b a*b a+?b a++b \n \r\n line$ ^second
^last\Z newline$ newline\Z newline.$ LINE.last gr..e gr\S+e b\xfccher bücher BÜCHER café moskva
москва МОСКВА 192 ^192\.168 :443$ :50000 ::1 fe80 \[ 10.0.0.7 request response GET ^post$ p[uo]
^X$ connect :default: grapes 🍇 seen ^second\Wline über key n:.12 value$ ^key None list 200 /api/
?P id=12 id=1\d [?]id= \? %20 png \.png$ a\|b tunnel:443 tunnel.example:443 0x 0xff00 invalid.A
invalid dns google canonical spf1 h2 alpn target_name \\\\x02 'priority' 2001:db8 ü [é-ü] \u00fc
\U0001f347 \x{41}
""".split()

# As they come in quotes, where a backslash is doubled.
QUOTED = [
    "(GET|post)", "^(?:html|text)", "(e)r\\\\1or", "(?P<c>o)(?P=c)?", "(?i:ERROR)", "(?-i:ERROR)",
    "(?-i:error)", "(?s:first.*last)", "(?-s:first.*last)", "(?m:^last)", "(?x: ne ed le # rest)",
    "(?i)NEEDLE", "(?s)line.second", "(?x)  exa mple [ ]? # comment", "(?=exam)example",
    "(?!x)order", "(?<=x-)order", "(?<!x-)order", "(?>a+)b", "(a+)+c", "(a)?(?(1)a|b)", "[]x]+",
    "[^]]", "[a\\\\-z]", "[[:alpha:]]+", "x (y)", "first line\\nsecond", "a\\tb",
    "Content-Type: text", "content-type: $", "^Content-Type: .*html", "one\\r\\n",
    "(?#nothing)needle", "needle(?#nothing){3}", "()", "(|a)b", "", " ", "\\\\(", "\\\\.", "[(]",
    "\\\"error\\\"", "it's", "\\\\A.", ".\\\\Z", "\\\\Bo\\\\B", "(?a)\\\\w+\u00fc",
    "(?u)\u00dcber", "[\u00e9-\u00fc]", "\\\\Agr\u00fc\u00dfe", "gr\u00fc\u00dfe", "(.)\\\\1{3}",
    "(?:ab|a)(?:bc|c)", "^(?:.*\\n)+last", "^.{5,20}$",
]

FAULTY = [
    "(", ")", "a)", "[", "[z-a]", "a**", "*", "+a", "a{3,2}", "\\\\", "\\\\q", "\\\\x1", "(?P<n",
    "(?P<1>a)", "(?P=n)", "(?Pn)", "(?<n>a)", "(?z)", "a(?i)", "(?i-i:a)", "\\\\1", "(a\\\\1)",
    "(?(1)a)", "(?(1)a|b|c)(x)", "(?", "(?#", "[\\\\d-z]", "^*", "a{1}{2}", "(?P<n>a)(?P<n>b)",
    "(?R)", "(?1)", "(*UTF)", "(*LIMIT_MATCH=1)a", "\\\\K", "\\\\Qa", "\\\\h", "(?|a)", "(?'n'a)",
    "(?C1)", "[\\\\A]", "\\\\8", "[\\\\9]", "\\\\400", "(?<=a+)b",
]

CHOSEN = [
    "~a & ~s", "~q|~s", "~q | ~s", "!~q", "! ~q", "!!~q", "!(~q | ~e)", "~http ~e", "~e ~http ~s",
    "~q ~e | ~s", "~e | ~q ~s | ~dns", "~e & ~q | ~s & ~http", "~e | ~q & ~s | ~tcp",
    "(~tcp | ~udp ) & ~e", "((~tcp ))", "~c 200", "~c 404|~c 500", "~c 404 | ~c 500", "!~c 200",
    "~c 0", "~c 99999999999999999999", "~c 200&~m GET", "~c 200 ~m GET", "~u /api/", "~u '/api/'",
    '~u "/api/"', "~u\n/api/", "~u\u00fc", "~u  a&b", "~u a|b", "~u !a", "~u |", "~u & ~e",
    "~d example.com~e", "~d (a)", "~m GET~u /api/", '~m "GET" ~u "/api/"', "~m 'GET'~u'/api/'",
    '~b "\\""', "~b '\\''", '~b "\\t"', '~b "\\n"', '~b "a\\b"', "~b \\n", "~all", " ~all ",
    "~all\n&\n~e", "~meta .*", "~comment ^$", "~marker ^$", "!~marker ^$", "~src ''", "~dst ''",
    "~b ''", "~h ''", "~u ''", "~m ''", "~t ''", "~q&", "~ q", "~Q", "~unknown", "~u", "~c",
    "~c x", "~c GET", "()", "(~q", "~q )", "~u 'a", "~", "",
]


ATOMS = r"""
a e o n x 1 2 : / \. \d \D \w \W \s \S . . [a-e] [^a-e] [\w.] [^\s:] [\d-] [e] \b ^ $ \A \Z \x65
\145 \n \r \t é ü
""".split()

REPEATS = ["", "", "", *"* + ? *? +? {2} {,2} {1,3}? *+ {0,2}+".split()]

# What may be around another.
FRAMES = [
    "({0})", "(?P<n>{0})(?P=n)?", "(?={0})", "(?!{0})", "(?>{0})", "(?i:{0})", "(?-i:{0})",
    "(?s:{0})", "(?m:{0})", "({0})?(?(1)e|.)", "(?<=e){0}", "(?<!\\d){0}", "(?#x){0}",
]


def random_regex(rng, depth=3):
    """Repeats without an end are of single characters only: nothing here
    takes long."""
    kind = rng.random()
    if depth == 0 or kind < 0.5:
        atom = rng.choice(ATOMS)
        is_anchor = atom in ("^", "$", r"\A", r"\Z", r"\b")
        return atom if is_anchor else atom + rng.choice(REPEATS)
    inner = random_regex(rng, depth - 1)
    if kind < 0.75:
        return inner + random_regex(rng, depth - 1)
    if kind < 0.85:
        repeat = rng.choice(["", "?", "{2}", "{0,2}?"])
        return f"(?:{inner}|{random_regex(rng, depth - 1)}){repeat}"
    return rng.choice(FRAMES).format(inner)


def quoted(regex):
    return '"' + regex.replace("\\", "\\\\").replace('"', '\\"') + '"'


def leaf(rng):
    kind = rng.random()
    if kind < 0.3:
        return f"~{rng.choice(UNARY)}"
    if kind < 0.4:
        return f"~c {rng.choice([200, 204, 301, 404, 500, 599])}"
    if kind < 0.8:
        return f"~{rng.choice(REGEX)} {rng.choice(WORDS)}"
    return f'~{rng.choice(REGEX)} "{rng.choice(QUOTED)}"'


def tree(rng, depth):
    if depth == 0 or rng.random() < 0.25:
        return leaf(rng)
    kind = rng.choice("&|!( ")
    if kind == "!":
        return rng.choice(["!", "! "]) + tree(rng, depth - 1)
    if kind == "(":
        return f"({tree(rng, depth - 1)} )"
    sign = " " if kind == " " else f" {kind} "
    return sign.join(tree(rng, depth - 1) for _ in range(rng.choice([2, 2, 3])))


def expressions():
    rng = random.Random(11)
    single = [f"~{name} {word}" for name in REGEX for word in WORDS]
    single += [f'~{name} "{text}"' for name in REGEX for text in QUOTED]
    rng.shuffle(single)
    faulty = [f'~{name} "{text}"' for name in ("b", "u") for text in FAULTY]
    made = [f"~{rng.choice(REGEX)} {quoted(random_regex(rng))}" for _ in range(800)]
    trees = [tree(rng, rng.randrange(1, 5)) for _ in range(700)]
    return CHOSEN + [f"~{name}" for name in UNARY] + single[:1000] + faulty + made + trees
