// What Dash's components lack for those who do not see them: names for sliders and lists, and roles that
// hold what stands in them (a list box may not hold the radio buttons and check boxes that Dash puts there).
"use strict";
(() => {
  const labelOf = (element) => element.closest("[role=group][aria-labelledby]")?.getAttribute("aria-labelledby");

  const set = (element, name, value) => {
    if (element.getAttribute(name) !== value) element.setAttribute(name, value);
  };

  // Named by its label, and by more of its own.
  const nameFrom = (element, ...more) => {
    const label = labelOf(element);
    if (label) set(element, "aria-labelledby", [label, ...more].join(" "));
  };

  const mend = (root) => {
    const each = (selector, change) => root.querySelectorAll(selector).forEach(change);
    each(".dash-options-list, .dash-options-list-option", (element) => {
      element.removeAttribute("role");
      element.removeAttribute("aria-selected");
    });
    each(".dash-slider-thumb:not([aria-label])", (thumb) => nameFrom(thumb));
    each("button.dash-dropdown", (button) => nameFrom(button, `${button.id}-value`, `${button.id}-value-count`));
    each(".dash-dropdown-content", (popover) => nameFrom(popover));
    each(".dash-dropdown-search", (search) => set(search, "aria-label", search.placeholder));
    // It takes the focus for its button: what can be focused may not be hidden.
    each(".dash-dropdown-focus-target", (target) => {
      target.removeAttribute("aria-hidden");
      nameFrom(target);
    });
  };

  const main = document.getElementById("main");
  const observer = new MutationObserver(() => mend(main));
  observer.observe(main, { subtree: true, childList: true, attributeFilter: ["role", "aria-selected", "aria-hidden"] });
})();
