"""Words that programs trip over."""

from random import Random

WORDS = (
    *("", " ", "\t", "\0", "a\0b", "null", "NaN", "undefined", "true", "-1", "0", "1e400"),
    *("\u202e\u2066txt.exe", "\u200b", "\ufeff", "\ufffe", "\uffff", "\U0010ffff", "\x7f\x1b[2J"),
    *("e\u0301", "\u00e9", "\u212b", "\ufb03", "\uff0e\uff0e\uff0f", "\u0130i\u0307", "\u1e9e"),
    *("\u0661\u0662\u0663", "\uff11\uff12", "\u00b2", "\u2488", "Ω" * 500, "a" * 5000),
    *("a" + "\u0301" * 400, "\U0001f469\u200d\U0001f467", "\ufdfa" * 50, "\u1d43"),
    *("../../../../etc/passwd", "..\\..\\windows\\win.ini", "file:///etc/passwd", "//host/share"),
    *("'; DROP TABLE jobs; --", "<script>alert(1)</script>", "${jndi:ldap://a/b}", "{{7*7}}"),
    *(
        "%s%n%x",
        "\r\nX-Injected: 1",
        "\r\n\r\n",
        "|id",
        "$(id)",
        "`id`",
        "__class__",
        "constructor",
    ),
)
NUMBERS = (
    *("NaN", "Infinity", "-Infinity", "1e400", "-1e400", "1e-400", "-0", "-0.0", "0.1e1", "1E+2"),
    *("9007199254740992", "9007199254740993", "-9223372036854775809", "18446744073709551616"),
    *("1" + "0" * 400, "9" * 4300, "9" * 4301, "0." + "3" * 3000, "1e" + "9" * 300, "0x10", "01"),
    *("+1", ".5", "5.", "1_000", "1,5", "٣", "--1", "1e", "2147483648", "-2147483649", "1.5"),
)
SCALARS = ("null", "true", "false", '""', "[]", "{}", "[[]]", "[null]", '{"":null}', '"\\u0000"')


def flipped(random: Random, data: bytes, most: int = 8) -> bytes:
    """Return bytes of which a few are others."""
    changed = bytearray(data)
    for _ in range(random.randint(1, most) if changed else 0):
        changed[random.randrange(len(changed))] ^= 1 << random.randrange(8)
    return bytes(changed)


def junk(random: Random, most: int) -> bytes:
    """Return any bytes."""
    return random.randbytes(random.randint(0, most))
