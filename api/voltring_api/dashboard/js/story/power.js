// A session's plot from the API's thinned series: read, and read again while the session runs.

import { get } from "../api.js";
import { fill, h } from "../dom.js";
import { sessionPlot } from "../plot.js";

/** `{element, read}`. */
export function powerPlot(id, signal) {
  const plot = sessionPlot(signal);
  const trouble = h("div", { role: "alert" });
  const note = h("p", { class: "plot-note muted small" });
  const read = async () => {
    try {
      const series = await get(`/v1/transactions/${id}/series`, undefined, signal);
      fill(trouble);
      plot.show(pointsOf(series), series.gaps.map((gap) => [seconds(gap.begins), seconds(gap.ends)]));
      fill(note, notes(series));
      note.hidden = !note.textContent;
    } catch (error) {
      if (!signal.aborted)
        fill(trouble, h("p", { class: "notice bad" }, `The plot could not be loaded. ${error.message}`));
    }
  };
  return { element: h("div", null, trouble, plot.element, note), read };
}

/** The series as points of the plot: where readings stopped, a point breaks the lines. */
export function pointsOf({ points, gaps }) {
  const read = points.map(({ at, power_w, energy_wh, soc_percent }) => ({
    t: seconds(at),
    power: power_w,
    energy: energy_wh,
    soc: soc_percent,
  }));
  const breaks = gaps.map(({ begins, ends }) => ({
    t: (seconds(begins) + seconds(ends)) / 2,
    power: null,
    energy: null,
    soc: null,
    gap: true,
  }));
  return [...read, ...breaks].sort((a, b) => a.t - b.t);
}

function notes({ gaps, power_is_derived }) {
  return [
    power_is_derived && "The charger tells no power: it follows from the energy. ",
    gaps.length > 0 && "Shaded: no readings. The energy goes on being counted by the meter.",
  ];
}

const seconds = (iso) => new Date(iso).getTime() / 1000;
