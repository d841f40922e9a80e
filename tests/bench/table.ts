import { type Pair, summarize } from "./statistics.ts";

/** One line of the result; without a bound it is for information. */
export interface Row {
  readonly what: string;
  readonly subject: string;
  readonly baseline: string;
  readonly ratio: number;
  readonly bound?: number;
}

/** The medians of what was measured in rounds. */
export function row(what: string, rounds: readonly Pair[], unit: string, bound?: number): Row {
  const { subject, baseline, ratio } = summarize(rounds);
  const show = (value: number) => `${value.toFixed(unit === "µs" || unit === "B" ? 0 : 1)} ${unit}`;
  return {
    what,
    subject: show(subject),
    baseline: show(baseline),
    ratio,
    ...(bound !== undefined && { bound }),
  };
}

export function isOver({ ratio, bound }: Row): boolean {
  return bound !== undefined && !(ratio <= bound);
}

/** The rows under each other, in columns. */
export function format(rows: readonly Row[]): string {
  const cells = rows.map((row) => [
    row.what,
    row.subject,
    row.baseline,
    row.ratio.toFixed(2),
    row.bound?.toFixed(2) ?? "",
    row.bound === undefined ? "" : isOver(row) ? "OVER" : "ok",
  ]);
  const lines = [["", "redigate", "baseline", "ratio", "bound", ""], ...cells];
  const widths =
    lines[0]?.map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0))) ?? [];
  return lines
    .map((line) =>
      line
        .map((cell, column) =>
          column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0),
        )
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}
