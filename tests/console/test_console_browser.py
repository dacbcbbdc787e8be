"""The console as a person meets it: stories in a real Chromium."""

import asyncio
import re
from dataclasses import replace

import pytest
from playwright.async_api import Locator, Page, Route, expect

from bot.answers import Answer, Source
from bot.errors import Blocked, ModelDown, StateDown
from bot.events import Verdict
from tests.console.conftest import Stage
from tests.console.stage import ANNA, BEN, EXAMPLES, HOLIDAY_ANSWER, Paper, Shelf, ailing

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(60)]

PHONE = {"width": 390, "height": 844}
HOSTILE = (
    '<img src=x onerror="window.hacked=1"> <script>window.hacked=1</script>\n\n'
    "[click](javascript:window.hacked=1) [data](data:text/html,<script>window.hacked=1</script>) "
    "![x](javascript:window.hacked=1) <javascript:window.hacked=1>\n\n"
    '| <img src=x onerror=window.hacked=1> | b |\n|---|---|\n| "><svg onload=window.hacked=1> | `<b>` |\n\n'
    "```html\n</code></pre><script>window.hacked=1</script>\n```\n\n"
    '[a](https://ok.example/"onmouseover="window.hacked=1) [1]'
)


async def ask(page: Page, question: str) -> Locator:
    """Types a question, sends it with Enter and gives the turn it makes."""
    await page.get_by_label("Your question").fill(question)
    await page.keyboard.press("Enter")
    return page.locator(".turn").last


async def test_a_question_is_answered_before_ones_eyes_with_sources(stage: Stage) -> None:
    stage.script.may_write.clear()
    stage.script.may_finish.clear()
    page = await stage.page()
    turn = await ask(page, "How many days of holiday do I have?")
    await expect(turn.locator(".status")).to_have_text("Searching the documents")
    await expect(page.locator("#announcer")).to_have_text("Searching the documents")
    stage.script.may_write.set()
    await expect(turn.locator(".prose strong")).to_have_text("25 days")
    await expect(turn.locator(".answer")).to_have_attribute("aria-busy", "true")
    await expect(turn.locator(".source")).to_have_count(0)
    stage.script.may_finish.set()
    await expect(turn.locator(".source .title")).to_have_text(["Holidays and absences", "Carrying days over"])
    await expect(turn.locator(".source .about").first).to_contain_text("People team · ")
    await expect(turn.locator(".answer")).to_have_attribute("aria-busy", "false")
    await expect(turn.locator(".prose li")).to_have_count(2)
    await expect(turn.get_by_text(HOLIDAY_ANSWER.trace_id)).to_be_visible()
    await expect(turn.locator(".masked")).to_be_hidden()


async def test_a_question_sent_before_the_page_is_set_up_is_asked_then(stage: Stage) -> None:
    held = asyncio.Event()

    async def hold(route: Route) -> None:
        await held.wait()
        await route.continue_()

    page = await stage.page(at="/console/state")
    await page.route("**/console/api/setup", hold)
    await page.goto("/console")
    await ask(page, "Am I early?")
    await expect(page.get_by_label("Your question")).to_have_value("Am I early?")
    held.set()
    await expect(page.locator(".turn .source").first).to_be_visible()
    assert [(turn.text, turn.person) for turn in stage.script.turns] == [("Am I early?", ANNA)]


async def test_an_example_is_one_click(stage: Stage) -> None:
    page = await stage.page()
    await expect(page.locator("#examples button")).to_have_text(list(EXAMPLES))
    await page.get_by_role("button", name=EXAMPLES[1]).click()
    await expect(page.locator(".question").first).to_have_text(EXAMPLES[1])
    await expect(page.locator("#welcome")).to_be_hidden()
    await expect(page.locator(".source").first).to_be_visible()
    assert [turn.text for turn in stage.script.turns] == [EXAMPLES[1]]


async def test_a_source_opens_beside_the_answer_with_its_passage_marked(stage: Stage) -> None:
    page = await stage.page()
    turn = await ask(page, "Holidays?")
    await turn.get_by_role("button", name="Source 1").first.click()
    panel = page.get_by_role("complementary")
    await expect(panel.get_by_role("heading", name="Holidays and absences")).to_be_focused()
    marked = await panel.locator("mark").all_inner_texts()
    assert " ".join(marked) == "Everybody at Lindenhof gets 25 days of holiday a year; from the age of 50 it is 30 days"
    await expect(panel.locator("table tbody tr")).to_have_count(3)
    await page.keyboard.press("Escape")
    await expect(panel).to_be_hidden()
    await expect(turn.get_by_role("button", name="Source 1").first).to_be_focused()


async def test_a_source_opens_in_a_tab_of_its_own(stage: Stage) -> None:
    page = await stage.page()
    turn = await ask(page, "Holidays?")
    await turn.locator(".source").first.click()
    async with page.context.expect_page() as opened:
        await page.get_by_label("Open in a tab of its own").click()
    tab = await opened.value
    await expect(tab.get_by_role("heading", name="Holidays and absences")).to_have_count(1)
    await expect(tab.locator("table tbody tr")).to_have_count(3)
    assert tab.url.endswith("/console/documents/hr/holidays.md?person=demo%3Aanna")


async def test_thumbs_are_pressed_changed_and_undone(stage: Stage) -> None:
    page = await stage.page()
    turn = await ask(page, "Holidays?")
    up = turn.get_by_role("button", name="A good answer", exact=True)
    down = turn.get_by_role("button", name="Not a good answer")
    await up.click()
    await expect(up).to_have_attribute("aria-pressed", "true")
    await expect(turn.get_by_text("Thank you.")).to_be_visible()
    await down.click()
    await expect(up).to_have_attribute("aria-pressed", "false")
    await expect(down).to_have_attribute("aria-pressed", "true")
    async with page.expect_response("**/feedback"):
        await turn.get_by_role("button", name="Undo").click()
    await expect(down).to_have_attribute("aria-pressed", "false")
    await expect(down).to_be_focused()
    await expect(turn.get_by_role("button", name="Undo")).to_be_hidden()
    told = [(one.verdict, one.removed) for one in stage.script.feedback]
    assert told == [(Verdict.UP, False), (Verdict.UP, True), (Verdict.DOWN, False), (Verdict.DOWN, True)]
    assert {(one.message_id, one.person) for one in stage.script.feedback} == {(HOLIDAY_ANSWER.trace_id, ANNA)}


async def test_a_verdict_that_was_not_kept_is_not_shown_as_given(stage: Stage) -> None:
    stage.script.state_down = StateDown("Redis does not answer.")
    page = await stage.page()
    turn = await ask(page, "Holidays?")
    up = turn.get_by_role("button", name="A good answer", exact=True)
    await up.click()
    await expect(turn.get_by_text("Not kept: Redis does not answer.")).to_be_visible()
    await expect(up).to_have_attribute("aria-pressed", "false")
    # The browser itself notes a response of 503.
    assert len(stage.errors) == 1 and "503" in stage.errors.pop()


async def test_each_person_has_a_conversation_of_their_own(stage: Stage) -> None:
    page = await stage.page()
    await expect(page.get_by_text("demo", exact=True)).to_be_visible()
    await expect((await ask(page, "Anna's question")).locator(".source").first).to_be_visible()
    await page.get_by_label("Person to play").select_option(BEN.id)
    await expect(page.locator(".turn")).to_have_count(0)
    await expect((await ask(page, "Ben's question")).locator(".source").first).to_be_visible()
    await page.get_by_label("Person to play").select_option(ANNA.id)
    await expect(page.locator(".question")).to_have_text(["Anna's question"])
    first, second = stage.script.turns
    assert (first.person, second.person) == (ANNA, BEN)
    assert first.conversation.startswith("console:demo:anna:") and second.conversation.startswith("console:demo:ben:")


async def test_without_the_demo_there_is_nobody_to_pick(stage: Stage) -> None:
    page = await stage.page(server={"demo": False})
    await expect((await ask(page, "Holidays?")).locator(".source").first).to_be_visible()
    await expect(page.get_by_label("Person to play")).to_be_hidden()
    assert stage.script.turns[0].person.groups == frozenset()


async def test_a_conversation_outlives_a_reload_and_ends_on_demand(stage: Stage) -> None:
    page = await stage.page()
    await expect((await ask(page, "First?")).locator(".source").first).to_be_visible()
    await page.reload()
    await expect(page.locator(".question")).to_have_text(["First?"])
    await expect(page.locator(".source")).to_have_count(2)
    await expect((await ask(page, "Second?")).locator(".source").first).to_be_visible()
    await page.get_by_role("button", name="New conversation").click()
    await expect(page.locator("#welcome")).to_be_visible()
    await expect((await ask(page, "Third?")).locator(".source").first).to_be_visible()
    first, second, third = (turn.conversation for turn in stage.script.turns)
    assert first == second != third


async def test_an_error_names_its_trace_and_can_be_tried_again(stage: Stage) -> None:
    stage.script.failures = [ModelDown("The model does not answer.")]
    page = await stage.page()
    turn = await ask(page, "Holidays?")
    await expect(turn.locator(".failure")).to_contain_text("The model does not answer.")
    await expect(turn.locator(".failure")).to_contain_text("Trace badc0ffee0ddf00d")
    await turn.get_by_role("button", name="Try again").click()
    await expect(turn.locator(".source").first).to_be_visible()
    await expect(turn.locator(".failure")).to_be_hidden()
    await expect(page.locator(".turn")).to_have_count(1)


async def test_what_we_will_not_answer_is_not_offered_again(stage: Stage) -> None:
    stage.script.failures = [Blocked("This seems to hold a password or a key.")]
    page = await stage.page()
    turn = await ask(page, "Is hunter2 a good password?")
    await expect(turn.locator(".failure")).to_contain_text("This seems to hold a password or a key.")
    await expect(turn.get_by_role("button", name="Try again")).to_be_hidden()


async def test_the_page_says_that_answers_can_be_wrong(stage: Stage) -> None:
    for size in (None, PHONE):
        page = await stage.page(viewport=size) if size else await stage.page()
        await expect(page.get_by_text("Answers can be wrong. Check the sources")).to_be_in_viewport()


async def test_a_server_that_is_gone_is_said_so(stage: Stage) -> None:
    page = await stage.page()
    await page.context.set_offline(True)
    turn = await ask(page, "Holidays?")
    await expect(turn.locator(".failure")).to_contain_text("cannot be reached")
    await page.context.set_offline(False)
    await turn.get_by_role("button", name="Try again").click()
    await expect(turn.locator(".source").first).to_be_visible()
    assert all("ERR_INTERNET_DISCONNECTED" in stage.errors.pop() for _ in list(stage.errors))


async def test_a_refusal_looks_like_none_other(stage: Stage) -> None:
    stage.script.answers["Bonus?"] = Answer("I found nothing about that.", "t1", refused=True)
    page = await stage.page()
    turn = await ask(page, "Bonus?")
    await expect(turn.get_by_text("Not found in the documents")).to_be_visible()
    await expect(turn.locator(".sources")).to_be_hidden()
    assert await turn.locator(".answer").evaluate("node => getComputedStyle(node).borderTopStyle") == "dashed"
    answered = await ask(page, "Holidays?")
    await expect(answered.locator(".source").first).to_be_visible()
    await expect(answered.locator(".refusal")).to_be_hidden()


async def test_what_was_hidden_from_the_model_is_named(stage: Stage) -> None:
    stage.script.answers["Hi"] = replace(HOLIDAY_ANSWER, masked=("EMAIL_ADDRESS", "CH_AHV_NUMBER"))
    page = await stage.page()
    masked = (await ask(page, "Hi")).locator(".masked")
    await expect(masked).to_have_text("Hidden from the model: e-mail address, ch ahv number")
    stage.script.answers["Hallo"] = replace(HOLIDAY_ANSWER, masked=("PERSON", "CH_AHV"), language="de")
    masked = (await ask(page, "Hallo")).locator(".masked")
    await expect(masked).to_have_text("Vor dem Modell verborgen: Name, AHV-Nummer")


async def test_hostile_answers_and_documents_are_only_text(stage: Stage) -> None:
    source = Source(1, "x.md", HOSTILE, HOSTILE, link="javascript:window.hacked=1", owner=HOSTILE, date=HOSTILE)
    stage.script.answers["Evil?"] = Answer(HOSTILE, HOSTILE[:40], (source,), masked=(HOSTILE,))
    page = await stage.page(server={"shelf": Shelf({"x.md": Paper(HOSTILE, HOSTILE, HOSTILE, HOSTILE)})})
    await expect((await ask(page, HOSTILE)).locator(".source").first).to_be_visible()
    turn = await ask(page, "Evil?")
    await turn.locator(".source").click()
    await expect(page.locator("#panel-text pre")).to_contain_text("<script>")
    await expect(page.locator("#panel-origin")).to_be_hidden()
    allowed = await page.locator(".turn a, #panel-text a").evaluate_all("all => all.map(one => one.protocol)")
    assert set(allowed) == {"https:"}
    assert await page.locator(".turn :is(script, img), .turn .prose svg, #panel :is(script, img)").count() == 0
    tab = await page.context.new_page()
    await tab.goto("/console/documents/x.md")
    await expect(tab.locator("main pre")).to_contain_text("<script>")
    for one in (page, tab):
        assert await one.evaluate("window.hacked") is None
        assert await one.locator("main [onerror], main [onload], main [onmouseover]").count() == 0


async def test_the_browser_refuses_markup_even_if_a_script_tried(stage: Stage) -> None:
    page = await stage.page()
    await expect(page.locator("body.ready")).to_be_visible()
    tried = "try { document.body.innerHTML = '<b>x</b>'; 'done' } catch (error) { error.name }"
    assert await page.evaluate(tried) == "TypeError"
    assert stage.errors and all("Trusted" in stage.errors.pop() for _ in list(stage.errors))


async def test_everything_is_done_with_the_keyboard(stage: Stage) -> None:
    page = await stage.page()
    await expect(page.locator("body.ready")).to_be_visible()
    question, keys = page.get_by_label("Your question"), page.keyboard
    await expect(question).to_be_focused()
    await keys.type("one")
    await keys.press("Shift+Enter")
    await keys.type("two")
    await expect(question).to_have_value("one\ntwo")
    await keys.press("Enter")
    await expect(page.locator(".source").first).to_be_visible()
    await keys.press("ArrowUp")
    await expect(question).to_have_value("one\ntwo")
    await keys.press("ArrowDown")
    await expect(question).to_have_value("")
    await page.get_by_role("button", name="New conversation").focus()
    await keys.press("/")
    await expect(question).to_be_focused()
    await keys.type("a/b")
    await expect(question).to_have_value("a/b")


async def test_every_control_is_reached_with_tab_and_shows_it(stage: Stage) -> None:
    page = await stage.page()
    await expect((await ask(page, "Holidays?")).locator(".source").first).to_be_visible()
    controls = page.locator(
        "a:visible, button:enabled:visible, select:visible, textarea:visible, [tabindex='0']:visible"
    )
    await page.locator(".brand").focus()
    seen = set()
    for _ in range(await controls.count()):
        seen.add(await page.evaluate("[...document.querySelectorAll('*')].indexOf(document.activeElement)"))
        outlined = "getComputedStyle(document.activeElement.closest('.field') ?? document.activeElement).outlineStyle"
        assert await page.evaluate(outlined) != "none"
        await page.keyboard.press("Tab")
    assert len(seen) == await controls.count()


async def test_escape_stops_showing_and_the_turn_can_be_asked_again(stage: Stage) -> None:
    stage.script.may_finish.clear()
    page = await stage.page()
    turn = await ask(page, "Holidays?")
    await expect(turn.locator(".prose strong")).to_be_visible()
    await page.keyboard.press("Escape")
    await expect(turn.locator(".stopped")).to_be_visible()
    stage.script.may_finish.set()
    await stage.script.has_ended.wait()
    await expect(turn.locator(".source")).to_have_count(0)
    await turn.get_by_role("button", name="Ask again").click()
    await expect(turn.locator(".source").first).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_the_theme_follows_the_system_until_it_is_chosen(stage: Stage, scheme: str) -> None:
    page = await stage.page(color_scheme=scheme)
    lightness = "getComputedStyle(document.body).backgroundColor.match(/\\d+/)[0] > 128"
    assert await page.evaluate(lightness) is (scheme == "light")
    await page.get_by_role("button", name="Dark theme").click()
    assert await page.evaluate(lightness) is (scheme == "dark")
    for path in ("/console/state", "/console/documents/hr/holidays.md", "/console"):
        await page.goto(path)
        assert await page.evaluate(lightness) is (scheme == "dark")


async def test_a_phone_shows_everything_without_scrolling_sideways(stage: Stage) -> None:
    page = await stage.page(viewport=PHONE, has_touch=True)
    stage.script.answers["Wide?"] = replace(HOLIDAY_ANSWER, text="x" * 300 + "\n\n|a|b|\n|-|-|\n|" + "y " * 40 + "|z|")
    turn = await ask(page, "Wide?")
    await expect(turn.locator(".source").first).to_be_visible()
    sideways = "document.documentElement.scrollWidth > innerWidth || scroller.scrollWidth > scroller.clientWidth"
    assert await page.evaluate(sideways) is False
    await turn.locator(".source").first.tap()
    box = await page.get_by_role("complementary").bounding_box()
    assert box and (box["x"], box["width"], box["height"]) == (0, 390, 844)
    await page.get_by_role("button", name="Close").tap()
    await expect(page.get_by_label("Your question")).to_be_visible()
    await page.goto("/console/state")
    await expect(page.locator("#parts li")).to_have_count(5)
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")


async def becomes(page: Page, condition: str) -> None:
    """Waits for a condition in the page; playwright's own way needs `eval`, which the page forbids."""
    while not await page.evaluate(condition):
        await asyncio.sleep(0.02)


async def test_nothing_jumps_while_an_answer_comes(stage: Stage) -> None:
    page = await stage.page()
    await page.evaluate(
        "window.shifts = []; new PerformanceObserver(list => shifts.push(...list.getEntries().map(one => one.value)))"
        ".observe({type: 'layout-shift'})"
    )
    stage.script.answers["Long?"] = replace(HOLIDAY_ANSWER, text=(HOLIDAY_ANSWER.text + "\n\n") * 8)
    for question in ("Long?", "Holidays?", "Long?"):
        await expect((await ask(page, question)).locator(".source").first).to_be_visible()
    at_end = "scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight < 2"
    await becomes(page, at_end)
    assert await page.evaluate("shifts.reduce((sum, shift) => sum + shift, 0)") < 0.01


async def test_a_reader_who_scrolled_up_stays_there(stage: Stage) -> None:
    stage.script.answers["Long?"] = replace(HOLIDAY_ANSWER, text=(HOLIDAY_ANSWER.text + "\n\n") * 12)
    stage.script.may_finish.clear()
    page = await stage.page()
    turn = await ask(page, "Long?")
    await expect(turn.locator(".prose li").nth(6)).to_be_visible()
    await becomes(page, "scroller.scrollTop > 0")
    await page.evaluate("scroller.scrollTop = 0")
    await page.evaluate("new Promise((seen) => requestAnimationFrame(() => requestAnimationFrame(seen)))")
    stage.script.may_finish.set()
    await expect(turn.locator(".source").first).to_be_attached()
    assert await page.evaluate("scroller.scrollTop") == 0


async def test_the_state_page_tells_what_works_and_keeps_looking(stage: Stage) -> None:
    page = await stage.page(at="/console/state")
    await expect(page.locator("#headline")).to_have_text("Everything works")
    await expect(page.locator("#documents")).to_have_text("46")
    await expect(page.locator("#uptime")).to_have_text("1 d 2 h")
    await expect(page.locator("#parts .name").first).to_have_text("Redis")
    await page.clock.install()
    await page.reload()
    await expect(page.locator("#headline")).to_have_text("Everything works")
    async with page.expect_response("**/console/api/state"):
        await page.clock.fast_forward(5000)


async def test_the_state_page_points_at_what_does_not_work(stage: Stage) -> None:
    page = await stage.page(at="/console/state", server={"state": ailing})
    await expect(page.locator("#headline")).to_have_text("1 of 5 parts needs attention")
    broken = page.locator("[data-ok=false]")
    await expect(broken).to_have_text(re.compile("Model server.*does not answer at 127.0.0.1:8081.*does not work"))
