// One transaction's plot: its meter values once, then the live events on top.

import { all, get } from "../api.js";
import { fill, h } from "../dom.js";
import { sessionPlot } from "../plot.js";
import { PLOTTED, extended, points } from "../series.js";

/**
 * `{id, element, read, hear, end}` for a transaction. `read()` loads the meter values (again), `hear(event)` adds
 * a point, `end()` lets go of the plot.
 */
export function sessionLines(id, pageSignal) {
  const own = new AbortController();
  pageSignal.addEventListener("abort", () => own.abort(), { once: true });
  const plot = sessionPlot(own.signal);
  const trouble = h("div", { role: "alert" });
  let shown = [];
  let loaded = false;

  const read = async () => {
    try {
      const [transaction, ...values] = await Promise.all([
        get(`/v1/transactions/${id}`, undefined, own.signal),
        ...PLOTTED.map((measurand) => all(`/v1/transactions/${id}/meter-values`, { measurand }, own.signal)),
      ]);
      shown = points(values.flat(), transaction.meter_start_wh, transaction.started_at);
      loaded = true;
      fill(trouble);
      plot.show(shown);
    } catch (error) {
      if (!own.signal.aborted)
        fill(trouble, h("p", { class: "notice bad" }, `The plot could not be loaded. ${error.message}`));
    }
  };
  const hear = (event) => {
    if (!loaded || event.transaction_id !== id || event.energy_wh === undefined) return;
    shown = extended(shown, event);
    plot.show(shown);
  };
  read();
  return { id, element: h("div", null, trouble, plot.element), read, hear, end: () => own.abort() };
}
