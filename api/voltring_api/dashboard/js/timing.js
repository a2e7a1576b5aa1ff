// Work that follows events: gathered, so that a storm of them costs one request or one repaint.

/** The API counts the fleet once a second: a number that is asked for sooner may be from before the change. */
export const COUNTED_EVERY_MS = 1100;

/**
 * Runs `work` soon after the first call and not again before `every` ms have passed; a call in between is
 * kept, not lost. Ends with `signal`.
 */
export function gathered(work, { after = 150, every = 1000, signal }) {
  let timer = 0;
  let last = 0;
  let running = false;
  let again = false; // called while `work` ran: what it read may be from before the call
  signal.addEventListener("abort", () => clearTimeout(timer));
  const soon = () => {
    if (signal.aborted) return;
    if (running) again = true;
    else timer ||= setTimeout(run, Math.max(after, last + every - Date.now()));
  };
  const run = async () => {
    timer = 0;
    last = Date.now();
    running = true;
    try {
      await work();
    } finally {
      running = false;
      if (again) soon();
      again = false;
    }
  };
  return soon;
}

/** Runs `work` every `ms` while the page is shown and `signal` lasts. */
export function repeated(work, ms, signal) {
  const timer = setInterval(() => {
    if (!document.hidden) work();
  }, ms);
  signal.addEventListener("abort", () => clearInterval(timer));
}

/** Waits `ms`, or until `signal` ends. */
export function sleep(ms, signal) {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal?.addEventListener(
      "abort",
      () => {
        clearTimeout(timer);
        resolve();
      },
      { once: true },
    );
  });
}
