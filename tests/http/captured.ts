import { vi } from "vitest";

/** One line of CloudWatch's embedded metric format. */
export interface MetricLine {
  readonly _aws: {
    readonly CloudWatchMetrics: readonly {
      readonly Namespace: string;
      readonly Dimensions: readonly (readonly string[])[];
      readonly Metrics: readonly { readonly Name: string; readonly Unit: string }[];
    }[];
  };
  readonly [name: string]: unknown;
}

/** Holds back what the process writes from now on; `lines` takes what came so far. */
export function captureOutput() {
  let written = "";
  for (const stream of [process.stdout, process.stderr]) {
    vi.spyOn(stream, "write").mockImplementation((text) => {
      written += text;
      return true;
    });
  }
  function lines(): string[] {
    const taken = written.split("\n").filter(Boolean);
    written = "";
    return taken;
  }
  return {
    lines,
    metrics: (): MetricLine[] =>
      lines().flatMap((line) => (line.startsWith('{"_aws"') ? [JSON.parse(line)] : [])),
  };
}
