// The groups of the navigation: Escape, a click elsewhere and another page close them. They open without a script.
"use strict";
(() => {
  const menu = document.getElementById("pages");
  if (!menu) return;
  const isMenu = () => menu.matches(":popover-open"); // then the browser closes it, with its groups
  const open = () => menu.querySelector("details[open]");

  const close = () => {
    if (isMenu()) menu.hidePopover();
    for (const each of menu.querySelectorAll("details[open]")) each.open = false;
  };

  document.addEventListener("keydown", ({ key }) => {
    const group = key === "Escape" && !isMenu() && open();
    if (!group) return;
    const held = group.contains(document.activeElement);
    close();
    if (held) group.querySelector("summary").focus();
  });
  document.addEventListener("click", ({ target }) => {
    if (!isMenu() && !open()?.contains(target)) close();
  });
  menu.addEventListener("focusout", ({ relatedTarget }) => {
    if (relatedTarget && !isMenu() && !open()?.contains(relatedTarget)) close();
  });
  menu.addEventListener("toggle", () => {
    const group = isMenu() && menu.querySelector("details:has([aria-current])");
    if (group) group.open = true;
  });
  document.addEventListener("portico:open", close);
})();
