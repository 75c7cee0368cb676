// @ts-check
// The paper's own few lines. In the head and not deferred, so that a strip that was closed before
// is never painted and nothing moves.
(() => {
  const KEY = "packet-strip";
  const root = document.documentElement;
  const kept = {
    get closed() {
      try {
        return sessionStorage.getItem(KEY) === "closed";
      } catch {
        return false;
      }
    },
    close() {
      try {
        sessionStorage.setItem(KEY, "closed");
      } catch {
        // A browser that keeps nothing shows the strip again on the next page.
      }
    },
  };

  root.classList.add("scripted");
  if (kept.closed) root.classList.add("strip-closed");

  // A blocker without cosmetic rules leaves the frame of an advertisement whose drawing it stopped.
  /** @param {EventTarget | null} image */
  const fold = (image) => {
    const slot = image instanceof HTMLImageElement && image.closest(".slot");
    if (slot instanceof HTMLElement) slot.hidden = true;
  };
  document.addEventListener("error", (event) => fold(event.target), true);

  document.addEventListener("DOMContentLoaded", () => {
    document.querySelector(".strip-close")?.addEventListener("click", () => {
      kept.close();
      root.classList.add("strip-closed");
      document.getElementById("content")?.focus({ preventScroll: true });
    });
  });
})();
