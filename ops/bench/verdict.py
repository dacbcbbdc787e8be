"""Judges by what the platforms' stand-in kept: was every question answered or told about, once, and in order?"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from ops.bench.instant_model import MARK
from ops.bench.shown import Kind, Posted
from ops.bench.talks import TEAMS, Question, Talk


@dataclass(frozen=True, slots=True)
class Told:
    """Questions of a talk for which there was no answer, and the messages that say so."""

    talk: Talk
    questions: list[Question]
    posts: list[Posted]


@dataclass(slots=True)
class Verdict:
    """The counts, and the story of each conversation in which something is wrong.

    `told` questions got an error or passages without the model's help; `placeholders` of Teams were left empty by a
    crash between post and record, which is allowed.
    """

    asked: int = 0
    acknowledged: int = 0
    answered: int = 0
    told: int = 0
    lost: int = 0
    twice: int = 0
    out_of_order: int = 0
    silent: int = 0
    unfinished: int = 0
    placeholders: int = 0
    merged: int = 0
    stories: list[str] = field(default_factory=list)
    told_by: list[Told] = field(default_factory=list)

    @property
    def sound(self) -> bool:
        """Whether nothing is wrong."""
        return not self.stories

    def __str__(self) -> str:
        counted = ("asked", "acknowledged", "answered", "merged", "told", "placeholders")
        wrong = ("lost", "twice", "out_of_order", "silent", "unfinished")
        return "  ".join(f"{name.replace('_', ' ')} {getattr(self, name)}" for name in counted + wrong)


def judge(talks: Sequence[Talk], posts: Mapping[str, Sequence[Posted]]) -> Verdict:
    """The verdict over all conversations."""
    verdict = Verdict()
    for talk in talks:
        if talk.questions:
            _Judge(verdict, talk, [_Shown(post) for post in posts.get(talk.place, ())]).judge()
    return verdict


def open_questions(talks: Sequence[Talk], posts: Mapping[str, Sequence[Posted]]) -> int:
    """How many questions still wait for a word."""
    verdict = judge(talks, posts)
    return verdict.asked - verdict.answered - verdict.told


def story(talk: Talk, posts: Sequence[Posted]) -> Iterator[str]:
    """All that happened in a conversation, in lines."""
    yield f"{talk.place} ({talk.platform})"
    for it in talk.questions:
        yield f"  {it.asked_at:.3f} {it.mark} is asked by {it.user}; acknowledged {it.acknowledged_at:.3f}"
    for post in posts:
        yield f"  message {post.id} {dict(post.metadata.get('event_payload', {})) or post.asked}"
        for version in post.versions:
            yield f"    {version.at:.3f} {version.kind}: {' '.join(version.text.split())[:100]} {version.again}"
        if not post.stands:
            yield f"    {post.deleted_at:.3f} deleted"


class _Shown:
    """A message as the judge sees it: the marks of the questions that it answers, or once answered."""

    def __init__(self, post: Posted) -> None:
        self.post = post
        self.kind = post.now.kind if post.stands else None
        shown = [version.text for version in post.versions if version.kind is Kind.ANSWER]
        shown += [post.now.text] if post.stands else []
        self.ever = {mark for text in shown for mark in MARK.findall(text)}
        self.marks = set(MARK.findall(post.now.text)) if self.kind is Kind.ANSWER else set()

    @property
    def covers(self) -> bool:
        """Whether it says that there is no answer, or gives one without the model's help."""
        return self.kind is Kind.TOLD or (self.kind is Kind.ANSWER and not self.marks)


class _Judge:
    """Judges one conversation."""

    def __init__(self, verdict: Verdict, talk: Talk, shown: Sequence[_Shown]) -> None:
        self._verdict = verdict
        self._talk = talk
        self._shown = shown
        self._problems: list[str] = []

    def judge(self) -> None:
        """Adds its counts and problems."""
        marks = [question.mark for question in self._talk.questions]
        self._verdict.asked += len(marks)
        self._verdict.acknowledged += sum(question.acknowledged_at > 0 for question in self._talk.questions)
        answered = [mark for mark in marks if any(mark in it.marks for it in self._shown)]
        self._verdict.answered += len(answered)
        self._verdict.merged += sum(max(0, len(it.marks) - 1) for it in self._shown)
        for mark in marks:
            if sum(mark in it.ever for it in self._shown) > 1:
                self._problem("twice", mark)
        self._judge_order(marks)
        for before, questions, after in self._unanswered(set(answered)):
            self._judge_silence(before, questions, after)
        self._judge_drafts()
        if self._problems:
            lines = [*self._problems, *story(self._talk, [it.post for it in self._shown])]
            self._verdict.stories.append("\n".join(lines))

    def _judge_order(self, marks: Sequence[str]) -> None:
        latest = -1
        for it in self._shown:
            numbers = [marks.index(mark) for mark in it.marks if mark in marks]
            if numbers and min(numbers) < latest:
                self._problem("out_of_order", marks[min(numbers)])
            latest = max([latest, *numbers])

    def _unanswered(self, answered: set[str]) -> Iterator[tuple[int, list[Question], int]]:
        """The stretches of questions between two answers (empty ones too), with the places of the two messages."""
        before, stretch = -1, list[Question]()
        for question in self._talk.questions:
            if question.mark not in answered:
                stretch.append(question)
                continue
            at = next(place for place, it in enumerate(self._shown) if question.mark in it.marks)
            yield before, stretch, at
            before, stretch = at, []
        yield before, stretch, len(self._shown)

    def _judge_silence(self, before: int, questions: list[Question], after: int) -> None:
        """What stands between the two answers must speak of the questions between them, and of no others."""
        between = self._shown[before + 1 : after]
        words = [it for it in between if it.covers]
        if words and questions:
            self._verdict.told += len(questions)
            self._verdict.told_by.append(Told(self._talk, questions, [it.post for it in words]))
        if len(words) > len(questions):
            self._problem("twice", f"{len(words)} messages of no answer for {len(questions)} questions")
        for question in () if words else questions:
            drafts = any(it.kind is Kind.DRAFT for it in between)
            self._problem("lost" if drafts else "silent", question.mark)

    def _judge_drafts(self) -> None:
        for it in self._shown:
            if it.kind is Kind.DRAFT and self._talk.platform in TEAMS:
                self._verdict.placeholders += 1
            elif it.kind is Kind.DRAFT:
                self._problem("unfinished", it.post.id)

    def _problem(self, name: str, what: str) -> None:
        setattr(self._verdict, name, getattr(self._verdict, name) + 1)
        self._problems.append(f"{name.replace('_', ' ')}: {what}")
