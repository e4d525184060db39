// From page to page in one document: React, Dash and plotly.js run on, and what a page is made of is exchanged.
//
// Only between pages of one frame, whose digest the server writes: the same scripts, styles, policy and navigation. What is
// not as expected (another build of the frame, no answer, a click for a new tab) is an ordinary navigation. So is one to a
// page that the browser has prerendered: it is there already. An entry of the history holds its place among those of the tab.
"use strict";
(() => {
  const FIRST = "_portico-first";
  const CONFIG = "_dash-config";
  const STARTED = "var renderer = new DashRenderer();"; // one that is started otherwise is the page's own
  const DESCRIPTION = "meta[name=description]";
  const PRELOAD = "link[rel=preload][as=script]"; // in a page whose first layout has a chart
  const UNDRAWN = "._dash-loading, .dash-graph:not(:has(.main-svg))";

  const namespace = ((window.dash_clientside ??= {}).portico ??= {});
  const element = (id) => document.getElementById(id);
  const main = element("main");
  const configOf = (page) => JSON.parse(page.getElementById(CONFIG).textContent);
  const frameOf = (page) => page.getElementById(FIRST)?.dataset.frame;
  const frame = frameOf(document);
  if (!frame) return; // what is said of an error

  // Told to all that know of the page: before it goes, and when what it was made of is exchanged.
  const tell = (what) => document.dispatchEvent(new Event(`portico:${what}`));

  const whenDrawn = (then) => {
    const look = () => {
      if (main.querySelector(UNDRAWN)) return;
      observer.disconnect();
      then();
    };
    const observer = new MutationObserver(look);
    observer.observe(main, { childList: true, subtree: true });
    look();
  };

  // --- the renderer that runs -----------------------------------------------------------------------
  let root = null;
  let Renderer;
  const known = (createRoot) => (container, ...more) => {
    const made = createRoot(container, ...more);
    if (container.id === "react-entry-point") root = made;
    return made;
  };
  Object.defineProperty(window, "DashRenderer", {
    configurable: true,
    get: () => Renderer,
    set: (loaded) => {
      Renderer = loaded;
      window.ReactDOM.createRoot = known(window.ReactDOM.createRoot);
    },
  });

  // --- pages that the browser prerenders ------------------------------------------------------------
  // It does so for a link that is marked (`PRERENDER` in content_policy.py): one on which the pointer rests, and no other,
  // as it would work against the page that is opened here. Whether such a page is there only the page knows: it says so in
  // the storage that the tabs of a site have in common.
  const RESTED_MS = 200;
  const READY = "portico-ready";
  let rested = null; // the link, and since when
  let timer = null;

  const readReady = () => {
    try {
      return JSON.parse(localStorage.getItem(READY));
    } catch {
      return null; // a browser that stores nothing
    }
  };
  const writeReady = (page) => {
    try {
      localStorage.setItem(READY, JSON.stringify(page));
    } catch {} // likewise
  };
  const isReady = (link) => {
    const ready = rested?.link === link && readReady();
    return Boolean(ready) && ready.address === link.href && ready.at > rested.since;
  };

  const forgetRest = () => {
    clearTimeout(timer);
    rested?.link.removeAttribute("data-rested");
    rested = null;
  };
  const rest = (link) => {
    forgetRest();
    rested = { link, since: Date.now() };
    link.dataset.rested = "";
  };

  document.addEventListener("pointerover", ({ target, pointerType }) => {
    clearTimeout(timer);
    const link = target.closest?.("a[href]");
    if (link && link !== rested?.link && pointerType !== "touch" && isOther(link)) timer = setTimeout(rest, RESTED_MS, link);
  });
  addEventListener("pagehide", forgetRest);

  if (document.prerendering) {
    const address = location.href; // before the chart makes it shorter
    whenDrawn(() => document.prerendering && writeReady({ address, at: Date.now() }));
  }

  // --- a page in the place of another ----------------------------------------------------------------
  const paths = [...document.querySelectorAll(".site-header nav a")].map((link) => link.pathname);
  const pageOf = (path) => paths.filter((each) => path.startsWith(each)).sort().at(-1); // the longest
  let shown = pageOf(location.pathname);
  let left = false; // the page that is still seen, for another that is awaited
  let going = null; // the AbortController of what is awaited

  const fetched = async (href, signal) => {
    const answer = await fetch(href, { headers: { Accept: "text/html" }, redirect: "error", signal });
    const page = new DOMParser().parseFromString(answer.ok ? await answer.text() : "", "text/html");
    for (const each of page.querySelectorAll("noscript")) each.remove(); // the parser takes them for elements
    return page;
  };

  // A document can have one plotly.js.
  const isForeign = (page) => Boolean(window.Plotly) && configOf(page).plotlyjs_url !== namespace.plotly;
  const draws = (page) => page.querySelector(PRELOAD) !== null;

  const fits = (page) => {
    const renderers = [document, page].map((each) => each.getElementById("_dash-renderer")?.textContent);
    const alike = frameOf(page) === frame && renderers.every((each) => each === STARTED);
    return root !== null && alike && !(draws(page) && isForeign(page));
  };

  const exchange = (page) => {
    const own = window.Plotly ? DESCRIPTION : `${DESCRIPTION}, ${PRELOAD}`;
    for (const each of document.head.querySelectorAll(own)) each.remove();
    document.head.append(...page.head.querySelectorAll(own));
    document.title = page.title;
    namespace.foreignPlotly = isForeign(page);
    for (const id of [CONFIG, FIRST]) element(id).textContent = page.getElementById(id).textContent;
    const links = page.querySelectorAll(".site-header a");
    for (const [index, link] of document.querySelectorAll(".site-header a").entries()) {
      link.href = links[index].getAttribute("href");
      link.toggleAttribute("aria-current", links[index].hasAttribute("aria-current"));
      if (link.hasAttribute("aria-current")) link.setAttribute("aria-current", "page");
    }
    main.replaceChildren(...page.getElementById("main").childNodes);
  };

  const leave = () => {
    if (!left) tell("leave");
    left = true;
  };

  const open = (page, step) => {
    leave();
    forgetRest();
    root.unmount();
    window.dash_stores.length = 0; // what is set from outside would be set in each
    step.enter?.();
    exchange(page);
    [shown, left, main.inert] = [pageOf(location.pathname), false, false];
    tell("open");
    startAnew();
    window.renderer = new Renderer();
    step.entered();
  };

  // As a document does that was just opened: from the top, and said to those who do not see it.
  const said = document.createElement("p");
  said.className = "for-listeners";
  said.setAttribute("role", "status");
  document.body.append(said);

  const startAnew = () => {
    document.body.tabIndex = -1;
    document.body.focus({ preventScroll: true });
    document.body.removeAttribute("tabindex");
    getSelection().removeAllRanges();
    said.textContent = document.title;
  };

  const ask = (href) => {
    const own = new AbortController();
    return { href, at: performance.now(), own, answer: fetched(href, own.signal) };
  };

  const go = async ({ own, answer }, step) => {
    going?.abort();
    going = own;
    document.documentElement.dataset.going = "";
    try {
      const page = await answer;
      if (own.signal.aborted) return;
      if (fits(page)) open(page, step);
      else step.ordinarily();
    } catch {
      if (!own.signal.aborted) step.ordinarily();
    } finally {
      if (going === own) delete document.documentElement.dataset.going;
      if (going === own) going = null;
    }
  };

  // --- links ------------------------------------------------------------------------------------------
  const placeNow = () => history.state?.place ?? 0;
  const withoutHash = (href) => href.split("#")[0];
  const plain = (event) => event.button === 0 && !(event.metaKey || event.ctrlKey || event.shiftKey || event.altKey);
  const inThisTab = (link) => ["", "_self"].includes(link.target) && !link.hasAttribute("download");
  const isOther = ({ origin, pathname, hash, href }) =>
    origin === location.origin && paths.includes(pathname) && !hash && href !== withoutHash(location.href);

  const followed = (event) => {
    const link = event.target.closest?.("a[href]");
    return link && !event.defaultPrevented && plain(event) && inThisTab(link) ? link : null;
  };
  const opensHere = (link) => root !== null && isOther(link) && !isReady(link);

  // A page is asked for when the button of a mouse goes down, which is a tenth of a second before the click. A finger that
  // goes down may be about to scroll.
  const PRESS_MS = 3000; // what was asked for longer ago may be another page by now
  let pressed = null; // what was asked for; a press that is no click ends it

  const forgetPress = () => {
    pressed?.own.abort();
    pressed = null;
  };
  document.addEventListener("pointerdown", (event) => {
    forgetPress();
    const link = event.pointerType === "mouse" ? followed(event) : null;
    if (!link || !opensHere(link)) return;
    clearTimeout(timer);
    pressed = ask(link.href);
    pressed.answer.catch(() => {}); // told to the click, if there is one
  });
  document.addEventListener("pointerup", () => setTimeout(forgetPress)); // after the click, if it is one
  document.addEventListener("pointercancel", forgetPress); // the link is dragged

  const askedFor = (href) => {
    const known = pressed?.href === href && performance.now() - pressed.at < PRESS_MS ? pressed : null;
    if (known) pressed = null;
    return known ?? ask(href);
  };

  document.addEventListener("click", (event) => {
    const link = followed(event);
    if (!link) return;
    clearTimeout(timer);
    going?.abort();
    if (!opensHere(link)) return;
    event.preventDefault();
    const { href } = link;
    go(askedFor(href), {
      enter: () => history.pushState({ place: placeNow() + 1 }, "", href),
      entered: () => scrollTo({ top: 0, behavior: "instant" }),
      ordinarily: () => location.assign(href),
    });
  });

  // --- Back and Forward -------------------------------------------------------------------------------
  const scrolled = new Map(); // how far down the reader was (pixels), by place in the history
  addEventListener("scroll", () => left || scrolled.set(placeNow(), scrollY), { passive: true });

  // Listeners of the window are called in the order in which they were added: what a page's components have added hears nothing
  // of a step to another page; the chart's, which was added before, looks for itself.
  addEventListener("popstate", (event) => {
    going?.abort();
    if (pageOf(location.pathname) === shown && !left) return; // a step within the page
    event.stopImmediatePropagation();
    leave();
    main.inert = true;
    const place = placeNow();
    const top = scrolled.get(place); // now: a page that is shorter until its chart is drawn is scrolled, too
    const scroll = () => placeNow() === place && scrollTo({ top, behavior: "instant" });
    go(ask(location.href), { entered: () => whenDrawn(scroll), ordinarily: () => location.reload() });
  });
})();
