// What the frame does in the browser: first answers without a round trip, callbacks that fail,
// the state of other pages, and the return of a page that was down.
"use strict";
(() => {
  const namespace = ((window.dash_clientside ??= {}).portico ??= {});
  const answers = new Map();
  let first = null; // of the page that is shown
  let callbacks = null; // where its callbacks are answered

  const readFirst = () => {
    first = JSON.parse(document.getElementById("_portico-first")?.textContent ?? "null");
    callbacks = `${location.pathname}_dash-update-component`;
    if (first) answers.set("_dash-layout", first.layout).set("_dash-dependencies", first.dependencies);
  };
  readFirst();

  // A service of another build answers what still fits it, and refuses the rest as outdated.
  const ofThisBuild = (headers) => {
    const all = new Headers(headers);
    all.set("X-Portico-Build", encodeURIComponent(first.build));
    return all;
  };

  const pathOf = (resource) => new URL(resource?.url ?? resource, location.href).pathname;
  const nameOf = (resource) => pathOf(resource).split("/").pop();

  // The renderer asks for the layout and the dependencies, which stand in the index already: each is
  // answered once from there. A callback without an answer is said on the page.
  if (first) {
    const browserFetch = window.fetch;
    window.fetch = async (resource, options) => {
      const name = nameOf(resource);
      if (answers.has(name)) {
        const body = JSON.stringify(answers.get(name));
        answers.delete(name);
        return new Response(body, { headers: { "Content-Type": "application/json" } });
      }
      if (name !== "_dash-update-component") return browserFetch.call(window, resource, options);
      const send = (more) => browserFetch.call(window, resource, { ...more, headers: ofThisBuild(more.headers) });
      const [answer, asking] = [namespace.ask(send, options), first];
      const isShown = () => asking === first && pathOf(resource) === callbacks; // of a page that was left there is nothing to say
      const say = (status) => isShown() && sayTrouble(status, options.body);
      answer.then(({ status }) => say(status), (error) => error.name !== "AbortError" && unload.then(() => say(0)));
      return answer;
    };
  }

  // --- a callback that failed ---------------------------------------------------------------------
  // A chart's address has its controls: the page is loaded again when it is back. Any other would lose what its reader wrote.
  const FAILED = 400;
  const OUTDATED = 409;
  const TOO_LARGE = 413;
  const TOO_MANY = 429;
  const TOOK_TOO_LONG = 504;
  const UNANSWERED = new Set([0, 502, 503]); // 0: no answer at all
  const ADVICE = new Map([
    [0, "No connection to the site. Check your network and try again."],
    [TOO_MANY, "Too many requests from here. Wait a moment, then try again."],
    [502, "The page does not answer right now. Try again in a moment."],
    [503, "The page does not answer right now. Try again in a moment."],
    [TOOK_TOO_LONG, "The page took too long. Try again, or ask for less at once."],
  ]);
  const ADVICE_OF_CHART = new Map([
    [0, "Not updated: no connection to the site. The page is loaded again as soon as there is one."],
    [TOO_MANY, "Not updated: too many requests from here. Wait a moment, then choose again."],
    [502, "Not updated: the page does not answer right now. It is loaded again as soon as it does."],
    [503, "Not updated: the page does not answer right now. It is loaded again as soon as it does."],
    [TOOK_TOO_LONG, "Not updated: the page took too long. Choose again, or ask for less at once."],
  ]);
  const FAULT = "The page could not answer. Try again.";
  const FAULT_OF_CHART = "Not updated: the page could not work this out. Choose something else, or go back a step.";
  const failed = new Map(); // callbacks whose last answer is missing, by their outputs: the text of each
  const dismissed = new Map(); // likewise, what the reader has read
  let outdated = false; // until this page is loaded again

  // A request that ends with its document has not failed: the reader hears of others once that is known.
  const UNLOADS_MS = 300;
  const unload = { then: (next) => setTimeout(() => isLeaving || next(), UNLOADS_MS) };
  let isLeaving = false;
  addEventListener("pagehide", () => { isLeaving = true; });
  addEventListener("pageshow", () => { isLeaving = false; });

  const note = () => document.getElementById("trouble");
  const button = (text, act) => {
    const made = document.createElement("button");
    made.type = "button";
    made.textContent = text;
    made.addEventListener("click", act);
    return made;
  };
  const show = (text, ...buttons) => {
    if (!note().hidden && note().firstChild?.textContent === text) return; // said already
    const said = document.createElement("span");
    said.textContent = text;
    note().replaceChildren(said, ...buttons, button("Dismiss", dismiss));
    note().hidden = false;
  };
  const dismiss = () => {
    for (const [output, text] of failed) dismissed.set(output, text);
    failed.clear();
    note().hidden = true;
    document.getElementById("main").focus({ preventScroll: true });
  };

  // Dash sends a file as base64, four bytes for three.
  const asSize = (bytes) => {
    const [unit, name] = bytes < 1e6 ? [1e3, "kB"] : [1e6, "MB"];
    return `${Number((Math.floor(bytes / unit * 10) / 10).toPrecision(3))} ${name}`;
  };
  const tooLarge = (body, limit) => body.includes('"property":"contents"')
    ? `The file is larger than this page accepts: at most ${asSize(limit * 0.75)}. Choose a smaller one.`
    : `The request is larger than this page accepts: at most ${asSize(limit)}. Send less at once.`;

  const adviceFor = (status, body) => {
    const limit = Number(note().dataset.limit);
    if (status === TOO_LARGE || (status === 0 && body.length > limit)) return tooLarge(body, limit); // the connection may be cut
    const isChart = document.querySelector(".chart-page") !== null;
    return isChart ? ADVICE_OF_CHART.get(status) ?? FAULT_OF_CHART : ADVICE.get(status) ?? FAULT;
  };

  const sayTrouble = (status, body) => {
    clearTimeout(reloadWhenReady.timer); // what was waited for may just have answered
    if (status === OUTDATED) sayOutdated();
    if (outdated) return;
    const { output, changedPropIds = [] } = JSON.parse(body);
    failed.delete(output);
    if (status > 0 && status < FAILED) dismissed.delete(output);
    else sayFailed(status, output, adviceFor(status, body), changedPropIds);
    showLast();
  };

  const sayFailed = (status, output, text, changed) => {
    const byClock = changed.length > 0 && changed.every((each) => each.endsWith(".n_intervals"));
    if (!byClock || dismissed.get(output) !== text) failed.set(output, text);
    if (UNANSWERED.has(status) && document.querySelector(".chart-page")) reloadWhenReady(note().dataset.status);
  };

  const showLast = () => {
    if (failed.size === 0) note().hidden = true;
    else show([...failed.values()].at(-1));
  };

  // The address has the controls, those of the change that was refused as well.
  const sayOutdated = () => {
    if (outdated) return;
    outdated = true;
    show("This page was updated: reload it to go on. ", button("Reload", () => location.reload()));
  };

  // What is drawn is again what the controls say.
  namespace.forgetTrouble = () => {
    clearTimeout(reloadWhenReady.timer);
    failed.clear();
    if (!outdated) showLast();
  };

  document.addEventListener("portico:open", () => {
    clearTimeout(reloadWhenReady.timer);
    outdated = false;
    failed.clear();
    dismissed.clear();
    readFirst();
  });

  // --- a chart that the page's plotly.js does not draw ----------------------------------------------
  // It would be drawn as a scatter. The whole plotly.js, which stands in where a bundle is not there, is no
  // reason to say nothing: the same page would be wrong where it is deployed.
  const sayUnknown = (traces) => {
    const drawn = note().dataset.traces.split(" ").filter(Boolean);
    const unknown = new Set(traces.map(({ type = "scatter" }) => type).filter((type) => !drawn.includes(type)));
    if (drawn.length === 0 || unknown.size === 0 || outdated) return;
    show(
      `This page's plotly.js does not draw ${[...unknown].join(", ")}: the chart is not what it should be. ` +
        'Its owner sets bundle = "full" for the page in pages.toml.',
    );
  };

  // The first chart of a document is drawn in a task of its own: on a slow processor React's has taken a tenth of a second by
  // then, and what a reader taps meanwhile would wait for both.
  let turn = null;
  let waiting = 0;
  let isDrawn = false;
  const inOwnTask = (draw) => (plot, ...more) => {
    if (isDrawn) return draw(plot, ...more);
    const stood = plot.isConnected;
    turn ??= new Promise((resolve) => setTimeout(resolve));
    waiting += 1;
    return turn.then(() => { // in the order in which they came
      waiting -= 1;
      isDrawn = waiting === 0;
      return stood && !plot.isConnected ? plot : draw(plot, ...more);
    });
  };

  const checked = (draw) => (plot, figure, ...more) => {
    if (namespace.foreignPlotly) location.reload(); // a document can have one, and this is another page's
    sayUnknown(Array.isArray(figure) ? figure : (figure?.data ?? []));
    return draw(plot, namespace.withRoom(figure), ...more);
  };

  let plotly;
  Object.defineProperty(window, "Plotly", {
    configurable: true,
    get: () => plotly,
    set: (loaded) => {
      plotly = loaded;
      namespace.plotly = document.currentScript?.getAttribute("src"); // which of them
      for (const name of ["newPlot", "react"]) plotly[name] = checked(namespace.inTheme(plotly[name]));
      plotly.react = inOwnTask(plotly.react); // Dash's, which waits for it; what a page draws itself may not
    },
  });

  // --- the state of the pages ---------------------------------------------------------------------
  const STATUS_TIMEOUT_MS = 4000;

  // Whether a page is ready; null where that was not said, to one who asks too much.
  const readStatus = async (url) => {
    try {
      const answer = await fetch(url, { cache: "no-store", signal: AbortSignal.timeout(STATUS_TIMEOUT_MS) });
      if (answer.status === TOO_MANY) return null;
      return answer.ok && (await answer.json()).ready === true;
    } catch {
      return false;
    }
  };

  namespace.page_states = async (_tick, urls) => {
    const ready = await Promise.all(urls.map(readStatus));
    const as = (yes, no) => ready.map((each) => (each === null ? window.dash_clientside.no_update : each ? yes : no));
    return [...as("Up", "Not available right now"), ...as("up", "down")];
  };

  // --- a page that was down -----------------------------------------------------------------------
  const RETRY_MS = 2000;
  const reloadWhenReady = (statusUrl) => {
    clearTimeout(reloadWhenReady.timer);
    reloadWhenReady.timer = setTimeout(async () => {
      if (await readStatus(statusUrl)) location.reload();
      else reloadWhenReady(statusUrl);
    }, RETRY_MS);
  };
  const waitedFor = document.querySelector("[data-retry]")?.dataset.retry;
  if (waitedFor) reloadWhenReady(waitedFor);
})();
