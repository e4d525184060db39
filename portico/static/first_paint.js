// The layout as HTML, which a page shows until React has made it: taken away as soon as that stands in its place.
"use strict";
(() => {
  const main = document.getElementById("main");
  const UNMADE = '#react-entry-point:is(:empty, :has(._dash-loading, .control > [role="group"]:empty))';

  const look = () => {
    const painted = main.querySelector(".first-paint");
    if (painted && !main.querySelector(UNMADE)) painted.remove();
  };
  new MutationObserver(look).observe(main, { childList: true, subtree: true });
})();
