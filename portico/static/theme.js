// The reader's theme: the switch in the header, and figures of a page's own in its colours.
//
// A script in the head has set what was chosen before the first paint (`THEME` in content_policy.py). The charts of tables are
// coloured by the style sheet. Any other figure gets the theme's colours as a template: what an author set explicitly wins.
"use strict";
(() => {
  const CHOICE = "portico-theme";
  const OWN_COLOURS = ".chart, .keep-colours";
  const root = document.documentElement;
  const namespace = ((window.dash_clientside ??= {}).portico ??= {});
  const drawn = new WeakMap(); // plot: how it is drawn again

  const readChoice = () => {
    try {
      return localStorage.getItem(CHOICE) ?? "";
    } catch {
      return ""; // a browser that stores nothing
    }
  };

  // --- colours of a theme -------------------------------------------------------------------------
  const pixel = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const MOSTLY_OPAQUE = 128; // of 255

  // The theme that a ground belongs to; null where what is behind it shows.
  const themeOf = (ground) => {
    pixel.clearRect(0, 0, 1, 1);
    pixel.fillStyle = "transparent"; // stays for what is no colour
    pixel.fillStyle = ground ?? "transparent";
    pixel.fillRect(0, 0, 1, 1);
    const [red, green, blue, alpha] = pixel.getImageData(0, 0, 1, 1).data;
    if (alpha < MOSTLY_OPAQUE) return null;
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue > alpha / 2 ? "light" : "dark";
  };

  const coloursOf = (theme) => {
    const probe = document.createElement("i");
    if (theme) probe.dataset.theme = theme;
    document.body.append(probe);
    const style = getComputedStyle(probe);
    const named = (name) => style.getPropertyValue(`--${name}`).trim();
    const colours = { ink: named("ink"), soft: named("ink-soft"), grid: named("grid"), line: named("line"), surface: named("surface") };
    probe.remove();
    return colours;
  };

  const CLEAR = "rgba(0,0,0,0)";
  const templateOf = ({ ink, soft, grid, line, surface }, paper, plot) => {
    const lines = { gridcolor: grid, linecolor: line, zerolinecolor: line, tickcolor: line };
    const axis = { ...lines, rangeselector: { bgcolor: surface, activecolor: grid } };
    const round = { bgcolor: CLEAR, angularaxis: lines, radialaxis: lines };
    const deep = { ...lines, backgroundcolor: CLEAR, showbackground: false };
    const button = { bgcolor: surface, bordercolor: line };
    const table = { fill: { color: surface }, line: { color: line } };
    const head = { fill: { color: grid }, line: { color: line } };
    return {
      data: { table: [{ type: "table", header: head, cells: table }] },
      layout: {
        paper_bgcolor: paper,
        plot_bgcolor: plot,
        font: { color: ink },
        modebar: { bgcolor: CLEAR, color: soft, activecolor: ink },
        xaxis: axis,
        yaxis: lines,
        legend: { bgcolor: CLEAR },
        polar: round,
        smith: { bgcolor: CLEAR },
        ternary: { bgcolor: CLEAR, aaxis: lines, baxis: lines, caxis: lines },
        scene: { bgcolor: CLEAR, xaxis: deep, yaxis: deep, zaxis: deep },
        geo: { bgcolor: CLEAR, landcolor: grid, lakecolor: CLEAR, oceancolor: CLEAR, subunitcolor: line, coastlinecolor: soft },
        annotationdefaults: { arrowcolor: soft },
        shapedefaults: { line: { color: soft } },
        sliderdefaults: { bgcolor: line, bordercolor: line },
        updatemenudefaults: button,
      },
    };
  };

  const isPlain = (value) => value !== null && typeof value === "object" && !Array.isArray(value);
  const merged = (under, over) => {
    const all = { ...under };
    for (const [key, value] of Object.entries(over)) all[key] = isPlain(value) && isPlain(all[key]) ? merged(all[key], value) : value;
    return all;
  };

  // A figure whose ground is set is coloured for that ground; any other for the page.
  const coloured = (figure) => {
    const layout = figure.layout ?? {};
    const theme = themeOf(layout.paper_bgcolor) ?? themeOf(layout.plot_bgcolor);
    const colours = coloursOf(theme);
    const paper = theme ? colours.surface : CLEAR;
    const own = isPlain(layout.template) ? layout.template : {};
    return { ...figure, layout: { ...layout, template: merged(own, templateOf(colours, paper, CLEAR)) } };
  };

  // Draws a figure in the colours of the theme, now and whenever that changes.
  namespace.inTheme = (draw) => (plot, figure, ...more) => {
    const box = typeof plot === "string" ? document.getElementById(plot) : plot;
    if (!box?.closest || box.closest(OWN_COLOURS)) return draw(plot, figure, ...more);
    const [layout, config] = more;
    const whole = isPlain(figure) ? figure : { data: figure ?? [], layout, config };
    const template = whole.layout?.template;
    drawn.set(box, () => draw(box, coloured({ ...whole, data: box.data, layout: { ...box.layout, template } })));
    return draw(box, coloured(whole));
  };

  // --- the switch ---------------------------------------------------------------------------------
  const field = document.getElementById("theme");

  const paint = () => {
    for (const plot of document.querySelectorAll(".js-plotly-plot")) drawn.get(plot)?.();
  };
  const show = (choice) => {
    if (choice === "light" || choice === "dark") root.dataset.theme = choice;
    else delete root.dataset.theme;
    root.style.colorScheme = root.dataset.theme ?? "";
    if (field) field.value = root.dataset.theme ?? "";
    paint();
  };
  if (field) field.value = root.dataset.theme ?? "";

  field?.addEventListener("change", () => {
    try {
      localStorage.setItem(CHOICE, field.value);
    } catch {} // it is kept for as long as this document is
    show(field.value);
  });
  addEventListener("storage", ({ key }) => key === CHOICE && show(readChoice())); // chosen in another tab
  addEventListener("pageshow", ({ persisted }) => persisted && show(readChoice()));
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", paint);
})();
