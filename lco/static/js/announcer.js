// Speaks changes in one polite line, one sentence a second, and says when the network fails.
const line = document.getElementById("announcement");
let pending, leaving;
const say = (words) => {
  line.textContent = words;
  clearTimeout(leaving);
  if (words) leaving = setTimeout(say, 15e3, ""); // it covers a strip of the page; the change itself stays
};
const announce = (sentence) => {
  if (pending) return pending.unshift(sentence);
  say(sentence);
  pending = [sentence];
  setTimeout(() => {
    const more = pending.length - 1;
    if (more) say(`${pending[0]} (${more} more)`);
    pending = null;
  }, 1e3);
};
document.addEventListener("htmx:before:swap", ({ detail: { tasks } }) => {
  const spoken = tasks.findIndex(({ target }) => target === line);
  if (spoken >= 0) announce(tasks.splice(spoken, 1)[0].fragment.textContent);
});
document.addEventListener("htmx:error", ({ target }) => {
  if (target.id !== "stream") announce("We couldn't reach the site. Check your connection.");
});
