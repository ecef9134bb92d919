// The keys of a date grid (WAI-ARIA APG, date picker dialog example): one day is a tab stop, arrows lead to the others.
const find = (id) => document.getElementById(id);
let wanted; // the day that gets the focus once its month is there

const rove = () => {
  for (const grid of document.querySelectorAll(".date-grid")) {
    const days = [...grid.querySelectorAll("td > [id]")].filter((day) => day.offsetParent);
    const stop = days.find((day) => day === document.activeElement)
      ?? grid.querySelector(".return > a, .first > a") ?? days.find((day) => day.href) ?? days[0];
    for (const day of days) day.tabIndex = day === stop ? 0 : -1;
  }
  if (!find(wanted)?.offsetParent) return;
  find(wanted).focus();
  wanted = null;
};

// Days are UTC here: local midnights would skip one when the clocks change.
const moved = (text, key) => {
  const date = new Date(text), day = date.getUTCDate(), weekday = date.getUTCDay();
  const steps = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -7, ArrowDown: 7, Home: -weekday, End: 6 - weekday };
  const months = { PageUp: -1, PageDown: 1 }[key];
  if (key in steps) date.setUTCDate(day + steps[key]);
  else if (months) {
    date.setUTCMonth(date.getUTCMonth() + months);
    if (date.getUTCDate() !== day) date.setUTCDate(0); // that month is shorter
  } else return "";
  return date.toISOString().slice(0, 10);
};

document.addEventListener("keydown", (event) => {
  const day = event.target.closest(".date-grid td > [id]");
  if (!day || event.altKey || event.ctrlKey || event.metaKey) return;
  const grid = day.id.slice(0, -10), date = moved(day.id.slice(-10), event.key);
  if (event.key === " ") day.click();
  else if (!date) return;
  else {
    wanted = grid + date;
    const link = find(grid + (wanted > day.id ? "next" : "previous"));
    rove();
    if (wanted && link?.href) link.click();
    else wanted = null;
  }
  event.preventDefault();
});
document.addEventListener("focusin", rove);
document.addEventListener("htmx:after:swap", rove);
rove();
