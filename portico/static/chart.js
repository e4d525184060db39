// A chart page in the browser: the address that the controls make, the wait for an answer, what is taken away.
//
// The server answers a query with the chart, the controls and the shortest address ("shown"). An entry of the
// history holds its query and its place among the entries of this tab, so that a step that was cancelled can be
// taken back.
"use strict";
(() => {
  const namespace = ((window.dash_clientside ??= {}).portico ??= {});
  const element = (id) => document.getElementById(id);
  const setProps = (id, props) => window.dash_clientside.set_props(id, props);

  // --- the address --------------------------------------------------------------------------------
  let shown = null; // the view that the page shows
  let shownPlace = null; // of its entry in the history; null where that is gone
  let wanted = null; // the query whose answer is awaited
  let place = history.state?.place ?? 0; // of the entry that the reader is at
  let controls = []; // ids of the controls
  let drawnRange = null; // of the chart's x axis; null where it is found from the data
  let left = false; // for another page, which is not there yet

  const nameOf = ({ control }) => decodeURIComponent(control);

  const composed = (ids, values) => {
    const query = new URLSearchParams();
    ids.forEach((id, index) => {
      const value = values[index] ?? null;
      if (Array.isArray(value)) (value.length ? value : [""]).forEach((item) => query.append(nameOf(id), item));
      else if (value !== null) query.append(nameOf(id), value);
    });
    return query.toString();
  };

  const sorted = (query) => {
    const pairs = new URLSearchParams(query);
    pairs.sort();
    return pairs.toString();
  };
  const same = (one, other) => sorted(one) === sorted(other);
  const isShown = (query) => same(query, shown.address) || same(query, shown.query);
  const target = (query) => (query ? `?${query}` : location.pathname);

  // What the server is asked; without a shape it sends all controls.
  const asking = (query, shape) => {
    wanted = query;
    document.documentElement.dataset.asked = ""; // the page is in use: nothing of it hides any more, but around a chart that is late
    return { query, shape, width: element("chart")?.clientWidth || null };
  };

  const push = (query) => {
    place += 1;
    if (shownPlace !== null && shownPlace >= place) shownPlace = null;
    history.pushState({ query, place }, "", target(query));
  };

  // Called when a control was changed, and when the server has sent others.
  namespace.choose = (values, ids, latest) => {
    if (left) return window.dash_clientside.no_update;
    const query = composed(ids, values);
    const known = wanted === null || latest.asked === wanted ? latest.query : wanted; // it may be called before `answered`
    if (same(query, known)) return window.dash_clientside.no_update;
    // What stands at a default and was not touched follows the choice: the mean of a level, the sum of an amount.
    const untouched = (id, index) => JSON.stringify(values[index]) === JSON.stringify(shown.values[nameOf(id)]);
    const usual = ids.filter(untouched).map(nameOf).filter((name) => shown.usual.includes(name));
    push(query);
    return { ...asking(query, shown.shape), usual };
  };

  // A page that was left may hear of steps and answers for a moment, and of the entry of the next page before it has left.
  const isOfAnother = (view) => left || (view.page ?? location.pathname) !== location.pathname;

  namespace.answered = (data, ids, figure) => {
    if (isOfAnother(data)) return;
    const opening = shown === null;
    const overtaken = !opening && wanted !== null && data.asked !== wanted; // something else was asked meanwhile
    [shown, controls] = [data, ids];
    drawnRange = figure?.layout?.xaxis?.range?.slice() ?? null; // before a reader draws up a stretch of it
    keepTable();
    if (overtaken) return;
    [wanted, shownPlace] = [null, place];
    if (!data.late) reveal(figure);
    history.replaceState({ query: data.address, place }, "", target(data.address) + (opening ? location.hash : ""));
    if (opening && data.late) setProps("address", { data: { ...asking(data.address, null), opened: true } });
  };

  // What a late chart or its controls would move is hidden until both have their height, or until the chart does not come.
  const UNMADE = '.control > [role="group"]:empty';
  const reveal = (figure) => {
    const [main, box, height] = [element("main"), element("figure"), figure?.layout?.height];
    const isKnown = () => box?.dataset.late === undefined;
    if (isKnown()) return;
    const isMade = () => !height || (plot()?._fullLayout?.height === height && !main.querySelector(UNMADE));
    const look = (_, making) => {
      if (isMade()) delete box.dataset.late;
      if (isKnown()) making.disconnect();
    };
    const making = new MutationObserver(look);
    making.observe(main, { subtree: true, childList: true });
    look([], making);
  };

  // From page to page with the table that is shown: each page below home knows the same tables.
  const keepTable = () => {
    const table = new URLSearchParams(shown.address).get("table");
    for (const link of document.querySelectorAll("nav a:not([aria-current])")) {
      if (link.pathname !== "/") link.search = table ? new URLSearchParams({ table }).toString() : "";
    }
  };

  addEventListener("popstate", ({ state }) => {
    if (shown === null || isOfAnother(shown)) return;
    if (typeof state?.query !== "string") {
      // A step within the page, to #main: it shows what was shown.
      place += 1;
      history.replaceState({ query: wanted ?? shown.address, place }, "");
      return;
    }
    place = state.place;
    if (isShown(state.query)) leaveAsShown();
    else setProps("address", { data: asking(state.query, null) });
  });

  // Back to what is shown: nothing is awaited any more, and the controls stand as they did.
  const leaveAsShown = () => {
    stop();
    [wanted, shownPlace] = [null, place];
    namespace.forgetTrouble();
    restoreControls();
  };

  const restoreControls = () => {
    for (const id of controls) {
      const value = shown.values[nameOf(id)];
      if (value !== undefined) setProps(id, { value });
    }
  };

  // --- the wait for an answer ----------------------------------------------------------------------
  const SOON_MS = 300; // an answer within this needs no word
  const COUNTED_FROM_S = 2;
  const TYPING_MS = 200; // between two keys of a search
  const CHART = "chart";
  const underWay = new Map(); // what is asked for: its AbortController
  const nothing = () => new Response(null, { status: 204 }); // the renderer then leaves everything as it is

  // Of a chart page: its chart, or a list whose options are searched on the server. Other callbacks are a page's own.
  const kindOf = ({ output, outputs }) => {
    if (output.includes("..chart.figure..") && output.includes("..shown.data..")) return CHART;
    return output.endsWith(".options") && outputs.id?.more === "engine" ? JSON.stringify(outputs) : null;
  };

  // Ask the server for a callback. A newer question of the same kind ends the one before it.
  namespace.ask = async (send, options) => {
    const kind = kindOf(JSON.parse(options.body));
    if (kind === null) return send(options);
    underWay.get(kind)?.abort();
    const own = new AbortController();
    underWay.set(kind, own);
    if (kind === CHART) startClock();
    else await new Promise((resolve) => setTimeout(resolve, TYPING_MS));
    let isAnswered = false;
    try {
      if (own.signal.aborted) return nothing();
      // One that takes long is asked for this reader alone: what others may share, leaving does not end.
      const sharing = shown?.slow ? { cache: "no-store" } : {};
      const answer = await send({ ...options, ...sharing, signal: own.signal });
      const body = await answer.arrayBuffer(); // here, where it can be given up
      isAnswered = answer.status === 200;
      return answer.status === 204 ? nothing() : new Response(body, { status: answer.status, headers: answer.headers });
    } catch (error) {
      if (own.signal.aborted) return nothing();
      throw error;
    } finally {
      if (underWay.get(kind) === own) {
        underWay.delete(kind);
        if (kind === CHART) {
          stopClock();
          if (!isAnswered) reveal(null);
        }
      }
    }
  };

  const stop = () => underWay.get(CHART)?.abort();

  let clock = null;
  const startClock = () => {
    if (clock !== null) return; // for the question before: the reader has waited since then
    const start = performance.now();
    const tick = () => {
      const seconds = Math.floor((performance.now() - start) / 1000);
      element("figure")?.setAttribute("aria-busy", "true");
      if (element("working")) element("working").hidden = false;
      if (element("seconds")) element("seconds").textContent = seconds < COUNTED_FROM_S ? "" : ` ${seconds} s`;
      clock = setTimeout(tick, 1000 - ((performance.now() - start) % 1000));
    };
    clock = setTimeout(tick, SOON_MS);
  };

  const stopClock = () => {
    clearTimeout(clock);
    clock = null;
    element("figure")?.removeAttribute("aria-busy");
    if (element("working")) element("working").hidden = true;
  };

  const cancel = () => {
    const steps = shownPlace === null ? 0 : shownPlace - place;
    stop();
    wanted = null;
    restoreControls();
    restoreZoom();
    setProps("notice", { children: "Cancelled: the chart shows the view before.", hidden: false });
    element("chart").closest("figure").scrollIntoView({ block: "nearest" });
    if (steps) history.go(steps);
    else history.replaceState({ query: shown.address, place }, "", target(shown.address));
  };

  // --- a stretch of the chart that was drawn up ------------------------------------------------------
  const FINE_MS = 10_000; // a stretch below this is told to the millisecond
  const RESTORED = "xaxis.fixedrange"; // changes nothing; by it a stretch that is restored is told from one that a reader draws up
  const plot = () => element("chart")?.querySelector(".js-plotly-plot");

  const asText = (end, ends, axis) => {
    if (end === "") return "";
    if (axis.type === "date") {
      const [text, span] = [String(end).replace(" ", "T"), Date.parse(ends[1]) - Date.parse(ends[0])];
      if (end === ends[1] && !text.includes("T")) return `${text}T00:00`; // a day as a last bound is all of that day
      return span < FINE_MS ? text : text.replace(/\.\d+$/, "");
    }
    const [first, last] = ends.map((each) => (axis.type === "log" ? 10 ** each : Number(each)));
    const digits = Math.max(0, Math.ceil(3 - Math.log10(Math.abs(last - first) || 1)));
    return String(Number((end === ends[0] ? first : last).toFixed(Math.min(digits, 20))));
  };

  namespace.zoom = (change) => {
    const { layout, _fullLayout: full } = plot() ?? {};
    const bounds = layout?.meta;
    const known = controls.map(nameOf); // a column that has a slider has no fields for its ends
    if (!change || RESTORED in change || !known.includes(bounds?.from) || !known.includes(bounds?.to)) return;
    const drawnUp = "xaxis.range[0]" in change;
    if (!drawnUp && !change["xaxis.autorange"]) return;
    const ends = drawnUp ? [change["xaxis.range[0]"], change["xaxis.range[1]"]] : ["", ""];
    const before = wanted ?? shown.query;
    const query = new URLSearchParams(before);
    query.set(bounds.from, asText(ends[0], ends, full.xaxis));
    query.set(bounds.to, asText(ends[1], ends, full.xaxis));
    if (same(query, before)) return;
    push(query.toString());
    setProps("address", { data: asking(query.toString(), null) });
  };

  const restoreZoom = () => {
    const bounds = plot()?.layout?.meta;
    if (!bounds?.from) return;
    const ends = drawnRange ? { "xaxis.range": drawnRange.slice() } : { "xaxis.autorange": true };
    window.Plotly.relayout(plot(), { ...ends, [RESTORED]: false });
  };

  // --- what is taken away ---------------------------------------------------------------------------
  const TITLE_PX = 40; // above a picture: what it shows
  const EDGE_PX = 12; // around it
  const PIXELS = 2; // of a picture for each of the page: it is printed, or put on a slide
  const SAID_MS = 2000;

  const color = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const escaped = (text) => text.replace(/[&<>]/g, (each) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;" })[each]);
  const fileName = (text) => text.toLowerCase().replace(/[^\p{L}\p{N}]+/gu, "-").replace(/^-|-$/g, "").slice(0, 80);

  // On the page the style sheet colours a chart, and its caption stands beside it; a picture has neither.
  const painted = ({ layout, _fullLayout: full }, caption) => {
    const [ink, soft, grid, ground] = ["--ink", "--ink-soft", "--grid", "--surface"].map(color);
    const axes = Object.keys(layout).filter((key) => /^[xy]axis\d*$/.test(key));
    const inColor = (axis) => ({ ...axis, gridcolor: grid, tickfont: { ...axis.tickfont, color: soft } });
    const height = full.height + TITLE_PX;
    const { t: top = 0, l: left = 0, r: right = 0, b: bottom = 0 } = layout.margin ?? {};
    return {
      ...layout,
      ...Object.fromEntries(axes.map((key) => [key, inColor(layout[key])])),
      height,
      paper_bgcolor: ground,
      plot_bgcolor: ground,
      font: { ...layout.font, color: ink },
      margin: { t: top + TITLE_PX, l: left + EDGE_PX, r: right + EDGE_PX, b: bottom + EDGE_PX },
      legend: { ...layout.legend, x: EDGE_PX / full.width, y: 1 - TITLE_PX / height },
      title: {
        text: escaped(caption),
        font: { size: 15, weight: 600 },
        pad: { l: EDGE_PX, t: EDGE_PX },
        ...{ x: 0, xref: "container", xanchor: "left", y: 1, yref: "container", yanchor: "top" },
      },
    };
  };

  const savePicture = (format) => {
    const caption = element("caption").textContent;
    const layout = painted(plot(), caption);
    const filename = fileName(caption) || "chart";
    const scale = format === "png" ? PIXELS : 1;
    const { width } = plot()._fullLayout;
    window.Plotly.downloadImage({ data: plot().data, layout }, { format, filename, scale, width, height: layout.height });
  };

  const copyText = async (text) => {
    try {
      await navigator.clipboard.writeText(text); // there on https and localhost only
    } catch {
      const field = document.body.appendChild(document.createElement("textarea"));
      field.value = text;
      field.select();
      document.execCommand("copy");
      field.remove();
    }
  };

  const copyLink = async (button) => {
    await copyText(location.href);
    button.focus();
    button.dataset.said = element("copied").textContent = "Copied";
    clearTimeout(copyLink.timer);
    copyLink.timer = setTimeout(() => {
      delete button.dataset.said;
      element("copied").textContent = "";
    }, SAID_MS);
  };

  const actions = {
    cancel,
    png: () => savePicture("png"),
    svg: () => savePicture("svg"),
    "copy-link": copyLink,
  };
  document.addEventListener("click", ({ target: clicked }) => {
    const button = clicked.closest?.("button");
    if (button && shown !== null) actions[button.id]?.(button);
  });

  // --- the focus --------------------------------------------------------------------------------------
  // Controls that the server has sent anew are other elements: the one that had the focus gets it again.
  const FOCUSABLE = "input, button, [tabindex='0']";
  let focused = null; // the field that holds the focus, and which of its elements

  const fieldOf = (each) => each.closest?.("#controls [id^='{\"field\":']");

  document.addEventListener("focusin", ({ target: each }) => {
    const field = fieldOf(each);
    focused = field && { id: field.id, index: [...field.querySelectorAll(FOCUSABLE)].indexOf(each) };
  });
  document.addEventListener("focusout", ({ target: each }) => {
    setTimeout(() => {
      if (each.isConnected && document.activeElement === document.body) focused = null; // the reader has left it
    });
  });

  const giveFocus = () => {
    if (focused === null || document.activeElement !== document.body) return;
    const found = element(focused.id)?.querySelectorAll(FOCUSABLE) ?? [];
    (found[focused.index] ?? found[0])?.focus({ preventScroll: true });
  };
  new MutationObserver(giveFocus).observe(element("main"), { childList: true, subtree: true });

  // --- the labels of an axis ----------------------------------------------------------------------------
  // Plotly writes every label that the server names, room or not: every second stays then, or every third.
  const APART_PX = 6;

  const thinLabels = () => {
    const labels = [...(element("chart")?.querySelectorAll(".xtick text") ?? [])]
      .map((label) => ({ label, box: label.getBoundingClientRect() }))
      .sort((one, other) => one.box.left - other.box.left);
    const stays = (step) => labels.filter((_, index) => index % step === 0);
    const fit = (kept) => kept.every(({ box }, index) => !index || box.left > kept[index - 1].box.right + APART_PX);
    let step = 1;
    while (!fit(stays(step))) step += 1;
    labels.forEach(({ label }, index) => { label.style.visibility = index % step ? "hidden" : ""; });
  };
  new MutationObserver((changes) => {
    if (changes.some(({ target: each }) => each.closest?.("#chart .xtick, #chart .xaxislayer-above"))) thinLabels();
  }).observe(element("main"), { subtree: true, childList: true, attributeFilter: ["transform", "x"] });

  // --- long lists -----------------------------------------------------------------------------------
  // What a list offers before anything is searched in it is asked for when the reader comes to it.
  const filled = new WeakSet();
  document.addEventListener("focusin", ({ target: each }) => {
    const id = controls.find((one) => one.more === "engine" && element(idText(one))?.contains(each));
    if (!id || filled.has(each)) return;
    filled.add(each);
    setProps(id, { search_value: "" });
  });
  const idText = (id) => JSON.stringify(id, Object.keys(id).sort());

  // --- another page in the same document ----------------------------------------------------------------
  document.addEventListener("portico:leave", () => {
    for (const each of underWay.values()) each.abort();
    clearTimeout(copyLink.timer);
    left = true;
  });
  document.addEventListener("portico:open", () => {
    [shown, shownPlace, wanted, controls, drawnRange, focused] = [null, null, null, [], null, null];
    [place, left] = [history.state?.place ?? 0, false];
    delete document.documentElement.dataset.asked;
  });
})();
