// Comfort only: every page works without this file.
(() => {
  "use strict";

  const each = (root, selector, action) => {
    if (root.matches?.(selector)) action(root);
    root.querySelectorAll(selector).forEach(action);
  };

  // Theme: system, light or dark, remembered in this browser.
  const chosenTheme = () => document.documentElement.dataset.theme ?? "system";
  const markTheme = () =>
    each(document, "[data-theme-choice]", (button) =>
      button.setAttribute("aria-pressed", String(button.dataset.themeChoice === chosenTheme())),
    );
  const chooseTheme = (theme) => {
    if (theme === "system") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = theme;
    try {
      if (theme === "system") localStorage.removeItem("theme");
      else localStorage.setItem("theme", theme);
    } catch {
      // Storage is switched off: the choice lasts for this page.
    }
    markTheme();
  };

  const announce = (text) => {
    const region = document.getElementById("announcer");
    if (region) region.textContent = text;
  };

  const enableCopy = (button) => {
    button.hidden = !navigator.clipboard;
    const label = button.querySelector("[data-label]");
    const original = label.textContent;
    button.addEventListener("click", async () => {
      await navigator.clipboard.writeText(button.dataset.copy);
      label.textContent = "Copied";
      announce("Copied");
      setTimeout(() => (label.textContent = original), 1600);
    });
  };

  // A confirmation is a disclosure; here its panel opens as a modal dialog instead.
  const enableConfirm = (details) => {
    const panel = details.querySelector(".confirm-panel");
    const dialog = document.createElement("dialog");
    dialog.setAttribute("aria-labelledby", panel.querySelector("h2").id);
    details.after(dialog);
    dialog.append(panel);
    details.querySelector("summary").addEventListener("click", (event) => {
      event.preventDefault();
      dialog.showModal();
    });
    each(panel, "[data-close]", (button) => {
      button.hidden = false;
      button.addEventListener("click", () => dialog.close());
    });
    dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
    if (details.open) dialog.showModal();
  };

  // The browser's calendar writes a day in the browser's language; below it the page writes it in its own way.
  const MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(" ");
  const writeDay = (iso) => {
    const [year, month, day] = iso.split("-");
    return document.body.dataset.writing === "de"
      ? `${day}.${month}.${year}`
      : `${Number(day)} ${MONTHS[Number(month) - 1]} ${year}`;
  };
  const enableDay = (input) => {
    const written = document.createElement("output");
    written.className = "small muted";
    written.htmlFor = input.id;
    input.after(written);
    const show = () => (written.textContent = input.value && writeDay(input.value));
    input.addEventListener("change", show);
    show();
  };

  // Below a number stands how it is understood. The server reads what is typed here, as it will once it is sent.
  const enableNumber = (output) => {
    const [number, currency] = [...output.htmlFor].map((id) => document.getElementById(id));
    let asked = 0;
    let pause;
    const read = async () => {
      const mine = ++asked;
      const address = new URL(output.dataset.understood, location.href);
      address.searchParams.set("text", number.value);
      if (currency) address.searchParams.set("currency", currency.value);
      const answer = await fetch(address, { redirect: "error" }).catch(() => null);
      const text = answer?.ok ? await answer.text() : "";
      if (mine === asked) output.textContent = text;
    };
    number.addEventListener("input", () => {
      clearTimeout(pause);
      pause = setTimeout(read, 250);
    });
    currency?.addEventListener("change", read);
  };

  // A table that fits its box lets the page scroll, and its head stays below the bar.
  const fit = (wrap) => {
    wrap.classList.remove("table-fits");
    const fits = wrap.scrollWidth <= wrap.clientWidth;
    wrap.classList.toggle("table-fits", fits);
    if (fits) wrap.removeAttribute("tabindex");
    else wrap.tabIndex = 0;
  };
  const widths = new ResizeObserver((entries) => entries.forEach((entry) => fit(entry.target)));

  // Background work has ended: the page shows the result by itself, unless that would lose what was typed.
  const isTyped = (field) => {
    if (field.options) {
      const original = [...field.options].findIndex((option) => option.defaultSelected);
      return field.selectedIndex !== Math.max(original, 0);
    }
    if (field.type === "checkbox" || field.type === "radio") return field.checked !== field.defaultChecked;
    return field.value !== field.defaultValue;
  };
  const LEAVES_WITHIN = 10_000; // a person who goes elsewhere is not called back; a download leaves the page
  let leftAt = -Infinity;
  addEventListener("beforeunload", () => (leftAt = Date.now()));
  const isBusy = () =>
    document.querySelector("main dialog[open], main [aria-invalid=true], main [data-refused]") !== null ||
    [...document.querySelectorAll("main :is(input:not([type=hidden]), select, textarea)")].some(isTyped);
  const showResult = (note) => {
    if (isBusy() || Date.now() - leftAt < LEAVES_WITHIN) return;
    const link = note.querySelector("a");
    if (link.pathname === location.pathname && link.search === location.search) location.reload();
    else location.assign(link.href);
  };

  const enhance = (root) => {
    each(root, "[data-finished]", showResult);
    each(root, "[data-copy]", enableCopy);
    each(root, "details[data-confirm]", enableConfirm);
    each(root, ".field input[type=date]", enableDay);
    each(root, "output[data-understood]", enableNumber);
    each(root, ".table-wrap", (wrap) => widths.observe(wrap));
    each(root, "[data-needs-script]", (element) => (element.hidden = false));
  };

  document.addEventListener("click", (event) => {
    const choice = event.target.closest?.("[data-theme-choice]");
    if (choice) chooseTheme(choice.dataset.themeChoice);
  });
  document.addEventListener("htmx:load", (event) => event.detail.elt !== document.body && enhance(event.detail.elt));
  enhance(document);
  markTheme();
  document.querySelector("main [aria-invalid=true], main [data-refused]")?.focus();
})();
