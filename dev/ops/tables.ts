/** Columns under their names, as wide as what is in them; numbers stand to the right. */
export function table(head: readonly string[], rows: readonly (readonly unknown[])[]): string {
  if (rows.length === 0) return "(none)";
  const texts = rows.map((row) => row.map((cell) => String(cell ?? "-")));
  const widths = head.map((name, index) =>
    Math.max(name.length, ...texts.map((row) => row[index]?.length ?? 0)),
  );
  const isNumber = head.map((_, index) =>
    texts.every((row) => /^\d+(\.\d+)?( [KMGT]?i?B| %)?$|^-$/.test(row[index] ?? "")),
  );
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, index) =>
        isNumber[index] ? cell.padStart(widths[index] ?? 0) : cell.padEnd(widths[index] ?? 0),
      )
      .join("  ")
      .trimEnd();
  return [line(head), line(widths.map((width) => "-".repeat(width))), ...texts.map(line)].join("\n");
}

export function bytes(count: number | undefined): string {
  if (count === undefined) return "-";
  const power = Math.min(4, Math.floor(Math.log2(Math.max(1, count)) / 10));
  const value = count / 1024 ** power;
  return `${power === 0 ? count : value.toFixed(1)} ${["B", "KiB", "MiB", "GiB", "TiB"][power]}`;
}

/** What stands in the place of a part: `not_available` or `not_managed`, as a sentence. */
export function absence(what: string, part: unknown): string {
  return part === "not_managed"
    ? `${what}: not managed by ElastiCache`
    : `${what}: not available; the server does not tell`;
}
