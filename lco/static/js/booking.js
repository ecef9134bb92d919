// Sends a booking until its outcome is known: the same key again after a lost answer, a reload or a killed tab.
const find = (id) => document.getElementById(id);
const on = (event, work) => document.addEventListener(event, work);
const panel = find("booking-panel"), name = "lco-form-" + panel.dataset.vehicle;
let record; // {at, values, body}: what was typed, and what is being sent
let failures = 0, timer, isSending = false;

const fields = () => [...panel.querySelectorAll("#booking-form .field [name]")];
const kind = (field) => field.dataset.kind ?? "value";
const values = () => Object.fromEntries(fields().map((field) => [field.name, field[kind(field)]]));
const say = (words) => { find("sending").textContent = words; };
const keep = (value) => {
  record = { ...value, at: Date.now() };
  try { localStorage[name] = JSON.stringify(record); } catch { /* kept as long as the page */ }
};
const show = () => {
  for (const field of fields()) field[kind(field)] ||= record?.values?.[field.name] ?? "";
  // While the outcome is unknown, neither other days nor changes of these days may come between.
  const isOpen = !!record?.body;
  panel.classList.toggle("is-sending", isOpen);
  for (const part of document.querySelectorAll("#dates,.choices,.calendar")) part.inert = isOpen;
  if (find("send")) find("send").disabled = isSending;
};
const send = async () => {
  clearTimeout(timer);
  if (isSending || !record?.body) return;
  isSending = true;
  show();
  try {
    const answer = await fetch("/bookings", {
      method: "POST",
      body: new URLSearchParams(record.body),
      headers: { "HX-Request": "true", Accept: "application/json" },
      signal: AbortSignal.timeout(2e4),
    });
    const { status } = answer, text = await answer.text(), isBooked = status === 201;
    const isPanel = text.includes('id="booking-panel"');
    if (isBooked) location = JSON.parse(text).page;
    else if (!isPanel && (status < 400 || status > 428)) throw text;
    keep(isBooked ? {} : { values: record.values });
    failures = 0;
    say(isPanel || isBooked ? "" : text);
    if (isPanel) await htmx.swap({ text, target: panel, swap: "outerMorph", sourceElement: panel });
  } catch {
    say("We couldn't reach the site. Check your connection. We send again; you won't be booked twice.");
    timer = setTimeout(send, Math.min(2 ** failures++, 30) * 1e3);
  }
  isSending = false;
  show();
};

on("submit", (event) => {
  if (event.target.id !== "booking-form" || event.submitter?.formNoValidate) return;
  event.preventDefault();
  keep({ values: values(), body: record?.body ?? String(new URLSearchParams(new FormData(event.target))) });
  say("");
  send();
});
on("input", () => {
  if (!record?.body && fields()[0]) keep({ values: values() });
});
on("click", ({ target }) => {
  if (target.id !== "clear") return;
  keep();
  for (const field of fields()) field[kind(field)] = "";
  show();
});
on("htmx:after:swap", show);
on("visibilitychange", send);
addEventListener("online", send);
addEventListener("pageshow", (event) => event.persisted && location.reload());

try { record = JSON.parse(localStorage[name]); } catch { /* nothing kept */ }
if (Date.now() - record?.at > 864e5) keep();
show();
send();
