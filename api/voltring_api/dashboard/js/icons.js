// The few pictures the console uses, drawn with strokes on a 24 grid.

import { svg } from "./dom.js";

const PATHS = {
  search: ["M11 4a7 7 0 1 0 0 14 7 7 0 0 0 0-14z", "m20.5 20.5-4.5-4.5"],
  plus: ["M12 5v14", "M5 12h14"],
  play: ["M7 4.5v15l12-7.5z"],
  stop: ["M6 6h12v12H6z"],
  unlock: ["M5 11h14v9H5z", "M8 11V7.5a4 4 0 0 1 7.6-1.7"],
  reset: ["M4 12a8 8 0 1 0 2.6-5.9", "M4 4v5h5"],
  copy: ["M9 9h11v11H9z", "M15 9V4H4v11h5"],
  pause: ["M8 5v14", "M16 5v14"],
  menu: ["M4 7h16", "M4 12h16", "M4 17h16"],
  user: ["M12 4a4 4 0 1 0 0 8 4 4 0 0 0 0-8z", "M4.5 20c1-4 4-5.5 7.5-5.5s6.500 1.500 7.500 5.500"],
};

export function icon(name) {
  const picture = svg("svg", {
    viewBox: "0 0 24 24",
    fill: "none",
    stroke: "currentColor",
    "stroke-width": "2",
    "stroke-linecap": "round",
    "stroke-linejoin": "round",
    "aria-hidden": "true",
  });
  picture.append(...PATHS[name].map((d) => svg("path", { d })));
  return picture;
}
