// The keys of a date grid (WAI-ARIA APG, date picker dialog example): one day is a tab stop, arrows lead to the others.
(() => {
  const days = (grid) => [...grid.querySelectorAll("td > [id]")];
  const idOf = (id, date) => id.slice(0, -10) + date.toISOString().slice(0, 10);
  let wanted; // the day that gets the focus once its month is there

  const rove = () => {
    for (const grid of document.querySelectorAll(".date-grid")) {
      const all = days(grid).filter((day) => day.offsetParent);
      const stop = all.find((day) => day === document.activeElement)
        ?? grid.querySelector(".return > a, .first > a") ?? all.find((day) => day.href) ?? all[0];
      for (const day of all) day.tabIndex = day === stop ? 0 : -1;
    }
    const day = wanted && document.getElementById(wanted);
    if (day?.offsetParent) {
      wanted = null;
      day.focus();
    }
  };

  // Days are UTC here: local midnights would skip one when the clocks change.
  const moved = (id, key, shift) => {
    const date = new Date(id.slice(-10)), step = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -7, ArrowDown: 7 }[key];
    if (step) date.setUTCDate(date.getUTCDate() + step);
    else if (key === "Home") date.setUTCDate(date.getUTCDate() - date.getUTCDay());
    else if (key === "End") date.setUTCDate(date.getUTCDate() + 6 - date.getUTCDay());
    else if (/^Page(Up|Down)$/.test(key)) {
      const day = date.getUTCDate(), months = (key === "PageUp" ? -1 : 1) * (shift ? 12 : 1);
      date.setUTCMonth(date.getUTCMonth() + months, 1);
      const last = new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 0)).getUTCDate();
      date.setUTCDate(Math.min(day, last));
    } else return null;
    return date;
  };

  document.addEventListener("keydown", (event) => {
    const day = event.target.closest?.(".date-grid td > [id]");
    if (!day || event.altKey || event.ctrlKey || event.metaKey) return;
    if (event.key === " ") day.click();
    else {
      const date = moved(day.id, event.key, event.shiftKey);
      if (!date) return;
      wanted = idOf(day.id, date);
      rove();
      if (wanted) {
        const later = wanted > day.id, turn = later ? "next" : "previous";
        const link = document.getElementById(day.id.slice(0, -10) + turn);
        if (link?.href) link.click();
        else wanted = null;
      }
    }
    event.preventDefault();
  });
  document.addEventListener("focusin", rove);
  document.addEventListener("htmx:after:swap", rove);
  rove();
})();
