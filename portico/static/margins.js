// Room for the labels of a chart's axes before it is drawn. Plotly finds it (`automargin`) by drawing the chart and, as there was
// too little, drawing it again: half of the time. It still does for a chart whose labels are not foreseen here.
"use strict";
(() => {
  const LINE_PX = 16;
  const BESIDE_PX = 7; // between a label and the chart
  const BELOW_PX = 8;
  const TITLE_PX = 21; // of an axis, with its distance
  const DATE_LINES = 2;
  const context = document.createElement("canvas").getContext("2d");
  const namespace = ((window.dash_clientside ??= {}).portico ??= {});

  const shownAs = (text) => String(text).replaceAll("&lt;", "<").replaceAll("&amp;", "&");
  const widest = (texts, { size, family }) => {
    context.font = `${size}px ${family}`;
    return Math.max(0, ...texts.map((text) => context.measureText(shownAs(text)).width));
  };
  const title = (axis) => (axis.title?.text ? TITLE_PX : 0);
  const labelsOf = (axis) => axis.ticktext ?? (axis.type === "category" ? axis.categoryarray : null) ?? [];

  // The site's own figures leave it to plotly, have two axes and known labels beside the chart.
  const isForeseen = ({ margin, font, xaxis, yaxis, yaxis2 }) =>
    margin?.l === 0 && margin.b === 0 && font && xaxis?.automargin && yaxis?.automargin && labelsOf(yaxis).length > 0 && !yaxis2;

  // A figure with the room that its axes need.
  namespace.withRoom = (figure) => {
    const layout = figure?.layout;
    if (!layout || !isForeseen(layout)) return figure;
    const { font, xaxis, yaxis } = layout;
    const lines = xaxis.type === "date" ? DATE_LINES : 1;
    const margin = {
      ...layout.margin,
      l: Math.ceil(widest(labelsOf(yaxis), font)) + BESIDE_PX + title(yaxis),
      b: lines * LINE_PX + BELOW_PX + title(xaxis),
    };
    // Asked to look, plotly adds to all that it finds where every margin has something. Long labels may stand out at both sides.
    const short = widest(labelsOf(xaxis), font) / 2 <= margin.r;
    const axes = margin.r === 0 ? {} : { xaxis: { ...xaxis, automargin: !short }, yaxis: { ...yaxis, automargin: false } };
    return { ...figure, layout: { ...layout, ...axes, margin } };
  };
})();
