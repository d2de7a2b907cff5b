// What script adds to pages that work without it: live numbers, and sending choices at once.

const lang = document.documentElement.lang;
const write = new Intl.NumberFormat(lang === "vi" ? "vi-VN" : "en-GB", { maximumFractionDigits: 1 });
const clock = new Intl.DateTimeFormat(lang === "vi" ? "vi-VN" : "en-GB", {
  hour: "2-digit", minute: "2-digit", second: "2-digit", timeZone: "Asia/Ho_Chi_Minh",
});
const places = new Map();
for (const place of document.querySelectorAll("[data-live]")) {
  const name = place.dataset.live;
  places.set(name, [...(places.get(name) ?? []), place]);
}

const fresh = document.getElementById("fresh");

function tell(on, at) {
  if (!fresh) return;
  fresh.classList.toggle("on", on);
  fresh.classList.toggle("off", !on);
  fresh.querySelector(".says").textContent = on ? fresh.dataset.on : fresh.dataset.off;
  if (at) fresh.querySelector("time").textContent = clock.format(at);
}

const shares = new Intl.NumberFormat(lang === "vi" ? "vi-VN" : "en-GB", { minimumFractionDigits: 1, maximumFractionDigits: 1 });

// One number; what changed is marked for a moment.
function put(name, value) {
  for (const place of places.get(name) ?? []) {
    const text = value === null ? "–" : (name.endsWith("_share") ? shares : write).format(value);
    if (place.textContent === text) continue;
    place.textContent = text;
    place.classList.remove("changed");
    void place.offsetWidth; // so that the mark begins anew
    place.classList.add("changed");
  }
}

function listen() {
  const source = new EventSource("/live");
  source.onmessage = (event) => {
    const said = JSON.parse(event.data);
    for (const [name, value] of Object.entries(said.values)) put(name, value);
    tell(navigator.onLine, said.at); // what was under way may still come through a pulled cable
    const stale = document.getElementById("stale");
    if (stale) stale.hidden = !said.stale;
    document.dispatchEvent(new CustomEvent("emc-live", { detail: said }));
  };
  source.onerror = () => tell(false);
  // A cable that was pulled is no error of the stream: it would be waited for.
  addEventListener("offline", () => tell(false));
  addEventListener("pagehide", () => source.close(), { once: true });
  addEventListener("pageshow", (event) => { if (event.persisted) listen(); }, { once: true });
}

if (places.size > 0) listen();

// A choice is sent when it is made; the button stays for who has no script.
for (const choice of document.querySelectorAll("form.choice select")) {
  choice.addEventListener("change", () => choice.form.requestSubmit());
}

// A page that is slow to come is said to be on its way. Downloads leave the page as it is.
const loading = document.getElementById("loading");
let due = 0;

function awaited() {
  clearTimeout(due);
  due = setTimeout(() => { loading.hidden = false; }, 700);
}

addEventListener("click", (event) => {
  const link = event.target.closest?.("a[href]");
  if (!link || event.defaultPrevented || event.button !== 0 || event.ctrlKey || event.metaKey || event.shiftKey) return;
  if (link.hasAttribute("download") || link.origin !== location.origin) return;
  if (link.hash && link.pathname === location.pathname && link.search === location.search) return;
  awaited();
});
addEventListener("submit", awaited);
addEventListener("pageshow", () => { clearTimeout(due); loading.hidden = true; });

// "/" goes to the search, as in many tools.
addEventListener("keydown", (event) => {
  if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target.closest?.("input, textarea, select")) return;
  event.preventDefault();
  document.querySelector("form.find input[type=search]")?.focus();
});
