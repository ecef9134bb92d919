// One event stream keeps the page live; the indicator tells how (docs/live.md).
const find = (id) => document.getElementById(id);
const listen = (name, work) => document.addEventListener(name, work);
const on = (name, work) => listen(name, (event) => event.target === stream && work(event.detail, event));
const indicator = find("indicator"), button = find("pause"), locks = navigator.locks;
let stream = find("stream");
let lastEventId = stream?.dataset.since;
let before; // the same, when new regions were asked for
let shown;
let connection, abort, failures = 0, timer, paused, release, isGuest;

const wanted = () => !paused && !document.hidden;
const setState = (state) => { indicator.dataset.connection = paused ? "paused" : state; };
const latest = () => connection?.lastEventId || lastEventId;
const regions = () => [...document.querySelectorAll("[data-region]")]
  .map((element) => "&r=" + encodeURIComponent(element.dataset.region)).sort().join("");
const restartIn = (pause) => {
  clearTimeout(timer);
  timer = setTimeout(restart, pause);
};
const resetWatchdog = () => restartIn(isGuest ? 3000 : +stream.dataset.silence || 45000);

// A browser has six connections for all windows: four hold streams, the others look in turns.
const lock = (place, options) => new Promise((got) => {
  locks.request("lco-stream-" + place, options, (held) => {
    got(held);
    return held && new Promise((end) => { release = end; });
  }).catch(() => got());
});
const takePlace = async () => {
  isGuest = false;
  if (!locks) return true;
  for (let place = 0; place < 4; place++) if (await lock(place, { ifAvailable: true })) return true;
  isGuest = true;
  return lock("guest", { signal: AbortSignal.timeout(9000) });
};

const restart = async () => {
  clearTimeout(timer);
  const old = connection, copy = stream.cloneNode(), wasGuest = isGuest && release;
  lastEventId = latest();
  connection = null;
  stream.remove();
  stream = copy;
  old?.reader?.cancel(); // first: the reader of an aborted stream refuses
  old?.abortController.abort();
  for (const end of [old?.delayCanceller, abort, release]) end?.();
  release = isGuest = null;
  if (wasGuest && wanted()) return restartIn(8000);
  setState("reconnecting");
  if (!wanted()) return;
  const hasPlace = await takePlace();
  if (stream !== copy) return;
  if (!hasPlace) return restartIn(1000);
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
on("htmx:sse:before:connection", (detail) => { connection = detail.connection; });
on("htmx:sse:after:connection", () => {
  failures = 0;
  resetWatchdog();
  setState(isGuest ? "shared" : "live");
});
on("htmx:sse:before:message", () => isGuest || resetWatchdog());
on("htmx:finally:request", () => {
  if (!connection) restartIn(Math.min(1000 * 2 ** failures++, 60000) * (0.7 + 0.6 * Math.random()));
});
on("htmx:before:swap", (_, event) => connection || event.preventDefault());

if (stream) {
  listen("htmx:before:request", ({ target }) => { if (target !== stream) before ??= latest(); });
  listen("htmx:after:swap", () => wanted() && regions() !== shown && restart());
  listen("visibilitychange", restart);
  const label = () => { button.textContent = `${paused ? "Resume" : "Pause"} live updates`; };
  button.onclick = () => {
    paused = !paused;
    try { sessionStorage.lcoPaused = paused; } catch { /* it lasts as long as the page */ }
    label();
    restart();
  };
  try { paused = sessionStorage.lcoPaused === "true"; } catch { /* not kept */ }
  button.hidden = false;
  label();
  // htmx may look at the page before this script or after it: neither may open a stream.
  stream.setAttribute("hx-trigger", "lco:connect");
  restart();
}
