// Speaks changes in one polite line, one sentence a second, and says when the network fails.
const line = document.getElementById("announcement");
let pending, leaving;
const announce = (sentence) => {
  if (pending) return pending.unshift(sentence);
  line.textContent = sentence;
  pending = [sentence];
  setTimeout(() => {
    const more = pending.length - 1;
    if (more) line.textContent = `${pending[0]} (${more} more)`;
    pending = null;
  }, 1000);
};
document.addEventListener("htmx:before:swap", ({ detail: { tasks } }) => {
  const spoken = tasks.findIndex(({ target }) => target === line);
  if (spoken >= 0) announce(tasks.splice(spoken, 1)[0].fragment.textContent);
});
document.addEventListener("htmx:error", ({ target }) => {
  if (target.id !== "stream") announce("We couldn't reach the site. Check your connection.");
});
// The line covers a strip of the page, so it is emptied; the change itself stays.
new MutationObserver(() => {
  clearTimeout(leaving);
  if (line.textContent) leaving = setTimeout(() => { line.textContent = ""; }, 15000);
}).observe(line, { childList: true });
