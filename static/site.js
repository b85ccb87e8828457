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
