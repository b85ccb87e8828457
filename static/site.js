// What a page can do only with a script: choices, the how-to of the visitor's system, share, arrow keys.

// Choices

const choices = [...document.querySelectorAll("#choices input")];

function checkChoices() {
  for (const input of choices) input.checked = document.documentElement.dataset[input.name] === input.value;
}

for (const input of choices) {
  input.addEventListener("change", () => {
    document.documentElement.dataset[input.name] = input.value;
    try {
      localStorage.setItem("dengxia-" + input.name, input.value);
    } catch (error) {
      // Storage is forbidden: the choice holds for this page.
    }
  });
}
// After early.js has listened to the same events.
addEventListener("pageshow", checkChoices);
addEventListener("storage", checkChoices);

// How-to

// An iPad calls itself a Mac, but no Mac can be touched.
const phone = /Mobi|Android|Harmony/.test(navigator.userAgent) || navigator.maxTouchPoints > 1 && /Mac/.test(navigator.platform);
const system = phone ? "phone" : /Mac/.test(navigator.platform) ? "mac" : "pc";
for (const item of document.querySelectorAll(`[data-system="${system}"]`)) item.setAttribute("aria-current", "true");

// Browsers from before 2023 do not know popovers.
if (!("popover" in HTMLElement.prototype)) {
  for (const button of document.querySelectorAll("[popovertarget]")) {
    const target = document.getElementById(button.getAttribute("popovertarget"));
    button.addEventListener("click", () => target.toggleAttribute("data-open"));
  }
}

// Share

const address = location.origin + location.pathname;

function offer(id, works, act) {
  const button = document.getElementById(id);
  if (!button || !works) return;
  button.hidden = false;
  button.addEventListener("click", act);
}

offer("copy", navigator.clipboard, async () => {
  const status = document.querySelector(".share [role=status]");
  status.textContent = await navigator.clipboard.writeText(address).then(() => "已复制", () => "没有复制成");
});
// Rejected when the visitor thinks better of it: nothing to tell.
offer("share", navigator.share, () => navigator.share({ title: document.querySelector("h1").textContent, url: address }).catch(() => {}));

// ← the previous article, → the next, unless the key already has a meaning where the focus is.

addEventListener("keydown", (event) => {
  const rel = { ArrowLeft: "prev", ArrowRight: "next" }[event.key];
  if (!rel || event.altKey || event.ctrlKey || event.metaKey || event.shiftKey || event.defaultPrevented) return;
  if (event.target.closest("input, textarea, select, [contenteditable], [popover], .scroll")) return;
  const link = document.querySelector(`link[rel=${rel}]`);
  if (link) location.assign(link.href);
});

// Suggestions: titles while the visitor types, as an ARIA combobox. Without it the box is a plain search.

function suggestIn(box) {
  const list = document.createElement("div");
  list.id = "suggestions";
  list.hidden = true;
  list.setAttribute("role", "listbox");
  list.setAttribute("aria-label", "文章");
  // Keeps the focus in the box while an option is pressed.
  list.addEventListener("mousedown", (event) => event.preventDefault());
  box.form.append(list);
  const attributes = { role: "combobox", "aria-autocomplete": "list", "aria-expanded": false, "aria-controls": list.id, autocomplete: "off" };
  for (const name in attributes) box.setAttribute(name, attributes[name]);

  let timer, asked;

  function show(titles, paths) {
    list.textContent = "";
    titles.forEach((title, n) => {
      const option = document.createElement("a");
      option.id = "suggestion-" + n;
      option.href = paths[n];
      option.tabIndex = -1;
      option.setAttribute("role", "option");
      option.textContent = title;
      list.append(option);
    });
    list.hidden = !titles.length;
    box.setAttribute("aria-expanded", titles.length > 0);
    box.removeAttribute("aria-activedescendant");
  }

  function stop() {
    clearTimeout(timer);
    if (asked) asked.abort();
    show([]);
  }

  async function ask() {
    if (asked) asked.abort();
    if (!box.value.trim()) return stop();
    asked = new AbortController();
    try {
      const answer = await fetch("/search/suggest?q=" + encodeURIComponent(box.value), { signal: asked.signal });
      const [, titles, , paths] = await answer.json();
      show(titles, paths);
    } catch (error) {
      // A later request took its place, or there is no network: then nothing is suggested.
    }
  }

  function askSoon(event) {
    // What an input method has not yet put down is no word.
    if (event.isComposing) return;
    clearTimeout(timer);
    timer = setTimeout(ask, 120);
  }

  function mark(option) {
    for (const other of list.children) other.setAttribute("aria-selected", other === option);
    if (option) {
      box.setAttribute("aria-activedescendant", option.id);
      option.scrollIntoView({ block: "nearest" });
    } else box.removeAttribute("aria-activedescendant");
  }

  box.addEventListener("input", askSoon);
  box.addEventListener("compositionend", askSoon);
  box.addEventListener("blur", stop);
  box.form.addEventListener("submit", stop);
  box.addEventListener("keydown", (event) => {
    if (event.isComposing || list.hidden) return;
    const marked = list.querySelector("[aria-selected=true]");
    // Beyond either end is the box itself.
    if (event.key === "ArrowDown") mark(marked ? marked.nextElementSibling : list.firstElementChild);
    else if (event.key === "ArrowUp") mark(marked ? marked.previousElementSibling : list.lastElementChild);
    else if (event.key === "Enter" && marked) marked.click();
    else if (event.key === "Escape") stop();
    else return;
    event.preventDefault();
  });
}

document.querySelectorAll(".search [type=search]").forEach(suggestIn);
