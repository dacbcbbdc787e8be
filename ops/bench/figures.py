"""A figure that a bench gives: one line, and whether it reaches its goal."""

from dataclasses import dataclass

import click


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure, how many it was taken from, and what it should reach; `most` where less is better."""

    name: str
    value: float
    count: int
    goal: float | None = None
    most: bool = False

    @property
    def holds(self) -> bool:
        """Whether the goal is reached; True where there is none."""
        return self.goal is None or (self.value <= self.goal if self.most else self.value >= self.goal)

    def say(self, suite: str) -> None:
        """Prints the line, under the name of its bench."""
        goal = "" if self.goal is None else f" goal={'<=' if self.most else '>='}{self.goal:g}"
        click.echo(
            f"name={suite}-{self.name} ratio={self.value:.4f} n={self.count}{goal}" + ("" if self.holds else " MISSED")
        )
