// The form of an article, for who has scripts: a toolbar, pictures, clean pasting, a live preview, and nothing that was
// typed is lost. Without it the form is a plain one that works.

const form = document.getElementById("writing");
const text = form.elements.body;
const mac = /Mac|iPhone|iPad/.test(navigator.platform);

const isHtml = () => form.elements.format.value === "html";
const clock = (moment) => new Date(moment).toTimeString().slice(0, 5);

function make(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const name in attributes) made.setAttribute(name, attributes[name]);
  made.append(...children);
  return made;
}

// Changes to the text, each of which can be undone

function replace(start, end, words, from = words.length, to = from) {
  text.focus();
  text.setSelectionRange(start, end);
  // No other way leaves the browser's own undo whole.
  if (!document.execCommand(words ? "insertText" : "delete", false, words)) {
    text.setRangeText(words, start, end);
    text.dispatchEvent(new Event("input", { bubbles: true }));
  }
  text.setSelectionRange(start + from, start + to);
}

function mark(sign, hint) {
  const { selectionStart: start, selectionEnd: end, value } = text;
  const size = sign.length;
  const chosen = value.slice(start, end);
  const around = value.slice(0, start).match(/\**$/)[0].length;
  // Of three stars one is for emphasis and two are for weight.
  const marked = around === size || around === 3;
  if (marked && value.startsWith(sign, end)) return replace(start - size, end + size, chosen, 0, chosen.length);
  const words = chosen || hint;
  replace(start, end, sign + words + sign, size, size + words.length);
}

function markLines(sign, pattern) {
  const { selectionStart, selectionEnd, value } = text;
  const start = value.lastIndexOf("\n", selectionStart - 1) + 1;
  const end = (value + "\n").indexOf("\n", Math.max(selectionStart, selectionEnd - 1));
  const lines = value.slice(start, end).split("\n");
  const plain = lines.map((line) => line.replace(/^(#+ |> ?|[-*+] |\d+[.)] )/, ""));
  const marked = lines.every((line) => pattern.test(line)) ? plain : plain.map((line, n) => sign(n + 1) + line);
  const words = marked.join("\n");
  replace(start, end, words, lines.length > 1 ? 0 : words.length, words.length);
}

function link() {
  const { selectionStart: start, selectionEnd: end, value } = text;
  const chosen = value.slice(start, end);
  if (/^https?:\/\/\S+$/.test(chosen)) return replace(start, end, `[链接的字](${chosen})`, 1, 5);
  const words = chosen || "链接的字";
  replace(start, end, `[${words}](https://)`, words.length + 3, words.length + 11);
}

function insertBlock(words, start = text.selectionStart, end = text.selectionEnd) {
  const before = text.value.slice(0, start);
  const after = text.value.slice(end);
  const gap = (there) => "\n\n".slice(there.match(/^\n{0,2}/)[0].length);
  const above = before ? gap([...before.slice(-2)].reverse().join("")) : "";
  replace(start, end, above + words + (after ? gap(after) : "\n"));
}

// The toolbar

const tools = [
  ["加粗", "", "KeyB", () => mark("**", "要紧的话")],
  ["着重", "", "KeyI", () => mark("*", "着重的话")],
  ["标题", "Alt", "Digit2", () => markLines(() => "## ", /^## /)],
  ["链接", "", "KeyK", link],
  ["引用", "Shift", "Digit9", () => markLines(() => "> ", /^> ?/)],
  ["列表", "Shift", "Digit8", () => markLines(() => "- ", /^- /)],
  ["编号", "Shift", "Digit7", () => markLines((n) => `${n}. `, /^\d+\. /)],
  ["图片", "Alt", "KeyP", () => chooser.click()],
  ["预览", "Alt", "KeyV", togglePreview],
];
const onlyMarkdown = 7;

const buttons = tools.map(([label, extra, code, act], n) => {
  const keys = [mac ? "Meta" : "Control", extra, code.replace(/Key|Digit/, "")].filter(Boolean).join("+");
  const shown = keys.replace("Control", "Ctrl").replace("Meta", "⌘");
  const attributes = { type: "button", title: `${label}（${shown}）`, "aria-keyshortcuts": keys, tabindex: n ? -1 : 0 };
  const button = make("button", attributes, label);
  button.addEventListener("click", act);
  return button;
});
const [previewButton] = buttons.slice(-1);
const bar = make("div", { role: "toolbar", "aria-label": "编辑正文", "aria-controls": "body" }, ...buttons);

function showTools() {
  buttons.forEach((button, n) => (button.hidden = n < onlyMarkdown && isHtml()));
  focusOn(buttons.find((button) => !button.hidden), false);
}

function focusOn(button, move = true) {
  for (const other of buttons) other.tabIndex = other === button ? 0 : -1;
  if (move) button.focus();
}

function walkTools(event) {
  const there = buttons.filter((button) => !button.hidden);
  const at = there.indexOf(event.target);
  const to = { ArrowLeft: at - 1, ArrowRight: at + 1, Home: 0, End: -1 }[event.key];
  if (to === undefined) return;
  event.preventDefault();
  focusOn(there.at(to % there.length));
}

function shortcut(event) {
  if (!(mac ? event.metaKey : event.ctrlKey) || event.isComposing) return;
  const extra = [event.altKey && "Alt", event.shiftKey && "Shift"].filter(Boolean).join();
  const n = tools.findIndex((tool) => tool[1] === extra && tool[2] === event.code);
  if (n >= 0 && !buttons[n].hidden && (event.target === text || n >= onlyMarkdown)) tools[n][3]();
  else if (event.code === "KeyS" && !extra) form.requestSubmit(form.querySelector("[name=act]"));
  else return;
  event.preventDefault();
}

// Dialogs: `ask` gives what `submit` gives once that is not false, or false after Escape

function ask(title, yes, inner, submit) {
  const dialog = make("dialog", { "aria-labelledby": "dialog-title" });
  const heading = make("h2", { id: "dialog-title" }, title);
  const said = make("p", { role: "status" });
  const own = make("form", {}, heading, ...inner, said);
  const cancel = make("button", { type: "button", class: "boxed" }, "不了");
  own.append(make("p", { class: "acts" }, make("button", { class: "boxed" }, yes), cancel));
  dialog.append(own);
  document.body.append(dialog);
  dialog.showModal();
  return new Promise((give) => {
    let result = false;
    own.addEventListener("submit", async (event) => {
      event.preventDefault();
      if (own.ariaBusy) return;
      own.ariaBusy = "true";
      result = await submit(own, (words) => (said.textContent = words));
      own.ariaBusy = null;
      if (result !== false) dialog.close();
    });
    cancel.addEventListener("click", () => dialog.close());
    dialog.addEventListener("close", () => {
      dialog.remove();
      give(result);
    });
  });
}

function field(name, label, attributes = {}) {
  const id = `dialog-${name}`;
  return make("p", {}, make("label", { for: id }, label), make("input", { id, name, ...attributes }));
}

// The server, whose session may have ended

let out = false, other = false, renewing;

async function send(address, data) {
  for (let first = true; ; first = false) {
    data.set("csrf_token", form.elements.csrf_token.value);
    const answer = await fetch(address, { method: "POST", body: data, headers: { Accept: "application/json" } });
    // 400 as a page: the token was of another session.
    const page = /html/.test(answer.headers.get("Content-Type")) && !answer.ok;
    const ended = answer.status === 401 || (answer.status === 400 && page);
    if (!first || !ended || !(await renew())) return answer;
  }
}

function renew() {
  renewing ??= signIn().finally(() => (renewing = null));
  return renewing;
}

// What is said while nobody, or somebody else, is signed in.
function sayOut() {
  say(`${other ? "现在登录的是别人" : "登录过期了"}，${keepHere()}`, true);
}

// Takes over the token of a page of the desk; whether that is one of the same person's session.
async function enter(answer) {
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const token = page.querySelector("[name=csrf_token]");
  const problem = page.querySelector(".problem");
  if (new URL(answer.url).pathname === form.dataset.signIn) return { token, problem };
  const me = page.querySelector('a[href="/desk/me"]');
  other = !me || me.textContent !== form.dataset.name;
  if (other) return {};
  for (const input of document.querySelectorAll("[name=csrf_token]")) input.value = token.value;
  if (out) {
    out = false;
    say("");
  }
  return { inside: true };
}

async function signIn() {
  let page = await enter(await fetch(form.dataset.signIn));
  if (page.inside) return true;
  out = true;
  sayOut();
  if (other) return false;
  const inner = [
    make("p", {}, "写的字都在。登录以后接着存。"),
    field("name", "名字", { value: form.dataset.name, readonly: "", autocomplete: "username" }),
    field("password", "密码", { type: "password", autocomplete: "current-password", required: "", autofocus: "" }),
    field("code", "动态码（没有打开两步验证就空着）", { autocomplete: "one-time-code" }),
  ];
  return ask("登录过期了，请再登录", "登录", inner, async (own, say) => {
    const data = new FormData(own);
    data.set("csrf_token", page.token.value);
    try {
      page = await enter(await fetch(form.dataset.signIn, { method: "POST", body: data }));
    } catch (error) {
      say("没有网络，请过一会儿再试");
      return false;
    }
    if (page.inside) return true;
    say(page.problem ? page.problem.textContent : "登录不了，请再试一次");
    return false;
  });
}

// Saving: to the server soon after typing stops and every few seconds meanwhile, and here until that has worked

const QUIET = 2000, LONGEST = 5000, AGAIN = 10000;
const here = `dengxia-draft ${form.dataset.user} ${form.elements.article.value || "new"}`;
const state = make("span", { class: "meta" });
const alarm = make("span", { class: "problem", role: "status" });
const again = make("button", { type: "button", class: "boxed", hidden: "" }, "登录");
const counted = make("span", { class: "meta" });

let dirty = false, since = 0, timer, saving, submitting = false, checked = false;

function fields() {
  const found = Object.fromEntries(new FormData(form));
  for (const name of ["csrf_token", "article", "note"]) delete found[name];
  return found;
}

function keepHere() {
  try {
    localStorage.setItem(here, JSON.stringify({ at: Date.now(), fields: fields() }));
    return "已留在这台电脑上";
  } catch (error) {
    return "这台电脑上也留不下，请先别关这一页";
  }
}

function keptHere() {
  try {
    return JSON.parse(localStorage.getItem(here));
  } catch (error) {
    return null;
  }
}

function forgetHere() {
  try {
    localStorage.removeItem(here);
  } catch (error) {
    // Storage is forbidden, so there is nothing in it.
  }
}

function say(words, problem = false) {
  state.textContent = problem ? "" : words;
  alarm.textContent = problem ? words : "";
  again.hidden = !out;
}

function typed() {
  dirty = true;
  since ||= Date.now();
  keepHere();
  if (!out) saveIn(Math.min(QUIET, since + LONGEST - Date.now()));
}

function saveIn(wait) {
  clearTimeout(timer);
  timer = setTimeout(save, wait);
}

function save() {
  clearTimeout(timer);
  saving ??= store().finally(() => (saving = null));
  return saving;
}

// Whether all that was typed until now is on the server.
async function store() {
  if (!dirty) return true;
  [dirty, since] = [false, 0];
  say("正在存…");
  try {
    const answer = await send(form.dataset.working, new FormData(form));
    if (answer.ok && !answer.redirected) {
      const found = await answer.json();
      form.elements.working.value = found.working;
      if (!dirty) forgetHere();
      say(`已存 ${found.saved_at.slice(11, 16)}`);
      return true;
    }
    if (out) sayOut();
    else say(`没有存上（${answer.status}），${keepHere()}`, true);
  } catch (error) {
    say(`没有网络，${keepHere()}`, true);
  }
  dirty = true;
  if (!out) saveIn(AGAIN);
  return false;
}

async function submit(event) {
  if (checked) return;
  event.preventDefault();
  if (submitting) return;
  submitting = true;
  await saving;
  // Also where nothing was typed: this asks whether the session is still there.
  dirty = true;
  out = false;
  const stored = await save();
  submitting = false;
  if (!stored) return;
  checked = true;
  form.requestSubmit(event.submitter);
}

function offer() {
  const kept = keptHere();
  if (!kept) return;
  const now = fields();
  const names = Object.keys(kept.fields).filter((name) => !["version", "working"].includes(name));
  if (names.every((name) => kept.fields[name] === now[name])) return forgetHere();
  const title = kept.fields.title ? `《${kept.fields.title}》` : "";
  const take = make("button", { type: "button", class: "boxed" }, "接着写");
  const drop = make("button", { type: "button" }, "丢掉");
  const words = `这台电脑上留着你 ${new Date(kept.at).toLocaleDateString("zh-CN")} ${clock(kept.at)} 没有存上的改动${title}：`;
  const note = make("div", { class: "note left" }, make("p", {}, words), take, drop);
  take.addEventListener("click", () => {
    note.remove();
    // The version too: whether somebody else has saved since then is for the server to say.
    for (const name in kept.fields) if (name !== "body" && form.elements[name]) form.elements[name].value = kept.fields[name];
    replace(0, text.value.length, kept.fields.body);
    typed();
  });
  drop.addEventListener("click", () => {
    note.remove();
    forgetHere();
    text.focus();
  });
  form.before(note);
}

// 字数, as the site counts them

function count() {
  const plain = text.value.replace(/!\[[^\]]*\]\([^)]*\)|\]\([^)]*\)|\[\^[^\]]*\]|^```.*$|^\s*\d+[.)] |<r[tp]>[^<]*|<[^>]*>/gm, " ");
  const found = plain.match(/[\u3005\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\u{20000}-\u{3ffff}]|(?:(?!\p{Script=Han})[\p{L}\p{N}])+/gu);
  counted.textContent = `${found ? found.length : 0} 字`;
}

// Pictures

const chooser = make("input", { type: "file", accept: "image/png,image/jpeg,image/gif,image/webp,image/avif", multiple: "", hidden: "" });

async function upload(file) {
  if (file.size > 20 * 2 ** 20) throw new Error("图片超过 20 MB");
  const data = new FormData();
  data.append("file", file);
  const answer = await send(form.dataset.pictures, data).catch(() => {
    throw new Error("没有网络");
  });
  if (answer.status === 401) throw new Error("登录过期了");
  if (answer.status === 413) throw new Error("图片太大");
  const found = await answer.json().catch(() => ({ error: `网站答 ${answer.status}` }));
  if (!answer.ok) throw new Error(found.error);
  return found.address;
}

async function bring(files) {
  for (const file of files) {
    let { selectionStart: start, selectionEnd: end } = text;
    let address;
    const inner = [
      make("p", {}, file.name),
      field("alt", "图上有什么（念给看不见图的人听；只是装饰就空着）", { autocomplete: "off", autofocus: "" }),
    ];
    const alt = await ask("放图片", "放进去", inner, async (own, say) => {
      say("正在传…");
      try {
        address ??= await upload(file);
      } catch (error) {
        say(`${error.message}，没有传上；正文还在，可以再试`);
        return false;
      }
      return own.elements.alt.value.trim();
    });
    if (alt === false) continue;
    insertBlock(isHtml() ? make("img", { src: address, alt }).outerHTML : `![${alt.replace(/[\\[\]]/g, "\\$&")}](${address})`, start, end);
  }
  text.focus();
}

// Pasting: Word and web pages give HTML, of which the meaning is kept

const HEADING = /^H[1-6]$/;
const BLOCK = /^(P|DIV|SECTION|ARTICLE|MAIN|HEADER|FOOTER|ASIDE|FIGURE|FIGCAPTION|CENTER|UL|OL|LI|DL|DT|DD|BLOCKQUOTE|PRE|TABLE|HR|H[1-6])$/;
const MEANS = "h1,h2,h3,h4,h5,h6,b,strong,i,em,a[href],ul,ol,blockquote,table,pre,code,img,[looks*=italic],[looks*=mso-list],[looks*=font-weight]";

// The looks of an element as they are written: the page's policy lets no style of others apply, and complains of it.
const looks = (node, pattern) => (node.getAttribute("looks") || "").match(pattern);

function escape(words) {
  return words.replace(/[\\`*_[\]]|<(?=[a-z/!?])|&(?=#?\w+;)/gi, "\\$&");
}

function around(words, sign) {
  const [, before, inner, after] = words.match(/^(\s*)([^]*?)(\s*)$/);
  return inner ? before + sign + inner + sign + after : words;
}

function inline(node, plain = false) {
  if (node.nodeType === Node.TEXT_NODE) return escape(node.data.replace(/[\s\u00a0]+/g, " "));
  if (node.nodeType !== Node.ELEMENT_NODE || looks(node, /mso-list:\s*ignore/i)) return "";
  const name = node.tagName;
  if (name === "BR") return "\n";
  if (name === "IMG") return "";
  if (name === "CODE" || name === "KBD") return around(node.textContent, "`");
  let words = [...node.childNodes].map((child) => inline(child, plain)).join("");
  if (name === "A" && /^(https?|mailto):/.test(node.getAttribute("href")) && words.trim()) {
    return words.replace(/^(\s*)([^]*?)(\s*)$/, (_, before, inner, after) => `${before}[${inner}](${node.getAttribute("href").replace(/[()\s]/g, (sign) => "%" + sign.charCodeAt().toString(16).padStart(2, "0"))})${after}`);
  }
  if (plain) return words;
  const [, weight] = looks(node, /font-weight:\s*(\w+)/i) || [];
  const [, slant] = looks(node, /font-style:\s*(\w+)/i) || [];
  const bold = weight ? /^(bold|[6-9]00)/i.test(weight) : /^(B|STRONG)$/.test(name);
  const italic = slant ? /^italic/i.test(slant) : /^(I|EM)$/.test(name);
  if (italic) words = around(words, "*");
  if (bold) words = around(words, "**");
  return words;
}

function paragraph(words) {
  const lines = words.split("\n").map((line) => line.replace(/ +/g, " ").trim());
  const kept = lines.join("\n").trim();
  return kept.replace(/^(#{1,6} |[-+] |> ?)/gm, "\\$1").replace(/^(\d+)([.)] )/gm, "$1\\$2").replace(/\n+/g, "\\\n");
}

const indent = (words, sign) => words.replace(/\n(?=.)/g, "\n" + " ".repeat(sign.length)).replace(/^/, sign);

function list(node) {
  return [...node.children].map((item, n) => {
    const sign = node.tagName === "OL" ? `${n + 1}. ` : "- ";
    // Some pages put a list beside its item instead of in it.
    return indent(/^[UO]L$/.test(item.tagName) ? list(item) : blocks(item).join("\n"), /^[UO]L$/.test(item.tagName) ? "  " : sign);
  }).join("\n");
}

function table(node) {
  const rows = [...node.rows].map((row) => [...row.cells]);
  const cells = rows.map((row) => row.map((cell) => inline(cell).replace(/\s+/g, " ").replace(/\|/g, "\\|").trim()));
  const simple = rows.length > 1 && rows.every((row) => row.length === rows[0].length && row.every((cell) => cell.colSpan === 1 && cell.rowSpan === 1 && !cell.querySelector("table,ul,ol,pre")));
  if (!simple || rows[0].length < 2) return cells.map((row) => row.filter(Boolean).join("　")).join("\n\n");
  const [head, ...rest] = cells.map((row) => `| ${row.join(" | ")} |`);
  return [head, `|${" --- |".repeat(rows[0].length)}`, ...rest].join("\n");
}

// Word writes an item of a list as a paragraph that says so, with its sign in words.
function wordItem(node) {
  const [, level] = looks(node, /mso-list:[^;]*\blevel(\d)/i) || [];
  if (!level) return null;
  const sign = [...node.querySelectorAll("[looks]")].find((child) => looks(child, /mso-list:\s*ignore/i));
  const numbered = sign && /[\da-z一二三四五六七八九十][.)、．）]/i.test(sign.textContent);
  return "   ".repeat(level - 1) + (numbered ? "1. " : "- ") + paragraph(inline(node));
}

function block(node) {
  const name = node.tagName;
  if (HEADING.test(name)) return [`${"#".repeat(name[1])} ${inline(node, true).replace(/\s+/g, " ").trim()}`].filter((words) => /[^# ]/.test(words));
  if (name === "UL" || name === "OL") return [list(node)];
  if (name === "BLOCKQUOTE") return [blocks(node).join("\n\n").replace(/^/gm, "> ").replace(/^> $/gm, ">")];
  if (name === "PRE") return ["```\n" + node.textContent.replace(/\n$/, "") + "\n```"];
  if (name === "TABLE") return [table(node)];
  if (name === "HR") return ["---"];
  const item = wordItem(node);
  return item ? [item] : blocks(node);
}

function blocks(parent) {
  const found = [];
  let words = "";
  const end = () => {
    if (words.trim()) found.push(paragraph(words));
    words = "";
  };
  for (const node of parent.childNodes) {
    if (BLOCK.test(node.tagName) || (node.nodeType === Node.ELEMENT_NODE && node.querySelector("p,div,ul,ol,table,blockquote,pre,h1,h2,h3,h4,h5,h6"))) {
      end();
      found.push(...block(node));
    } else words += inline(node);
  }
  end();
  return found.filter((one) => one.trim());
}

function toMarkdown(html) {
  const unstyled = html.replace(/<style\b[^]*?<\/style>/gi, "").replace(/<[a-z][^>]*>/gi, (tag) => tag.replace(/\s(on\w+|style)\s*=/gi, (_, name) => (/^s/i.test(name) ? " looks=" : " was=")));
  const page = new DOMParser().parseFromString(unstyled, "text/html");
  for (const node of page.querySelectorAll("script,title,meta,link,noscript,template,svg,button,input,textarea,select")) node.remove();
  if (!page.body.querySelector(MEANS)) return null;
  const isItem = (words) => /^ *(-|\d+\.) /.test(words);
  const found = blocks(page.body);
  const joined = found.map((words, n) => (n ? (isItem(words) && isItem(found[n - 1]) ? "\n" : "\n\n") : "") + words).join("");
  return { words: joined, pictures: page.querySelectorAll("img").length };
}

function paste(event) {
  const { clipboardData: given } = event;
  const files = [...given.files].filter((file) => file.type.startsWith("image/"));
  const html = given.getData("text/html");
  const found = html && !isHtml() ? toMarkdown(html) : null;
  if (found && found.words) {
    event.preventDefault();
    replace(text.selectionStart, text.selectionEnd, found.words);
    if (found.pictures) say(`粘贴的文字里有 ${found.pictures} 张图片没有放进来，请另外传`, true);
  } else if (files.length) {
    event.preventDefault();
    bring(files);
  }
}

// The preview: what the page will show, in a tree of its own, where the desk's looks do not reach

const shown = make("section", { class: "preview", "aria-label": "预览", tabindex: "0", hidden: "" });
const page = make("div");
let lookTimer, lastLook = 0;

function togglePreview() {
  shown.hidden = !shown.hidden;
  previewButton.setAttribute("aria-pressed", !shown.hidden);
  document.body.classList.toggle("previewing", !shown.hidden);
  if (shown.hidden) return;
  look();
  if (matchMedia("(max-width: 62.5em)").matches) shown.scrollIntoView({ block: "start" });
}

async function look() {
  if (shown.hidden || out) return;
  const look = ++lastLook;
  try {
    const answer = await send(form.dataset.preview, new FormData(form));
    const said = await answer.text();
    // An answer that is overtaken by a newer one is of no use.
    if (look !== lastLook) return;
    if (answer.ok) page.innerHTML = said;
    else page.textContent = answer.status === 400 ? said : "现在看不了预览";
    // A link that is followed here would leave the form.
    for (const found of page.querySelectorAll("a[href]")) found.target = "_blank";
  } catch (error) {
    page.textContent = "没有网络，看不了预览";
  }
}

// Tags are offered while they are typed

async function suggestTags() {
  const { tags } = form.elements;
  const [, before = "", begin] = tags.value.match(/^(.*[,，、;；]\s*)?(.*)$/);
  if (!begin.trim() || !tags.list) return;
  const answer = await fetch(`${form.dataset.tags}?q=${encodeURIComponent(begin.trim())}`).catch(() => null);
  const names = answer && answer.ok && !answer.redirected ? await answer.json() : [];
  if (names.length) tags.list.replaceChildren(...names.map((name) => make("option", { value: before + name })));
}

function grow() {
  text.style.height = "auto";
  text.style.height = `${text.scrollHeight + 2}px`;
}

// From what the check before publishing found to its place

function jump(event) {
  const link = event.target.closest("a[data-start]");
  if (!link) return;
  event.preventDefault();
  const field = form.elements[link.hash.slice(1)];
  // The server counts characters; here some of them count twice.
  const place = (count) => [...field.value].slice(0, count).join("").length;
  field.closest("details")?.setAttribute("open", "");
  field.setSelectionRange(place(link.dataset.start), place(link.dataset.end));
  field.focus();
}

function start() {
  shown.attachShadow({ mode: "open" }).append(make("link", { rel: "stylesheet", href: form.dataset.style }), page);
  const beside = make("div", { class: "beside" });
  form.before(beside);
  beside.append(form, shown);
  text.before(bar, chooser);
  form.querySelector(".acts").append(counted, state, alarm, again);
  offer();
  count();
  showTools();

  form.addEventListener("input", () => {
    typed();
    count();
    clearTimeout(lookTimer);
    lookTimer = setTimeout(look, 600);
  });
  if (!CSS.supports("field-sizing", "content")) {
    text.addEventListener("input", grow);
    grow();
  }
  form.elements.format.addEventListener("change", showTools);
  form.elements.tags.addEventListener("input", suggestTags);
  form.addEventListener("submit", submit);
  document.getElementById("findings")?.addEventListener("click", jump);
  form.addEventListener("keydown", shortcut);
  bar.addEventListener("keydown", walkTools);
  again.addEventListener("click", async () => {
    if (await renew()) save();
  });
  text.addEventListener("paste", paste);
  text.addEventListener("dragover", (event) => event.dataTransfer.types.includes("Files") && event.preventDefault());
  text.addEventListener("drop", (event) => {
    const files = [...event.dataTransfer.files];
    if (!files.length) return;
    event.preventDefault();
    bring(files);
  });
  chooser.addEventListener("change", async () => {
    const files = [...chooser.files];
    chooser.value = "";
    await bring(files);
  });
  addEventListener("online", () => dirty && !out && save());
  addEventListener("beforeunload", (event) => dirty && !checked && event.preventDefault());
  addEventListener("pageshow", () => (checked = false));
}

if (!text.matches(":disabled")) start();
