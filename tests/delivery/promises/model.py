"""What is known of people apart from the program: whose an address is, who wants no mail, and why."""

from collections import defaultdict
from dataclasses import dataclass, field
from itertools import count

ALL = "all"
ACT = "a person's act"  # the reason of an opt-out that no undoing of an import takes back

Why = str | int  # an act, or the number of the import whose file said so
Membership = tuple[int, str]  # a person and a list


@dataclass
class People:
    """Persons by numbers of our own: whoever gets a new address, or comes back to theirs, is the same person."""

    at: dict[str, int] = field(default_factory=dict)
    had: dict[int, set[str]] = field(default_factory=lambda: defaultdict(set))
    left: dict[Membership, Why] = field(default_factory=dict)
    barred: dict[tuple[str, str], Why] = field(default_factory=dict)  # by address and list, or all
    rests_on: dict[Membership, set[Why]] = field(default_factory=lambda: defaultdict(set))
    _numbers: "count[int]" = field(default_factory=count)

    def known(self, address: str) -> int:
        """Return the person at the address, somebody new where nobody was."""
        if address not in self.at:
            self.at[address] = next(self._numbers)
        self.had[self.at[address]].add(address)
        return self.at[address]

    def is_out(self, address: str, slug: str) -> bool:
        """Return whether the person wants, or may get, no mail through the list."""
        return (self.at.get(address, -1), slug) in self.left or self.is_barred(address, slug)

    def is_barred(self, address: str, slug: str) -> bool:
        """Return whether the address is suppressed for the list, or for all."""
        return (address, slug) in self.barred or (address, ALL) in self.barred

    def bar(self, address: str, scope: str, why: Why) -> None:
        """Suppress an address; a person's act outlasts what a file said."""
        if self.barred.get((address, scope)) != ACT:
            self.barred[address, scope] = why

    def leave(self, person: int, slug: str, why: Why) -> None:
        """Note that a person left; what was said first holds, but for a person's own act."""
        if why == ACT:
            self.left[person, slug] = ACT
        else:
            self.left.setdefault((person, slug), why)

    def move(self, old: str, new: str) -> None:
        """Let the person at `old` have `new`: what holds for single lists goes along, and the old one is closed."""
        person = self.at.pop(old)
        self.at[new] = person
        self.had[person].add(new)
        for address, scope in [each for each in self.barred if each[0] == old]:
            self.barred[new, scope] = self.barred.pop((address, scope))
        self.barred[old, ALL] = ACT

    def merge(self, old: str, into: str, *, outs: set[int]) -> None:
        """Let what is known of one list hold for another; `outs` are those who are out of it then.

        Of a person on both, the program's word counts here.
        """
        for person, slug in [each for each in self.left if each[1] in {old, into}]:
            why = self.left.pop((person, slug))
            if person in outs:
                self.leave(person, into, why)
        for address, scope in [each for each in self.barred if each[1] == old]:
            self.bar(address, into, self.barred.pop((address, scope)))
        for person, slug in [each for each in self.rests_on if each[1] == old]:
            self.rests_on[person, into] |= self.rests_on.pop((person, slug))

    def erase(self, person: int | None, address: str) -> set[str]:
        """Forget a person; returns the addresses that are closed now."""
        forms = {address} | (self.had.pop(person) if person is not None else set())
        for kept in (self.left, self.rests_on):
            for each in [key for key in kept if key[0] == person]:
                del kept[each]
        for form in forms:
            if self.at.get(form, person) == person:  # else somebody has it now, who goes on getting mail
                self.at.pop(form, None)
                self.barred = {key: why for key, why in self.barred.items() if key[0] != form} | {(form, ALL): ACT}
        return forms

    def forget_reasons(self, persons: set[int]) -> None:
        """Forget why purged persons were on their lists."""
        self.rests_on = defaultdict(set, {key: why for key, why in self.rests_on.items() if key[0] not in persons})

    def undo(self, number: int) -> None:
        """Forget what the file of an import said."""
        self.left = {key: why for key, why in self.left.items() if why != number}
        self.barred = {key: why for key, why in self.barred.items() if why != number}
        for reasons in self.rests_on.values():
            reasons.discard(number)
