"""Credit codes against the well-known library, ids, and fingerprints of evidence."""

from __future__ import annotations

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st
from stdnum.cn import uscc

from ledger.domain.identifiers import (
    CREDIT_CODE_ALPHABET,
    check_credit_code,
    complete_credit_code,
    contract_fingerprint,
    format_id,
    invoice_fingerprint,
    normalise,
    parse_id,
    payment_fingerprint,
)
from ledger.errors import MalformedError

DIGITS = st.text("0123456789", min_size=8, max_size=8)
ORGANISATIONS = st.text(CREDIT_CODE_ALPHABET, min_size=8, max_size=8)
FREE = st.builds("".join, st.tuples(ORGANISATIONS, ORGANISATIONS))
PUBLISHED = ("91110000600037341L", "914403001922038216", "9144030071526726XG")
DIGITAL = "12345678901234567890"


@pytest.mark.parametrize("code", PUBLISHED)
def test_published_codes_pass(code: str) -> None:
    """Codes that companies print on their pages have both check characters right."""
    assert check_credit_code(code) == code
    assert complete_credit_code(code[:16]) == code


@given(DIGITS, ORGANISATIONS)
def test_completed_codes_pass_here_and_in_the_library(registration: str, organisation: str) -> None:
    """On the common subset, digits in the first eight, both agree on a right code."""
    code = complete_credit_code(registration + organisation)
    assert check_credit_code(code) == code
    assert uscc.validate(code) == code


@given(DIGITS, ORGANISATIONS, st.sampled_from(CREDIT_CODE_ALPHABET))
def test_both_refuse_a_wrong_check_character(registration: str, organisation: str, wrong: str) -> None:
    """On the common subset, both refuse any other last character."""
    code = complete_credit_code(registration + organisation)
    assume(wrong != code[-1])
    assert not uscc.is_valid(code[:-1] + wrong)
    with pytest.raises(MalformedError, match="character 18"):
        check_credit_code(code[:-1] + wrong)


@given(DIGITS, ORGANISATIONS, st.sampled_from("0123456789X"))
def test_the_library_misses_the_inner_check_digit(registration: str, organisation: str, wrong: str) -> None:
    """With another inner digit and a matching last character the library passes; here it is refused."""
    right = complete_credit_code(registration + organisation)
    assume(wrong != right[16])
    forged = right[:16] + wrong
    forged += uscc.calc_check_digit(forged)
    assert uscc.is_valid(forged)
    with pytest.raises(MalformedError, match="character 17"):
        check_credit_code(forged)


@given(ORGANISATIONS, ORGANISATIONS)
@example("N2110000", "MF000000")
def test_the_library_misses_letters_in_the_first_eight(registration: str, organisation: str) -> None:
    """A letter among the first eight is right here and refused by the library."""
    assume(not registration.isdigit())
    code = complete_credit_code(registration + organisation)
    assert check_credit_code(code) == code
    assert not uscc.is_valid(code)


@given(FREE, st.integers(min_value=0, max_value=17), st.sampled_from(CREDIT_CODE_ALPHABET))
def test_any_one_wrong_character_is_found(free: str, position: int, wrong: str) -> None:
    """31 is prime and no weight is a multiple of it: each single error changes the check character."""
    code = complete_credit_code(free)
    assume(wrong != code[position])
    with pytest.raises(MalformedError):
        check_credit_code(code[:position] + wrong + code[position + 1 :])


@given(FREE, st.integers(min_value=0, max_value=16))
def test_two_neighbours_exchanged_are_found(free: str, position: int) -> None:
    """Neighbouring weights differ by a factor of 3, so an exchange never cancels out."""
    code = complete_credit_code(free)
    first, second = code[position], code[position + 1]
    assume(first != second)
    with pytest.raises(MalformedError):
        check_credit_code(code[:position] + second + first + code[position + 2 :])


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "0 characters"),
        (PUBLISHED[0] + "0", "19 characters"),
        ("I" + PUBLISHED[0][1:], "character 1 is 'I'"),
        (PUBLISHED[0].lower(), "character 18 is 'l'"),
        ("91110000\uff1600037341L", "character 9 is"),
        (" " + PUBLISHED[0][:-1], "character 1 is ' '"),
    ],
)
def test_errors_name_what_is_wrong(text: str, problem: str) -> None:
    """Length or character, by its place from 1."""
    with pytest.raises(MalformedError, match=problem):
        check_credit_code(text)


@given(st.binary(min_size=16, max_size=16))
def test_ids_parse_back(value: bytes) -> None:
    """Sixteen bytes, 32 lower-case digits."""
    assert parse_id(format_id(value)) == value


@pytest.mark.parametrize(
    "text", ["", "00" * 15, "00" * 17, "AB" * 16, "zz" * 16, " " + "0" * 31, "0x" + "0" * 30]
)
def test_what_is_no_id_is_refused(text: str) -> None:
    """One spelling only."""
    with pytest.raises(MalformedError):
        parse_id(text)


def test_spellings_of_one_invoice_have_one_fingerprint() -> None:
    """Full-width digits and outer white space change nothing; the code does."""
    wide = DIGITAL.translate({ord("0") + digit: 0xFF10 + digit for digit in range(10)})
    assert invoice_fingerprint(code=" ", number=f" {wide}\n") == invoice_fingerprint(code="", number=DIGITAL)
    ten = invoice_fingerprint(code="0123456789", number="12345678")
    twelve = invoice_fingerprint(code="012345678900", number="12345678")
    assert len({ten, twelve, invoice_fingerprint(code="", number=DIGITAL)}) == 3


@pytest.mark.parametrize(
    ("code", "number"),
    [
        ("", "12345678"),
        ("0123456789", DIGITAL),
        ("01234567890", "12345678"),
        ("", DIGITAL[:-1]),
        ("", "1234567890 1234567890"),
        ("", "\u0661" * 20),
        ("", ""),
    ],
)
def test_other_shapes_of_invoices_are_refused(code: str, number: str) -> None:
    """Only the digital shape and the two legacy ones exist."""
    with pytest.raises(MalformedError):
        invoice_fingerprint(code=code, number=number)


def test_parts_do_not_run_together() -> None:
    """Length prefixes keep the border between parts, labels the kinds apart."""
    assert payment_fingerprint(bank="AB", reference="C") != payment_fingerprint(bank="A", reference="BC")
    assert payment_fingerprint(bank="icbc", reference="x1") == payment_fingerprint(
        bank="ICBC", reference="X1 "
    )


def test_fingerprints_never_change() -> None:
    """Frozen values: a ledger finds a duplicate for ever."""
    assert invoice_fingerprint(code="", number=DIGITAL).hex() == (
        "08451dd2953aee87b9f77a1c304985f7e3b4664ab1d3da3a11fc395fb9b89c87"
    )
    assert payment_fingerprint(bank="102584000001", reference="2026-0001").hex() == (
        "fd9be15e38745eb6d67416078f64f28a8274525303da1a40b9cdbfb5757f31e9"
    )
    assert contract_fingerprint(
        number="HT-2026-1", buyer_credit_code=PUBLISHED[0], seller_credit_code=PUBLISHED[1]
    ).hex() == ("6092f5b68374a00a4530f60aa34b56104cea309003fe6319bfae8b0054e67366")


def test_a_contract_names_its_parties() -> None:
    """Exchanged parties are another contract; a wrong code is refused."""
    first, second = PUBLISHED[:2]
    one = contract_fingerprint(number="ht-1", buyer_credit_code=first.lower(), seller_credit_code=second)
    two = contract_fingerprint(number="HT-1", buyer_credit_code=second, seller_credit_code=first)
    assert one == contract_fingerprint(number="HT-1", buyer_credit_code=first, seller_credit_code=second)
    assert one != two
    with pytest.raises(MalformedError, match="character 18"):
        contract_fingerprint(number="1", buyer_credit_code=first[:-1] + "0", seller_credit_code=second)


@pytest.mark.parametrize(
    "text", ["", "  ", "A B", "A\u200bB", "A\u00a0B", "A\tB", "A\x00", "x" * 129, "\ud800"]
)
def test_invisible_text_is_refused(text: str) -> None:
    """White space and invisible characters inside could hide a second use."""
    with pytest.raises(MalformedError, match="reference"):
        normalise(text, name="reference")


@given(st.text(max_size=40))
def test_normal_forms_are_stable(text: str) -> None:
    """What is accepted is its own normal form."""
    try:
        normal = normalise(text, name="reference")
    except MalformedError:
        return
    assert normalise(normal, name="reference") == normal
