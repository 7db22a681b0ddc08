"""A number's limit as a regular expression: firewalls compare texts, not numbers."""


def above(limit: int) -> str:
    """Matches a text of digits that stands for more than `limit`, and nothing else.

    For 4200: five digits or more, or 43.. and up, or 421. and up, and so on.
    """
    digits = str(limit)
    larger = [rf"[1-9]\d{{{len(digits)},}}"]
    for place, digit in enumerate(digits):
        if digit == "9":
            continue
        lowest = int(digit) + 1
        choice = f"[{lowest}-9]"
        rest = len(digits) - place - 1
        larger.append(digits[:place] + choice + (rf"\d{{{rest}}}" if rest else ""))
    return f"^0*({'|'.join(larger)})$"
