// Draw a figure in the colours of the style sheet; return it as SVG.
async (figure) => {
  const token = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const ink = token("--ink");
  const axis = { gridcolor: token("--grid"), linecolor: token("--line"), zeroline: false };
  const layout = {
    paper_bgcolor: token("--surface"),
    plot_bgcolor: token("--surface"),
    font: { color: ink },
    xaxis: axis,
    yaxis: axis,
  };
  const template = { layout, data: { bar: [{ error_x: { color: ink } }] } };
  const { width, height } = figure.layout;
  return Plotly.toImage(
    { data: figure.data, layout: { ...figure.layout, template } },
    { format: "svg", width, height, imageDataOnly: true },
  );
}
