// Puts the reader's choices on <html> before the first paint, so that no page flashes in other clothes.
// Again on pageshow and storage: a page kept by the back button, or in another tab, follows a newer choice.
const defaults = { size: "medium", font: "song", scheme: "auto" };

function applyChoices() {
  for (const name in defaults) {
    let value = null;
    try {
      value = localStorage.getItem("dengxia-" + name);
    } catch (error) {
      // Storage may be forbidden: the defaults serve.
    }
    document.documentElement.dataset[name] = value || defaults[name];
  }
}

applyChoices();
addEventListener("pageshow", applyChoices);
addEventListener("storage", applyChoices);
