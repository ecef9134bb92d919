// One event stream keeps the page live; the indicator tells how (docs/live.md).
const find = (id) => document.getElementById(id);
const listen = (name, work) => document.addEventListener(name, work);
const on = (name, work) => listen(name, (event) => event.target === stream && work(event.detail, event));
const indicator = find("indicator"), button = find("pause"), locks = navigator.locks;
let stream = find("stream");
let lastEventId = stream?.dataset.since;
let before; // the same, when new regions were asked for
let shown;
let connection, abort, failures = 0, timer, checks, paused, release, guest;

const wanted = () => !paused && !document.hidden;
const setState = (state) => { indicator.dataset.connection = paused ? "paused" : state; };
const latest = () => connection?.lastEventId || lastEventId;
const regions = () => [...document.querySelectorAll("[data-region]")]
  .map((element) => "&r=" + encodeURIComponent(element.dataset.region)).sort().join("");
const restartIn = (pause) => {
  clearTimeout(timer);
  timer = setTimeout(restart, pause);
};
const resetWatchdog = () => restartIn(+stream.dataset.silence || 45e3);

// A browser has six connections for all windows: four are for streams, and windows take the last one in turns.
const lock = (slot, options) => new Promise((got) => {
  locks.request("lco-" + slot, options, (held) => held ? new Promise(got) : got()).catch(() => got());
});
const takeSlot = async (copy) => {
  if (!locks) return;
  for (let slot = 0; slot < 3; slot++) {
    const end = await lock(slot, { ifAvailable: true });
    if (end || stream !== copy) return end;
  }
  const wait = new AbortController();
  guest = true;
  release = () => wait.abort();
  setState("shared");
  return lock(3, { signal: wait.signal });
};
const yieldSlot = async () => {
  const { pending } = await locks.query(); // only the last slot is ever waited for
  if (pending[0]) restart();
  else if (connection) setState("live");
};

const restart = async () => {
  clearTimeout(timer);
  clearInterval(checks);
  const old = connection, copy = stream.cloneNode();
  lastEventId = latest();
  connection = null;
  stream.remove();
  stream = copy;
  old?.reader?.cancel(); // first: the reader of an aborted stream refuses
  old?.abortController.abort();
  for (const end of [old?.delayCanceller, abort, release]) end?.();
  release = guest = null;
  button.textContent = `${paused ? "Resume" : "Pause"} live updates`;
  setState("reconnecting");
  if (!wanted()) return;
  const end = await takeSlot(copy);
  if (stream !== copy) return end?.();
  release = end;
  resetWatchdog();
  document.body.append(stream); // only now: htmx may just be looking at the page, and each look opens a stream
  htmx.process(stream);
  htmx.trigger(stream, "lco:connect");
};

on("htmx:config:request", ({ ctx: { request } }) => {
  const since = before ?? lastEventId, now = regions();
  request.action = `/live?since=${since}${now}`;
  if (now === shown) request.headers["Last-Event-ID"] = since;
  shown = now;
  before = null;
  abort = request.abort;
});
on("htmx:sse:before:connection", (detail) => {
  connection = detail.connection;
  setState("reconnecting");
});
on("htmx:sse:after:connection", () => {
  failures = 0;
  resetWatchdog();
  if (guest) checks = setInterval(yieldSlot, 3e3);
  else setState("live");
});
on("htmx:sse:before:message", resetWatchdog);
on("htmx:finally:request", () => {
  if (!connection) restartIn(Math.min(1e3 * 2 ** failures++, 6e4) * (1 + Math.random()));
});
on("htmx:before:swap", ({ tasks }, event) => {
  if (!connection) return event.preventDefault();
  // Marks what reads otherwise than before; the value differs from the last one, so that the flash begins again.
  for (const { target, fragment } of tasks) {
    const part = fragment.firstElementChild;
    if (part && part.textContent !== target.textContent) part.dataset.changed = target.dataset.changed ^ 1;
  }
});

if (stream) {
  listen("htmx:before:request", ({ target }) => { if (target !== stream) before ??= latest(); });
  listen("htmx:after:swap", () => wanted() && regions() !== shown && restart());
  listen("visibilitychange", restart);
  button.onclick = () => {
    paused = !paused;
    restart();
    sessionStorage.lcoPaused = paused;
  };
  try { paused = sessionStorage.lcoPaused === "true"; } catch { /* not kept */ }
  button.hidden = false;
  // htmx may look at the page before this script or after it: neither may open a stream.
  stream.setAttribute("hx-trigger", "lco:connect");
  restart();
}
