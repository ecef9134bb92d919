// Keeps an open page live: one stream, an indicator that tells the truth, a pause, one spoken line.
(() => {
  const find = (id) => document.getElementById(id);
  const indicator = find("indicator"), button = find("pause"), line = find("announcement");
  let stream = find("stream");
  if (!stream || !window.htmx) return;
  const silence = +stream.dataset.silence || 45000;
  let seen = stream.dataset.since; // the last change this page knows of
  let before; // the same, when it last asked for what may hold new regions
  let shown; // the regions its stream is about
  let connection, abort; // htmx's record of the open stream; how to end one that is being opened
  let paused = false, failures = 0, timer, burst;

  const wanted = () => !paused && !document.hidden;
  const say = (state) => { indicator.dataset.connection = paused ? "paused" : state; };
  const latest = () => connection?.lastEventId || seen;
  const regions = () => [...document.querySelectorAll("[data-region]")]
    .map((element) => "&r=" + encodeURIComponent(element.dataset.region)).sort().join("");
  const listen = (name, work) => document.addEventListener(name, work);
  const on = (name, work) => listen(name, (event) => event.target === stream && work(event.detail, event));

  const restartIn = (milliseconds) => {
    clearTimeout(timer);
    timer = setTimeout(restart, milliseconds);
  };
  // The server is never silent for long: when it is, the connection is dead, whatever the browser believes.
  const heard = () => restartIn(silence);
  // A stream ends when its element leaves the page; a copy takes its place and may start another.
  const restart = () => {
    clearTimeout(timer);
    const old = connection, copy = stream.cloneNode();
    seen = latest();
    connection = null;
    stream.replaceWith(copy);
    stream = copy;
    old?.reader?.cancel();
    old?.abortController.abort();
    old?.delayCanceller?.();
    abort?.();
    say("reconnecting");
    if (!wanted()) return;
    heard();
    htmx.process(stream);
    htmx.trigger(stream, "lco:connect");
  };

  on("htmx:config:request", ({ ctx: { request } }) => {
    // New regions may lack what came while they were on their way, so that is asked for again.
    const since = before ?? seen, now = regions();
    request.action = `/live?since=${since}${now}`;
    if (now === shown) request.headers["Last-Event-ID"] = since;
    shown = now;
    before = null;
    abort = request.abort;
  });
  on("htmx:sse:before:connection", (detail) => {
    connection = detail.connection;
    say("reconnecting");
  });
  on("htmx:sse:after:connection", () => {
    failures = 0;
    heard();
    say("live");
  });
  on("htmx:sse:before:message", heard);
  // htmx comes back when a stream breaks, but not when it could not be opened at all.
  on("htmx:finally:request", () => {
    if (!connection) restartIn(Math.min(1000 * 2 ** failures++, 60000) * (0.7 + 0.6 * Math.random()));
  });
  listen("htmx:before:request", ({ target }) => {
    if (target !== stream) before = before ?? latest();
  });
  listen("htmx:after:swap", () => wanted() && regions() !== shown && restart());
  listen("visibilitychange", restart);

  on("htmx:before:swap", ({ tasks }, event) => {
    if (!connection) return event.preventDefault(); // a refused stream is no news
    for (const task of tasks.filter(({ target }) => target === line)) {
      tasks.splice(tasks.indexOf(task), 1);
      announce(task.fragment.textContent);
    }
  });
  // What follows within a second is folded into one sentence, so that nobody is talked at.
  const announce = (sentence) => {
    if (burst) return burst.unshift(sentence);
    line.textContent = sentence;
    burst = [sentence];
    setTimeout(() => {
      if (burst[1]) line.textContent = `${burst.length} changes: ${burst[0]}`;
      burst = null;
    }, 1000);
  };

  // The line covers a strip of the page, so what was said leaves again; the change itself is there to see.
  let leaving;
  new MutationObserver(() => {
    clearTimeout(leaving);
    if (line.textContent) leaving = setTimeout(() => { line.textContent = ""; }, 15000);
  }).observe(line, { childList: true });

  const label = () => { button.textContent = `${paused ? "Resume" : "Pause"} live updates`; };
  button.onclick = () => {
    paused = !paused;
    try { localStorage.setItem("lco-paused", paused); } catch { /* it lasts as long as the page */ }
    label();
    restart();
  };
  try { paused = localStorage.getItem("lco-paused") === "true"; } catch { /* not kept */ }
  button.removeAttribute("aria-pressed"); // the words tell the state
  button.hidden = false;
  label();
  // htmx looks at the page before this script or after it, as files arrive: neither may open a stream.
  stream.setAttribute("hx-trigger", "lco:connect");
  restart();
})();
