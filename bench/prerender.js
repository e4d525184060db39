// In the pages of a browser that nothing is attached to: a reader who looks at the bar chart and then goes to the line chart.
// What happened is sent to the proxy that put this script here.
(() => {
  const PAUSE_MS = 6000; // between the chart and the click: the next page is prerendered meanwhile, on any machine
  const LINES = ".scatterlayer .js-line";
  const now = () => performance.timeOrigin + performance.now();
  const drawn = (selector) => document.querySelector(selector)?.getAttribute("d");
  const clickedAt = () => Number(localStorage.getItem("bench-click"));

  // Before the next frame that a reader sees and that has it; a page that is being prerendered has no frames.
  const whenSeen = (selector, then) => {
    const look = () => (drawn(selector) ? then() : requestAnimationFrame(look));
    requestAnimationFrame(look);
  };

  let readyAt = null; // of the chart, in a page that nobody saw yet
  const watchUnseen = () => {
    const look = () => {
      if (!document.prerendering) return;
      if (drawn(LINES)) readyAt = now();
      else setTimeout(look, 20);
    };
    look();
  };

  // As a task after the frame, which is painted then.
  const sayWhenSeen = () => whenSeen(LINES, () => setTimeout(() => {
    const { activationStart = 0 } = performance.getEntriesByType("navigation")[0];
    navigator.sendBeacon("/_bench/beacon", JSON.stringify({
      activationStart,
      clickToChart: now() - clickedAt(),
      clickToActivation: activationStart ? performance.timeOrigin + activationStart - clickedAt() : null,
      readyBeforeActivation: readyAt ? performance.timeOrigin + activationStart - readyAt : null,
    }));
  }, 0));

  if (location.pathname.startsWith("/linechart")) {
    watchUnseen();
    sayWhenSeen();
  } else {
    whenSeen(".barlayer .point path", () => {
      const link = document.querySelector("nav a[href*='/linechart']");
      link.dispatchEvent(new PointerEvent("pointerover", { bubbles: true, pointerType: "mouse" }));
      setTimeout(() => {
        localStorage.setItem("bench-click", now());
        link.click();
        sayWhenSeen(); // where the chart comes into this page
      }, PAUSE_MS);
    });
  }
})();
