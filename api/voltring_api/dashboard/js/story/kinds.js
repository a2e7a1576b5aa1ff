// The kinds of a timeline's entries: what they are called, and which readings are shown as one line. Pure.

export const KINDS = {
  message: "Messages",
  reading: "Readings",
  status: "Status",
  command: "Commands",
  event: "Events",
  price: "Prices",
  flag: "Flags",
  decision: "Decisions",
  alarm: "Alarms",
};
const FEWEST = 4;

/** Entries as rows: `{entry}`, or `{readings: [...]}` for many that follow each other. */
export function rowsOf(entries) {
  const rows = [];
  let run = [];
  const close = () => {
    if (run.length >= FEWEST) rows.push({ readings: run });
    else rows.push(...run.map((entry) => ({ entry })));
    run = [];
  };
  for (const entry of entries) {
    if (entry.kind === "reading") run.push(entry);
    else {
      close();
      rows.push({ entry });
    }
  }
  close();
  return rows;
}

/** Pages with another page in place of the one at `index`; an entry that moved stands where it is now. */
export function replaced(pages, index, page) {
  const fresh = new Set(page.items.map((item) => item.id));
  return pages.map((each, i) =>
    i === index ? page : { ...each, items: each.items.filter((item) => !fresh.has(item.id)) },
  );
}
