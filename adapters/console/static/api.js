// The server's side of the page.

const JSON_HEADERS = { "Content-Type": "application/json" };

/** Asks, and yields `{name, data}` as the answer comes; ends with `answer` or `error`, whatever happens. */
export async function* ask(question, conversation, person, signal) {
  let response;
  try {
    const body = JSON.stringify({ question, conversation, person });
    response = await fetch("/console/api/ask", { method: "POST", headers: JSON_HEADERS, body, signal });
    if (!response.ok) {
      yield failure(await reason(response), response.status >= 500);
      return;
    }
    for await (const event of events(response.body)) {
      yield event;
      if (event.name === "answer" || event.name === "error") return;
    }
    yield failure("The connection ended before the answer did.");
  } catch (error) {
    if (error.name === "AbortError") return;
    yield failure(response ? "The connection was lost." : "Hausgeist cannot be reached. Is it still running?");
  }
}

/** Tells what the person thinks of an answer; throws if it could not be stored. */
export async function judge(answer, verdict, removed, person) {
  const body = JSON.stringify({ answer, verdict, removed, person });
  const response = await fetch("/console/api/feedback", { method: "POST", headers: JSON_HEADERS, body });
  if (!response.ok) throw new Error(await reason(response));
  if (!(await response.json()).accepted) throw new Error("This answer is not known any more.");
}

/** What lies at `address` as JSON; throws with the server's own words. */
export async function get(address) {
  const response = await fetch(address, { headers: { Accept: "application/json" } });
  if (!response.ok) throw new Error(await reason(response));
  return response.json();
}

/** Where a document is shown, for the person played. */
export function documentAddress(docId, person) {
  const path = docId.split("/").map(encodeURIComponent).join("/");
  return `/console/documents/${path}${person ? `?person=${encodeURIComponent(person)}` : ""}`;
}

async function* events(body) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let buffer = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    buffer += value;
    const parts = buffer.split("\n\n");
    buffer = parts.pop();
    for (const part of parts) {
      const [, name, data] = part.match(/^event: (\w+)\ndata: (.*)$/);
      yield { name, data: JSON.parse(data) };
    }
  }
}

function failure(message, again = true) {
  return { name: "error", data: { message, trace_id: "", again } };
}

async function reason(response) {
  try {
    return (await response.json()).error;
  } catch {
    return `The server answered ${response.status}.`;
  }
}
