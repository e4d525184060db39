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
      const say = (status) => isShown() && sayTrouble(status);
      answer.then(({ status }) => status, () => 0).then(say); // 0: nobody there
      return answer;
    };
  }

  // --- a callback that failed ---------------------------------------------------------------------
  // What is drawn is no longer what the controls say. A page that was not there is loaded again when it is
  // back: the address has the controls. A fault of its own would only be met again, and so would what took it too long.
  const SERVER_FAULT = 500;
  const UNANSWERED = new Set([0, 502, 503]);
  const OUTDATED = 409;
  const TOO_MANY = 429;
  const TOOK_TOO_LONG = 504;
  const ADVICE = new Map([
    [TOO_MANY, "Not updated: too many requests from here. Wait a moment, then choose again."],
    [TOOK_TOO_LONG, "Not updated: the page took too long. Choose again, or ask for less at once."],
  ]);
  let outdated = false; // for as long as this page is not loaded anew

  const sayTrouble = (status) => {
    clearTimeout(reloadWhenReady.timer); // what was waited for may just have answered
    if (status === OUTDATED) sayOutdated();
    if (outdated) return;
    const note = document.getElementById("trouble");
    const passing = UNANSWERED.has(status);
    note.hidden = !passing && status < SERVER_FAULT && !ADVICE.has(status);
    if (note.hidden) return;
    note.textContent = passing
      ? "Not updated: the page does not answer right now. It is loaded again as soon as it does."
      : ADVICE.get(status) ?? "Not updated: the page could not work this out. Choose something else, or go back a step.";
    if (passing) reloadWhenReady(note.dataset.status);
  };

  // The address has the controls, those of the change that was refused as well.
  const sayOutdated = () => {
    if (outdated) return;
    outdated = true;
    const note = document.getElementById("trouble");
    const reload = document.createElement("button");
    reload.textContent = "Reload";
    reload.addEventListener("click", () => location.reload());
    note.replaceChildren("This page was updated: reload it to go on. ", reload);
    note.hidden = false;
  };

  // What is drawn is again what the controls say.
  namespace.forgetTrouble = () => sayTrouble(200);

  document.addEventListener("portico:open", () => {
    clearTimeout(reloadWhenReady.timer);
    outdated = false;
    readFirst();
  });

  // --- a chart that the page's plotly.js does not draw ----------------------------------------------
  // It would be drawn as a scatter. The whole plotly.js, which stands in where a bundle is not there, is no
  // reason to say nothing: the same page would be wrong where it is deployed.
  const sayUnknown = (traces) => {
    const note = document.getElementById("trouble");
    const drawn = note.dataset.traces.split(" ").filter(Boolean);
    const unknown = new Set(traces.map(({ type = "scatter" }) => type).filter((type) => !drawn.includes(type)));
    if (drawn.length === 0 || unknown.size === 0 || outdated) return;
    note.textContent =
      `This page's plotly.js does not draw ${[...unknown].join(", ")}: the chart is not what it should be. ` +
      'Its owner sets bundle = "full" for the page in pages.toml.';
    note.hidden = false;
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
      for (const name of ["newPlot", "react"]) plotly[name] = checked(plotly[name]);
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
